/**
 * What our strictness costs beside the cryptography it guards: an envelope decoded, its manifest hashed, its signature
 * verified, the manifest decoded, beside nothing but `crypto.verify` of the same signature over the same bytes.
 */
import { createPublicKey, verify } from 'node:crypto';
import { verifyWithOpenSsl } from '../../device-sim/hardware/native-verifier.ts';
import { encodeProtected } from '../../protocol/cose/headers.ts';
import { encodeSign1, signedBytes } from '../../protocol/cose/sign1.ts';
import { encodeSpki } from '../../protocol/cose/spki.ts';
import { authenticate } from '../../protocol/suit/authenticate.ts';
import { decodeEnvelope, encodeEnvelope, signedDigest } from '../../protocol/suit/envelope.ts';
import { encodeManifest } from '../../protocol/suit/manifest.ts';
import { es256, mlDsa44, mlDsa65, mlDsa87, type TestSigner, updateManifest } from '../support/suit.ts';
import { compare } from './measure.ts';
import type { BenchRow } from './row.ts';

const SIGNERS: readonly { readonly signer: TestSigner; readonly goal?: number }[] = [
  { signer: es256 },
  { signer: mlDsa44 },
  // At most 1.10 times as long.
  { signer: mlDsa65, goal: 1 / 1.1 },
  { signer: mlDsa87 },
];

/** The difference looked for is small beside what neighbours on the machine do to a single round. */
const ROUNDS = 201;

/** Until the compiler has settled: a gateway or a load test verifies many. */
const WARM_UPS = 20_000;

const manifestBytes = encodeManifest(updateManifest);

export const benchVerify = (): BenchRow[] =>
  SIGNERS.map(({ signer, goal }) => {
    const { anchor } = signer;
    const protectedBytes = encodeProtected(anchor);
    const signed = signedBytes(protectedBytes, signedDigest(manifestBytes));
    const signature = signer.sign(signed);
    const bytes = encodeEnvelope({ manifestBytes, blocks: [encodeSign1({ protectedBytes, signature })] });

    const policy = { anchors: [anchor], requiredAlgorithms: [], verify: verifyWithOpenSsl };
    const ours = () => authenticate(decodeEnvelope(bytes), policy);
    for (let i = 0; i < WARM_UPS; i++) authenticate(decodeEnvelope(bytes), { ...policy, verify: () => true });

    const key = createPublicKey({ key: encodeSpki(anchor), format: 'der', type: 'spki' });
    const digest = anchor.algorithm.keyType === 'EC2' ? 'sha256' : null;
    const bare = () => verify(digest, signed, { key, dsaEncoding: 'ieee-p1363' }, signature);
    if (!bare()) throw new Error(`${anchor.algorithm.name}: the peer refuses the signature`);

    const [comparison] = compare(ours, [bare], ROUNDS);
    const name = `envelope verified, ${anchor.algorithm.name}, beside bare crypto.verify`;
    return { name, unit: 'verifications/s', ...comparison!, ...(goal !== undefined && { goal }) };
  });

if (import.meta.main) {
  for (const { name, ours, peer, ratio } of benchVerify()) {
    console.log(`${name}: ${Math.round(ours)} and ${Math.round(peer)}, ratio ${ratio.toFixed(3)}`);
  }
}
