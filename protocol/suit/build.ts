/**
 * The manifest of an ordinary firmware update, to fit the layout of the devices that it is for. That for `swap` runs on
 * all of them, where one image will do for either slot:
 *
 *     component 0 [h'00']  primary: what runs        component 1 [h'01']  staging: where the new image arrives
 *
 *     shared         both: vendor, class, digest, size; is it for this device?
 *     payload-fetch  primary matches already, or: staging: fetch, does it match?
 *     install        primary matches already, or: swap staging into primary, does it match?
 *     validate       primary matches
 *     invoke         primary
 *
 * "Or" is a try-each, so the manifest can be applied again after a power cut at any point, also after the swap: it then
 * finds its image in place and fetches and swaps nothing (§6.3.1, way 2 of draft-ietf-suit-manifest-37). That costs the
 * device one hash of the primary slot per section, and 19 bytes of envelope.
 *
 * `external` is the same with component 1 [h'02'], and a copy for the swap (draft-ietf-suit-manifest-37, example 4): a
 * device without flash outside its chip refuses the component.
 *
 * `a/b` has the primary alone, and fetches into it: a device writes to the slot that does not run. Where an image is
 * linked for its slot there are two of them, and the condition component-slot chooses (example 3); such a manifest is not
 * to be applied again once it is installed, since it says nothing of the slot that runs then.
 *
 * Text for people (version, vendor domain, model) is severed: the manifest carries its digest only, 37 bytes, so the
 * version is signed, and the copy that goes to devices carries no text at all (`dropSevered`).
 */
import type { Command, Sequence } from './commands.ts';
import { REPORTING } from './commands.ts';
import type { ComponentId } from './component-id.ts';
import type { SuitDigest } from './digest.ts';
import { EXTERNAL, type LayoutKind, PRIMARY as PRIMARY_ID, STAGING as STAGING_ID } from './layouts.ts';
import { COMPONENT_TEXT_LABELS, labelOf, type SectionName } from './labels.ts';
import type { Manifest, Severable } from './manifest.ts';
import type { Parameters } from './parameters.ts';
import { severMembers, type SeveredManifest } from './sever.ts';
import { encodeText } from './text.ts';

/** Indices into the components of a manifest. */
const PRIMARY = 0;
const STAGING = 1;

export interface UpdateImage {
  readonly digest: SuitDigest;
  readonly imageBytes: number;
  readonly uri: string;
}

export interface UpdateDescription {
  readonly layout: LayoutKind;
  readonly sequenceNumber: number | bigint;
  /** 16 bytes. */
  readonly vendorId: Uint8Array;
  /** 16 bytes. */
  readonly classId: Uint8Array;
  /** Its digest's algorithm is that of the severed text too. */
  readonly image: UpdateImage;
  /** Of `a/b`, where an image is linked for its slot: the one for slot 1. `image` then is for slot 0. */
  readonly slot1Image?: UpdateImage;
  readonly text?: UpdateText;
  readonly referenceUri?: string;
}

/** For people, in English. */
interface UpdateText {
  /** Semantic version of the image: `1.2.3`. */
  readonly version: string;
  /** What the vendor id was made of. */
  readonly vendorDomain?: string;
  /** What the class id was made of. */
  readonly modelInfo?: string;
  readonly description?: string;
}

/** A record and what was found, where a check fails; nothing where all is well. */
const ON_FAILURE = REPORTING.recordFailure | REPORTING.measureFailure;
/** Not even then: this failure is what the other alternative is for. */
const SILENT = 0;

/** The manifest and, apart from it, its text: sign `encodeManifest(manifest)`, send `severed` to whoever wants to read. */
export function buildUpdateManifest(description: UpdateDescription): SeveredManifest {
  const { layout, sequenceNumber, image, slot1Image, text, referenceUri } = description;
  if (slot1Image && layout !== 'a/b') throw new RangeError(`manifest: an image for slot 1 of the layout ${layout}`);
  const { components, shared, sections } = FORMS[layout](description);
  const manifest: Manifest = {
    sequenceNumber,
    components,
    sharedSequence: shared,
    ...(referenceUri !== undefined && { referenceUri }),
    sections: new Map<SectionName, Severable<Sequence>>([
      ...sections,
      ['validate', inline([select(PRIMARY), ...matches()])],
      ['invoke', inline([select(PRIMARY), run('invoke')])],
    ]),
    ...(text && { text: inline(encodeUpdateText(text)) }),
    unsupported: [],
    unsupportedCommon: [],
  };
  return severMembers(manifest, ['text'], image.digest.algorithmId);
}

