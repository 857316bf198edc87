import { describe, expect, it } from 'vitest';
import { RamBudget } from '../../../device-sim/hardware/ram.ts';
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
});
