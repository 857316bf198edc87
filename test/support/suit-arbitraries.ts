/** Any manifest that decodes: for properties of the encoder, the whole-manifest check and the processor. */
import * as fc from 'fast-check';
import { digestOfImage } from '../../protocol/suit/digest.ts';
import type { Command, Sequence } from '../../protocol/suit/commands.ts';
import type { SectionName } from '../../protocol/suit/labels.ts';
import type { Manifest, Severable } from '../../protocol/suit/manifest.ts';
import type { Parameters } from '../../protocol/suit/parameters.ts';
import { classId, vendorId } from './suit.ts';

const some = <T>(value: fc.Arbitrary<T>, key: string) =>
  fc.option(value.map((item) => ({ [key]: item })), { nil: {}, freq: 2 });

const digest = fc.uint8Array({ maxLength: 3 }).map((bytes) => digestOfImage(bytes));

/** Ids are mostly those of the device, so that runs get somewhere. */
const parameters: fc.Arbitrary<Parameters> = fc
  .tuple(
    some(fc.constant({ form: 'uuid', bytes: vendorId }), 'vendorId'),
    some(fc.constantFrom(classId, vendorId), 'classId'),
    some(digest, 'imageDigest'),
    some(fc.nat(100), 'imageBytes'),
    some(fc.nat(2), 'componentSlot'),
    some(fc.uint8Array({ maxLength: 4 }), 'content'),
    some(fc.constantFrom('http://example.com/a', '#a', '#none'), 'uri'),
    some(fc.nat(3), 'sourceComponent'),
    some(fc.boolean(), 'strictOrder'),
    some(fc.boolean(), 'softFailure'),
  )
  .map((parts): Parameters => Object.assign({ imageBytes: 1 }, ...parts));

const policy = fc.nat(15);

const index = fc.oneof(
  { weight: 3, arbitrary: fc.nat(2) },
  { weight: 1, arbitrary: fc.array(fc.nat(2), { minLength: 1, maxLength: 4 }) },
  { weight: 1, arbitrary: fc.constant(true as const) },
);

const simple: fc.Arbitrary<Command> = fc.oneof(
  fc
    .tuple(
      fc.constantFrom(
        'vendor-identifier',
        'class-identifier',
        'device-identifier',
        'image-match',
        'component-slot',
        'check-content',
        'abort',
        'fetch',
        'write',
        'copy',
        'swap',
        'invoke',
      ),
      policy,
    )
    .map(([name, policy]): Command => ({ name, policy })),
  index.map((index): Command => ({ name: 'set-component-index', index })),
  parameters.map((parameters): Command => ({ name: 'override-parameters', parameters })),
);

const unsupported: fc.Arbitrary<Command> = fc
  .constantFrom(4, 19, 26, 33, -1, -300, 77)
  .map((label): Command => ({ name: 'unsupported', label, argument: 0 }));

const { sequence } = fc.letrec<{ command: Command; sequence: Sequence }>((tie) => ({
  command: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    { weight: 20, arbitrary: simple },
    { weight: 1, arbitrary: unsupported },
    {
      weight: 4,
      arbitrary: fc
        .tuple(fc.array(tie('sequence'), { minLength: 2, maxLength: 3 }), fc.boolean())
        .map(([alternatives, orNothing]): Command => ({ name: 'try-each', alternatives, orNothing })),
    },
    { weight: 4, arbitrary: tie('sequence').map((sequence): Command => ({ name: 'run-sequence', sequence })) },
  ),
  sequence: fc.array(tie('command'), { minLength: 1, maxLength: 5 }),
}));

export const anySequence: fc.Arbitrary<Sequence> = sequence;

const SELECT_FIRST: Command = { name: 'set-component-index', index: 0 };

/** Of 1 to 3 components; `selecting` makes each section begin as several components demand. */
export const anyManifest: fc.Arbitrary<Manifest> = fc
  .record({
    sequenceNumber: fc.maxSafeInteger().map(Math.abs),
    components: fc.integer({ min: 1, max: 3 }),
    shared: fc.option(sequence, { nil: undefined }),
    sections: fc.uniqueArray(
      fc.tuple(fc.constantFrom<SectionName>('payload-fetch', 'install', 'validate', 'load', 'invoke'), sequence),
      { selector: ([name]) => name, maxLength: 5 },
    ),
    selecting: fc.boolean(),
  })
  .map(({ sequenceNumber, components, shared, sections, selecting }): Manifest => {
    const begun = (sequence: Sequence): Sequence => (selecting ? [SELECT_FIRST, ...sequence] : sequence);
    return {
      sequenceNumber,
      components: Array.from({ length: components }, (_, i) => [Uint8Array.of(i)]),
      ...(shared && { sharedSequence: begun(shared) }),
      sections: new Map(
        sections.map(([name, value]): [SectionName, Severable<Sequence>] => [
          name,
          { severed: false, value: begun(value) },
        ]),
      ),
      unsupported: [],
      unsupportedCommon: [],
    };
  });
