/**
 * A ceremony as it stands in its folder, with everything checked that can be: each step begins here, and refuses to go on
 * from anything that was changed since the step before.
 *
 *     init ─▶ add-key, rotate, revoke … ─▶ sign (each holder) ─▶ finalize
 *       └──────── the draft changes ────┘   └─ it does not any more
 */
import { toHex } from '../../protocol/bytes.ts';
import type { VerifySignature } from '../../protocol/cose/algorithms.ts';
import { Rejection } from '../../protocol/errors.ts';
import type { VerifiedRoot } from '../../protocol/trust/advance.ts';
import { checkSuccessor } from '../../protocol/trust/check-successor.ts';
import { decodeTrustRoot } from '../../protocol/trust/decode-root.ts';
import { rootDigest } from '../../protocol/trust/root.ts';
import { OperatorError } from '../errors.ts';
import { verifyChain } from './chain.ts';
import { type CheckedSignature, checkSignature, type Draft } from './signatures.ts';
import { decodeTranscript, sha384Hex, type TranscriptLine } from './transcript.ts';

export interface NamedFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** What lies in the folder, as bytes. */
export interface CeremonyFiles {
  readonly draft: Uint8Array;
  readonly transcript: Uint8Array;
  /** The roots before the draft. */
  readonly previous: readonly Uint8Array[];
  readonly signatures: readonly NamedFile[];
  /** The finished root. */
  readonly final: Uint8Array | undefined;
}

/** A signature file of the folder. */
export interface CollectedSignature extends CheckedSignature {
  readonly name: string;
  /** SHA-384 of the file, in hex. */
  readonly file: string;
  /** The line that says who signed or brought it; undefined where the file was laid into the folder since. */
  readonly line: TranscriptLine | undefined;
}

export interface Ceremony extends Draft {
  /** Of the draft, by its own hash, in hex: what signers compare. */
  readonly digest: string;
  /** From the first root that is known to the one before the draft. */
  readonly chain: readonly VerifiedRoot[];
  readonly signatures: readonly CollectedSignature[];
  readonly lines: readonly TranscriptLine[];
  readonly finished: boolean;
}

/**
 * @throws {OperatorError} `draft-changed`, `signature-changed`, `signature-missing`, `duplicate-signer`, `wrong-order`
 * @throws {Rejection} a file is none of its kind, or does not fit the chain
 */
export function openCeremony(files: CeremonyFiles, { verify }: { readonly verify: VerifySignature }): Ceremony {
  const lines = decodeTranscript(files.transcript, 'transcript.jsonl');
  expectOrder(lines);
  const chain = verifyPrevious(files.previous, verify);
  const draft = openDraft(files.draft, chain.at(-1));
  const digest = toHex(rootDigest(draft.payload, draft.root.hashId));
  expectRecorded(digest, lines);
  const signatures = files.signatures.map(({ name, bytes }): CollectedSignature => {
    const checked = checkSignature(bytes, draft, { verify, at: `signatures/${name}` });
    const line = lines.find(({ signer }) => signer === toHex(checked.keyId));
    return { ...checked, name, file: sha384Hex(bytes), line };
  });
  expectSignaturesOf(lines, signatures);
  return { ...draft, digest, chain, signatures, lines, finished: lines.at(-1)?.step === 'finalize' };
}

function verifyPrevious(previous: readonly Uint8Array[], verify: VerifySignature): readonly VerifiedRoot[] {
  if (previous.length === 0) return [];
  try {
    return verifyChain(previous, { verify });
  } catch (error) {
    if (!(error instanceof Rejection)) throw error;
    const { code, at, detail } = error;
    throw new Rejection(code, `previous.${at}`, detail, { cause: error });
  }
}

/** @throws {Rejection} those of decodeTrustRoot and checkSuccessor */
export function openDraft(payload: Uint8Array, before: VerifiedRoot | undefined): Draft {
  const root = decodeTrustRoot(payload, { at: 'draft' });
  if (before) checkSuccessor(before, { root, payload });
  else if (root.version !== 1)
    throw wrongOrder(`expected the roots before version ${root.version} in previous/, got none.`);
  return { payload, root, before };
}

const wrongOrder = (what: string): OperatorError => new OperatorError('wrong-order', what);

/** Every line stands where its step may come. */
function expectOrder(lines: readonly TranscriptLine[]): void {
  if (lines.length === 0) throw wrongOrder('transcript.jsonl: expected at least one line, got none.');
  let before: TranscriptLine | undefined;
  for (const line of lines) {
    if (!mayFollow(before, line)) {
      const after = before === undefined ? 'as the first line' : `after ${before.step}`;
      throw wrongOrder(`transcript.jsonl line ${line.line}: ${line.step} may not come ${after}.`);
    }
    before = line;
  }
}

const isSignature = ({ step }: TranscriptLine): boolean => step === 'sign' || step === 'receive';

/** The draft changes until the first signature; signatures come until the end. */
function mayFollow(before: TranscriptLine | undefined, { step }: TranscriptLine): boolean {
  if (step === 'init') return before === undefined;
  if (step === 'sign' || step === 'receive') return before !== undefined && before.step !== 'finalize';
  if (step === 'finalize') return before !== undefined && isSignature(before);
  return before === undefined || !(isSignature(before) || before.step === 'finalize');
}

function expectRecorded(digest: string, lines: readonly TranscriptLine[]): void {
  const last = lines.at(-1);
  const draftLine = lines.findLast((line) => !isSignature(line) && line.step !== 'finalize');
  const changed = lines.slice(lines.findIndex((line) => line === draftLine)).find((line) => line.digest !== digest);
  if (!changed) return;
  const signed = last && isSignature(last) ? 'after it was signed' : 'since it was written down';
  throw new OperatorError(
    'draft-changed',
    `draft.cbor: expected the draft of transcript line ${changed.line} (digest ${changed.digest.slice(0, 16)}…), got one with ` +
      `digest ${digest.slice(0, 16)}…: it was changed ${signed}. Take the folder as it was before, or begin a new ceremony.`,
  );
}

function expectSignaturesOf(lines: readonly TranscriptLine[], signatures: readonly CollectedSignature[]): void {
  for (const line of lines.filter(isSignature)) {
    const of = `the signature of key ${line.signer?.slice(0, 16)}… (transcript line ${line.line})`;
    const file = signatures.find((it) => it.line === line);
    if (!file)
      throw new OperatorError('signature-missing', `signatures/: expected ${of}, got none. Copy it there again.`);
    if (file.file !== line.file)
      throw new OperatorError(
        'signature-changed',
        `signatures/${file.name}: expected ${of} as it was written down, got other bytes.`,
      );
  }
  const twice = signatures.find(
    (it, index) => signatures.findIndex(({ signer }) => sameSigner(signer, it.signer)) !== index,
  );
  if (twice) {
    throw new OperatorError(
      'duplicate-signer',
      `signatures/${twice.name}: expected each key to sign once, got a second signature of ${toHex(twice.keyId).slice(0, 16)}…. ` +
        'It counts once: take one of the two files away, and ask another holder.',
    );
  }
}

const sameSigner = (a: CheckedSignature['signer'], b: CheckedSignature['signer']): boolean =>
  toHex(a.publicKey) === toHex(b.publicKey);
