import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readResults } from '../../../../device-sim/measure/results/read-results.ts';
import { reportHtml } from '../../../../device-sim/measure/report/report.ts';
import { resultsOf } from '../../../support/compare-results.ts';
import { madeResults } from '../../../support/measure-results.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

const made = madeResults({ algorithms: ['ES256', 'ML-DSA-65'], images: { config: 4_096 } });

function written(results: unknown): string {
  const file = join(temporaryFolder(), 'results.json');
  writeFileSync(file, JSON.stringify(results));
  return file;
}

/** A copy with another value at that place. */
function changed(place: readonly (string | number)[], value: unknown): unknown {
  const copy: unknown = JSON.parse(JSON.stringify(made));
  let at = copy as Record<string | number, unknown>;
  for (const name of place.slice(0, -1)) at = at[name] as Record<string | number, unknown>;
  const last = place.at(-1) ?? '';
  if (value === undefined) delete at[last];
  else at[last] = value;
  return copy;
}

describe('results that were written', () => {
  it.each([
    ['with everything', made],
    ['as small as they can be', resultsOf([{ received: 1, blockMs: 1 }])],
  ])('%s are read back', (_name, results) => {
    expect(readResults(written(results))).toEqual(JSON.parse(JSON.stringify(results)));
  });

  it('are found in their folder', () => {
    const folder = join(temporaryFolder(), 'results');
    mkdirSync(folder);
    writeFileSync(join(folder, 'results.json'), JSON.stringify(made));

    expect(readResults(folder).runs).toHaveLength(made.runs.length);
  });
});

describe('results that somebody sent', () => {
  const hostile: readonly [place: readonly (string | number)[], value: unknown, said: string][] = [
    [['machine'], undefined, "must have required property 'machine'"],
    [['experiment'], [], '/experiment must be object'],
    [['experiment', 'base', 'qos'], 2, '/experiment/base/qos must be equal to one of the allowed values'],
    [['runs'], {}, '/runs must be array'],
    [['runs', 1], {}, "/runs/1 must have required property 'spec'"],
    [['runs', 0, 'spec', 'image'], 'movehub', '/runs/0/spec/image must be object'],
    [['runs', 0, 'spec', 'blockBytes'], -1, '/runs/0/spec/blockBytes must be >= 0'],
    [['runs', 0, 'rows', 0, 'value'], '<script>alert(1)</script>', '/runs/0/rows/0/value must be number'],
    [['runs', 0, 'rows', 0, 'value'], null, '/runs/0/rows/0/value must be number'],
    [['runs', 0, 'rows', 0, 'how'], 'guessed', '/runs/0/rows/0/how must be equal to one of the allowed values'],
    [['runs', 0, 'blockMs'], 'x', '/runs/0/blockMs must be array'],
    [['handshakes'], [{}], '/handshakes/0 must have required property'],
    [['failed'], [{ code: 'x' }], "/failed/0 must have required property 'spec'"],
    [['sources'], { 'aws-prices': 1 }, '/sources/aws-prices must be string'],
  ];

  it.each(hostile)('with %j = %j are refused, naming the place', (place, value, said) => {
    const file = written(changed(place, value));

    expect(() => readResults(file)).toThrow(expect.objectContaining({ code: 'bad-results' }));
    expect(() => readResults(file)).toThrow(said);
  });

  it('are markup nowhere in the report, whatever their names are', () => {
    const evil = '</title></style><script>alert(1)</script><img src=x onerror=alert(1)>';
    const places = [
      ...[
        ['machine', 'cpu'],
        ['machine', 'commit'],
        ['experiment', 'name'],
        ['experiment', 'description'],
      ],
      ...[
        ['runs', 0, 'spec', 'id'],
        ['runs', 0, 'spec', 'algorithm'],
        ['runs', 0, 'spec', 'image', 'name'],
      ],
      ...[
        ['runs', 0, 'spec', 'broker'],
        ['runs', 0, 'rows', 0, 'run'],
        ['sources', evil],
        ['sources', 'aws-prices'],
      ],
      ...[['failed'], ['leftOut']],
    ];
    const listed: Readonly<Record<string, unknown>> = {
      failed: [{ spec: made.runs[0]?.spec, repetition: 0, position: 0, code: evil, detail: evil }],
      leftOut: [{ id: evil, why: evil }],
    };
    for (const place of places) {
      const html = reportHtml(readResults(written(changed(place, listed[String(place[0])] ?? evil))));
      expect({ place, markup: /<script|<img/.exec(html) }).toEqual({ place, markup: null });
    }
    expect(places).toHaveLength(13);
  });

  it('of any JSON are results or refused', () => {
    const file = join(temporaryFolder(), 'any.json');
    fc.assert(
      fc.property(fc.json(), fc.constantFrom(...Object.keys(made)), (json, name) => {
        writeFileSync(file, JSON.stringify({ ...made, [name]: JSON.parse(json) }));
        expect(['read', 'bad-results']).toContain(codeOf(file));
      }),
      { numRuns: 50 },
    );
  });
});

function codeOf(file: string): unknown {
  try {
    readResults(file);
  } catch (error) {
    return error instanceof Error && 'code' in error ? error.code : error;
  }
  return 'read';
}
