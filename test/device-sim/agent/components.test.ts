import { describe, expect, it } from 'vitest';
import { hasComponent, SlotMap } from '../../../device-sim/agent/components.ts';
import { SWAP_COMPONENTS } from '../../../protocol/suit/build.ts';

const { primary, staging } = SWAP_COMPONENTS;

describe.each([0, 1] as const)('with slot %i running', (running) => {
  const spare = running === 0 ? 1 : 0;

  it('primary is what runs, staging the other', () => {
    const slots = new SlotMap(running);
    expect([slots.slotOf(primary), slots.slotOf(staging), slots.primary, slots.spare]).toEqual([
      running,
      spare,
      running,
      spare,
    ]);
  });

  it('a swap exchanges them, twice gives them back', () => {
    const slots = new SlotMap(running);
    slots.swap();
    expect([slots.slotOf(primary), slots.slotOf(staging), slots.primary]).toEqual([spare, running, spare]);
    slots.swap();
    expect(slots.primary).toBe(running);
  });

  it('the running slot is never written to', () => {
    const slots = new SlotMap(running);
    expect(slots.slotToWrite(staging)).toBe(spare);
    expect(slots.primary).toBe(running);
    expect(slots.slotToWrite(primary)).toBe(spare);
    expect(slots.primary).toBe(spare);
  });
});

describe('hasComponent', () => {
  it('knows these two and no other', () => {
    expect([primary, staging, [Uint8Array.of(2)], [], [Uint8Array.of(0), Uint8Array.of(0)]].map(hasComponent)).toEqual([
      true,
      true,
      false,
      false,
      false,
    ]);
  });
});
