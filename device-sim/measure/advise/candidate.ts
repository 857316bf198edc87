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
  readonly requestBytes: number;
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

/** Predicts it. Whether it can be is found out first where that takes no run. */
export async function considerChoice(choice: UpdateChoice, question: Question): Promise<Candidate> {
  const { board, link, seed } = question;
  const unfit = choice.algorithms.map((algorithm) => canVerify(factsOf(board), algorithm)).find(({ ok }) => !ok);
  if (unfit && !unfit.ok) return { choice, impossible: unfit.detail, costs: [], unknown: [] };
  const predicted = await predictUpdate(choice, { board, link, seed });
  if (predicted.code !== 'ok') {
    const impossible = `the device does not get to the end: ${predicted.detail} (${predicted.code})`;
    return { choice, impossible, costs: [], unknown: [] };
  }
  const sheet = sheetOfPrediction(predicted, { board, link, prices: question.prices });
  return { choice, costs: costsOf(sheet, predicted, question), unknown: sheet.unavailable };
}

export const costNamed = ({ costs }: Pick<Candidate, 'costs'>, quantity: string): number | undefined =>
  costs.find((cost) => cost.quantity === quantity)?.value;

function costsOf(sheet: CostSheet, predicted: PredictedUpdate, question: Question): readonly PredictedCost[] {
  const { rows } = predicted;
  const boardSeconds = [...named(sheet, 'verify-time'), ...named(sheet, 'hash-time'), ...named(sheet, 'erase-time')];
  const onBoard = boardSeconds.reduce((sum, { value, unit }) => sum + (unit === 'ms' ? value / 1_000 : value), 0);
  const linkTime = named(sheet, 'link-time')[0]?.value ?? 0;
  const { linkTime: timeError, mqtt, packets, ram } = KNOWN_ERRORS;
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
  { source, errorPercent }: Partial<KnownError> & Pick<KnownError, 'source'>,
): PredictedCost => ({ quantity, value, unit, source, ...(errorPercent !== undefined && { errorPercent }) });

const named = ({ values }: CostSheet, name: string): readonly CostValue[] =>
  values.filter(({ quantity }) => quantity === name || quantity.startsWith(`${name} `));

const fromSheet = (sheet: CostSheet, name: string, error: KnownError): readonly PredictedCost[] =>
  named(sheet, name)
    .slice(0, 1)
    .map(({ quantity, value, unit }) => cost(quantity, [value, unit], error));

/** Both, or nothing: a sum of which a part is not known would be too small. */
function energyOf(sheet: CostSheet, error: KnownError): readonly PredictedCost[] {
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
function worstOf(values: readonly CostValue[]): Pick<KnownError, 'source'> & Partial<KnownError> {
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
