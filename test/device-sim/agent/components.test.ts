import { describe, expect, it } from 'vitest';
import { hasComponent, SlotMap } from '../../../device-sim/agent/components.ts';
import { EXTERNAL, LAYOUT_KINDS, PRIMARY as primary, STAGING as staging } from '../../../protocol/suit/layouts.ts';

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
  it('knows two, on a device with flash outside a third, and no other', () => {
    const ids = [primary, staging, EXTERNAL, [Uint8Array.of(3)], [], [Uint8Array.of(0), Uint8Array.of(0)]];
    const known = LAYOUT_KINDS.map((layout) => [layout, ids.filter((id) => hasComponent(layout, id)).length]);
    expect(known).toEqual([
      ['a/b', 2],
      ['swap', 2],
      ['external', 3],
    ]);
  });
});
