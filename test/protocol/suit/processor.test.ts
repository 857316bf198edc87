import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { utf8 } from '../../../protocol/bytes.ts';
import type { RejectionCode } from '../../../protocol/errors.ts';
import { MAX_COMMANDS, MAX_REPORT_RECORDS } from '../../../protocol/limits.ts';
import { digestOfImage } from '../../../protocol/suit/digest.ts';
import type { SectionName } from '../../../protocol/suit/labels.ts';
import type { Manifest } from '../../../protocol/suit/manifest.ts';
import {
  type Operation,
  type ProcedureOutcome,
  ProcedureRejection,
  type ProcessorContext,
} from '../../../protocol/suit/processor/operations.ts';
import { runProcedure } from '../../../protocol/suit/processor.ts';
import { expectRejection } from '../../support/expect-rejection.ts';
import {
  CHECKED,
  describeOperation,
  device,
  drive,
  manifestWith,
  OK,
  trusted,
  updateManifest,
} from '../../support/suit.ts';
import { anyManifest, runnableManifest } from '../../support/suit-arbitraries.ts';

const sectionNames: readonly SectionName[] = ['payload-fetch', 'install', 'validate', 'load', 'invoke'];

/** Each section writes its own name. */
const telling = manifestWith(
  Object.fromEntries(
    sectionNames.map((name) => [
      name,
      [
        { name: 'override-parameters', parameters: { content: utf8(name) } },
        { name: 'write', policy: 0 },
      ],
    ]),
  ),
);

const written = (operations: readonly Operation[]): readonly string[] =>
  operations.map((operation) =>
    operation.do === 'write' ? new TextDecoder().decode(operation.content) : operation.do,
  );

const run = (manifest: Manifest, context: Partial<ProcessorContext> = {}) =>
  drive(runProcedure(trusted(manifest), 'update', { ...device, ...context }));

describe('runProcedure', () => {
  it('runs payload-fetch, install and validate to update, validate, load and invoke to start', () => {
    const envelope = trusted(telling);
    expect(written(drive(runProcedure(envelope, 'update', device)).operations)).toEqual([
      'payload-fetch',
      'install',
      'validate',
    ]);
    expect(written(drive(runProcedure(envelope, 'invocation', device)).operations)).toEqual([
      'validate',
      'load',
      'invoke',
    ]);
  });

  it('runs the shared sequence anew before each section', () => {
    const shared = [...CHECKED, { name: 'override-parameters', parameters: { content: utf8('shared') } }] as const;
    const write = { name: 'write', policy: 0 } as const;
    const change = { name: 'override-parameters', parameters: { content: utf8('changed') } } as const;
    const manifest = manifestWith({ 'payload-fetch': [write, change, write], install: [write] }, { shared });
    expect(written(run(manifest).operations)).toEqual(['shared', 'changed', 'shared']);
  });

  it('skips sections that the manifest does not have, their shared sequence too', () => {
    const shared = [...CHECKED, { name: 'image-match', policy: 0 }] as const;
    const digest = { name: 'override-parameters', parameters: { imageDigest: digestOfImage(utf8('x')) } } as const;
    const manifest = manifestWith({ validate: [digest] }, { shared: [digest, ...shared] });
    expect(run(manifest).operations.map(describeOperation)).toEqual(['match-image 00']);
  });

  it('asks for nothing where the manifest is for another vendor or class [THREAT.IMG.INCOMPATIBLE]', () => {
    const noVendor = runProcedure(trusted(updateManifest), 'update', { ...device, vendorIds: [] });
    expectRejection(() => noVendor.next(), 'wrong-vendor', 'manifest.shared-sequence[2]');
    const noClass = runProcedure(trusted(updateManifest), 'update', { ...device, classIds: [] });
    expectRejection(() => noClass.next(), 'wrong-class', 'manifest.shared-sequence[3]');
  });

  it('asks for nothing where a later section cannot be run', () => {
    const manifest = manifestWith({
      'payload-fetch': [{ name: 'invoke', policy: 0 }],
      invoke: [{ name: 'unsupported', label: -300, argument: null }],
    });
    const procedure = runProcedure(trusted(manifest), 'update', device);
    expectRejection(() => procedure.next(), 'unsupported-command', 'manifest.invoke[0]');
  });

  it('passes on what is not a Rejection: a power cut is nobody else’s business', () => {
    const powerCut = new RangeError('power cut');
    const answer = () => {
      throw powerCut;
    };
    const procedure = runProcedure(trusted(telling), 'update', device);
    procedure.next();
    expect(() => procedure.throw(powerCut)).toThrow(powerCut);
    expect(() => drive(runProcedure(trusted(telling), 'update', device), answer)).toThrow(powerCut);
  });
});

