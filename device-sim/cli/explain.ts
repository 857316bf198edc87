/** `bristlecone explain`: what is in a file, byte by byte, and what a device would say to it. */
import type { Command } from 'commander';
import { run, subcommand } from '../../command-line.ts';
import { equalBytes, toHex } from '../../protocol/bytes.ts';
import { type Anchor, describeAnchor } from '../../protocol/cose/algorithms.ts';
import { decodeCoseKey } from '../../protocol/cose/key.ts';
import { Rejection } from '../../protocol/errors.ts';
import { diagnose, type Diagnosis, renderDiagnosis } from '../../protocol/explain/diagnostic.ts';
import { type SignatureFacts, signatureFacts } from '../../protocol/explain/signatures.ts';
import { MAX_ENVELOPE_BYTES } from '../../protocol/limits.ts';
import { digestOfWrapped } from '../../protocol/suit/digest.ts';
import { decodeEnvelope, type Envelope } from '../../protocol/suit/envelope.ts';
import { dropSevered } from '../../protocol/suit/sever.ts';
import { checkSuit, type SuitVerdict } from '../suit-check.ts';
import { dataFolder, readFactoryOrder } from './data-folder.ts';
import { parseAlgorithms, parsePayload, readAnchors, readBytes } from './files.ts';
import { renderVerdict } from './suit.ts';

interface ExplainOptions {
  readonly data?: string;
  readonly anchor?: readonly string[];
  readonly payload?: readonly string[];
  readonly require?: string;
}

/** What can be said of an envelope beyond its bytes. */
interface EnvelopeFacts {
  /** Absent where it cannot be read as an envelope. */
  readonly content?: EnvelopeContent;
  /** Of those signature blocks that can be read. */
  readonly signatures: readonly SignatureFacts[];
  /** Whom `device` trusts, and who says so. */
  readonly trusts: { readonly anchors: readonly string[]; readonly from: 'options' | 'factory' };
  /** Absent without an anchor: a device that trusts nobody accepts nothing. */
  readonly device?: SuitVerdict;
}

interface EnvelopeContent {
  readonly manifestBytes: number;
  /** Without the text, which is for people and is left behind. */
  readonly wireBytes: number;
  readonly digest: { readonly claimed: string; readonly computed: string; readonly matches: boolean };
}

export function registerExplainCommand(program: Command): void {
  const command = subcommand(program, {
    name: 'explain',
    summary: 'an envelope, trust root, COSE_Key or SUIT report as annotated CBOR, and what a device would say',
    examples: ['explain update.suit', 'explain update.suit --anchor release.cose', 'explain release.cose'],
  })
    .argument('<file>', 'SUIT envelope, trust root, COSE_Key, SUIT report or any deterministic CBOR')
    .option('--anchor <file...>', 'public keys to judge it with, and to compute mu for (default: those of new devices)')
    .option('--data <dir>', 'folder of the embedded cloud, for whom its devices trust (default: .bristlecone)')
    .option('--payload <uri=file...>', 'what a fetch of this URI gives')
    .option('--require <algorithms>', 'comma-separated: each of them must have signed');
  run<ExplainOptions>(command, async ({ args: [file = ''], options }) => {
    const bytes = readBytes(file);
    const diagnosis = diagnosisOf(bytes, file);
    const envelope = diagnosis.kind === 'envelope' ? envelopeFacts(bytes, options) : undefined;
    const key = diagnosis.kind === 'cose-key' ? readOrRefuse(() => decodeCoseKey(bytes, file)) : undefined;
    const keyId = key && (key instanceof Rejection ? key.message : toHex(key.keyId));
    const facts = { ...(envelope && { envelope }), ...(keyId && { keyId }) };
    const { kind, lines } = diagnosis;
    const json = { file, bytes: bytes.length, kind, lines, ...facts };
    return { json, text: render(file, bytes.length, { diagnosis, ...facts }) };
  });
}

function diagnosisOf(bytes: Uint8Array, file: string): Diagnosis {
  const diagnosis = readOrRefuse(() => diagnose(bytes, { at: file, maxBytes: MAX_ENVELOPE_BYTES }));
  if (!(diagnosis instanceof Rejection)) return diagnosis;
  const { code, at, detail } = diagnosis;
  throw new Rejection(code, at, `${detail} (explain reads envelopes, COSE_Keys, reports and other CBOR)`);
}

function readOrRefuse<T>(read: () => T): T | Rejection {
  try {
    return read();
  } catch (error) {
    if (error instanceof Rejection) return error;
    throw error;
  }
}

