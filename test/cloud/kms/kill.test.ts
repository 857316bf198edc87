import { CreateAliasCommand, DescribeKeyCommand, GetPublicKeyCommand } from '@aws-sdk/client-kms';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { clientFor, createKey, startTestKms } from '../../support/embedded-kms.ts';

const KEYS_BEFORE_THE_KILL = 40;
const IN_FLIGHT = 16;

async function startChild(folder: string): Promise<{ child: ChildProcess; url: string }> {
  const child = spawn(process.execPath, [fileURLToPath(new URL('./kill-child.ts', import.meta.url)), folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [url] = await once(createInterface({ input: child.stdout }), 'line');
  return { child, url };
}

it('kill -9 in the middle of concurrent CreateKey and CreateAlias loses nothing that was acknowledged', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bristlecone-kill-'));
  const { child, url } = await startChild(folder);
  const client = clientFor(url);
  const keys: string[] = [];
  const aliases = new Map<string, string>();
  const killed = once(child, 'exit');

  const worker = async (name: number): Promise<void> => {
    for (let i = 0; ; i++) {
      const arn = await createKey(client, 'ML_DSA_44');
      keys.push(arn);
      if (keys.length === KEYS_BEFORE_THE_KILL) child.kill('SIGKILL');
      await client.send(new CreateAliasCommand({ AliasName: `alias/${name}-${i}`, TargetKeyId: arn }));
      aliases.set(`alias/${name}-${i}`, arn);
    }
  };
  const outcomes = await Promise.allSettled(Array.from({ length: IN_FLIGHT }, (_, name) => worker(name)));
  expect(outcomes.every(({ status }) => status === 'rejected')).toBe(true); // all were cut off, none was refused earlier
  expect(await killed).toEqual([null, 'SIGKILL']);
  client.destroy();

  const kms = await startTestKms({ folder });
  expect(kms.server.notices).toHaveLength(1); // no file is damaged
  expect(keys.length).toBeGreaterThanOrEqual(KEYS_BEFORE_THE_KILL);
  for (const KeyId of keys) {
    expect((await kms.client.send(new GetPublicKeyCommand({ KeyId }))).PublicKey).toHaveLength(1334);
  }
  expect(aliases.size).toBeGreaterThan(0);
  for (const [KeyId, arn] of aliases) {
    expect((await kms.client.send(new DescribeKeyCommand({ KeyId }))).KeyMetadata!.Arn).toBe(arn);
  }
  await kms.stop();
});
