/**
 * SHA-256 by node:crypto (OpenSSL), eight times as fast as noble: for load and benchmarks. Same digests as protocol/suit has
 * in software; whatever else a manifest may name is made there.
 */
import { createHash } from 'node:crypto';
import { type CreateDigest, createSuitDigest, type DigestStream, SHA_256 } from '../../protocol/suit/digest.ts';

export const createNativeDigest: CreateDigest = (algorithmId) => {
  if (algorithmId !== SHA_256) return createSuitDigest(algorithmId);
  const hash = createHash('sha256');
  const stream: DigestStream = {
    update(piece) {
      hash.update(piece);
      return stream;
    },
    digest: () => ({ algorithmId, bytes: new Uint8Array(hash.digest()) }),
  };
  return stream;
};