/** What differs between layouts. */
interface Form {
  readonly components: readonly ComponentId[];
  readonly shared: Sequence;
  /** Before `validate`. */
  readonly sections: readonly (readonly [SectionName, Severable<Sequence>])[];
}

const FORMS: Readonly<Record<LayoutKind, (description: UpdateDescription) => Form>> = {
  'a/b': (description) =>
    description.slot1Image ? perSlotForm(description, description.slot1Image) : oneSlotForm(description),
  swap: (description) => stagedForm(description, { staging: STAGING_ID, activate: 'swap' }),
  external: (description) => stagedForm(description, { staging: EXTERNAL, activate: 'copy' }),
};

function stagedForm(
  description: UpdateDescription,
  { staging, activate }: { readonly staging: ComponentId; readonly activate: 'swap' | 'copy' },
): Form {
  const fetch = [select(STAGING), override({ uri: description.image.uri }), run('fetch'), ...matches()];
  return {
    components: [PRIMARY_ID, staging],
    shared: [{ name: 'set-component-index', index: true }, ...forThisDevice(description, description.image)],
    sections: [
      ['payload-fetch', inline(unlessInPlace(fetch))],
      ['install', inline(unlessInPlace([override({ sourceComponent: STAGING }), run(activate), ...matches()]))],
    ],
  };
}

function oneSlotForm(description: UpdateDescription): Form {
  const { image } = description;
  return {
    components: [PRIMARY_ID],
    shared: forThisDevice(description, image),
    sections: [['install', inline(unlessInPlace([override({ uri: image.uri }), run('fetch'), ...matches()]))]],
  };
}

function perSlotForm(description: UpdateDescription, slot1Image: UpdateImage): Form {
  const bySlot = (parametersOf: (image: UpdateImage) => Parameters): Command => ({
    name: 'try-each',
    alternatives: [description.image, slot1Image].map((image, componentSlot) => [
      override({ componentSlot }),
      { name: 'component-slot', policy: SILENT },
      override(parametersOf(image)),
    ]),
    orNothing: false,
  });
  return {
    components: [PRIMARY_ID],
    shared: [
      ...forThisDevice(description, undefined),
      bySlot(({ digest, imageBytes }) => ({ imageDigest: digest, imageBytes })),
    ],
    sections: [['install', inline([select(PRIMARY), bySlot(({ uri }) => ({ uri })), run('fetch'), ...matches()])]],
  };
}

function forThisDevice({ vendorId, classId }: UpdateDescription, image: UpdateImage | undefined): Sequence {
  return [
    override({
      vendorId: { form: 'uuid', bytes: vendorId },
      classId,
      ...(image && { imageDigest: image.digest, imageBytes: image.imageBytes }),
    }),
    { name: 'vendor-identifier', policy: ON_FAILURE },
    { name: 'class-identifier', policy: ON_FAILURE },
  ];
}

/** Nothing where the primary component holds the image; else what puts it there. */
const unlessInPlace = (otherwise: Sequence): Sequence => [
  select(PRIMARY),
  { name: 'try-each', alternatives: [[{ name: 'image-match', policy: SILENT }], otherwise], orNothing: false },
];

const inline = <T>(value: T): Severable<T> => ({ severed: false, value });
const select = (index: number): Command => ({ name: 'set-component-index', index });
const override = (parameters: Parameters): Command => ({ name: 'override-parameters', parameters });
const run = (name: 'fetch' | 'swap' | 'copy' | 'invoke'): Command => ({ name, policy: REPORTING.recordFailure });
const matches = (): Sequence => [{ name: 'image-match', policy: ON_FAILURE }];

function encodeUpdateText({ version, vendorDomain, modelInfo, description }: UpdateText): Uint8Array {
  const fields = new Map<number, string>([[labelOf(COMPONENT_TEXT_LABELS, 'component-version'), version]]);
  if (vendorDomain !== undefined) fields.set(labelOf(COMPONENT_TEXT_LABELS, 'vendor-domain'), vendorDomain);
  if (modelInfo !== undefined) fields.set(labelOf(COMPONENT_TEXT_LABELS, 'model-info'), modelInfo);
  if (description !== undefined) fields.set(labelOf(COMPONENT_TEXT_LABELS, 'component-description'), description);
  return encodeText(new Map([['en', { fields: new Map(), components: [{ id: PRIMARY_ID, fields }] }]]));
}
