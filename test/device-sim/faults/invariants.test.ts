/** That a sweep can fail: for each invariant, a device that is broken on purpose, and what the sweep calls it. */
import { describe, expect, it } from 'vitest';
import { TrustStore } from '../../../device-sim/agent/trust-store.ts';
import type { Scenario, TrustCase } from '../../../device-sim/faults/fault.ts';
import type { Tap } from '../../../device-sim/faults/fault-world.ts';
import { type InvariantName, INVARIANTS } from '../../../device-sim/faults/invariants.ts';
import { runBatch } from '../../../device-sim/faults/sweep.ts';
import type { BoardParts } from '../../../device-sim/hardware/board-parts.ts';
import { readBootRecord, writeBootRecord } from '../../../device-sim/hardware/boot-record.ts';
import { RamBudget } from '../../../device-sim/hardware/ram.ts';
import type { FlashArea } from '../../../device-sim/ports.ts';
import { decodeCbor } from '../../../protocol/cbor/decode.ts';
import { encodeCbor } from '../../../protocol/cbor/encode.ts';
import { expectMap } from '../../../protocol/cbor/expect.ts';
import { encodeTrustState } from '../../../protocol/trust/state-bytes.ts';

/** What stands between the device and the part of its flash of this name does `instead`. */
const broken =
  (name: string, instead: Partial<FlashArea>): NonNullable<Tap['area']> =>
  (area, areaName) =>
    areaName.startsWith(name)
      ? {
          areaBytes: area.areaBytes,
          sectorBytes: area.sectorBytes,
          writeBytes: area.writeBytes,
          read: (offset, target) => area.read(offset, target),
          write: (offset, bytes) => area.write(offset, bytes),
          eraseSector: (sector) => area.eraseSector(sector),
          ...instead,
        }
      : area;

/** Does that to the board as soon as the agent enters a state. */
function inState(state: string, act: (parts: BoardParts) => void): Tap {
  let parts: BoardParts | undefined;
  return {
    atPowerOn: (board) => void (parts = board),
    event: (event) => {
      if (event.kind === 'state' && event.state === state && parts) act(parts);
    },
  };
}

/** The root that was only accepted takes the place of the proven one. */
function burnAtOnce(parts: BoardParts): void {
  using open = new TrustStore({ ...parts, ram: new RamBudget(2 ** 20, 'test') }).open();
  const { next, ...state } = open.state;
  if (!next) return;
  const record = expectMap(decodeCbor(parts.trust.record.read()!, { at: 'test', maxBytes: 20_000 }), 'test');
  const bytes = encodeTrustState({ ...state, current: next });
  parts.trust.record.write(encodeCbor(new Map([[1, bytes] as const, [2, record.get(3)!] as const])));
}

function keepOldRecord(): Tap {
  let factory: Uint8Array | undefined;
  const tap = inState('reporting', (parts) => {
    if (factory) parts.trust.record.write(factory);
  });
  return {
    ...tap,
    atPowerOn: (parts) => {
      factory ??= parts.trust.record.read();
      tap.atPowerOn?.(parts);
    },
  };
}

const forgetSequence = inState('reporting', ({ boot: { record } }) => {
  const { confirmed } = readBootRecord(record);
  writeBootRecord(record, { confirmed: { ...confirmed, sequenceNumber: 0 } });
});

const nothing = (): void => {};

// oxfmt-ignore
const BROKEN: Readonly<Record<InvariantName, readonly [what: string, trust: TrustCase, tap: () => Tap]>> = {
  'always-starts': ['both slots are erased', 'no-root', () => ({
    atPowerOn: ({ boot }) => boot.slots.forEach((slot) => slot.eraseSector(0)) })],
  'verified-image': ['every signature is good', 'forged-release', () => ({
    machine: (machine) => ({ ...machine, verify: () => true }) })],
  'sequence-forward': ['the boot record forgets its number', 'no-root', () => forgetSequence],
  'root-forward': ['the trust record of the factory comes back', 'one-root', keepOldRecord],
  'one-trust-state': ['the second root area takes no bytes', 'one-root', () => ({ area: broken('roots[1]', { write: nothing }) })],
  'burn-after-proof': ['a root is proven as soon as it is accepted', 'one-root', () => inState('fetching-envelope', burnAtOnce)],
  'completes': ['no signature is good', 'no-root', () => ({ machine: (machine) => ({ ...machine, verify: () => false }) })],
  'blocks-once': ['the block log takes no bytes', 'no-root', () => ({ area: broken('imageBlocks', { write: nothing }) })],
  'erase-before-write': ['slots are never erased', 'no-root', () => ({ area: broken('slots', { eraseSector: nothing }) })],
  'ram-returned': ['a byte is never given back', 'no-root', () => ({
    machine: (machine) => { machine.ram.allocate('leak', 1); return machine; } })],
  'no-surprise': ['the health check throws', 'no-root', () => ({
    machine: (machine) => ({ ...machine, isHealthy: () => { throw new Error('sick'); } }) })],
};

const FAILURES = Object.entries(BROKEN).map(([invariant, [what, trust, tap]]) => ({ invariant, what, trust, tap }));

const scenarioOf = (trust: TrustCase): Scenario => ({ algorithm: 'ES256', layout: 'a/b', trust });

describe('a device that is broken on purpose', () => {
  it('is there for each invariant', () => {
    expect(Object.keys(BROKEN).toSorted()).toEqual(Object.keys(INVARIANTS).toSorted());
  });

  it.each(FAILURES)('$invariant is what the sweep finds where $what', async ({ invariant, trust, tap }) => {
    const found = new Set<string>();
    for (let from = 0; from < 90 && !found.has(invariant); from += 10) {
      for (let n = from; n < from + 10; n++) {
        // A tap of its own for each case, since a device that is broken may remember.
        const batch = { kind: 'double', seed: 5, from: n, count: 1, scenarios: [scenarioOf(trust)] } as const;
        const { failures } = await runBatch(batch, tap());
        for (const failure of failures) found.add(failure.invariant);
      }
    }
    expect([...found]).toContain(invariant);
  });

  it('is what fails: the same cases pass on a device that is whole', async () => {
    const scenarios = [...new Set(FAILURES.map(({ trust }) => trust))].map(scenarioOf);
    const { failures, double } = await runBatch({ kind: 'double', seed: 5, from: 0, count: 90, scenarios });
    expect(failures).toEqual([]);
    expect([...double.values()].reduce((sum, { cases }) => sum + cases, 0)).toBe(90);
  });
});
