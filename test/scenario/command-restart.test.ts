/** kill -9 in the middle of a download: of the cloud, then of the device. Both go on from where they were. */
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { setTimeout } from 'node:timers/promises';
import { existsSync, writeFileSync } from 'node:fs';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { imageOf } from '../support/device-world.ts';
import { startFlowGate } from '../support/flow-gate.ts';
import { Shell, type Up } from '../support/run-command.ts';

const shell = new Shell();
const TIMEOUT_MS = 120_000;
const IMAGE_BYTES = 100_000;
const BLOCK_BYTES = 1_024;
const IMAGE_BLOCKS = Math.ceil(IMAGE_BYTES / BLOCK_BYTES);
/** In flight when the connection breaks: 8 KB are asked for at a time. */
const BLOCKS_AT_MOST_TWICE = 8;

let up: Up;
let releaseId: string;

beforeAll(async () => {
  writeFileSync(shell.file('fw.bin'), imageOf(IMAGE_BYTES, 3));
  up = await shell.up('--kms-port', '0', '--mqtt-port', '0');
  await shell.json('key', 'create', '--spec', 'ML_DSA_44', '--alias', 'release');
  const name = ['--version', '2.0.0', '--sequence', '2', '--vendor', 'example.com', '--class', 'hub'];
  ({ id: releaseId } = await shell.json('release', 'create', '--image', 'fw.bin', ...name, '--key', 'release'));
}, TIMEOUT_MS);

interface Cost {
  readonly phase: string;
  readonly quantity: string;
  readonly value: number;
}

const valueOf = (costs: readonly Cost[], phase: string, quantity: string): number =>
  costs.filter((row) => row.phase === phase && row.quantity === quantity).reduce((sum, { value }) => sum + value, 0);

/** A device that downloads through a gate which is shut in the middle of the image. */
async function startHalfWay(thing: string) {
  const { id } = await shell.json('campaign', 'create', '--release', releaseId, '--thing', thing);
  const gate = await startFlowGate(Number(new URL(up.endpoints.mqtt).port));
  onTestFinished(() => gate[Symbol.asyncDispose]());
  const shut = gate.closeAfter(IMAGE_BYTES / 2);
  const run = ['device', 'run', '--thing', thing, '--block-bytes', String(BLOCK_BYTES)];
  const args = [...run, '--mqtt', `mqtt://127.0.0.1:${gate.port}`, '--json'];
  const child = shell.start(args);
  const printed = text(child.stdout!);
  await shut;
  return { campaign: id, gate, args, child, printed };
}

const statusOf = (campaign: string) => shell.json('campaign', 'status', campaign);

describe('kill -9', { timeout: TIMEOUT_MS }, () => {
  it('of the cloud: a device in the middle of its download completes, and all is still there', async () => {
    const { campaign, gate, printed } = await startHalfWay('hub-1');
    const keys = await shell.json('key', 'list');
    expect(await statusOf(campaign)).toMatchObject({ ended: 0, counts: { IN_PROGRESS: 1 } });

    expect(await up.end('SIGKILL')).toBeNull();
    up = await shell.up(...up.ports);
    gate.open();

    const outcome = JSON.parse(await printed);
    expect(outcome).toMatchObject({ result: 'succeeded', reported: true, sequenceNumber: 2, jobId: campaign });
    expect(valueOf(outcome.costs, 'image', 'blocks')).toBeLessThanOrEqual(IMAGE_BLOCKS + BLOCKS_AT_MOST_TWICE);
    expect(await statusOf(campaign)).toMatchObject({ ended: 1, counts: { SUCCEEDED: 1 } });
    expect(await shell.json('key', 'list')).toEqual(keys);
    expect(await shell.json('release', 'list')).toMatchObject([{ id: releaseId }]);
  });

  it('of a device: run again, it fetches what it has not got, and completes', async () => {
    const { campaign, gate, args, child, printed } = await startHalfWay('hub-2');
    child.kill('SIGKILL');
    await once(child, 'close');
    expect(await printed).toBe('');
    gate.open();

    const { exitCode, stdout } = await shell.run(...args);
    const outcome = JSON.parse(stdout);
    expect({ exitCode, ...outcome }).toMatchObject({ exitCode: 0, result: 'succeeded', sequenceNumber: 2 });
    const blocks = valueOf(outcome.costs, 'image', 'blocks');
    expect(blocks).toBeGreaterThan(IMAGE_BLOCKS / 4);
    // The gate let half of the image's bytes through: the envelope, and what comes around each block, are in that.
    expect(blocks).toBeLessThanOrEqual((2 / 3) * IMAGE_BLOCKS);
    expect(valueOf(outcome.costs, 'envelope', 'blocks')).toBe(0);
    expect(await statusOf(campaign)).toMatchObject({ ended: 1, counts: { SUCCEEDED: 1 } });
  });

  it('of a device in its factory: run again, it is made and waits for a job', async () => {
    const child = shell.start(['device', 'make', '--thing', 'hub-3']);
    while (!existsSync(shell.file('.bristlecone/devices/hub-3/flash.sparse'))) await setTimeout(1);
    child.kill('SIGKILL');
    await once(child, 'close');
    expect(await shell.json('device', 'run', '--thing', 'hub-3', '--timeout', '0')).toMatchObject({ result: 'no-job' });
  });
});
