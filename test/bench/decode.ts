/** Speed of the strict reader beside a fast lenient reader and a strict one, on what a device decodes. */
import { fromHex } from '../../protocol/bytes.ts';
import { decodeCbor } from '../../protocol/cbor/decode.ts';
import { encodeCbor } from '../../protocol/cbor/encode.ts';
import type { CborValue } from '../../protocol/cbor/value.ts';
import { ALGORITHMS } from '../../protocol/cose/algorithms.ts';
import { encodeProtected } from '../../protocol/cose/headers.ts';
import { encodeSign1 } from '../../protocol/cose/sign1.ts';
import { compare } from './measure.ts';
import { decodeWithCbor2, decodeWithCborX } from './peers.ts';
import type { BenchRow } from './row.ts';

/** The goal against cbor-x, which checks far less, is to cost about as much; cbor2 checks as much. */
const PEERS = [
  { peer: 'cbor-x', decode: decodeWithCborX, goal: 0.9 },
  { peer: 'cbor2 strict', decode: decodeWithCbor2, goal: undefined },
] as const;

const keyId = new Uint8Array(32).fill(7);

const parameters = new Map<CborValue, CborValue>([
  [1, fromHex('fa6b4a53d5ad5fdfbe9de663e4d41ffe')],
  [2, fromHex('1492af1425695e48bf429b2d51f2ab45')],
  [3, new Uint8Array(36)],
  [14, 34_768],
]);
const sharedSequence = [20, parameters, 1, 15, 2, 15];
const install = [20, new Map([[21, 'http://example.com/file.bin']]), 21, 2, 3, 15];

/** The shape of example 1 of draft-ietf-suit-manifest-37. */
const manifest = new Map<CborValue, CborValue>([
  [1, 1],
  [2, 1],
  [
    3,
    encodeCbor(
      new Map<CborValue, CborValue>([
        [2, [[Uint8Array.of(0)]]],
        [4, encodeCbor(sharedSequence)],
      ]),
    ),
  ],
  [7, encodeCbor([3, 15])],
  [20, encodeCbor(install)],
]);

function inputs(): { name: string; bytes: Uint8Array }[] {
  const blocks = ALGORITHMS.filter(({ name }) => name === 'ES256' || name.startsWith('ML-DSA')).map((algorithm) => ({
    name: `COSE_Sign1 ${algorithm.name}`,
    bytes: encodeSign1({
      protectedBytes: encodeProtected({ algorithm, keyId }),
      signature: new Uint8Array(algorithm.signatureBytes),
    }),
  }));
  return [
    ...blocks,
    { name: 'manifest', bytes: encodeCbor(manifest) },
    { name: 'command sequence', bytes: encodeCbor(sharedSequence) },
  ];
}

export function benchDecode(): BenchRow[] {
  return inputs().flatMap(({ name, bytes }) => {
    const ours = () => decodeCbor(bytes, { at: 'bench', maxBytes: 8_192 });
    return compare(
      ours,
      PEERS.map(
        ({ decode }) =>
          () =>
            decode(bytes),
      ),
    ).map((comparison, i) => {
      const { peer, goal } = PEERS[i]!;
      return {
        ...comparison,
        name: `strict decode of ${name} against ${peer}`,
        unit: 'decodes/s',
        ...(goal && { goal }),
      };
    });
  });
}

if (import.meta.main) {
  for (const { name, ours, peer, ratio } of benchDecode()) {
    console.log(`${name}: ${Math.round(ours)} and ${Math.round(peer)}, ratio ${ratio.toFixed(2)}`);
  }
}
