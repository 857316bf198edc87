/** One fault at one place of an update, and how a case is written: what `--trace` takes and failures print. */
import { LAYOUT_KINDS, type LayoutKind } from '../../protocol/suit/layouts.ts';

/** Before it, in its middle, after it: of a flash operation, the power. */
export const POWER_CUTS = ['before', 'torn', 'after'] as const;

/** What may become of a message; of the last three, the device has no power any more. */
const MESSAGE_FAULTS = [
  'lost',
  'doubled',
  'reordered',
  'late',
  'truncated',
  'old-session',
  'broker-restart',
  ...POWER_CUTS,
] as const;

/** What the device's clock says, once: 1970, 40 years ahead, nothing. */
const CLOCK_FAULTS = ['early', 'ahead', 'unset'] as const;

/** Each place counts from the first power-on: flash operations, messages from and to the device, looks at the clock. */
export const FAULTS_AT = {
  flash: POWER_CUTS,
  up: MESSAGE_FAULTS,
  down: MESSAGE_FAULTS,
  clock: CLOCK_FAULTS,
} as const;

export type Place = keyof typeof FAULTS_AT;
export const PLACES: readonly Place[] = ['flash', 'up', 'down', 'clock'];

export type PowerCutKind = (typeof POWER_CUTS)[number];

export interface FaultAt<P extends Place> {
  readonly place: P;
  /** The first is 0. */
  readonly at: number;
  readonly how: (typeof FAULTS_AT)[P][number];
}
export type Fault = { [P in Place]: FaultAt<P> }[Place];

export const isPowerCut = (how: string): how is PowerCutKind => POWER_CUTS.some((it) => it === how);

export const SCENARIO_ALGORITHMS = ['ES256', 'ML-DSA-44', 'ML-DSA-65', 'ML-DSA-87', 'hybrid'] as const;
export type ScenarioAlgorithm = (typeof SCENARIO_ALGORITHMS)[number];

/**
 * What the update does to the trust root, and what is in its way. `revoked-key`: the new root revokes the release key, and
 * whoever stole that sends an image of his own with it. `forged-release`: one who has no key does.
 */
export const TRUST_CASES = [
  'no-root',
  'one-root',
  'two-roots',
  'revoked-key',
  'expired-root',
  'forged-release',
] as const;
export type TrustCase = (typeof TRUST_CASES)[number];

export interface Scenario {
  readonly algorithm: ScenarioAlgorithm;
  readonly layout: LayoutKind;
  readonly trust: TrustCase;
}

export interface FaultCase {
  /** Of the device's dice, and of how much of a torn operation is done. */
  readonly seed: number;
  readonly scenario: Scenario;
  readonly faults: readonly Fault[];
}

const describeFault = ({ place, at, how }: Fault): string => `${place}:${at}:${how}`;

/** One line that says it all: `7 ES256 a/b two-roots flash:12:torn down:4:lost`. */
export const describeCase = ({ seed, scenario, faults }: FaultCase): string =>
  [seed, describeScenario(scenario), ...faults.map(describeFault)].join(' ');

export const describeScenario = ({ algorithm, layout, trust }: Scenario): string => `${algorithm} ${layout} ${trust}`;

/** @throws {RangeError} that says what was expected */
export function parseCase(text: string): FaultCase {
  const [seed = '', algorithm = '', layout = '', trust = '', ...faults] = text.trim().split(/\s+/);
  return {
    seed: parseNumber(seed, 'a seed'),
    scenario: {
      algorithm: oneOf(SCENARIO_ALGORITHMS, algorithm),
      layout: oneOf(LAYOUT_KINDS, layout),
      trust: oneOf(TRUST_CASES, trust),
    },
    faults: faults.map(parseFault),
  };
}

function parseFault(text: string): Fault {
  const [placeText = '', atText = '', how = ''] = text.split(':');
  const place = oneOf(PLACES, placeText);
  const at = parseNumber(atText, `a number in ${text}`);
  if (place === 'flash') return { place, at, how: oneOf(FAULTS_AT[place], how) };
  if (place === 'clock') return { place, at, how: oneOf(FAULTS_AT[place], how) };
  return { place, at, how: oneOf(FAULTS_AT[place], how) };
}

export function oneOf<T extends string>(known: readonly T[], text: string): T {
  const found = known.find((it) => it === text);
  if (found === undefined) throw new RangeError(`expected one of ${known.join(', ')}, got ${JSON.stringify(text)}`);
  return found;
}

function parseNumber(text: string, what: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new RangeError(`expected ${what}, got ${JSON.stringify(text.slice(0, 40))}`);
  return Number(text);
}
