/**
 * The cases of TUF's conformance suite, one by one: a legitimate step is taken and seen to have taken, the attack is refused
 * by its own code, and the state is still the good one. What belongs to the layers around trust is a test of theirs, and
 * this one sees to it that it is there.
 */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { describeWithVectors, readJsonVector } from '../../support/vectors.ts';
import { KEY_CASES } from './tuf/key-cases.ts';
import { METADATA_CASES } from './tuf/metadata-cases.ts';
import type { Cases } from './tuf/world.ts';

const CASES: Cases = { ...METADATA_CASES, ...KEY_CASES };

interface Fact {
  readonly file: string;
  readonly test: string;
  readonly ota_equivalent: string;
}

describe('the cases of TUF', () => {
  const runnable = Object.entries(CASES);

  it('are 33, of which 29 run here', () => {
    expect(runnable).toHaveLength(33);
    expect(runnable.filter(([, run]) => typeof run === 'function')).toHaveLength(29);
  });

  it.each(runnable.flatMap(([name, run]) => (typeof run === 'function' ? [[name, run] as const] : [])))(
    '%s',
    (_, run) => {
      expect.hasAssertions();
      run();
    },
  );

  it.each(runnable.flatMap(([name, where]) => (typeof where === 'function' ? [] : [[name, where] as const])))(
    '%s: elsewhere',
    (_, { file, title }) => {
      const source = readFileSync(resolve(import.meta.dirname, '../../..', file), 'utf8');

      expect(source).toContain(`'${title}'`);
    },
  );
});

describeWithVectors('every case of the conformance suite', () => {
  const facts: readonly Fact[] = readJsonVector('tuf/tuf-attack-facts.json').cases;

  it('has an attack here', () => {
    expect(facts.map(({ file, test }) => `${file} ${test}`)).toEqual(Object.keys(CASES));
  });
});
