/** Options of `bristlecone fleet --model`, and the plan that comes of them. */
import type { Command } from 'commander';
import { UsageError } from '../../command-line.ts';
import type { AlgorithmName } from '../../protocol/cose/algorithms.ts';
import { expectAlgorithmName } from '../../protocol/cose/spki.ts';
import type { Arrivals, Rollout } from '../fleet/model/campaign.ts';
import type { ModelPlan } from '../fleet/model/model-campaign.ts';
import { AWS_QUOTAS, awsQuotas, awsService, type ModelledService, type Quotas } from '../fleet/model/services.ts';
import { type Board, BOARDS, boardNamed } from '../profiles/boards.ts';
import { LINKS, linkNamed } from '../profiles/links.ts';
import { asUsage, parseCount } from './files.ts';

export interface FleetModelOptions {
  readonly model?: true;
  readonly devices: string;
  readonly imageBytes: string;
  readonly algorithm: string;
  readonly blockBytes: string;
  readonly requestBytes: string;
  readonly seed: string;
  readonly arrivals: string;
  readonly dropRate: string;
  readonly against: string;
  readonly link: string;
  readonly board: string;
  readonly service: string;
  readonly quota?: readonly string[];
  readonly rollout: string;
  readonly wakeWithin: string;
  readonly offline: string;
  readonly offlineTime: string;
  readonly restAfterFailure: string;
  readonly calibrate?: readonly string[];
  readonly slot?: string;
}

const MAX_MODEL_DEVICES = 1_000_000_000;

/** Beside those of the fleet, of which it takes devices, image, algorithm, blocks, arrivals, drop rate and seed. */
export const withModelOptions = (command: Command): Command =>
  command
    .optionsGroup('With --model:')
    .option('--model', 'do not run it: simulate the same campaign by events, for millions of devices')
    .option('--link <names>', 'of the devices, with shares: nb-iot:70,lte-m:30; none: messages take no time', 'lte-m')
    .option('--board <name>', `one of ${BOARDS.map(({ name }) => name).join(', ')}`, 'nrf52840')
    .option('--against <algorithm>', 'simulate that too, and say what the difference is; none: do not', 'ES256')
    .option('--service <which>', 'aws: its quotas; measured: a cloud of ours, as --calibrate finds it', 'aws')
    .option(
      '--quota <name=n...>',
      `another quota: ${AWS_QUOTAS.map(({ name, value }) => `${name}=${value}`).join(', ')}`,
    )
    .option(
      '--rollout <rate>',
      'jobs a minute: 1000; base, factor, step and what is counted: 50x2/1000 or 50x2/1000succeeded; none: all at once',
      '1000',
    )
    .option('--wake-within <time>', 'devices are not connected, and look for a job so often: 0s, 30m, 24h', '0s')
    .option('--offline <share>', 'of the devices, that are away when they are told: 5%', '0')
    .option('--offline-time <time>', 'until those are back at the latest', '24h')
    .option('--rest-after-failure <time>', 'a device that gave up is run again after half of this to all of it', '1h')
    .option(
      '--calibrate <files...>',
      'fleet.json of real runs: fit a cloud of ours to the smallest, check it by the others',
    )
    .option('--slot <ms>', 'of simulated time: what happens in one slot happens together (default: to fit the length)');

/** @throws {UsageError} */
export function planOf(options: FleetModelOptions, service: ModelledService | undefined): ModelPlan {
  const perSecond = parseCount(options.arrivals, '--arrivals') ?? 0;
  const slot = options.slot === undefined ? undefined : Number(options.slot);
  if (slot !== undefined && !(slot > 0 && slot <= 60_000))
    throw new UsageError(`--slot: expected milliseconds up to 60000, got ${quoted(options.slot ?? '')}`);
  return {
    devices: count(options.devices, '--devices', MAX_MODEL_DEVICES),
    imageBytes: count(options.imageBytes, '--image-bytes', Number.MAX_SAFE_INTEGER),
    blockBytes: count(options.blockBytes, '--block-bytes', 131_072),
    requestBytes: count(options.requestBytes, '--request-bytes', 131_072),
    qos: 1,
    board: expectBoard(options.board),
    links: linksOf(options.link),
    service: service ?? awsService(quotasOf(options)),
    rollout: perSecond > 0 ? { kind: 'poisson', perSecond } : rolloutOf(options),
    arrivals: arrivalsOf(options),
    dropRate: shareOf(options.dropRate, '--drop-rate'),
    restAfterFailureMs: msOf(options.restAfterFailure, '--rest-after-failure'),
    seed: parseCount(options.seed, '--seed') ?? 1,
    ...(slot !== undefined && { slotMs: slot }),
  };
}

