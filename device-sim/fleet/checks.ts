/** What must hold at the end of a fleet run, whatever was done to it. */
import { type FleetProgress, sumOf } from './progress.ts';
import type { AtCampaign, CeilingRun, Check, FaultEvent, FleetCounts, FleetSettings } from './result.ts';
import { count } from './words.ts';

export interface Expectation {
  readonly devices: number;
  /** Devices whose envelope was tampered with. */
  readonly rogues: number;
  /** An interrupted run is only asked for what must hold at any time. */
  readonly isWhole: boolean;
}

/** What an authentic envelope with another image in it is refused with. */
export const ROGUE_CODE = 'signature-invalid';

/** What the cloud's own books say of the same devices. */
export interface CloudCounts {
  readonly good: { readonly done: number; readonly total: number };
  readonly rogue: { readonly refused: number; readonly total: number };
}

/** @param cloud absent where its books could not be read */
export function checksOf(counts: FleetCounts, expectation: Expectation, cloud?: CloudCounts): readonly Check[] {
  const { done, refused, failed, lost, unfinished } = counts;
  const { devices, rogues, isWhole } = expectation;
  const good = devices - rogues;
  const sum = done + sumOf(refused) + sumOf(failed) + lost + unfinished;
  const always = [
    check('every device is counted once', `${count(devices)} devices`, `${count(sum)} devices`),
    check('no device failed', '0 failed', `${count(sumOf(failed))} failed`),
    check('no device is lost', '0 lost', `${count(lost)} lost`),
  ];
  if (!isWhole) return always;
  const refusals = Object.entries(refused).map(([code, number]) => `${count(number)} ${code}`);
  const expected = rogues === 0 ? 'none' : `${count(rogues)} ${ROGUE_CODE}`;
  return [
    ...always,
    check('every good device is done', `${count(good)} done`, `${count(done)} done`),
    check('every rogue is refused, and nobody else', expected, refusals.join(', ') || 'none'),
    ...(cloud ? cloudChecks(cloud, { good, rogues }) : []),
  ];
}

/** By name: the cloud knows which things had which campaign, so nobody can stand in for another. */
const cloudChecks = (
  { good, rogue }: CloudCounts,
  expected: { readonly good: number; readonly rogues: number },
): readonly Check[] => [
  check(
    'the cloud has every good device as done',
    `${count(expected.good)} of ${count(expected.good)}`,
    `${count(good.done)} of ${count(good.total)}`,
  ),
  ...(expected.rogues === 0
    ? []
    : [
        check(
          'the cloud has every rogue as refused',
          `${count(expected.rogues)} of ${count(expected.rogues)}`,
          `${count(rogue.refused)} of ${count(rogue.total)}`,
        ),
      ]),
];

/** @returns none where the campaign was there before the devices */
export const connectedCheck = (devices: number, atCampaign: AtCampaign | undefined): readonly Check[] =>
  atCampaign ? [check('all were connected when the campaign began', count(devices), count(atCampaign.connected))] : [];

/** A pass that waited for connections that were lost finds a ceiling that is too low, and so a ratio that is too good. */
export const ceilingChecks = (
  devices: number,
  [before, after]: readonly [CeilingRun | undefined, CeilingRun | undefined],
): readonly Check[] =>
  Object.entries({ before, after }).flatMap(([when, run]) =>
    run
      ? [check(`every connection of the ceiling ${when} got its blocks`, count(devices), count(run.connections))]
      : [],
  );

const check = (name: string, expected: string, got: string): Check => ({
  name,
  isHeld: expected === got,
  expected,
  got,
});

/** A fault that did not happen proves nothing: each that was ordered must have. */
export function faultChecks(
  { killBrokerAtSeconds, dropRate, slowShare, devices }: FleetSettings,
  { sum, faults }: { readonly sum: FleetProgress; readonly faults: readonly FaultEvent[] },
): readonly Check[] {
  const kills = faults.filter(({ fault }) => fault === 'broker-killed').length;
  return [
    ...(killBrokerAtSeconds === undefined
      ? []
      : [check('the broker was killed', '1 time', `${kills} ${kills === 1 ? 'time' : 'times'}`)]),
    ...(dropRate * sum.blocks < LIKELY ? [] : [happened('connections were cut', sum.drops)]),
    ...(slowShare * devices < LIKELY ? [] : [happened('some devices were slow', sum.slowDevices)]),
  ];
}

/** So many are expected that none at all is no accident: once in 1,000 runs. */
const LIKELY = 7;

const happened = (name: string, times: number): Check => ({
  name,
  isHeld: times > 0,
  expected: 'more than 0',
  got: count(times),
});
