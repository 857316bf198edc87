/** Changes to CBOR that a random byte would seldom hit: heads, lengths, order, nesting. */
import { concatBytes } from '../../protocol/bytes.ts';
import { pick, type Random } from '../support/random.ts';
import type { Corpus } from './corpus.ts';

type Mutation = (bytes: Uint8Array, random: Random, corpus: Corpus) => Uint8Array;

/** One of each kind of head: long forms, indefinite lengths, bignums, tags, floats, simple values, break. */
const HEADS: readonly [number, ...number[]] = [
  0x00, 0x17, 0x18, 0x19, 0x1a, 0x1b, 0x1c, 0x20, 0x38, 0x3b, 0x40, 0x41, 0x58, 0x5b, 0x5f, 0x60, 0x61, 0x78, 0x7f,
  0x80, 0x81, 0x98, 0x9b, 0x9f, 0xa0, 0xa1, 0xa2, 0xb8, 0xbf, 0xc0, 0xc2, 0xc3, 0xd8, 0xdb, 0xf4, 0xf6, 0xf7, 0xf8,
  0xf9, 0xfa, 0xfb, 0xff,
];

const MAX_RUN = 4;

/** bytes. So that splicing does not make entries grow without end. */
const MAX_BYTES = 6_000;

const replace = (bytes: Uint8Array, at: number, removed: number, ...added: readonly Uint8Array[]): Uint8Array =>
  concatBytes(bytes.subarray(0, at), ...added, bytes.subarray(at + removed));

const place = (bytes: Uint8Array, random: Random): number => random(bytes.length + 1);

const randomBytes = (random: Random): Uint8Array => Uint8Array.from({ length: 1 + random(MAX_RUN) }, () => random(256));

const MUTATIONS: readonly [Mutation, ...Mutation[]] = [
  function flipBit(bytes, random) {
    const at = place(bytes, random);
    return replace(bytes, at, 1, Uint8Array.of((bytes[at] ?? 0) ^ (1 << random(8))));
  },
  function setHead(bytes, random) {
    return replace(bytes, place(bytes, random), 1, Uint8Array.of(pick(random, HEADS)));
  },
  function insertHead(bytes, random) {
    return replace(bytes, place(bytes, random), 0, Uint8Array.of(pick(random, HEADS)));
  },
  function insertBytes(bytes, random) {
    return replace(bytes, place(bytes, random), 0, randomBytes(random));
  },
  function removeBytes(bytes, random) {
    return replace(bytes, place(bytes, random), 1 + random(MAX_RUN));
  },
  function truncate(bytes, random) {
    return bytes.subarray(0, place(bytes, random));
  },
  function changeArgument(bytes, random) {
    const at = place(bytes, random);
    return replace(bytes, at, 1, Uint8Array.of((bytes[at] ?? 0) + (random(2) === 0 ? 1 : 255)));
  },
  function lengthenHead(bytes, random) {
    const at = place(bytes, random);
    const head = bytes[at] ?? 0;
    const size = random(4);
    const argument = new Uint8Array(1 << size);
    argument[argument.length - 1] = head & 31;
    return replace(bytes, at, 1, Uint8Array.of((head & 0xe0) | (24 + size)), argument);
  },
  function swapNeighbours(bytes, random) {
    const at = place(bytes, random);
    const [first, second] = [1 + random(MAX_RUN), 1 + random(MAX_RUN)];
    const middle = at + first;
    return replace(bytes, at, first + second, bytes.subarray(middle, middle + second), bytes.subarray(at, middle));
  },
  function repeatPart(bytes, random) {
    const from = place(bytes, random);
    const part = bytes.subarray(from, from + 1 + random(8));
    return replace(bytes, from, 0, part);
  },
  function spliceOther(bytes, random, corpus) {
    const other = pick(random, corpus);
    const from = place(other, random);
    return replace(bytes, place(bytes, random), random(MAX_RUN), other.subarray(from, from + random(64)));
  },
  function putInside(bytes, random) {
    const head = pick(random, [0x81, 0xc6, 0xd2]);
    return replace(bytes, 0, 0, new Uint8Array(1 + random(20)).fill(head));
  },
];

/** An entry of the corpus with one to three changes, mostly one. */
export function mutated(corpus: Corpus, random: Random): Uint8Array {
  let bytes = pick(random, corpus);
  for (let changes = 1 + random(1 + random(3)); changes > 0; changes--)
    bytes = pick(random, MUTATIONS)(bytes, random, corpus);
  return bytes.length > MAX_BYTES ? bytes.subarray(0, MAX_BYTES) : bytes;
}
