/** One way to send an update, with what it is predicted to cost: each quantity with its error, or without where nobody knows. */
import { awsBill, type AwsPrices } from '../../cost-model/aws-bill.ts';
import type { CostSheet } from '../../cost-model/cost-sheet.ts';
import { type CostValue, given } from '../../cost-model/value.ts';
import { canVerify } from '../../cost-model/verify-cost.ts';
import { sumOf } from '../../metrics/cost.ts';
import type { Board } from '../../profiles/boards.ts';
import type { LinkProfile } from '../../profiles/links.ts';
import { KNOWN_ERRORS, type KnownError } from './known-errors.ts';
import { type PredictedUpdate, predictUpdate, type UpdateChoice } from './predict-update.ts';
import { factsOf, sheetOfPrediction } from './predicted-sheet.ts';

export interface Question {
  readonly link: LinkProfile;
  readonly board: Board;
  readonly imageBytes: number;
  readonly devices: number;
  /** To choose from: how much a device may ask for at once. At least one block is. */
  readonly requestBytes: readonly number[];
  readonly prices: AwsPrices;
  readonly seed: number;
}

export interface PredictedCost {
  readonly quantity: string;
  readonly value: number;
  readonly unit: string;
  /** Absent where nobody has looked for it. */
  readonly errorPercent?: number;
  readonly source: string;
}

export interface Candidate {
  readonly choice: UpdateChoice;
  /** Why it cannot be; absent where it can. */
  readonly impossible?: string;
  readonly costs: readonly PredictedCost[];
  /** Of what is not in `costs`. */
  readonly unknown: readonly { readonly quantity: string; readonly why: string }[];
}

export const OBJECTIVES = { time: 'time', bytes: 'bytes on the link', energy: 'energy', money: 'AWS bill' } as const;
export type Objective = keyof typeof OBJECTIVES;

/** Of a link that loses packets or varies: how often an update is predicted, each time with other losses. */
const RUNS_OF_CHANCE = 5;
/** bytes beside a block that the agent's receive buffer has, and the least that it is: agent/link.ts. */
const RECEIVE_OVERHEAD_BYTES = 512;
const LEAST_RECEIVE_BYTES = 4_096;

/** Predicts it. Whether it can be is found out first where that takes no run. */
export async function considerChoice(choice: UpdateChoice, question: Question): Promise<Candidate> {
  const impossible = whyUnfit(choice, question);
  if (impossible !== undefined) return { choice, impossible, costs: [], unknown: [] };
  const { board, link, seed, prices } = question;
  const runs = link.lossRate > 0 || link.jitterMs > 0 ? RUNS_OF_CHANCE : 1;
  const each: (readonly PredictedCost[])[] = [];
  let unknown: Candidate['unknown'] = [];
  for (let run = 0; run < runs; run++) {
    const predicted = await predictUpdate(choice, { board, link, seed: seed + run });
    if (predicted.code !== 'ok') {
      const why = `the device does not get to the end: ${predicted.detail} (${predicted.code})`;
      return { choice, impossible: why, costs: [], unknown: [] };
    }
    const sheet = sheetOfPrediction(predicted, { board, link, prices, seed: seed + run });
    each.push(costsOf(sheet, predicted, question));
    unknown = sheet.unavailable;
  }
  return { choice, costs: meanOf(each), unknown };
}

function whyUnfit({ algorithms, blockBytes }: UpdateChoice, { board }: Question): string | undefined {
  const unfit = algorithms.map((algorithm) => canVerify(factsOf(board), algorithm)).find(({ ok }) => !ok);
  if (unfit && !unfit.ok) return unfit.detail;
  const receiveBytes = Math.max(blockBytes + RECEIVE_OVERHEAD_BYTES, LEAST_RECEIVE_BYTES);
  if (receiveBytes <= board.agentRamBytes) return undefined;
  return `${board.name}: a receive buffer of ${receiveBytes} bytes does not fit the agent's ${board.agentRamBytes} bytes of RAM`;
}

/** Where chance makes more of a difference than the stated error, that is said instead: half of what the runs are apart. */
function meanOf(each: readonly (readonly PredictedCost[])[]): readonly PredictedCost[] {
  const [first = []] = each;
  return first.map((known) => {
    const values = each.map((costs) => costs.find(({ quantity }) => quantity === known.quantity)?.value ?? known.value);
    const value = values.reduce((sum, it) => sum + it, 0) / values.length;
    const chancePercent = value === 0 ? 0 : (50 * (Math.max(...values) - Math.min(...values))) / value;
    if (chancePercent <= (known.errorPercent ?? 0)) return { ...known, value };
    const { errorPercent: _, ...rest } = known;
    return {
      ...rest,
      value,
      source: `± ${chancePercent.toFixed(0)} % by chance alone, in ${values.length} runs; ${known.source}`,
    };
  });
}

export const costNamed = ({ costs }: Pick<Candidate, 'costs'>, quantity: string): number | undefined =>
  costs.find((cost) => cost.quantity === quantity)?.value;

/** Levels of a link were compared over links that lose nothing. */
const LOSSY: Pick<KnownError, 'source'> = {
  source: 'over a link that loses packets nobody has compared it with what was measured: --check 2 does',
};

