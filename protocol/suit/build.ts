/**
 * The manifest of an ordinary firmware update, for devices with two slots that swap:
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
 * Text for people (version, vendor domain, model) is severed: the manifest carries its digest only, 37 bytes, so the
 * version is signed, and the copy that goes to devices carries no text at all (`dropSevered`).
 */
import type { Command, Sequence } from './commands.ts';
import { REPORTING } from './commands.ts';
import type { ComponentId } from './component-id.ts';
import type { SuitDigest } from './digest.ts';
import { COMPONENT_TEXT_LABELS, labelOf, type SectionName } from './labels.ts';
import type { Manifest, Severable } from './manifest.ts';
import type { Parameters } from './parameters.ts';
import { severMembers, type SeveredManifest } from './sever.ts';
import { encodeText } from './text.ts';

/** Indices into `SWAP_COMPONENTS`. */
const PRIMARY = 0;
const STAGING = 1;

export const SWAP_COMPONENTS = {
  primary: [Uint8Array.of(0)],
  staging: [Uint8Array.of(1)],
} as const satisfies Readonly<Record<string, ComponentId>>;

export interface UpdateDescription {
  readonly layout: 'swap';
  readonly sequenceNumber: number | bigint;
  /** 16 bytes. */
  readonly vendorId: Uint8Array;
  /** 16 bytes. */
  readonly classId: Uint8Array;
  /** Its digest's algorithm is that of the severed text too. */
  readonly image: { readonly digest: SuitDigest; readonly imageBytes: number; readonly uri: string };
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
  const { sequenceNumber, image, text, referenceUri } = description;
  const manifest: Manifest = {
    sequenceNumber,
    components: [SWAP_COMPONENTS.primary, SWAP_COMPONENTS.staging],
    sharedSequence: sharedSequence(description),
    ...(referenceUri !== undefined && { referenceUri }),
    sections: new Map<SectionName, Severable<Sequence>>([
      [
        'payload-fetch',
        inline(unlessInPlace([select(STAGING), override({ uri: image.uri }), run('fetch'), ...matches()])),
      ],
      ['install', inline(unlessInPlace([override({ sourceComponent: STAGING }), run('swap'), ...matches()]))],
      ['validate', inline([select(PRIMARY), ...matches()])],
      ['invoke', inline([select(PRIMARY), run('invoke')])],
    ]),
    ...(text && { text: inline(encodeUpdateText(text)) }),
    unsupported: [],
    unsupportedCommon: [],
  };
  return severMembers(manifest, ['text'], image.digest.algorithmId);
}

function sharedSequence({ vendorId, classId, image }: UpdateDescription): Sequence {
  return [
    { name: 'set-component-index', index: true },
    override({
      vendorId: { form: 'uuid', bytes: vendorId },
      classId,
      imageDigest: image.digest,
      imageBytes: image.imageBytes,
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
const run = (name: 'fetch' | 'swap' | 'invoke'): Command => ({ name, policy: REPORTING.recordFailure });
const matches = (): Sequence => [{ name: 'image-match', policy: ON_FAILURE }];

function encodeUpdateText({ version, vendorDomain, modelInfo, description }: UpdateText): Uint8Array {
  const fields = new Map<number, string>([[labelOf(COMPONENT_TEXT_LABELS, 'component-version'), version]]);
  if (vendorDomain !== undefined) fields.set(labelOf(COMPONENT_TEXT_LABELS, 'vendor-domain'), vendorDomain);
  if (modelInfo !== undefined) fields.set(labelOf(COMPONENT_TEXT_LABELS, 'model-info'), modelInfo);
  if (description !== undefined) fields.set(labelOf(COMPONENT_TEXT_LABELS, 'component-description'), description);
  return encodeText(new Map([['en', { fields: new Map(), components: [{ id: SWAP_COMPONENTS.primary, fields }] }]]));
}
