import { describe, expect, it } from 'vitest';
import {
  ceilingChecks,
  checksOf,
  connectedCheck,
  type CloudCounts,
  faultChecks,
} from '../../../device-sim/fleet/checks.ts';
import { sumProgress } from '../../../device-sim/fleet/progress.ts';
import type { Check, FleetCounts } from '../../../device-sim/fleet/result.ts';
import { SETTINGS, workerProgress } from '../../support/fleet-findings.ts';

const good: FleetCounts = { done: 90, refused: { 'signature-invalid': 10 }, failed: {}, lost: 0, unfinished: 0 };
const books: CloudCounts = { good: { done: 90, total: 90 }, rogue: { refused: 10, total: 10 } };
const expectation = { devices: 100, rogues: 10, isWhole: true };

const broken = (checks: readonly Check[]): readonly string[] =>
  checks.filter(({ isHeld }) => !isHeld).map(({ name }) => name);

describe('checks of a fleet with rogues', () => {
  it('hold where every good device is done and every rogue is refused', () => {
    const checks = checksOf(good, expectation, books);
    expect([checks.length, broken(checks)]).toEqual([7, []]);
  });

  it.each<[name: string, counts: Partial<FleetCounts>, breaks: readonly string[]]>([
    ['a device is counted nowhere', { done: 89 }, ['every device is counted once', 'every good device is done']],
    ['a device is lost', { done: 89, lost: 1 }, ['no device is lost', 'every good device is done']],
    [
      'a device failed',
      { done: 89, failed: { 'digest-mismatch': 1 } },
      ['no device failed', 'every good device is done'],
    ],
    [
      'a rogue was updated',
      { done: 91, refused: { 'signature-invalid': 9 } },
      ['every good device is done', 'every rogue is refused, and nobody else'],
    ],
    [
      'a rogue was refused for another reason',
      { refused: { 'digest-mismatch': 10 } },
      ['every rogue is refused, and nobody else'],
    ],
    [
      'a good device was refused too',
      { done: 89, refused: { 'signature-invalid': 11 } },
      ['every good device is done', 'every rogue is refused, and nobody else'],
    ],
  ])('break where %s', (_name, counts, breaks) => {
    expect(broken(checksOf({ ...good, ...counts }, expectation, books))).toEqual(breaks);
  });

  it('break where a good device and a rogue have changed places, which only the cloud can tell', () => {
    const swapped: CloudCounts = { good: { done: 89, total: 90 }, rogue: { refused: 9, total: 10 } };
    expect(broken(checksOf(good, expectation, swapped))).toEqual([
      'the cloud has every good device as done',
      'the cloud has every rogue as refused',
    ]);
  });

  it('ask an interrupted run only for what must hold at any time', () => {
    const counts = { ...good, done: 10, refused: {}, unfinished: 90 };
    expect(broken(checksOf(counts, { ...expectation, isWhole: false }))).toEqual([]);
    expect(broken(checksOf({ ...counts, done: 9, lost: 1 }, { ...expectation, isWhole: false }))).toEqual([
      'no device is lost',
    ]);
  });
});

describe('the check of a fleet that connects first', () => {
  const atCampaign = { atMs: 1_000_000, afterSeconds: 2, connected: 100, rssBytesPerDevice: 20_000 };

  it('holds where all were connected, and is not there where the campaign was there first', () => {
    expect(connectedCheck(100, atCampaign)).toMatchObject([{ isHeld: true, got: '100' }]);
    expect(connectedCheck(100, undefined)).toEqual([]);
  });

  it('breaks where one was missing', () => {
    expect(connectedCheck(100, { ...atCampaign, connected: 99 })).toMatchObject([{ isHeld: false, got: '99' }]);
  });
});

describe('checks of the ceiling', () => {
  const run = { connections: 100, seconds: 1, receivedBytes: 1, receivedBytesPerSecond: 1, blocks: 1 };

  it('hold where every connection got what it asked for, and are not there where there was no ceiling', () => {
    expect(ceilingChecks(100, [run, run])).toMatchObject([{ isHeld: true }, { isHeld: true }]);
    expect(ceilingChecks(100, [undefined, undefined])).toEqual([]);
  });

  it('break where one was lost: what waited for it would make the ceiling lower, and the ratio better', () => {
    expect(broken(ceilingChecks(100, [run, { ...run, connections: 99 }]))).toEqual([
      'every connection of the ceiling after got its blocks',
    ]);
    expect(broken(ceilingChecks(100, [{ ...run, connections: 0 }, undefined]))).toEqual([
      'every connection of the ceiling before got its blocks',
    ]);
  });
});

describe('checks of faults', () => {
  const ordered = { ...SETTINGS, killBrokerAtSeconds: 1, dropRate: 0.01, slowShare: 0.5 };
  const killed = { atSeconds: 1, fault: 'broker-killed' as const, detail: '' };

  it('hold where each fault happened', () => {
    const sum = sumProgress([workerProgress({ drops: 3, slowDevices: 40 })]);
    expect(broken(faultChecks(ordered, { sum, faults: [killed] }))).toEqual([]);
  });

  it('break where a fault was ordered and did not happen', () => {
    const sum = sumProgress([workerProgress()]);
    expect(broken(faultChecks(ordered, { sum, faults: [] }))).toEqual([
      'the broker was killed',
      'connections were cut',
      'some devices were slow',
    ]);
  });

  it('ask for none where none was ordered', () => {
    expect(faultChecks(SETTINGS, { sum: sumProgress([workerProgress()]), faults: [] })).toEqual([]);
  });
});
