import { ListKeysCommand } from '@aws-sdk/client-kms';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { readKmsCredentials } from '../../../cloud/kms/credentials-file.ts';
import { createKmsClient } from '../../../cloud/signing/kms-client.ts';
import { startTestKms } from '../../support/embedded-kms.ts';

const folder = mkdtempSync(join(tmpdir(), 'bristlecone-credentials-'));
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => vi.unstubAllEnvs());

let count = 0;
function fileOf(text: string): string {
  count += 1;
  const file = join(folder, `credentials-${count}`);
  writeFileSync(file, text);
  return file;
}

const TWO = `
# who may sign releases
[alice]
aws_access_key_id = AKIDALICE
aws_secret_access_key = a/secret+of=alice

[ci]
aws_access_key_id=ASIACI
aws_secret_access_key=s
aws_session_token=t
`;

describe('readKmsCredentials', () => {
  it('reads every name of a file of AWS’s form', async () => {
    expect(await readKmsCredentials(fileOf(TWO))).toEqual([
      { userName: 'alice', accessKeyId: 'AKIDALICE', secretAccessKey: 'a/secret+of=alice' },
      { userName: 'ci', accessKeyId: 'ASIACI', secretAccessKey: 's', sessionToken: 't' },
    ]);
  });

  it('gives the file that a client signs with', async () => {
    const file = fileOf(TWO);
    const kms = await startTestKms({ credentials: await readKmsCredentials(file), nowMs: Date.now });
    for (const AWS_PROFILE of ['alice', 'ci']) {
      vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', file);
      vi.stubEnv('AWS_PROFILE', AWS_PROFILE);
      const client = createKmsClient({ endpoint: kms.server.url, env: process.env });
      expect((await client.send(new ListKeysCommand({}))).Keys).toEqual([]);
      client.destroy();
    }
    await kms.stop();
  });

  it.each([
    ['an empty file', '', 'expected at least one [name] with its keys'],
    ['no sections', 'aws_access_key_id = x\n', 'expected at least one [name] with its keys'],
    [
      'half a pair',
      '[alice]\naws_access_key_id = x\n',
      '[alice]: expected aws_access_key_id and aws_secret_access_key',
    ],
    [
      'one id twice',
      '[a]\naws_access_key_id = x\naws_secret_access_key = 1\n[b]\naws_access_key_id = x\naws_secret_access_key = 2\n',
      'aws_access_key_id x is there twice',
    ],
  ])('refuses %s', async (_name, text, message) => {
    const file = fileOf(text);
    await expect(readKmsCredentials(file)).rejects.toMatchObject({
      code: 'invalid-credentials-file',
      message: `${file}: ${message}, as in ~/.aws/credentials`,
    });
  });

  it('does not take a file that is not there for an empty one', async () => {
    await expect(readKmsCredentials(join(folder, 'none'))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