/** `ES256+ML-DSA-65` @throws {UsageError} */
export const algorithmsOf = (text: string, option: string): readonly AlgorithmName[] =>
  text.split('+').map((name) => asUsage(() => expectAlgorithmName(name, option)));

export function expectBoard(name: string): Board {
  const board = boardNamed(name);
  if (board) return board;
  throw new UsageError(`--board: expected one of ${BOARDS.map((it) => it.name).join(', ')}, got ${quoted(name)}`);
}

/** @throws {UsageError} */
function quotasOf({ quota = [] }: Pick<FleetModelOptions, 'quota'>): Quotas {
  const known = AWS_QUOTAS.map(({ name }) => name);
  const entries = quota.map((text) => {
    const [, name = '', digits = ''] = /^(\w+)=(\d+)$/.exec(text) ?? [];
    const value = Number(digits);
    if (known.some((it) => it === name) && value > 0) return [name, value] as const;
    throw new UsageError(`--quota: expected NAME=NUMBER with one of ${known.join(', ')}, got ${quoted(text)}`);
  });
  return awsQuotas(Object.fromEntries(entries));
}

function linksOf(text: string): ModelPlan['links'] {
  const parts = text.split(',').map((part) => {
    const [name = '', weight = '1'] = part.trim().split(':');
    const link = linkNamed(name);
    if ((!link && name !== 'none') || !(Number(weight) > 0))
      throw new UsageError(
        `--link: expected names of ${LINKS.map((it) => it.name).join(', ')} or none, as nb-iot:70,lte-m:30; got ${quoted(part)}`,
      );
    return { link, weight: Number(weight) };
  });
  const total = parts.reduce((sum, { weight }) => sum + weight, 0);
  return parts.map(({ link, weight }) => ({ link, share: weight / total }));
}

function rolloutOf(options: FleetModelOptions): Rollout {
  const { rollout } = options;
  if (rollout === 'none') return { kind: 'at-once' };
  if (/^\d+$/.test(rollout) && Number(rollout) > 0) return { kind: 'constant', perMinute: Number(rollout) };
  const [, base, factor, each, of] = /^(\d+)x(\d+(?:\.\d)?)\/(\d+)(notified|succeeded)?$/.exec(rollout) ?? [];
  if (base === undefined || Number(base) === 0 || Number(each) === 0)
    throw new UsageError(`--rollout: expected jobs a minute, or as 50x2/1000, or none; got ${quoted(rollout)}`);
  return {
    kind: 'exponential',
    basePerMinute: Number(base),
    factor: Number(factor),
    each: Number(each),
    of: of === 'succeeded' ? 'succeeded' : 'notified',
    mostPerMinute: quotasOf(options).rolloutPerMinute,
  };
}

function arrivalsOf(options: FleetModelOptions): Arrivals {
  const withinMs = msOf(options.wakeWithin, '--wake-within');
  return {
    // Who is told is there; who comes by itself, or looks now and then, connects first.
    areListening: withinMs === 0 && options.arrivals === '0' && options.service === 'aws',
    withinMs,
    offlineShare: shareOf(options.offline, '--offline'),
    offlineMs: msOf(options.offlineTime, '--offline-time'),
  };
}

function count(text: string, option: string, most: number): number {
  const number = parseCount(text, option) ?? 0;
  if (number >= 1 && number <= most) return number;
  throw new UsageError(`${option}: expected 1 to ${most}, got ${number}`);
}

/** `5%` or `0.05` */
function shareOf(text: string, option: string): number {
  const [, digits, percent] = /^(\d+(?:\.\d+)?)(%?)$/.exec(text) ?? [];
  const share = Number(digits) / (percent === '%' ? 100 : 1);
  if (share >= 0 && share <= 1) return share;
  throw new UsageError(`${option}: expected a share as 5% or 0.05, got ${quoted(text)}`);
}

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `30s`, `15m`, `24h` */
function msOf(text: string, option: string): number {
  const [, digits, unit = ''] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text) ?? [];
  const factor = UNIT_MS[unit];
  if (digits !== undefined && factor !== undefined) return Number(digits) * factor;
  throw new UsageError(`${option}: expected a time as 30s, 15m or 24h, got ${quoted(text)}`);
}

const quoted = (text: string): string => JSON.stringify(text.slice(0, 60));
