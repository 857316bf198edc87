/** `bristlecone measure advise`: how to send an update over a link to a board, and what that will cost. */
import type { Command } from 'commander';
import { type CommandResult, run, subcommand, textTable, UsageError } from '../../command-line.ts';
import {
  type Advice,
  advise,
  ALGORITHM_SETS,
  type Alternative,
  FLOORS,
  type Floor,
  KEY_FORMS,
} from '../measure/advise/advise.ts';
import {
  type Candidate,
  costNamed,
  type Objective,
  OBJECTIVES,
  type PredictedCost,
  type Question,
} from '../measure/advise/candidate.ts';
import { type AdviceCheck, checkAdvice, type CheckLevel, isAsPredicted } from '../measure/advise/check-advice.ts';
import { formatNumber } from '../cost-model/value.ts';
import { LINKS, linkNamed } from '../profiles/links.ts';
import { readPrices } from './cost-options.ts';
import { parseCount } from './files.ts';
import { algorithmsOf, expectBoard } from './fleet-model-options.ts';

interface AdviseOptions {
  readonly link: string;
  readonly board: string;
  readonly imageBytes: string;
  readonly devices: string;
  readonly requestBytes: string;
  readonly optimise: string;
  readonly floor: string;
  readonly cnsa?: true;
  readonly algorithms?: string;
  readonly awsPrices?: string;
  readonly seed: string;
  readonly check?: string | true;
}

export function registerMeasureAdvise(measure: Command): void {
  const command = subcommand(measure, {
    name: 'advise',
    summary: 'how to send an update over a link to a board, what it will cost, and why not otherwise',
    examples: [
      'measure advise --link nb-iot --board nrf52840 --image-bytes 262144 --devices 100000',
      'measure advise --link ble --board stm32f070rb --image-bytes 34768 --optimise energy',
      'measure advise --link lte-m --board rp2040 --image-bytes 65536 --cnsa --check    # and measure it',
    ],
  })
    .requiredOption('--link <name>', `one of ${LINKS.map(({ name }) => name).join(', ')}: see device links`)
    .requiredOption('--board <name>', 'see device boards')
    .requiredOption('--image-bytes <n>', 'of the update')
    .option('--devices <n>', 'of the fleet, for the bill', '100000')
    .option(
      '--request-bytes <sizes>',
      'how much a device may ask for at once, to choose from; above 8192 times are less sure',
      '8192',
    )
    .option('--optimise <what>', Object.keys(OBJECTIVES).join(', '), 'time')
    .option(
      '--floor <which>',
      `what must sign: ${Object.entries(FLOORS)
        .map(([name, says]) => `${name} (${says})`)
        .join(', ')}`,
      'post-quantum',
    )
    .option('--cnsa', 'the same as --floor cnsa')
    .option(
      '--algorithms <sets>',
      `to choose from, with + where all of them sign: ES256+ML-DSA-65 (default: ${setsText(ALGORITHM_SETS)})`,
    )
    .option('--aws-prices <file>', 'JSON: perMillionMessages, perMillionMinutes, perJobExecution, source')
    .option('--seed <n>', 'of losses and jitter', '1')
    .option(
      '--check [level]',
      'send it for real and compare: 1, replayed over the link; 2, over a shaped connection in real time',
    );
  run<AdviseOptions>(command, async ({ options, io }) => {
    const question = questionOf(options);
    const bar = io.progress('Predicting', MOST_RUNS);
    const advice = await advise(question, wishOf(options), (done) => bar.update(done)).finally(() => bar.stop());
    const level = levelOf(options);
    if (level !== undefined)
      io.note(level === 1 ? 'Measuring it' : `Measuring it over ${question.link.name}, in real time`);
    const checks = level === undefined ? undefined : await checkAdvice(advice.recommended, question, level);
    return resultOf(advice, { question, checks });
  });
}

/** About: block sizes by QoS, algorithms, one change each. */
const MOST_RUNS = 32;

function setsText(sets: typeof ALGORITHM_SETS): string {
  return sets.map((names) => names.join('+')).join(',');
}

function questionOf(options: AdviseOptions): Question {
  const link = linkNamed(options.link);
  if (!link)
    throw new UsageError(
      `--link: expected one of ${LINKS.map(({ name }) => name).join(', ')}, got ${quoted(options.link)}`,
    );
  return {
    link,
    board: expectBoard(options.board),
    imageBytes: atLeastOne(options.imageBytes, '--image-bytes'),
    devices: atLeastOne(options.devices, '--devices'),
    requestBytes: options.requestBytes.split(',').map((size) => atLeastOne(size.trim(), '--request-bytes')),
    prices: readPrices(options.awsPrices),
    seed: parseCount(options.seed, '--seed') ?? 1,
  };
}