describe('the sequence number [THREAT.IMG.EXPIRED]', () => {
  const big = 2n ** 60n;

  it.each<[installed: number | bigint | undefined, offered: number | bigint]>([
    [undefined, 0],
    [7, 7],
    [7, 8],
    [0, 0],
    [7, big],
    [big, big],
    [big, big + 1n],
  ])('installed %s, offered %s: taken', (installed, offered) => {
    const context = installed === undefined ? {} : { installedSequence: installed };
    expect(() => run({ ...updateManifest, sequenceNumber: offered }, context)).not.toThrow();
  });

  it.each<[installed: number | bigint, offered: number | bigint]>([
    [8, 7],
    [1, 0],
    [big, 7],
    [big, big - 1n],
    [2 ** 53 - 1, 2 ** 53 - 2],
  ])('installed %s, offered %s: refused', (installed, offered) => {
    const manifest = { ...updateManifest, sequenceNumber: offered };
    expectRejection(
      () => run(manifest, { installedSequence: installed }),
      'sequence-rollback',
      'manifest.sequence-number',
    );
  });

  it('of another manifest is not equal, where the installed one is known', () => {
    const installedDigest = trusted(updateManifest).digest;
    const context = { installedSequence: 7, installedDigest };
    expect(() => run(updateManifest, context)).not.toThrow();
    const other = { ...updateManifest, referenceUri: 'https://example.com/other' };
    expectRejection(() => run(other, context), 'sequence-rollback', 'manifest.sequence-number');
    expect(() => run({ ...other, sequenceNumber: 8 }, context)).not.toThrow();
  });
});

describe('what a procedure throws', () => {
  it('carries the command that failed and what was recorded before', () => {
    const rejection = expectRejection(() => run(updateManifest, { classIds: [] }), 'wrong-class') as ProcedureRejection;
    expect(rejection).toBeInstanceOf(ProcedureRejection);
    expect(rejection.record).toMatchObject({ section: 'shared-sequence', componentIndex: 0 });
    expect(rejection.entries).toHaveLength(1);
  });

  it('carries no command where none was run', () => {
    const rejection = expectRejection(() => run(updateManifest, { componentLimit: 1 }), 'unsupported-component');
    expect(rejection).toMatchObject({ record: undefined, entries: [] });
  });
});

describe('on a device that answers anything', () => {
  const answers = fc.infiniteStream(fc.oneof({ weight: 3, arbitrary: fc.constant(true) }, fc.boolean()));
  const refused = { ok: false, code: 'image-mismatch', detail: 'another image' } as const;
  const payloads = new Map([['#a', utf8('a')]]);

  /** How the runs of many manifests ended, and how many operations they asked for. */
  function endsOf(manifests: fc.Arbitrary<Manifest>) {
    const ends = new Map<RejectionCode | 'done', number>();
    let asked = 0;
    const procedures = fc.constantFrom('update', 'invocation');
    fc.assert(
      fc.property(manifests, answers, procedures, (manifest, oks, procedure) => {
        let operations = 0;
        const answer = () => {
          operations += 1;
          return oks.next().value ? OK : refused;
        };
        const end = endOf(() => drive(runProcedure(trusted(manifest, payloads), procedure, device), answer).result);
        expect(operations).toBeLessThanOrEqual(MAX_COMMANDS);
        ends.set(end, (ends.get(end) ?? 0) + 1);
        asked += operations;
      }),
      { numRuns: 1000 },
    );
    return { ends, asked };
  }

  it('any manifest that decodes ends in a result or a Rejection', () => {
    expect(endsOf(anyManifest).ends.size).toBeGreaterThan(3);
  });

  it('any manifest that can be run ends within bounds, in a result or a Rejection', () => {
    const { ends, asked } = endsOf(runnableManifest);
    // Else this property would have run nothing.
    expect(asked).toBeGreaterThan(1000);
    expect([...ends.keys()]).toEqual(
      expect.arrayContaining(['done', 'aborted', 'image-mismatch', 'parameter-missing']),
    );
  });
});

/** Any error but a ProcedureRejection is passed on, and fails the property. */
function endOf(run: () => ProcedureOutcome): RejectionCode | 'done' {
  try {
    expect(run().entries.length).toBeLessThanOrEqual(MAX_REPORT_RECORDS);
    return 'done';
  } catch (error) {
    if (error instanceof ProcedureRejection) return error.code;
    throw error;
  }
}
