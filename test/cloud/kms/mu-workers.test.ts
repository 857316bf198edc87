import { ml_dsa44, ml_dsa65, ml_dsa87 } from '@noble/post-quantum/ml-dsa.js';
import { describe, expect, it } from 'vitest';
import { signMuHere } from '../../../cloud/kms/mu-jobs.ts';
import { signMu, verifyMu } from '../../../cloud/kms/mu-workers.ts';
import { utf8 } from '../../../protocol/bytes.ts';
import { externalMu } from '../../../protocol/mldsa/mu.ts';

const seed = new Uint8Array(32).fill(3);
const message = utf8('the manifest digest of release 7');
const SETS = [
  ['ml-dsa-44', ml_dsa44],
  ['ml-dsa-65', ml_dsa65],
  ['ml-dsa-87', ml_dsa87],
] as const;

describe.each(SETS)('%s on other threads', (parameterSet, noble) => {
  const { publicKey } = noble.keygen(seed);
  const mu = externalMu(publicKey, message);

  it('signs hedged, so that the message verifies', async () => {
    const [first, second] = await Promise.all([signMu({ parameterSet, seed, mu }), signMu({ parameterSet, seed, mu })]);
    expect(noble.verify(first, message, publicKey)).toBe(true);
    expect(noble.verify(second, message, publicKey)).toBe(true);
    expect(first).not.toEqual(second);
  });

  it('verifies, and a wrong signature of any length is just not valid', async () => {
    const signature = noble.sign(message, noble.keygen(seed).secretKey);
    expect(await verifyMu({ parameterSet, publicKey, mu, signature })).toBe(true);
    const changed = signature.slice();
    changed[50]! ^= 1;
    for (const wrong of [changed, signature.slice(1), new Uint8Array()]) {
      expect(await verifyMu({ parameterSet, publicKey, mu, signature: wrong })).toBe(false);
    }
  });
});

it('answers each of many callers with its own signature', async () => {
  const keys = Array.from({ length: 12 }, (_, i) => new Uint8Array(32).fill(i));
  const valid = await Promise.all(
    keys.map(async (each) => {
      const { publicKey } = ml_dsa44.keygen(each);
      const mu = externalMu(publicKey, message);
      return ml_dsa44.verify(await signMu({ parameterSet: 'ml-dsa-44', seed: each, mu }), message, publicKey);
    }),
  );
  expect(valid).toEqual(Array.from({ length: 12 }, () => true));
});

it('a job that fails fails alone: the next ones get a new thread', async () => {
  const { publicKey } = ml_dsa44.keygen(seed);
  const mu = externalMu(publicKey, message);
  const bad = signMu({ parameterSet: 'ml-dsa-44', seed: new Uint8Array(31), mu });
  const good = Array.from({ length: 4 }, () => signMu({ parameterSet: 'ml-dsa-44', seed, mu }));
  await expect(bad).rejects.toThrow('"seed" expected Uint8Array of length 32');
  for (const signature of await Promise.all(good)) expect(ml_dsa44.verify(signature, message, publicKey)).toBe(true);
});

it('leaves this thread to others while it signs', async () => {
  const mu = new Uint8Array(64);
  let turns = 0;
  const count = setInterval(() => (turns += 1), 1);
  await Promise.all(Array.from({ length: 8 }, () => signMu({ parameterSet: 'ml-dsa-87', seed, mu })));
  clearInterval(count);
  const elsewhere = turns;
  turns = 0;
  const again = setInterval(() => (turns += 1), 1);
  for (let i = 0; i < 8; i++) signMuHere({ parameterSet: 'ml-dsa-87', seed, mu });
  clearInterval(again);
  expect(turns).toBe(0); // noble gives no turn away
  expect(elsewhere).toBeGreaterThan(0);
});