function wishOf({ optimise, floor, cnsa, algorithms }: AdviseOptions) {
  const objective = oneNamed(OBJECTIVES, optimise, '--optimise');
  const least = cnsa ? 'cnsa' : oneNamed(FLOORS, floor, '--floor');
  const sets =
    algorithms === undefined ? ALGORITHM_SETS : algorithms.split(',').map((set) => algorithmsOf(set, '--algorithms'));
  return { objective, floor: least, algorithms: sets } as const satisfies {
    objective: Objective;
    floor: Floor;
    algorithms: typeof ALGORITHM_SETS;
  };
}

function oneNamed<K extends string>(table: Readonly<Record<K, string>>, text: string, option: string): K {
  for (const name in table) if (name === text) return name;
  throw new UsageError(`${option}: expected one of ${Object.keys(table).join(', ')}, got ${quoted(text)}`);
}

function levelOf({ check }: AdviseOptions): CheckLevel | undefined {
  if (check === undefined) return undefined;
  if (check === true || check === '1') return 1;
  if (check === '2') return 2;
  throw new UsageError(`--check: expected 1 or 2, got ${quoted(check)}`);
}

function atLeastOne(text: string, option: string): number {
  const number = parseCount(text, option) ?? 0;
  if (number >= 1) return number;
  throw new UsageError(`${option}: expected at least 1, got ${number}`);
}

interface Found {
  readonly question: Question;
  readonly checks: readonly AdviceCheck[] | undefined;
}

function resultOf(advice: Advice, { question, checks }: Found): CommandResult {
  const { recommended } = advice;
  const isGood = checks === undefined || isAsPredicted(checks, recommended);
  return {
    json: { ...advice, link: question.link.name, board: question.board.name, devices: question.devices, checks },
    text: [
      headline(advice, question),
      '',
      costTable(recommended),
      ...recommended.unknown.map(({ quantity, why }) => `not known: ${quantity}: ${why}`),
      '',
      alternativeTable(advice.alternatives, question),
      ...(checks ? ['', checkTable(checks, recommended)] : []),
    ].join('\n'),
    exit: isGood ? 'done' : 'refused',
  };
}

function headline({ recommended, objective, considered }: Advice, { link, board, imageBytes }: Question): string {
  const { algorithms, blockBytes, qos, keyForm, requestBytes } = recommended.choice;
  return [
    `Sign with ${algorithms.join(' and ')}; blocks of ${blockBytes} B, asked for ${requestBytes} B at a time; QoS ${qos}; ${KEY_FORMS[keyForm]}.`,
    `Least ${OBJECTIVES[objective]} for ${formatNumber(imageBytes)} B over ${link.name} to ${board.name}; ${considered} ways were run, none of it measured yet (--check).`,
  ].join('\n');
}

const valueText = (value: number, unit: string): string =>
  unit === '' ? formatNumber(value) : `${formatNumber(value)} ${unit}`;

const costTable = ({ costs }: Candidate): string =>
  textTable(
    ['one device; bill of the fleet', 'predicted', '±', 'the error is from'],
    costs.map(({ quantity, value, unit, errorPercent, source }: PredictedCost) => [
      quantity,
      valueText(value, unit),
      errorPercent === undefined ? 'not known' : `${errorPercent.toFixed(0)} %`,
      source.length > MOST_SHOWN ? `${source.slice(0, MOST_SHOWN)}…` : source,
    ]),
  );

const MOST_SHOWN = 90;

const alternativeTable = (alternatives: readonly Alternative[], { devices }: Question): string =>
  textTable(
    ['instead', 'time', 'bytes on the link', `$ for ${formatNumber(devices)}`, 'why not'],
    alternatives.map((it) => [
      it.change,
      cell(costNamed(it, 'time'), 's'),
      cell(costNamed(it, OBJECTIVES.bytes), ''),
      cell(costNamed(it, OBJECTIVES.money), ''),
      it.why,
    ]),
  );

const cell = (value: number | undefined, unit: string): string => (value === undefined ? '–' : valueText(value, unit));

function checkTable(checks: readonly AdviceCheck[], { costs }: Candidate): string {
  const stated = (quantity: string): string => {
    const error = costs.find((it) => it.quantity === quantity)?.errorPercent;
    return error === undefined ? '' : `${error.toFixed(0)} %`;
  };
  return textTable(
    ['checked', 'predicted', 'measured', 'error', 'stated', 'how'],
    checks.map(({ quantity, unit, predicted, measured, errorPercent, how }) => [
      quantity,
      valueText(predicted, unit),
      valueText(measured, unit),
      `${errorPercent >= 0 ? '+' : '−'}${Math.abs(errorPercent).toFixed(2)} %`,
      stated(quantity),
      how,
    ]),
  );
}

const quoted = (text: string): string => JSON.stringify(text.slice(0, 60));
