/** Any manifest that decodes, and any that a device can begin to run: for properties of encoder, check and processor. */
import * as fc from 'fast-check';
import { utf8 } from '../../protocol/bytes.ts';
import type { Command, Sequence } from '../../protocol/suit/commands.ts';
import { digestOfImage } from '../../protocol/suit/digest.ts';
import type { EffectName, SectionName, TestName } from '../../protocol/suit/labels.ts';
import type { Manifest, Severable } from '../../protocol/suit/manifest.ts';
import type { Parameters } from '../../protocol/suit/parameters.ts';
import { classId, manifestWith, vendorId } from './suit.ts';

const COMPONENTS = 3;
const SECTION_NAMES: readonly SectionName[] = ['payload-fetch', 'install', 'validate', 'load', 'invoke'];
const TESTS: readonly TestName[] = [
  'vendor-identifier',
  'class-identifier',
  'device-identifier',
  'image-match',
  'component-slot',
  'check-content',
  'abort',
];
const EFFECTS: readonly EffectName[] = ['fetch', 'write', 'copy', 'swap', 'invoke'];

/** A record with or without this key. */
const some = <T>(key: string, value: fc.Arbitrary<T>) =>
  fc.option(
    value.map((item) => ({ [key]: item })),
    { nil: {}, freq: 1 },
  );

const componentParameters: fc.Arbitrary<Parameters> = fc
  .tuple(
    some('vendorId', fc.constant({ form: 'uuid', bytes: vendorId })),
    some('classId', fc.constantFrom(classId, vendorId)),
    some(
      'imageDigest',
      fc.uint8Array({ maxLength: 3 }).map((bytes) => digestOfImage(bytes)),
    ),
    some('imageBytes', fc.nat(2)),
    some('componentSlot', fc.nat(2)),
    some('content', fc.uint8Array({ maxLength: 2 })),
    some('uri', fc.constantFrom('http://example.com/a', '#a', '#none')),
    some('sourceComponent', fc.nat(COMPONENTS - 1)),
    some('strictOrder', fc.boolean()),
  )
  .map((parts): Parameters => Object.assign({ componentSlot: 1 }, ...parts));

const override = (parameters: Parameters): Command => ({ name: 'override-parameters', parameters });

const plainCommand: fc.Arbitrary<Command> = fc.oneof(
  fc.tuple(fc.constantFrom(...TESTS, ...EFFECTS), fc.nat(15)).map(([name, policy]): Command => ({ name, policy })),
  fc
    .oneof(
      { weight: 3, arbitrary: fc.nat(COMPONENTS - 1) },
      { weight: 1, arbitrary: fc.array(fc.nat(COMPONENTS - 1), { minLength: 1, maxLength: 4 }) },
      { weight: 1, arbitrary: fc.constant(true as const) },
    )
    .map((index): Command => ({ name: 'set-component-index', index })),
  componentParameters.map(override),
);

const softFailure = fc.boolean().map((softFailure) => override({ softFailure }));

const unsupported = fc
  .constantFrom(4, 19, 26, 33, -1, -300, 77)
  .map((label): Command => ({ name: 'unsupported', label, argument: 0 }));

/** Sequences of `commands`, with others nested in them that may have commands of `nestedOnly` too. */
function sequencesOf(commands: fc.Arbitrary<Command>, nestedOnly: fc.Arbitrary<Command>): fc.Arbitrary<Sequence> {
  const { sequence } = fc.letrec<{ nested: Sequence; control: Command; sequence: Sequence }>((tie) => ({
    control: fc.oneof(
      fc
        .tuple(fc.array(tie('nested'), { minLength: 2, maxLength: 3 }), fc.boolean())
        .map(([alternatives, orNothing]): Command => ({ name: 'try-each', alternatives, orNothing })),
      tie('nested').map((sequence): Command => ({ name: 'run-sequence', sequence })),
    ),
    nested: fc.array(
      fc.oneof(
        { maxDepth: 3, withCrossShrink: true },
        { weight: 8, arbitrary: commands },
        { weight: 2, arbitrary: nestedOnly },
        { weight: 3, arbitrary: tie('control') },
      ),
      { minLength: 1, maxLength: 4 },
    ),
    sequence: fc.array(fc.oneof({ weight: 3, arbitrary: commands }, { weight: 2, arbitrary: tie('control') }), {
      minLength: 1,
      maxLength: 5,
    }),
  }));
  return sequence;
}

export const anySequence: fc.Arbitrary<Sequence> = sequencesOf(
  fc.oneof(
    { weight: 9, arbitrary: plainCommand },
    { weight: 1, arbitrary: softFailure },
    { weight: 1, arbitrary: unsupported },
  ),
  softFailure,
);

const sectionsOf = (sequence: fc.Arbitrary<Sequence>) =>
  fc.uniqueArray(fc.tuple(fc.constantFrom(...SECTION_NAMES), sequence), { selector: ([name]) => name, maxLength: 5 });

/** Decodes, whatever a processor may say to it. */
export const anyManifest: fc.Arbitrary<Manifest> = fc
  .record({
    sequenceNumber: fc.maxSafeInteger().map(Math.abs),
    components: fc.nat(COMPONENTS),
    shared: fc.option(anySequence, { nil: undefined }),
    sections: sectionsOf(anySequence),
  })
  .map(({ sequenceNumber, components, shared, sections }): Manifest => ({
    sequenceNumber,
    components: Array.from({ length: components }, (_, i) => [Uint8Array.of(i)]),
    ...(shared && { sharedSequence: shared }),
    sections: new Map(
      sections.map(([name, value]): [SectionName, Severable<Sequence>] => [name, { severed: false, value }]),
    ),
    unsupported: [],
    unsupportedCommon: [],
  }));

const ALL_SET: Sequence = [
  { name: 'set-component-index', index: true },
  override({
    vendorId: { form: 'uuid', bytes: vendorId },
    classId,
    imageDigest: digestOfImage(utf8('an image')),
    uri: 'http://example.com/a',
    content: utf8('a'),
    componentSlot: 0,
    sourceComponent: 2,
  }),
  { name: 'vendor-identifier', policy: 0 },
  { name: 'class-identifier', policy: 0 },
];

/** Passes the whole-manifest check: what happens then depends on the device. */
export const runnableManifest: fc.Arbitrary<Manifest> = sectionsOf(sequencesOf(plainCommand, softFailure)).map(
  (sections) => {
    const begun = sections.map(([name, sequence]) => [name, [{ name: 'set-component-index', index: 0 }, ...sequence]]);
    return { ...manifestWith(Object.fromEntries(begun), { components: COMPONENTS }), sharedSequence: ALL_SET };
  },
);
