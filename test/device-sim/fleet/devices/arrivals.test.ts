import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { Arrivals } from '../../../../device-sim/fleet/devices/arrivals.ts';
import { Connections } from '../../../../device-sim/fleet/devices/connections.ts';
import { rollOf } from '../../../../device-sim/fleet/devices/dice.ts';

describe('arrivals', () => {
  it('begin each device once, no more than 64 of them on their way', async () => {
    const begun: number[] = [];
    let arriving = 0;
    let most = 0;
    const begin = async (number: number, onArrival: () => void): Promise<void> => {
      begun.push(number);
      most = Math.max(most, ++arriving);
      await turn();
      arriving -= 1;
      onArrival();
      // Once more at its end, without effect.
      onArrival();
    };
    await new Arrivals({ first: 5, count: 200, perSecond: 0, begin }).all();
    expect(begun).toEqual(Array.from({ length: 200 }, (_, index) => index + 5));
    expect(most).toBe(64);
  });

  it('keep to their rate', async () => {
    const begunAtMs: number[] = [];
    const begin = async (): Promise<void> => void begunAtMs.push(performance.now());
    await new Arrivals({ first: 1, count: 10, perSecond: 100, begin }).all();
    // Never ahead of it: the tenth is due after 90 ms.
    expect(begunAtMs.at(-1)! - begunAtMs[0]!).toBeGreaterThan(80);
  });

  it('are over at once where there are none', async () => {
    await new Arrivals({ first: 1, count: 0, perSecond: 0, begin: () => expect.unreachable() }).all();
  });
});

describe('connections', () => {
  it('let so many shake hands at once, and the others in their order', async () => {
    const connections = new Connections();
    const letIn: number[] = [];
    const all = Array.from({ length: 130 }, async (_, index) => {
      await connections.beginHandshake();
      letIn.push(index);
    });
    await turn();
    expect(letIn).toHaveLength(128);
    connections.endHandshake();
    connections.endHandshake();
    await Promise.all(all);
    expect(letIn.slice(128)).toEqual([128, 129]);
  });

  it('that are stopped end every wait', async () => {
    const connections = new Connections();
    const sleeping = connections.sleep(60_000);
    connections.stop(new Error('enough'));
    await expect(sleeping).rejects.toThrow('enough');
    await expect(connections.sleep(1)).rejects.toThrow('enough');
    await expect(connections.beginHandshake()).rejects.toThrow('enough');
  });

  it('give each device a turn of its own', async () => {
    const connections = new Connections();
    const turns: number[] = [];
    const all = [1, 2, 3].map(async (number) => {
      await connections.ownTurn();
      turns.push(number);
    });
    expect(turns).toEqual([]);
    await Promise.all(all);
    expect(turns).toEqual([1, 2, 3]);
  });
});

describe('dice', () => {
  it('fall alike for the same numbers, and evenly for others', () => {
    const rolls = Array.from({ length: 10_000 }, (_, number) => rollOf(1, number, 3));
    expect(rollOf(1, 77, 3)).toBe(rolls[77]);
    expect(rollOf(1, 77, 2)).not.toBe(rolls[77]);
    for (const share of [0.01, 0.05, 0.5]) {
      const below = rolls.filter((roll) => roll < share).length;
      expect(Math.abs(below - 10_000 * share)).toBeLessThan(4 * Math.sqrt(10_000 * share * (1 - share)));
    }
  });
});