/** Bytes that a device would refuse are what people look at: each fact stands without the others. */
function envelopeFacts(bytes: Uint8Array, options: ExplainOptions): EnvelopeFacts {
  const { anchors, from } = anchorsOf(options);
  const envelope = readOrRefuse(() => decodeEnvelope(bytes));
  const trusts = { anchors: anchors.map(describeAnchor), from };
  if (envelope instanceof Rejection) return { signatures: [], trusts, device: verdictOf(bytes, anchors, options) };
  const signatures = readOrRefuse(() => signatureFacts(envelope, anchors));
  return {
    content: contentOf(envelope),
    signatures: signatures instanceof Rejection ? [] : signatures,
    trusts,
    ...(anchors.length > 0 && { device: verdictOf(bytes, anchors, options) }),
  };
}

function anchorsOf({ anchor, data }: ExplainOptions): { anchors: readonly Anchor[]; from: 'options' | 'factory' } {
  if (anchor) return { anchors: readAnchors(anchor), from: 'options' };
  return { anchors: readFactoryOrder(dataFolder(data))?.anchors ?? [], from: 'factory' };
}

function contentOf(envelope: Envelope): EnvelopeContent {
  const { manifestBytes, digest } = envelope;
  const computed = digestOfWrapped(manifestBytes, digest.algorithmId);
  return {
    manifestBytes: manifestBytes.length,
    wireBytes: dropSevered(envelope, 'text').length,
    digest: {
      claimed: toHex(digest.bytes),
      computed: toHex(computed.bytes),
      matches: equalBytes(digest.bytes, computed.bytes),
    },
  };
}

const verdictOf = (envelope: Uint8Array, anchors: readonly Anchor[], options: ExplainOptions): SuitVerdict =>
  checkSuit({
    envelope,
    anchors,
    requiredAlgorithms: parseAlgorithms(options.require),
    payloads: new Map((options.payload ?? []).map(parsePayload)),
    assumeImages: true,
  });

const KIND_NAMES: Readonly<Record<Diagnosis['kind'], string>> = {
  envelope: 'SUIT envelope',
  'cose-key': 'COSE_Key',
  report: 'SUIT report',
  'trust-root': 'trust root',
  cose: 'COSE message',
  cbor: 'CBOR',
};

function render(
  file: string,
  bytes: number,
  { diagnosis, envelope, keyId }: { diagnosis: Diagnosis; envelope?: EnvelopeFacts; keyId?: string },
): string {
  const head = `${file}: ${KIND_NAMES[diagnosis.kind]}, ${bytes} bytes\n\n${renderDiagnosis(diagnosis)}\n`;
  if (keyId !== undefined) return `${head}\nkey id (COSE Key Thumbprint, SHA-256): ${keyId}`;
  return envelope ? `${head}\n${renderFacts(envelope)}` : head;
}

function renderFacts({ content, signatures, trusts, device }: EnvelopeFacts): string {
  const lines = [...(content ? renderContent(content) : []), ...signatures.flatMap(renderSignature)];
  const verdict = device ? renderVerdict(device) : 'unknown: name the keys it would trust with --anchor';
  const whom = trusts.from === 'options' ? 'one that trusts' : 'a new one of this data folder, which trusts';
  const who = device && trusts.anchors.length > 0 ? [`device       ${whom} ${trusts.anchors.join(', ')}`] : [];
  return [...lines, ...who, `device says  ${verdict.replaceAll('\n', '\n           ')}`].join('\n');
}

function renderContent({ manifestBytes, wireBytes, digest }: EnvelopeContent): string[] {
  return [
    `manifest     ${manifestBytes} bytes; the envelope has ${wireBytes} on the wire, where its text is left out`,
    `digest       ${digest.computed} computed, ${digest.matches ? 'as signed' : `NOT AS SIGNED (${digest.claimed})`}`,
  ];
}

function renderSignature(facts: SignatureFacts, index: number): string[] {
  const { algorithm, keyId, signatureBytes, blockBytes, signedBytes, externalMu } = facts;
  const mus = externalMu.map((it) => `  mu         ${it.mu} (key ${it.keyId.slice(0, 16)}…)`);
  const without =
    algorithm.startsWith('ML-DSA') && mus.length === 0 ? ['  mu         needs the public key: --anchor'] : mus;
  return [
    `signature ${index}  ${algorithm}, ${signatureBytes} bytes in a block of ${blockBytes}${keyId === undefined ? '' : `, kid ${keyId}`}`,
    `  signs      ${signedBytes} (${signedBytes.length / 2} bytes)`,
    ...without,
  ];
}
