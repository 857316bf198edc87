import {
  CreateAliasCommand,
  DescribeKeyCommand,
  GetPublicKeyCommand,
  type KMSClient,
  paginateListKeys,
  ScheduleKeyDeletionCommand,
  SignCommand,
  VerifyCommand,
} from '@aws-sdk/client-kms';
import { once } from 'node:events';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { clientFor, createKey, idOf, startTestKms } from '../../support/embedded-kms.ts';
import { startKmsProcess } from '../../support/kms-process.ts';

const CALLS = 1_000;
const MESSAGE = Uint8Array.of(1, 2, 3);

/** What the client was told before the server died. */
interface Acknowledged {
  readonly keys: Set<string>;
  /** By alias name, the key's ARN. */
  readonly aliases: Map<string, string>;
  /** By ARN, the deletion date. */
  readonly deletions: Map<string, Date>;
}

/** A key is made; then it gets an alias, or is scheduled for deletion: 1,000 calls under way at once, in two waves. */
async function makeKeys(client: KMSClient, told: Acknowledged, onAnswer: () => void): Promise<void> {
  const outcomes = await Promise.allSettled(
    Array.from({ length: CALLS }, async (_, i) => {
      const arn = await createKey(client, 'ML_DSA_44');
      told.keys.add(arn);
      onAnswer();
      if (i % 2 === 0) {
        await client.send(new CreateAliasCommand({ AliasName: `alias/made-${i}`, TargetKeyId: arn }));
        told.aliases.set(`alias/made-${i}`, arn);
      } else {
        const { DeletionDate } = await client.send(new ScheduleKeyDeletionCommand({ KeyId: arn }));
        told.deletions.set(arn, DeletionDate!);
      }
      onAnswer();
    }),
  );
  // Cut off, not refused: a refusal would carry a status.
  const failures = outcomes.filter((outcome) => outcome.status === 'rejected');
  expect(failures.map(({ reason }) => reason.$metadata?.httpStatusCode).filter(Boolean)).toEqual([]);
}

describe('kill -9 in the middle of 1,000 calls of CreateKey, CreateAlias and ScheduleKeyDeletion', () => {
  it.each([
    ['while the first keys are made', 60],
    ['while keys, aliases and deletions are made', 1_100],
  ])('%s loses nothing that was acknowledged and corrupts nothing', async (_name, answersBeforeTheKill) => {
    const folder = await mkdtemp(join(tmpdir(), 'bristlecone-kill-'));
    const { child, url } = await startKmsProcess(folder);
    const client = clientFor(url, undefined, { maxSockets: CALLS });
    const killed = once(child, 'exit');
    const told: Acknowledged = { keys: new Set(), aliases: new Map(), deletions: new Map() };
    let answers = 0;
    await makeKeys(client, told, () => {
      answers += 1;
      if (answers === answersBeforeTheKill) child.kill('SIGKILL');
    });
    expect(await killed).toEqual([null, 'SIGKILL']);
    client.destroy();
    expect(answers).toBeGreaterThanOrEqual(answersBeforeTheKill);
    expect(answers).toBeLessThan(2 * CALLS); // it died in the middle

    const kms = await startTestKms({ folder, nowMs: Date.now });
    expect(kms.server.notices).toHaveLength(1); // no file is damaged
    await expectKept(kms.client, told);
    await kms.stop();
  });
});

async function expectKept(client: KMSClient, told: Acknowledged): Promise<void> {
  const found = new Set<string>();
  for await (const page of paginateListKeys({ client, pageSize: 1000 }, {}))
    for (const { KeyArn } of page.Keys!) found.add(KeyArn!);
  expect([...told.keys].filter((arn) => !found.has(arn))).toEqual([]);

  for (const [KeyId, arn] of told.aliases)
    expect((await client.send(new DescribeKeyCommand({ KeyId }))).KeyMetadata!.Arn).toBe(arn);
  for (const [KeyId, DeletionDate] of told.deletions) {
    const { KeyMetadata } = await client.send(new DescribeKeyCommand({ KeyId }));
    expect(KeyMetadata).toMatchObject({ KeyState: 'PendingDeletion', DeletionDate });
  }
  let signed = 0;
  for (const KeyId of [...told.keys].filter((arn) => !told.deletions.has(arn))) {
    const { KeyMetadata } = await client.send(new DescribeKeyCommand({ KeyId: idOf(KeyId) }));
    if (KeyMetadata!.KeyState === 'PendingDeletion') continue; // done, but the answer did not arrive
    expect((await client.send(new GetPublicKeyCommand({ KeyId }))).PublicKey).toHaveLength(1334);
    if (signed >= 20) continue;
    const input = { KeyId, SigningAlgorithm: 'ML_DSA_SHAKE_256', Message: MESSAGE } as const;
    const { Signature } = await client.send(new SignCommand(input));
    expect((await client.send(new VerifyCommand({ ...input, Signature }))).SignatureValid).toBe(true);
    signed += 1;
  }
  expect(signed).toBe(20);
}
