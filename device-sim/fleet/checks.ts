/** What must hold at the end of a fleet run, whatever was done to it. */
import { sumOf } from './progress.ts';
import type { Check, FleetCounts } from './result.ts';

export interface Expectation {
  readonly devices: number;
  /** Devices whose envelope was tampered with. */
  readonly rogues: number;
}

/** What an authentic envelope with another image in it is refused with. */
export const ROGUE_CODE = 'signature-invalid';

/** What the cloud's own books say of the same devices. */
export interface CloudCounts {
  readonly good: { readonly done: number; readonly total: number };
  readonly rogue: { readonly refused: number; readonly total: number };
}

/** @param cloud absent where its books could not be read */
export function checksOf(counts: FleetCounts, { devices, rogues }: Expectation, cloud?: CloudCounts): readonly Check[] {
  const { done, refused, failed, lost, unfinished } = counts;
  const good = devices - rogues;
  const refusals = Object.entries(refused).map(([code, count]) => `${count} ${code}`);
  const sum = done + sumOf(refused) + sumOf(failed) + lost + unfinished;
  return [
    check('every device is counted once', `${devices} devices`, `${sum} devices`),
    check('every good device is done', `${good} done`, `${done} done`),
    check(
      'every rogue is refused, and nobody else',
      rogues === 0 ? 'none' : `${rogues} ${ROGUE_CODE}`,
      refusals.join(', ') || 'none',
    ),
    check('no device failed', '0 failed', `${sumOf(failed)} failed`),
    check('no device is lost', '0 lost', `${lost + unfinished} lost`),
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
    `${expected.good} of ${expected.good}`,
    `${good.done} of ${good.total}`,
  ),
  ...(expected.rogues === 0
    ? []
    : [
        check(
          'the cloud has every rogue as refused',
          `${expected.rogues} of ${expected.rogues}`,
          `${rogue.refused} of ${rogue.total}`,
        ),
      ]),
];

const check = (name: string, expected: string, got: string): Check => ({
  name,
  isHeld: expected === got,
  expected,
  got,
});
