import type { KeyMemory } from '../../device-sim/hardware/secure-element.ts';
import type { KeySlot } from '../../device-sim/provisioning/ports.ts';

/** A secure element's memory that lasts as long as the test. */
export function keyMemory(): KeyMemory {
  const keys = new Map<KeySlot, Uint8Array>();
  return {
    read: (slot) => keys.get(slot),
    write: (slot, key) => void (key ? keys.set(slot, key) : keys.delete(slot)),
  };
}
