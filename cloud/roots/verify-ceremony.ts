/**
 * A finished ceremony recomputed from its files by somebody who was not there: every digest, signature, threshold and
 * date, and the order of the steps. What files cannot prove — that they are the ones that lay on the table — the report
 * hands to the witnesses, as things to compare with what they noted down.
 */
import { equalBytes, toHex } from '../../protocol/bytes.ts';
import type { VerifySignature } from '../../protocol/cose/algorithms.ts';
import type { VerifiedRoot } from '../../protocol/trust/advance.ts';
import { OperatorError } from '../errors.ts';
import { type Ceremony, type CeremonyFiles, openCeremony } from './ceremony.ts';
import { expectCurrent } from './clock.ts';
import { mergeSignatures, verifyOver } from './finalize.ts';
import { sha384Hex } from './transcript.ts';

export interface CeremonyReport {
  readonly version: number;
  /** Of the root, by its own hash. */
  readonly digest: string;
  /** Of the root before, by its own hash; undefined of a first root. */
  readonly previousDigest: string | undefined;
  /** Hash of the last line of the transcript. */
  readonly transcriptHash: string;
  readonly steps: number;
  readonly signers: readonly {
    readonly keyId: string;
    readonly algorithm: string;
    readonly by: string;
    readonly at: string;
  }[];
  /** Tools that the steps were done with. */
  readonly tools: readonly string[];
  /** For witnesses: what to hold against their own notes. */
  readonly compare: readonly string[];
}

/**
 * @throws {OperatorError} those of openCeremony and expectCurrent; `not-finalized`, `signature-unrecorded`, `final-changed`
 * @throws {Rejection} a file is none of its kind, or does not fit the chain
 */
export function verifyCeremony(files: CeremonyFiles, { verify }: { readonly verify: VerifySignature }): CeremonyReport {
  const ceremony = openCeremony(files, { verify });
  expectTimes(ceremony);
  const root = expectFinal(ceremony, files.final, verify);
  const { digest, lines, before } = ceremony;
  const transcriptHash = lines.at(-1)?.hash ?? '';
  const previousDigest = before && toHex(before.digest);
  const signers = ceremony.signatures.map(({ keyId, algorithm, line }) => ({
    keyId: toHex(keyId),
    algorithm: algorithm.name,
    by: line?.by ?? '',
    at: line?.at ?? '',
  }));
  return {
    version: root.root.version,
    digest,
    previousDigest,
    transcriptHash,
    steps: lines.length,
    signers,
    tools: [...new Set(lines.map(({ tool }) => tool))],
    compare: [
      `the digest that was read aloud before each signature: ${digest}`,
      `the hash of the last line of the transcript, noted at the end: ${transcriptHash}`,
      ...(previousDigest === undefined ? [] : [`the digest of the root before, as devices have it: ${previousDigest}`]),
      ...signers.map(({ keyId, by, at }) => `that ${by} was there at ${at} and holds key ${keyId.slice(0, 16)}…`),
    ],
  };
}

/** By its own dates: each step by a clock that was right then, as far as the others can say. */
function expectTimes({ root, lines }: Ceremony): void {
  lines.forEach((line, index) => {
    const nowSeconds = Date.parse(line.at) / 1000;
    if (Number.isNaN(nowSeconds))
      throw new OperatorError(
        'wrong-order',
        `transcript.jsonl line ${line.line}: expected a time, got ${JSON.stringify(line.at.slice(0, 40))}.`,
      );
    // Whoever begins a draft dates it.
    const isDraft = line.step !== 'sign' && line.step !== 'receive' && line.step !== 'finalize';
    const issuedSeconds = isDraft ? nowSeconds : root.issuedSeconds;
    expectCurrent({ ...root, issuedSeconds }, { nowSeconds, lines: lines.slice(0, index) });
  });
}

function expectFinal(ceremony: Ceremony, final: Uint8Array | undefined, verify: VerifySignature): VerifiedRoot {
  const last = ceremony.lines.at(-1);
  if (!ceremony.finished || !final || !last) {
    throw new OperatorError(
      'not-finalized',
      `expected a finished ceremony, got one whose last step is ${last?.step ?? 'none'}${final ? '' : ' and no finished root'}.`,
    );
  }
  const unrecorded = ceremony.signatures.find(({ line }) => line === undefined);
  if (unrecorded) {
    throw new OperatorError(
      'signature-unrecorded',
      `signatures/${unrecorded.name}: expected a line of the transcript for each signature, got none for this one.`,
    );
  }
  // Over the same signatures the finished root is the same bytes, so none was left out or put in.
  if (sha384Hex(final) !== last.file || !equalBytes(final, mergeSignatures(ceremony))) {
    throw new OperatorError(
      'final-changed',
      `expected the finished root to be the draft with the signatures of the transcript, got other bytes.`,
    );
  }
  return verifyOver(ceremony, final, { verify });
}
