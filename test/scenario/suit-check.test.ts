/** `bristlecone suit check` as the README promises it to whoever tests conformance, on envelopes of another implementation. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Rejection } from '../../protocol/errors.ts';
import { createReport } from '../../protocol/suit/make-report.ts';
import { encodeReport } from '../../protocol/suit/report.ts';
import { Shell } from '../support/run-command.ts';
import { trusted, updateManifest } from '../support/suit.ts';
import { describeWithVectors, readJsonVector, vectorsFolder } from '../support/vectors.ts';

const shell = new Shell();
const TIMEOUT_MS = 120_000;
const CASES = 14;
const URI = 'https://firmware.example.invalid/fw.bin';
const FIELDS = ['result', 'code', 'at', 'detail', 'authenticatedBy', 'fetched', 'invoked', 'assumed'];

const path = (name: string): string => join(vectorsFolder(), 'suit-mldsa', name);

interface Index {
  readonly vendorId: string;
  readonly classId: string;
  readonly cases: readonly { readonly file: string; readonly expect: 'accept' | 'reject'; readonly why: string }[];
}

describeWithVectors('suit check of envelopes made by another implementation', () => {
  const { vendorId, classId, cases }: Index = readJsonVector('suit-mldsa/index-give.json');
  const anchors = [44, 65, 87].map((level) => path(`trusted-mldsa${level}.pub`));
  const options = [
    ...['--vendor', vendorId, '--class', classId, '--sequence', '7', '--anchor', ...anchors],
    ...['--payload', `${URI}=${path('fw.bin')}`],
  ];
  const check = (name: string) => shell.run('suit', 'check', path(name), ...options, '--json');

  it(`has ${CASES} cases`, () => {
    expect(cases).toHaveLength(CASES);
  });

  describe.concurrent('prints one line of JSON, and ends with 0 or 1 as it says', { timeout: TIMEOUT_MS }, () => {
    it.each(cases)('$file: $why', async ({ file, expect: expected }) => {
      const { exitCode, stdout } = await check(file);
      const verdict = JSON.parse(stdout);
      expect(stdout.indexOf('\n')).toBe(stdout.length - 1);
      expect({ exitCode, result: verdict.result }).toEqual({
        exitCode: expected === 'accept' ? 0 : 1,
        result: expected,
      });
      expect(Object.keys(verdict)).toEqual(FIELDS);
    });

    it('with all that a good one fetched and who signed it', async () => {
      const { stdout } = await check('positive/minimal-65.suit');
      expect(JSON.parse(stdout)).toMatchObject({
        ...{ result: 'accept', code: 'ok', at: '', detail: '' },
        ...{ authenticatedBy: [{ algorithm: 'ML-DSA-65' }], fetched: [URI], invoked: [], assumed: [] },
      });
    });

    it('and says in words what it says in JSON', async () => {
      const without = ['suit', 'check', path('positive/minimal-65.suit'), '--anchor', ...anchors];
      const [accepted, refused, assumed] = await Promise.all([
        shell.run('suit', 'check', path('positive/minimal-65.suit'), ...options),
        shell.run(...without),
        shell.run(...without, '--assume-images'),
      ]);
      expect(accepted.stdout).toMatch(/^accept\n {2}signed by ML-DSA-65 key [0-9a-f]{64}\n/);
      expect(refused.stdout).toMatch(
        /^reject: image-unavailable\n.*\n {2}give it with --payload URI=FILE, or --assume/,
      );
      expect(assumed.stdout).toMatch(/its image was not looked at/);
      expect([accepted, refused, assumed].map(({ exitCode }) => exitCode)).toEqual([0, 1, 0]);
    });
  });
});

describe('explain', { timeout: TIMEOUT_MS }, () => {
  it('reads the SUIT report of a device', async () => {
    const reference = { uri: '', digest: trusted(updateManifest).digest };
    const rejection = new Rejection('wrong-class', 'manifest', 'another one');
    writeFileSync(shell.file('report.cbor'), encodeReport(createReport(reference, { rejection })));
    const { stdout } = await shell.run('explain', 'report.cbor');
    expect(stdout).toMatch(/^report\.cbor: SUIT report, \d+ bytes\n/);
    expect(stdout).toMatch(/ \/ reason/);
    expect(stdout).toMatch(/algorithm-id: SHA-256/);
  });
});
