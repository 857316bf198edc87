import { describe, expect, it } from 'vitest';
import { RamBudget, RamLedger, ScratchPool } from '../../../device-sim/hardware/ram.ts';
import { expectRejection } from '../../support/expect-rejection.ts';

describe('the RAM ledger', () => {
  it('gives the budget and takes it back', () => {
    const ram = new RamBudget(100, 'image');
    {
      using all = ram.allocate('block', 100);
      expect(all.bytes).toEqual(new Uint8Array(100));
      expect(ram.usedBytes).toBe(100);
    }
    expect(ram.usedBytes).toBe(0);
  });

  it('refuses what is beyond it, and says for what', () => {
    const ram = new RamBudget(100, 'image');
    ram.allocate('block', 60);
    const { detail } = expectRejection(() => ram.allocate('envelope', 41), 'too-large', 'ram.envelope');
    expect(detail).toBe('expected at most 40 bytes, got 41');
    expect(ram.usedBytes).toBe(60);
  });

  it('counts a buffer back once, however often it is freed', () => {
    const ram = new RamBudget(100, 'image');
    ram.allocate('other', 10);
    const block = ram.allocate('block', 60);
    block[Symbol.dispose]();
    block[Symbol.dispose]();
    expect(ram.usedBytes).toBe(10);
  });

  it('keeps the peak of each phase, with what an earlier phase still holds', () => {
    const ram = new RamBudget(100, 'envelope');
    ram.allocate('envelope', 50);
    ram.allocate('block', 30)[Symbol.dispose]();
    ram.enter('verify');
    ram.enter('image');
    ram.allocate('block', 10)[Symbol.dispose]();
    expect([...ram.peakBytes]).toEqual([
      ['envelope', 80],
      ['verify', 50],
      ['image', 60],
    ]);
  });

  it('of boards that share a pool gives scratch memory to one after the other, and always zeros', () => {
    const pool = new ScratchPool();
    const ledgers = [new RamLedger(2_000, pool), new RamLedger(2_000, pool)] as const;
    const first = ledgers[0].allocate('compare', 256);
    const memory = first.bytes.fill(7);
    expect(ledgers[1].allocate('compare', 256).bytes).not.toBe(memory);
    first[Symbol.dispose]();
    first[Symbol.dispose]();
    expect(ledgers[0].usedBytes).toBe(0);
    const again = ledgers[1].allocate('compare', 256);
    expect(again.bytes).toBe(memory);
    expect(again.bytes).toEqual(new Uint8Array(256));
    expect(ledgers[1].usedBytes).toBe(512);
  });

  it('counts a buffer whose content is let go until it is disposed of', () => {
    const ram = new RamLedger(1_000, new ScratchPool());
    const buffer = ram.allocate('envelope', 600);
    const memory = buffer.bytes.fill(7);
    buffer.letGo?.();
    expect(buffer.bytes).not.toBe(memory);
    expect(ram.usedBytes).toBe(600);
    buffer[Symbol.dispose]();
    expect(ram.usedBytes).toBe(0);
  });

  it('never gives away what decoded values may be views of', () => {
    const pool = new ScratchPool();
    const ram = new RamLedger(10_000, pool);
    for (const [what, bytes] of [
      ['envelope', 256],
      ['trust root', 256],
      ['copy', 2_048],
    ] as const) {
      const buffer = ram.allocate(what, bytes);
      const memory = buffer.bytes;
      buffer[Symbol.dispose]();
      expect(ram.allocate(what, bytes).bytes).not.toBe(memory);
    }
  });
});
