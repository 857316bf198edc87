/**
 * The recommended update for real: an embedded cloud in a process of its own, a device over a real socket, every byte
 * counted; over the link the recorded run is replayed (level 1), or the connection itself is shaped, in real time (level 2).
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../hardware/system-clock.ts';
import { putLinkBefore } from '../../links/link-before.ts';
import { replay } from '../../links/replay.ts';
import { sumOf } from '../../metrics/cost.ts';
import { Unavailable } from '../../ports.ts';
import { textAt } from '../json.ts';
import { runSubcommand, startServer } from '../subcommands.ts';
import { runVariant, type VariantRun } from '../variants/run-variant.ts';
import { type Candidate, OBJECTIVES, type Question } from './candidate.ts';
import { CLASS_ID, createSignedUpdate, FACTORY_SEQUENCE, imageOf, VENDOR_ID } from './signed-update.ts';

export interface AdviceCheck {
  readonly quantity: string;
  readonly unit: string;
  readonly predicted: number;
  readonly measured: number;
  readonly errorPercent: number;
  /** Where `measured` is from. */
  readonly how: string;
}

export type CheckLevel = 1 | 2;

const THING = 'hub-1';
const VENDOR = 'bristlecone.example';
const CLASS = 'advised';
const OLD_IMAGE_BYTES = 4_096;
const PATIENCE_MS = 120_000;

/** @throws {Unavailable} where the device does not get to the end of it */
export async function checkAdvice(
  { choice, costs }: Candidate,
  { link, board, seed }: Question,
  level: CheckLevel,
): Promise<readonly AdviceCheck[]> {
  await using stack = new AsyncDisposableStack();
  const folder = stack.adopt(mkdtempSync(join(tmpdir(), 'bristlecone-advise-')), (it) =>
    rmSync(it, { recursive: true, force: true }),
  );
  const data = join(folder, 'cloud');
  mkdirSync(data);
  const cloud = stack.use(await startServer(['up', '--data', data, '--kms-port', '0', '--mqtt-port', '0']));
  const update = createSignedUpdate(choice);
  await publish({ folder, data, envelope: update.envelope, image: update.image });
  const directUrl = textAt(cloud.ready, 'mqtt');
  const shaped = level === 2 ? stack.use(await putLinkBefore(directUrl, { level, link, seed })) : undefined;
  const clock = systemClock();
  const startMs = clock.nowMs();
  const run = await runVariant(
    {
      algorithm: choice.algorithms.join('+'),
      signature: 'verified',
      blockBytes: choice.blockBytes,
      qos: choice.qos,
      encoding: 'cbor',
      mqttVersion: 5,
      security: 'plain',
      transport: 'mqttjs',
    },
    {
      mqttUrl: shaped?.url ?? directUrl,
      thing: THING,
      board,
      factory: {
        vendorId: VENDOR_ID,
        classId: CLASS_ID,
        root: update.root,
        image: imageOf(OLD_IMAGE_BYTES, 1),
        sequenceNumber: FACTORY_SEQUENCE,
      },
      requestBytes: choice.requestBytes,
      seed,
      run: 'check',
      timeoutMs: PATIENCE_MS,
    },
  );
  const wallMs = clock.nowMs() - startMs;
  if (run.code !== 'ok') throw new Unavailable(`the device did not get to the end: ${run.detail} (${run.code})`);
  const traffic = shaped?.stats().traffic;
  const onLink = replay(run.trace, { link });
  const { up, down } = traffic ?? onLink.traffic;
  const check = checkOf(costs);
  return [
    ...countedChecks(run, check),
    check(OBJECTIVES.bytes, up.frameBytes + down.frameBytes, traffic ? 'counted by the link' : REPLAYED),
    check(
      'time on the link',
      (traffic ? wallMs : onLink.durationMs) / 1_000,
      traffic ? 'by the clock, this machine’s own time included' : REPLAYED,
    ),
  ].filter((it) => it !== undefined);
}

const COUNTED = 'counted at the device';
const REPLAYED = 'what was counted, replayed over the link';

const checkOf =
  (costs: Candidate['costs']) =>
  (quantity: string, measured: number, how: string): AdviceCheck | undefined => {
    const predicted = costs.find((it) => it.quantity === quantity);
    if (!predicted || measured === 0) return undefined;
    const errorPercent = 100 * (predicted.value / measured - 1);
    return { quantity, unit: predicted.unit, predicted: predicted.value, measured, errorPercent, how };
  };

function countedChecks({ rows }: VariantRun, check: ReturnType<typeof checkOf>): readonly (AdviceCheck | undefined)[] {
  const ram = Math.max(0, ...rows.filter(({ quantity }) => quantity === 'ram-peak').map(({ value }) => value));
  return [
    check('bytes of MQTT', sumOf(rows, 'sent') + sumOf(rows, 'received'), COUNTED),
    check('envelope', sumOf(rows, 'envelope'), COUNTED),
    check('round trips', sumOf(rows, 'round-trips'), COUNTED),
    check('blocks', sumOf(rows, 'blocks'), COUNTED),
    check('AWS messages', sumOf(rows, 'aws-units'), COUNTED),
    check('RAM of the agent', ram, COUNTED),
  ];
}

interface Publication {
  readonly folder: string;
  readonly data: string;
  readonly envelope: Uint8Array;
  readonly image: Uint8Array;
}

/** Signed here, by the keys of the prediction; the cloud takes it as it is. */
async function publish({ folder, data, envelope, image }: Publication): Promise<void> {
  const [envelopeFile, imageFile] = [join(folder, 'update.suit'), join(folder, 'update.bin')];
  writeFileSync(envelopeFile, envelope);
  writeFileSync(imageFile, image);
  const added = await command([
    ...['release', 'add', '--envelope', envelopeFile, '--image', imageFile, '--unchecked', '--data', data],
    ...['--version', '2.0.0', '--sequence', String(FACTORY_SEQUENCE + 1), '--vendor', VENDOR, '--class', CLASS],
  ]);
  await command(['campaign', 'create', '--release', textAt(added, 'id'), '--thing', THING, '--data', data]);
}

async function command(args: readonly string[]): Promise<unknown> {
  const { json, exitCode } = await runSubcommand(args);
  if (exitCode === 0) return json;
  throw new Unavailable(`bristlecone ${args.slice(0, 2).join(' ')} failed: ${JSON.stringify(json).slice(0, 500)}`);
}

/** Each within the error that is stated for it, where one is. */
export const isAsPredicted = (checks: readonly AdviceCheck[], { costs }: Candidate): boolean =>
  checks.every(({ quantity, errorPercent }) => {
    const stated = costs.find((it) => it.quantity === quantity)?.errorPercent;
    return stated === undefined || Math.abs(errorPercent) <= stated;
  });
