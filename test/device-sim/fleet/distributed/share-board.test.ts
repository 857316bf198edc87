import { describe, expect, it } from 'vitest';
import { devicesIn } from '../../../../device-sim/fleet/devices/worker-protocol.ts';
import { hostRows } from '../../../../device-sim/fleet/distributed/host-rows.ts';
import type { Host } from '../../../../device-sim/fleet/distributed/share.ts';
import { ShareBoard } from '../../../../device-sim/fleet/distributed/share-board.ts';
import { machineFacts } from '../../../../device-sim/fleet/machine-facts.ts';
import { standInOrder, standInResult } from '../../../support/stand-in-fleet.ts';

const order = standInOrder({ count: 10 });
const host: Host = { name: 'load-1/1', machine: machineFacts('') };
const silent = { state: 'silent', reason: 'died' } as const;

/** What a host with `done` of ten devices says at `atMs` of its own clock. */
const said = (done: number, atMs: number) =>
  ({
    state: 'running',
    atMs,
    parts: [standInResult(order, { startedAtMs: 1_000_000, atMs, values: Array.from({ length: done }, () => 5) })],
  }) as const;

/** A board of two shares whose hosts are ready. */
function readyBoard(): ShareBoard {
  const board = new ShareBoard([order, order]);
  for (const index of [0, 1]) board.says(index, { state: 'ready', atMs: 1_000_000, host }, undefined);
  return board;
}

describe('a board of shares', () => {
  it('is ready once every share has a host, and over once every share has ended', () => {
    const board = new ShareBoard([order, order]);
    board.says(0, { state: 'ready', atMs: 1_000_000, host }, undefined);
    expect(board.isReady).toBe(false);
    board.says(1, { state: 'ready', atMs: 1_000_000, host }, undefined);
    expect(board.isReady).toBe(true);
    expect(board.isOver).toBe(false);
    board.done(0, said(10, 1_000_500));
    board.lose(1, silent);
    expect([board.isReady, board.isOver]).toEqual([false, true]);
  });

  it('has begun once one host has said something of its devices, and counts those of the others as waiting', () => {
    const board = readyBoard();
    expect(board.hasBegun).toBe(false);
    board.says(0, said(1, 1_000_100), undefined);
    expect(board.hasBegun).toBe(true);
    expect(board.parts).toMatchObject([
      { done: 1, running: 9, startedAtMs: 1_000_000 },
      { waiting: 10, startedAtMs: 1_000_000 },
    ]);
  });

  it('counts what a silent host last said, and its other devices as lost', () => {
    const board = readyBoard();
    board.says(0, said(4, 1_000_100), undefined);
    board.lose(0, silent);
    expect(board.results.map(devicesIn)).toEqual([10]);
    expect(board.results[0]).toMatchObject({ done: 4, running: 0, lost: { 'host silent': 6 }, endedAtMs: 1_000_100 });
  });

  it('counts all devices of a host that never said anything, without a time of their own', () => {
    const board = readyBoard();
    board.done(0, said(10, 1_000_500));
    board.lose(1, { state: 'failed', reason: 'no way to the broker' });
    expect(board.results.map(devicesIn)).toEqual([10, 10]);
    expect(board.results[1]).toMatchObject({
      lost: { 'host failed': 10 },
      startedAtMs: 1_000_000,
      endedAtMs: 1_000_000,
    });
  });

  it('leaves a share as it ended, whatever the queue says later', () => {
    const board = readyBoard();
    board.done(0, said(10, 1_000_500));
    board.says(0, said(3, 1_000_400), undefined);
    board.lose(0, silent);
    expect(board.shares[0]).toMatchObject({ state: 'done' });
    expect(board.results[0]?.done).toBe(10);
  });

  it('puts the times of all hosts on the clock of the queue, by the message that took least', () => {
    const board = readyBoard();
    // This host is five seconds ahead; its messages take 40, 3 and 90 ms.
    board.says(0, said(1, 1_005_000), 1_000_040);
    board.says(0, said(2, 1_006_000), 1_001_003);
    board.says(0, said(3, 1_007_000), 1_002_090);
    expect(board.shares[0]?.clockOffsetMs).toBe(4_997);
    expect(board.parts[0]).toMatchObject({ atMs: 1_007_000 - 4_997, startedAtMs: 1_000_000 - 4_997 });
  });

  it('gives a row of each host', () => {
    const board = readyBoard();
    board.says(0, said(4, 1_002_000), 1_002_000);
    board.done(0, said(10, 1_003_000));
    board.lose(1, silent);
    const rows = hostRows(board.shares);
    expect(rows).toMatchObject([
      { name: 'load-1/1', state: 'done', devices: 10, counts: { done: 10, lost: 0 }, seconds: 3, clockOffsetMs: 0 },
      { name: 'load-1/1', state: 'silent', reason: 'died', counts: { done: 0, lost: 10 }, seconds: 0 },
    ]);
    expect(rows[0]?.updateMs.n).toBe(10);
  });
});
