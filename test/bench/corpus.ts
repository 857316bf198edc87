/** CBOR to start mutations from: what others made, what we make, and every value of our profile in small. */
import { existsSync } from 'node:fs';
import * as fc from 'fast-check';
import { fromHex, toHex } from '../../protocol/bytes.ts';
import { decodeCbor } from '../../protocol/cbor/decode.ts';
import { encodeCbor } from '../../protocol/cbor/encode.ts';
import { type CborValue, Tag } from '../../protocol/cbor/value.ts';
import { encodeProtected } from '../../protocol/cose/headers.ts';
import { encodeCoseKey } from '../../protocol/cose/key.ts';
import { encodeSign } from '../../protocol/cose/sign.ts';
import { encodeText } from '../../protocol/suit/text.ts';
import { cborValue } from '../support/cbor-values.ts';
import { decodedOrRefused } from '../support/expect-rejection.ts';
import type { TestSigner } from '../support/signers.ts';
import { es256, mlDsa44, mlDsa65, sealed, updateManifest } from '../support/suit.ts';
import { listVectors, readJsonVector, readVector, vectorsFolder } from '../support/vectors.ts';

export type Corpus = readonly [Uint8Array, ...Uint8Array[]];

/** Small values beside the real ones, so that most changes hit a head and not the middle of a signature. */
const SMALL_VALUES = 400;

/** bytes. Longer byte strings are shortened in a copy of their entry, for the same reason. */
const LONG_BYTES = 40;

/** Without the vectors of others, our own are left. */
export function createCorpus(seed: number): Corpus {
  const whole = [...ownMessages(), ...(existsSync(vectorsFolder()) ? messagesOfOthers() : [])];
  const parts = whole.flatMap((bytes) => [bytes, ...innerItems(bytes)]);
  const small = fc.sample(cborValue, { seed, numRuns: SMALL_VALUES }).map(encodeCbor);
  const all = [...parts, ...parts.map(shortened), ...small];
  return [new Uint8Array(), ...new Map(all.map((bytes) => [toHex(bytes), bytes])).values()];
}

function ownMessages(): Uint8Array[] {
  return [
    sealed(updateManifest, [es256]),
    sealed(updateManifest, [es256, mlDsa44]),
    sealed(updateManifest, [mlDsa65]),
    ...[es256, mlDsa44].map(({ anchor }) => encodeCoseKey(anchor)),
    encodeSign({ signatures: [es256, mlDsa44].map(signatureOf) }),
    encodeText(new Map([['en', { fields, components: [{ id: [Uint8Array.of(0)], fields }] }]])),
  ];
}

const fields = new Map([[1, 'some words']]);

/** Of the right size: whether it verifies is no question of encoding. */
const signatureOf = ({ anchor }: TestSigner) => ({
  protectedBytes: encodeProtected(anchor),
  signature: new Uint8Array(anchor.algorithm.signatureBytes),
});

function messagesOfOthers(): Uint8Array[] {
  const files = ['.suit', '.cbor'].flatMap((extension) => listVectors('', extension)).map(readVector);
  const cose = listVectors('cose-classic', '.json').map((path): string => readJsonVector(path).output.cbor);
  const { key, sign1 }: { key: string; sign1: string } = readJsonVector('cose-mldsa/ML_DSA_65.cose.json');
  const appendixA: { hex: string }[] = readJsonVector('cbor/appendix_a.json');
  const notWellFormed: { tests: { hex: string }[] } = readJsonVector('cbor/not-well-formed-qcbor.json');
  const hex = [...cose, key, sign1, ...[...appendixA, ...notWellFormed.tests].map((entry) => entry.hex)];
  return [...files, ...hex.map(fromHex)];
}

const read = (bytes: Uint8Array): CborValue | undefined =>
  decodedOrRefused(() => decodeCbor(bytes, { at: 'corpus', maxBytes: bytes.length }));

/** Byte strings in it that hold an item themselves, as almost all of SUIT and COSE does; and theirs. */
function innerItems(bytes: Uint8Array): Uint8Array[] {
  const inner = byteStrings(read(bytes)).filter((it) => it.length > 1 && read(it) !== undefined);
  return inner.flatMap((it) => [it, ...innerItems(it)]);
}

function byteStrings(value: CborValue | undefined): Uint8Array[] {
  if (value instanceof Uint8Array) return [value];
  if (value instanceof Tag) return byteStrings(value.value);
  if (value instanceof Map) return [...value].flat().flatMap(byteStrings);
  return Array.isArray(value) ? value.flatMap(byteStrings) : [];
}

function shortened(bytes: Uint8Array): Uint8Array {
  const value = read(bytes);
  return value === undefined ? bytes : encodeCbor(shorten(value));
}

function shorten(value: CborValue): CborValue {
  if (value instanceof Uint8Array) return value.length > LONG_BYTES ? value.subarray(0, 3) : value;
  if (value instanceof Tag) return new Tag(value.tag, shorten(value.value));
  if (value instanceof Map) return new Map([...value].map(([key, item]) => [key, shorten(item)]));
  return Array.isArray(value) ? value.map(shorten) : value;
}
