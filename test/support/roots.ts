/** Ceremonies for tests, in memory: their files as the commands leave them, and a KDF that costs nothing. */
import { mergeSignatures } from '../../cloud/roots/finalize.ts';
import { type CeremonyFiles, type NamedFile, openCeremony } from '../../cloud/roots/ceremony.ts';
import type { KdfCost } from '../../cloud/roots/key-file.ts';
import {
  appendLine,
  decodeTranscript,
  sha384Hex,
  type Step,
  type TranscriptEntry,
} from '../../cloud/roots/transcript.ts';
import { toHex, utf8 } from '../../protocol/bytes.ts';
import type { VerifiedRoot } from '../../protocol/trust/advance.ts';
import { encodeTrustRoot } from '../../protocol/trust/encode-root.ts';
import { rootDigest, type TrustRoot } from '../../protocol/trust/root.ts';
import { FIRST, HOLDERS, signRoot, type TrustSigner, verify } from './trust.ts';

/** No command takes it. */
export const CHEAP: KdfCost = { memoryKib: 64, passes: 1, lanes: 1 };

export interface CeremonySpec {
  readonly draft?: TrustRoot;
  readonly previous?: readonly VerifiedRoot[];
  readonly by?: readonly TrustSigner[];
  /** How it ends; a finished one has its root. */
  readonly finalized?: boolean;
}

/** Of the test's signer, as the folder names it. */
export const fileNameOf = ({ anchor }: TrustSigner): string => `${toHex(anchor.keyId).slice(0, 16)}.cose`;

/** Version 1 of the fleet of trust.ts, signed by its three holders, where nothing else is said. */
export function ceremonyFiles(spec: CeremonySpec = {}): CeremonyFiles {
  const { draft: root = FIRST, previous = [], by = HOLDERS, finalized = true } = spec;
  const draft = encodeTrustRoot(root);
  const signatures = by.map((signer): NamedFile => ({ name: fileNameOf(signer), bytes: signRoot(draft, [signer]) }));
  const entry = entries(root, draft);
  const steps = [
    entry(root.version === 1 ? 'init' : 'rotate'),
    ...by.map(({ anchor }, i) => entry('sign', { signer: toHex(anchor.keyId), file: sha384Hex(signatures[i]!.bytes) })),
  ];
  const files = { draft, previous: previous.map(({ bytes }) => bytes), signatures, final: undefined };
  const open: CeremonyFiles = { ...files, transcript: transcriptOf(steps) };
  if (!finalized) return open;
  const final = mergeSignatures(openCeremony(open, { verify }));
  return { ...files, transcript: transcriptOf([...steps, entry('finalize', { file: sha384Hex(final) })]), final };
}

/** Lines about a draft, all of them of the moment it was issued. */
export const entries =
  (root: TrustRoot, draft: Uint8Array = encodeTrustRoot(root)) =>
  (step: Step, more: Partial<TranscriptEntry> = {}): TranscriptEntry => ({
    step,
    at: new Date(root.issuedSeconds * 1000).toISOString(),
    by: `who did ${step}`,
    digest: toHex(rootDigest(draft, root.hashId)),
    tool: 'bristlecone test',
    ...more,
  });

/** The bytes of transcript.jsonl. */
export const transcriptOf = (steps: readonly TranscriptEntry[]): Uint8Array =>
  utf8(steps.reduce((text, step) => text + appendLine(decodeTranscript(utf8(text), 'transcript'), step), ''));
