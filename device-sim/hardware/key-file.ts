/** The memory of the secure element in a file beside the flash: each change is a new file that takes the old one's place. */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { decodeCbor } from '../../protocol/cbor/decode.ts';
import { encodeCbor } from '../../protocol/cbor/encode.ts';
import { expectArray, expectBytes } from '../../protocol/cbor/expect.ts';
import type { KeySlot } from '../provisioning/ports.ts';
import type { KeyMemory } from './secure-element.ts';

/** bytes. Two keys of ML-DSA-87 in their longest form. */
const MAX_BYTES = 16_384;

/** What each slot holds; empty where it holds none. */
type Slots = readonly [Uint8Array, Uint8Array];

const EMPTY: Slots = [new Uint8Array(), new Uint8Array()];

/** Only its owner may read the file. */
const MODE = 0o600;

export function openKeyFile(path: string): KeyMemory {
  let slots = existsSync(path) ? decodeSlots(new Uint8Array(readFileSync(path))) : EMPTY;
  return {
    read: (slot) => (slots[slot].length === 0 ? undefined : slots[slot]),
    write: (slot, privateKey) => {
      slots = replaced(slots, slot, privateKey ?? new Uint8Array());
      writeFileSync(`${path}.new`, encodeCbor([...slots]), { mode: MODE });
      renameSync(`${path}.new`, path);
    },
  };
}

const replaced = ([first, second]: Slots, slot: KeySlot, key: Uint8Array): Slots =>
  slot === 0 ? [key, second] : [first, key];

function decodeSlots(bytes: Uint8Array): Slots {
  const [first, second] = expectArray(decodeCbor(bytes, { at: 'keys', maxBytes: MAX_BYTES }), 'keys', 2);
  return [expectBytes(first, 'keys[0]'), expectBytes(second, 'keys[1]')];
}
