/** `bristlecone explain`: what is in a file, byte by byte, and what a device would say to it. */
import type { Command } from 'commander';
import { run, subcommand } from '../../command-line.ts';
import { equalBytes, toHex } from '../../protocol/bytes.ts';
import type { Anchor } from '../../protocol/cose/algorithms.ts';
import { decodeCoseKey } from '../../protocol/cose/key.ts';
import { diagnose, type Diagnosis, renderDiagnosis } from '../../protocol/explain/diagnostic.ts';
import { type SignatureFacts, signatureFacts } from '../../protocol/explain/signatures.ts';
import { MAX_ENVELOPE_BYTES } from '../../protocol/limits.ts';
import { digestOfWrapped } from '../../protocol/suit/digest.ts';
import { decodeEnvelope } from '../../protocol/suit/envelope.ts';
import { checkSuit, type SuitVerdict } from '../suit-check.ts';
import { parseAlgorithms, parsePayload, readAnchors, readBytes } from './files.ts';
import { renderVerdict } from './suit.ts';

interface ExplainOptions {
  readonly anchor?: readonly string[];
  readonly payload?: readonly string[];
  readonly require?: string;
}

/** What can be said of an envelope beyond its bytes. */
interface EnvelopeFacts {
  readonly manifestBytes: number;
  readonly digest: { readonly claimed: string; readonly computed: string; readonly matches: boolean };
  readonly signatures: readonly SignatureFacts[];
  /** Absent without an anchor: a device that trusts nobody accepts nothing. */
  readonly device?: SuitVerdict;
}

export function registerExplainCommand(program: Command): void {
  const command = subcommand(program, {
    name: 'explain',
    summary: 'an envelope, COSE_Key or SUIT report as annotated CBOR, and what a device would say',
    examples: ['explain update.suit', 'explain update.suit --anchor release.cose', 'explain release.cose'],
  })
    .argument('<file>', 'SUIT envelope, COSE_Key, SUIT report or any deterministic CBOR')
    .option('--anchor <file...>', 'public keys to judge it with, and to compute mu for')
    .option('--payload <uri=file...>', 'what a fetch of this URI gives')
    .option('--require <algorithms>', 'comma-separated: each of them must have signed');
  run<ExplainOptions>(command, async ({ args: [file = ''], options }) => {
    const bytes = readBytes(file);
    const diagnosis = diagnose(bytes, { at: file, maxBytes: MAX_ENVELOPE_BYTES });
    const envelope = diagnosis.kind === 'envelope' ? envelopeFacts(bytes, options) : undefined;
    const keyId = diagnosis.kind === 'cose-key' ? toHex(decodeCoseKey(bytes).keyId) : undefined;
    const json = {
      file,
      bytes: bytes.length,
      kind: diagnosis.kind,
      lines: diagnosis.lines,
      ...(envelope && { envelope }),
      ...(keyId && { keyId }),
    };
    return {
      json,
      text: render(file, bytes.length, { diagnosis, ...(envelope && { envelope }), ...(keyId && { keyId }) }),
    };
  });
}

function envelopeFacts(bytes: Uint8Array, options: ExplainOptions): EnvelopeFacts {
  const envelope = decodeEnvelope(bytes);
  const computed = digestOfWrapped(envelope.manifestBytes, envelope.digest.algorithmId);
  const anchors: Anchor[] = readAnchors(options.anchor ?? []);
  const device = anchors.length === 0 ? undefined : verdictOf(bytes, anchors, options);
  return {
    manifestBytes: envelope.manifestBytes.length,
    digest: {
      claimed: toHex(envelope.digest.bytes),
      computed: toHex(computed.bytes),
      matches: equalBytes(envelope.digest.bytes, computed.bytes),
    },
    signatures: signatureFacts(envelope, anchors),
    ...(device && { device }),
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

function renderFacts({ manifestBytes, digest, signatures, device }: EnvelopeFacts): string {
  const lines = [
    `manifest     ${manifestBytes} bytes`,
    `digest       ${digest.computed} computed, ${digest.matches ? 'as signed' : `NOT AS SIGNED (${digest.claimed})`}`,
    ...signatures.flatMap(renderSignature),
  ];
  const verdict = device ? renderVerdict(device) : 'unknown: name the keys it would trust with --anchor';
  return [...lines, `device says  ${verdict.replaceAll('\n', '\n           ')}`].join('\n');
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