/** Without a number where nobody has looked for it. */
type StatedError = Pick<KnownError, 'source'> & Partial<KnownError>;

/** bytes that devices ask for at once where levels of a link were compared. */
const COMPARED_REQUEST_BYTES = 8_192;
const LARGE_REQUESTS: Pick<KnownError, 'source'> = {
  source: `nobody has compared it with what was measured for requests of more than ${COMPARED_REQUEST_BYTES} B, which a queue of the link may not hold: --check 2 does`,
};

function costsOf(sheet: CostSheet, predicted: PredictedUpdate, question: Question): readonly PredictedCost[] {
  const { rows } = predicted;
  const boardSeconds = [...named(sheet, 'verify-time'), ...named(sheet, 'hash-time'), ...named(sheet, 'erase-time')];
  const onBoard = boardSeconds.reduce((sum, { value, unit }) => sum + (unit === 'ms' ? value / 1_000 : value), 0);
  // Of the agent's own run, so that what it waits and asks again is in it.
  const linkTime = predicted.durationMs / 1_000;
  const { mqtt, ram } = KNOWN_ERRORS;
  const isLarge = predicted.choice.requestBytes > COMPARED_REQUEST_BYTES;
  const packets = isLarge ? LARGE_REQUESTS : KNOWN_ERRORS.packets;
  const timeError = question.link.lossRate > 0 ? LOSSY : isLarge ? LARGE_REQUESTS : KNOWN_ERRORS.linkTime;
  const rams = rows.filter(({ quantity }) => quantity === 'ram-peak').map(({ value }) => value);
  const units = sumOf(rows, 'aws-units');
  return [
    cost('time', [linkTime + onBoard, 's'], timeError),
    cost('time on the link', [linkTime, 's'], timeError),
    cost('time on the board', [onBoard, 's'], worstOf(boardSeconds)),
    ...['air-time up', 'air-time down'].flatMap((name) => fromSheet(sheet, name, packets)),
    ...fromSheet(sheet, 'frame-bytes', packets).map((it) => ({ ...it, quantity: OBJECTIVES.bytes })),
    cost('bytes of MQTT', [sumOf(rows, 'sent') + sumOf(rows, 'received'), 'B'], mqtt),
    cost('envelope', [predicted.envelopeBytes, 'B'], { errorPercent: 0, source: 'made, and counted' }),
    cost('round trips', [sumOf(rows, 'round-trips'), ''], mqtt),
    cost('blocks', [sumOf(rows, 'blocks'), ''], { errorPercent: 0, source: 'whole blocks' }),
    ...energyOf(sheet, packets),
    cost('AWS messages', [units, 'a device'], mqtt),
    cost(OBJECTIVES.money, [billOf(units, linkTime, question), 'USD'], { source: question.prices.source }),
    ...named(sheet, 'verify-time').map((it) => ofModel(it, 'ms')),
    ...named(sheet, 'verify-stack').map((it) => ofModel(it, 'B')),
    cost('RAM of the agent', [Math.max(0, ...rams), 'B'], ram),
  ];
}

const cost = (
  quantity: string,
  [value, unit]: readonly [number, string],
  { source, errorPercent }: StatedError,
): PredictedCost => ({ quantity, value, unit, source, ...(errorPercent !== undefined && { errorPercent }) });

const named = ({ values }: CostSheet, name: string): readonly CostValue[] =>
  values.filter(({ quantity }) => quantity === name || quantity.startsWith(`${name} `));

const fromSheet = (sheet: CostSheet, name: string, error: StatedError): readonly PredictedCost[] =>
  named(sheet, name)
    .slice(0, 1)
    .map(({ quantity, value, unit }) => cost(quantity, [value, unit], error));

/** Both, or nothing: a sum of which a part is not known would be too small. */
function energyOf(sheet: CostSheet, error: StatedError): readonly PredictedCost[] {
  const parts = [named(sheet, 'core-energy')[0], named(sheet, 'radio-energy')[0]];
  const [core, radio] = parts;
  if (!core || !radio) return [];
  return [
    cost(OBJECTIVES.energy, [core.value + radio.value, 'mJ'], {
      ...error,
      source: 'core and radio while they work: the cost model',
    }),
  ];
}

/** Of figures of one core that were carried over to another. */
function worstOf(values: readonly CostValue[]): StatedError {
  const errors = values.flatMap(({ errorPercent }) => errorPercent ?? []);
  const source =
    'published cycles of this core or carried over by a rule: measure them with --explain-cost of device run';
  return errors.length === 0
    ? { source: 'published for this core; its own error is not' }
    : { source, errorPercent: Math.max(...errors) };
}

const ofModel = ({ quantity, value, errorPercent, inputs, source }: CostValue, unit: string): PredictedCost => ({
  quantity,
  value,
  unit,
  source: inputs[0]?.source ?? source,
  ...(errorPercent !== undefined && { errorPercent }),
});

function billOf(units: number, linkSeconds: number, { prices, devices }: Question): number {
  const source = 'predicted';
  const bill = awsBill(
    given({ quantity: 'aws-units', value: units, unit: '1', source }),
    given({ quantity: 'connected', value: linkSeconds / 60, unit: 'min', source }),
    prices,
  );
  return ((bill.find(({ quantity }) => quantity === 'aws-bill')?.value ?? 0) * devices) / 1e6;
}
