/**
 * What `device run` needs to print a cost sheet: its options, the refusal of a board that could not verify what it is
 * about to download, and the sheet as text.
 */
import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { textTable, UsageError } from '../../command-line.ts';
import type { AlgorithmName } from '../../protocol/cose/algorithms.ts';
import { AWS_PRICES, type AwsPrices } from '../cost-model/aws-bill.ts';
import type { CostSheet } from '../cost-model/cost-sheet.ts';
import { type CostValue, explainValue, formatNumber } from '../cost-model/value.ts';
import { canVerify, implementsAlgorithm, isVariant, type VerifyCost } from '../cost-model/verify-cost.ts';
import { numberAt, textAt } from '../measure/json.ts';
import { type Cell, cellNamed, CELLS } from '../profiles/cells.ts';
import { type LinkProfile, linkNamed, LINKS } from '../profiles/links.ts';
import { expectFacts } from './device-lists.ts';

export interface CostOptions {
  readonly board?: string;
  readonly layout?: string;
  readonly link?: string;
  readonly linkLevel?: string;
  readonly variant?: string;
  readonly battery?: string;
  readonly awsPrices?: string;
  readonly explainCost?: string;
}

export const withCostOptions = (command: Command): Command =>
  command
    .option('--link <name>', 'link to think the update over: see device links')
    .option(
      '--link-level <n>',
      '1: compute it afterwards; 2: shape the real connection; 3: let it run through a packet emulator (Linux, root)',
      '1',
    )
    .option('--variant <names>', 'comma-separated implementations of verification: see device algorithms')
    .option('--battery <name>', `cell of which the update takes its share: ${CELLS.map(({ name }) => name).join(', ')}`)
    .option('--aws-prices <file>', 'JSON: perMillionMessages, perMillionMinutes, perJobExecution, source')
    .option('--explain-cost <quantity>', 'how one quantity of the sheet was had, down to its sources');

export function parseLink(name: string | undefined): LinkProfile | undefined {
  if (name === undefined) return undefined;
  return (
    linkNamed(name) ??
    unknown(
      '--link',
      name,
      LINKS.map((link) => link.name),
    )
  );
}

export function parseCell(name: string | undefined): Cell {
  const [usual] = CELLS;
  if (name === undefined && usual) return usual;
  return (
    cellNamed(name ?? '') ??
    unknown(
      '--battery',
      name ?? '',
      CELLS.map((cell) => cell.name),
    )
  );
}

export function parseVariants(list: string | undefined): readonly string[] {
  const names = (list ?? '').split(',').filter((name) => name !== '');
  const strange = names.find((name) => !isVariant(name));
  if (strange === undefined) return names;
  throw new UsageError(
    `--variant: nobody has published figures of ${JSON.stringify(strange.slice(0, 40))}: see device algorithms`,
  );
}

export function readPrices(file: string | undefined): AwsPrices {
  if (file === undefined) return AWS_PRICES;
  const prices: unknown = JSON.parse(readFileSync(file, 'utf8'));
  return {
    perMillionMessages: numberAt(prices, 'perMillionMessages'),
    perMillionMinutes: numberAt(prices, 'perMillionMinutes'),
    perJobExecution: numberAt(prices, 'perJobExecution'),
    source: textAt(prices, 'source'),
  };
}

/** The board cannot do what it would be asked to. */
export class CannotVerify extends Error {
  override readonly name = 'CannotVerify';
  readonly code = 'cannot-verify';
}

/**
 * How the board verifies an algorithm: by the first of `variants` that implements it, else by the fastest that fits.
 *
 * @throws {CannotVerify} naming the variant that would fit, if there is one
 */
export function expectVerifiable(board: string, algorithm: AlgorithmName, variants: readonly string[]): VerifyCost {
  const named = variants.find((variant) => implementsAlgorithm(variant, algorithm));
  const verdict = canVerify(expectFacts(board), algorithm, named);
  if (verdict.ok) return verdict.cost;
  const advice =
    verdict.instead === undefined ? 'no other is known that would' : `--variant ${verdict.instead} would fit`;
  throw new CannotVerify(`${verdict.detail}; ${advice}`);
}

const PHASE_HEAD = ['phase', 'payload', 'MQTT', 'TLS', 'TCP/IP', 'frames', 'bytes on the link', 's'];

/** Empty without a link. */
const describePhases = ({ phases }: CostSheet): readonly string[] =>
  phases.length === 0
    ? []
    : [
        `${textTable(
          PHASE_HEAD,
          phases.map((it) => [
            ...[it.phase, it.payloadBytes, it.mqttBytes, it.tlsBytes, it.tcpIpBytes, it.frameBytes, it.totalBytes],
            it.seconds.toFixed(2),
          ]),
        )}\n(bytes that each layer adds, both directions; payload and MQTT measured, the layers below modelled)`,
      ];

const SHEET_HEAD = ['quantity', 'value', 'unit', '±', 'how'];

export function describeSheet(sheet: CostSheet): string {
  const over = sheet.link === '' ? '' : ` over ${sheet.link}`;
  const rows = sheet.values.map(({ quantity, value, unit, errorPercent, how }) => [
    ...[
      quantity,
      formatNumber(value),
      unit === '1' ? '' : unit,
      errorPercent === undefined ? '' : `${errorPercent.toFixed(1)} %`,
      how,
    ],
  ]);
  const missing = sheet.unavailable.map(({ quantity, why }) => `  ${quantity}: ${why}`);
  return [
    `Costs on ${sheet.board}${over}, ${sheet.algorithms.join(' and ')}; --explain-cost QUANTITY says where each is from.\naws-… are for a million such devices.`,
    ...describePhases(sheet),
    textTable(SHEET_HEAD, rows),
    ...(missing.length === 0 ? [] : [`Not known, and not guessed:\n${missing.join('\n')}`]),
  ].join('\n\n');
}

export const describeCosts = (sheet: CostSheet, quantity: string | undefined): string =>
  quantity === undefined ? describeSheet(sheet) : explainCost(sheet, quantity);

/** Every value of that name, with or without what it is of: `verify-time` is that of each algorithm. */
export function explainCost(sheet: CostSheet, quantity: string): string {
  const isNamed = (name: string): boolean => name === quantity || name.startsWith(`${quantity} `);
  const found = sheet.values.filter((value) => isNamed(value.quantity));
  const values =
    found.length > 0
      ? found
      : [...new Set(sheet.values.flatMap(inputsOf))].filter((it) => isNamed(it.quantity)).slice(0, 1);
  const missing = sheet.unavailable.filter((it) => isNamed(it.quantity));
  if (values.length + missing.length === 0) {
    const known = [...sheet.values, ...sheet.unavailable].map((value) => value.quantity);
    return `No ${JSON.stringify(quantity.slice(0, 60))} in this sheet; expected one of ${known.join(', ')}`;
  }
  return [
    ...values.map((value) => explainValue(value)),
    ...missing.map(({ quantity: name, why }) => `${name}: not known: ${why}`),
  ].join('\n');
}

const inputsOf = ({ inputs }: CostValue): readonly CostValue[] =>
  inputs.flatMap((input) => [input, ...inputsOf(input)]);

function unknown(option: string, got: string, known: readonly string[]): never {
  throw new UsageError(`${option}: expected one of ${known.join(', ')}, got ${JSON.stringify(got.slice(0, 60))}`);
}
