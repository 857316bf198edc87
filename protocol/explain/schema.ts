/**
 * What the items of our structures are called, for people. Made of the same label tables that decoders use, so a name
 * in `explain` is the name in an error.
 */
import type { CborNode } from '../cbor/walk.ts';
import { COSE_SIGN_TAG } from '../cose/sign.ts';
import {
  coseKey,
  digest,
  leaf,
  protectedHeaders,
  type Schema,
  sign,
  sign1,
  signature,
  unprotectedHeaders,
} from './cose-schema.ts';
import { isRootDocument, TRUST_ROOT } from './trust-schema.ts';
import {
  CBOR_TAGS,
  COMMANDS,
  COMMON_MEMBERS,
  COMPONENT_TEXT_LABELS,
  ENVELOPE_MEMBERS,
  type Label,
  MANIFEST_MEMBERS,
  PARAMETERS,
  TEXT_LABELS,
} from '../suit/labels.ts';
import { isSignedRoot } from '../trust/signed-root.ts';

/** One schema per row of a label table, with what is known of the inside of some. */
function members(table: readonly Label[], inside: Readonly<Record<string, Schema>> = {}): ReadonlyMap<number, Schema> {
  return new Map(table.map((row) => [row.label, { ...inside[row.name], name: row.name }]));
}

const REPORT_BITS = ['record-on-success', 'record-on-failure', 'sysinfo-on-success', 'sysinfo-on-failure'];

const wrappedDigest: Schema = { wraps: { ...digest, name: 'SUIT_Digest' } };

const coseBlocks: Readonly<Record<number, Schema>> = {
  18: sign1,
  98: sign,
  17: leaf('COSE_Mac0'),
  97: leaf('COSE_Mac'),
};

const parameters: Schema = { members: members(PARAMETERS, { 'image-digest': wrappedDigest }) };

const reportPolicy: Schema = {
  meaning: (bits) => REPORT_BITS.filter((_, bit) => Number(bits) & (1 << bit)).join(', ') || 'no record',
};

/** Sequences hold sequences (try-each, run-sequence), so this schema refers to itself. */
const sequence: { pairs: Map<number, Schema> } = { pairs: new Map() };
const sequenceArguments: Readonly<Record<string, Schema>> = {
  'set-component-index': {},
  'override-parameters': parameters,
  'set-parameters': parameters,
  'try-each': { rest: { wraps: sequence } },
  'run-sequence': { wraps: sequence },
};
for (const { label, name } of COMMANDS)
  sequence.pairs.set(label, { ...(sequenceArguments[name] ?? reportPolicy), name });

const wrappedSequence: Schema = { wraps: sequence };
const componentText: Schema = { members: members(COMPONENT_TEXT_LABELS) };
const text: Schema = {
  wraps: { otherKeys: { name: 'language', members: members(TEXT_LABELS), otherKeys: componentText } },
};
/** A severable member of a manifest is either there, wrapped, or pinned by its digest. */
const severable = (inside: Schema): Schema => ({ ...inside, ...digest });

const SECTIONS = {
  validate: wrappedSequence,
  load: wrappedSequence,
  invoke: wrappedSequence,
  'payload-fetch': severable(wrappedSequence),
  install: severable(wrappedSequence),
  'dependency-resolution': severable(wrappedSequence),
  'candidate-verification': severable(wrappedSequence),
  uninstall: wrappedSequence,
};

const common: Schema = {
  wraps: {
    members: members(COMMON_MEMBERS, {
      components: { rest: { name: 'component-identifier' } },
      'shared-sequence': wrappedSequence,
    }),
  },
};

const MANIFEST_SCHEMA: Schema = {
  members: members(MANIFEST_MEMBERS, { ...SECTIONS, common, text: severable(text) }),
};

const envelope: Schema = {
  name: 'SUIT_Envelope',
  members: members(ENVELOPE_MEMBERS, {
    ...SECTIONS,
    text,
    manifest: { wraps: MANIFEST_SCHEMA },
    authentication: {
      wraps: { items: [wrappedDigest], rest: { name: 'authentication-block', wraps: { tags: coseBlocks } } },
    },
  }),
  otherKeys: leaf('integrated payload'),
};

const record: Schema = {
  items: [
    leaf('manifest-id'),
    leaf('section'),
    leaf('section-offset'),
    leaf('component-index'),
    { ...parameters, name: 'properties' },
  ],
};
const report: Schema = {
  name: 'SUIT_Report',
  members: new Map<number, Schema>([
    [2, leaf('nonce')],
    [3, { name: 'records', rest: { ...record, name: 'record' } }],
    [
      4,
      {
        name: 'result',
        members: new Map<number, Schema>([
          [5, leaf('code')],
          [6, { ...record, name: 'record' }],
          [7, leaf('reason')],
        ]),
      },
    ],
    [8, leaf('capability-report')],
    [99, { name: 'reference', items: [leaf('manifest-uri'), { ...digest, name: 'manifest-digest' }] }],
  ]),
};

/** What a document is, by its outermost item. */
export type DocumentKind = 'envelope' | 'cose-key' | 'report' | 'trust-root' | 'cose' | 'cbor';

const SIGNED_ROOT: Schema = {
  name: 'COSE_Sign',
  items: [...(sign.items ?? []).map((item) => (item.name === 'payload' ? { ...item, wraps: TRUST_ROOT } : item))],
};

const SIGNED_REPORT: Schema = {
  ...sign1,
  items: [protectedHeaders, unprotectedHeaders, { name: 'payload', wraps: report }, signature],
};

/** @param node the outermost item of `bytes`; `labels`: its integer keys, where it is a map */
export function schemaOf(
  node: CborNode,
  { bytes, labels }: { readonly bytes: Uint8Array; readonly labels: readonly (number | bigint)[] },
): { kind: DocumentKind; schema: Schema } {
  if (node.major === 6 && node.argument === CBOR_TAGS.envelope) {
    return { kind: 'envelope', schema: { tags: { [CBOR_TAGS.envelope]: envelope } } };
  }
  if (node.major === 6 && node.argument === 18) return { kind: 'cose', schema: { tags: { 18: SIGNED_REPORT } } };
  if (isSignedRoot(bytes)) return { kind: 'trust-root', schema: { tags: { [COSE_SIGN_TAG]: SIGNED_ROOT } } };
  if (node.major === 6) return { kind: 'cose', schema: { tags: coseBlocks } };
  if (node.major === 5 && isRootDocument(labels)) return { kind: 'trust-root', schema: TRUST_ROOT };
  if (node.major === 5 && labels.includes(99)) return { kind: 'report', schema: report };
  if (node.major === 5 && labels.includes(1) && (labels.includes(3) || labels.includes(-1)))
    return { kind: 'cose-key', schema: coseKey };
  return { kind: 'cbor', schema: {} };
}
