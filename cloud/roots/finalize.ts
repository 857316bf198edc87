/** The end of a ceremony: all signatures into one root, verified as a device will verify it. */
import { toHex } from '../../protocol/bytes.ts';
import type { VerifySignature } from '../../protocol/cose/algorithms.ts';
import { advanceRoot, type VerifiedRoot, verifyFirstRoot } from '../../protocol/trust/advance.ts';
import { encodeSignedRoot } from '../../protocol/trust/signed-root.ts';
import { OperatorError } from '../errors.ts';
import type { Ceremony } from './ceremony.ts';
import { demandsOn, openDemands } from './standing.ts';

/**
 * @throws {OperatorError} `already-finalized`, `threshold-not-met`
 * @throws {Rejection} those of verifyFirstRoot and advanceRoot
 */
export function finalizeRoot(ceremony: Ceremony, { verify }: { readonly verify: VerifySignature }): VerifiedRoot {
  expectUnfinished(ceremony);
  const open = openDemands(demandsOn(ceremony, ceremony.signatures));
  if (open.length > 0) {
    throw new OperatorError(
      'threshold-not-met',
      `expected enough signatures for version ${ceremony.root.version}, got too few:\n${open.map((line) => `  ${line}`).join('\n')}\n` +
        'Hand the folder to these holders for `bristlecone root sign`, or lay their signature files into signatures/.',
    );
  }
  return verifyOver(ceremony, mergeSignatures(ceremony), { verify });
}

/** In the order of key ids, so that whoever finalizes makes the same bytes of the same signatures. */
export const mergeSignatures = ({ payload, signatures }: Ceremony): Uint8Array =>
  encodeSignedRoot(
    payload,
    signatures.toSorted((a, b) => (toHex(a.keyId) < toHex(b.keyId) ? -1 : 1)),
  );

/** As a device that has the root before. */
export const verifyOver = (
  { before }: Ceremony,
  bytes: Uint8Array,
  { verify }: { readonly verify: VerifySignature },
): VerifiedRoot => (before ? advanceRoot(before, bytes, { verify }) : verifyFirstRoot(bytes, { verify }));

/** @throws {OperatorError} `already-finalized` */
export function expectUnfinished({ finished, root }: Ceremony): void {
  if (!finished) return;
  throw new OperatorError(
    'already-finalized',
    `version ${root.version} is finalized: nothing of it changes any more. For the next version begin a new ceremony ` +
      `in another folder with \`bristlecone root rotate --from\`.`,
  );
}

/** @throws {OperatorError} `already-finalized`, `draft-signed` */
export function expectUnsigned(ceremony: Ceremony): void {
  expectUnfinished(ceremony);
  if (ceremony.signatures.length === 0) return;
  throw new OperatorError(
    'draft-signed',
    `expected a draft that nobody has signed, got one with ${ceremony.signatures.length} signatures: whoever signed it saw another ` +
      'root than the one you would make of it. Begin a new ceremony in another folder.',
  );
}
