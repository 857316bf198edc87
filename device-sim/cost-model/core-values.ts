/**
 * What the core of a board works: verification and hashing.
 *
 *     verify-time = cycles ÷ clock, once for each verification        hash-time = cycles per byte × bytes ÷ clock
 *     core-energy = (verify-time + hash-time) × current × voltage
 *
 * Not in it: CBOR, MQTT, TLS, copying, waiting.
 */
import type { BoardFacts } from '../profiles/boards-facts.ts';
import type { HashFigure } from './figures.ts';
import { SHA256_FIGURES } from './figures-sha256.ts';
import { type CostValue, computed, given, type Unavailable } from './value.ts';
import type { Carried, VerifyCost } from './verify-cost.ts';

export interface Values {
  readonly values: readonly CostValue[];
  readonly unavailable: readonly Unavailable[];
}

/** Of one algorithm: cycles, time and stack. */
export function verifyValues(cost: VerifyCost, facts: BoardFacts): Values {
  const { algorithm, variant, figure } = cost;
  const name = `${algorithm} by ${variant}`;
  const values: CostValue[] = [];
  const unavailable: Unavailable[] = [];
  if (cost.cycles) {
    const cycles = carriedValue(`verify-cycles ${algorithm}`, 'cycles', cost.cycles, cost);
    values.push(cycles, timeOf(`verify-time ${algorithm}`, cycles, clockOf(facts)));
  } else {
    const why = `nobody has published how long ${figure.implementation} takes on a ${facts.core}`;
    unavailable.push({ quantity: `verify-time ${algorithm}`, why });
  }
  if (cost.stackBytes) values.push(carriedValue(`verify-stack ${algorithm}`, 'B', cost.stackBytes, cost));
  else unavailable.push({ quantity: `verify-stack ${algorithm}`, why: `not published for ${name}` });
  return { values, unavailable };
}

export function hashValues(hashed: CostValue, facts: BoardFacts): Values {
  const figure = hashFigure(facts);
  if (!figure) {
    return { values: [], unavailable: [{ quantity: 'hash-time', why: `no figure of SHA-256 on a ${facts.core}` }] };
  }
  const perByte = given({
    quantity: 'sha256-cycles-per-byte',
    value: figure.cyclesPerByte,
    unit: 'cycles/B',
    source: `${figure.implementation} on ${figure.core} (${figure.note}): ${figure.source}`,
  });
  const cycles = computed({
    quantity: 'hash-cycles',
    value: perByte.value * hashed.value,
    unit: 'cycles',
    formula: 'sha256-cycles-per-byte × hashed',
    inputs: [perByte, hashed],
  });
  return { values: [timeOf('hash-time', cycles, clockOf(facts))], unavailable: [] };
}

/** Of software; the first of a core is the one that others would take. */
const hashFigure = ({ core }: BoardFacts): HashFigure | undefined =>
  SHA256_FIGURES.find((figure) => figure.core === core && !figure.implementation.includes('hardware'));

export function coreEnergy(times: readonly CostValue[], { board, power, sources }: BoardFacts): Values {
  if (!power) {
    return { values: [], unavailable: [{ quantity: 'core-energy', why: `power of ${board}: ${sources.power}` }] };
  }
  const { milliamps, volts, of } = power;
  const source = `${of}: ${sources.power}`;
  const current = given({ quantity: 'core-current', value: milliamps, unit: 'mA', source });
  const voltage = given({ quantity: 'core-voltage', value: volts, unit: 'V', source });
  const milliseconds = times.reduce((sum, { value }) => sum + value, 0);
  const energy = computed({
    quantity: 'core-energy',
    value: (milliseconds * milliamps * volts) / 1_000,
    unit: 'mJ',
    formula: `(${times.map(({ quantity }) => quantity).join(' + ')}) × core-current × core-voltage`,
    inputs: [...times, current, voltage],
  });
  return { values: [energy], unavailable: [] };
}

function timeOf(quantity: string, cycles: CostValue, clock: CostValue): CostValue {
  return computed({
    quantity,
    value: cycles.value / clock.value / 1_000,
    unit: 'ms',
    formula: `${cycles.quantity} ÷ clock`,
    inputs: [cycles, clock],
    ...(cycles.errorPercent !== undefined && { errorPercent: cycles.errorPercent }),
  });
}

const clockOf = ({ clockMhz, sources }: BoardFacts): CostValue =>
  given({ quantity: 'clock', value: clockMhz, unit: 'MHz', source: sources.clock });

/** Where a rule carried it over from another core, the rule is an input with its evidence. */
function carriedValue(quantity: string, unit: string, carried: Carried, { figure }: VerifyCost): CostValue {
  const where = 'core' in figure ? `${figure.core} at ${figure.clockMhz} MHz, ` : '';
  const source = `${figure.implementation}, ${where}${figure.note}: ${figure.source}`;
  const { rule } = carried;
  if (!rule) return given({ quantity, value: carried.value, unit, source });
  const published = given({ quantity: `${quantity} as published`, value: carried.published, unit, source });
  const factor = given({
    quantity: `${rule.from} to ${rule.to}`,
    value: rule.factor,
    unit: '×',
    source: `geometric mean of ${rule.pairs.length} pairs: ${rule.pairs.join('; ')}`,
  });
  return computed({
    quantity,
    value: carried.value,
    unit,
    formula: `${published.quantity} × (${factor.quantity})`,
    inputs: [published, { ...factor, errorPercent: rule.errorPercent }],
    errorPercent: rule.errorPercent,
  });
}
