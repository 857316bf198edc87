/**
 * The AWS CLI, unmodified, against the embedded KMS: the commands of "How to create post-quantum signatures using AWS KMS
 * and ML-DSA" (AWS Security Blog) and of "Offline verification with ML-DSA key pairs" (AWS KMS Developer Guide), in their
 * order. Debian's 2.9 is older than ML-DSA in KMS and sends what it is given; it is also older than AWS_ENDPOINT_URL_KMS, so
 * each command is told the endpoint.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { externalMu } from '../../../protocol/mldsa/mu.ts';
import { describeWithAwsCli } from '../../support/aws-cli.ts';
import { startTestKms, type TestKms } from '../../support/embedded-kms.ts';

const CREDENTIALS = { accessKeyId: 'AKIDCLI', secretAccessKey: 'cli/secret+key' };
const MESSAGE = 'the firmware of a thousand pumps';

interface Done {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

describeWithAwsCli('the AWS CLI', (aws) => {
  let kms: TestKms;
  let folder: string;
  let keyId: string;
  beforeAll(async () => {
    // Signatures are checked, so that what the CLI signs is seen to be right.
    kms = await startTestKms({ credentials: [CREDENTIALS], nowMs: Date.now });
    folder = await mkdtemp(join(tmpdir(), 'bristlecone-aws-'));
    await writeFile(join(folder, 'message.bin'), MESSAGE);
  });
  afterAll(async () => {
    await kms.stop();
    await rm(folder, { recursive: true });
  });

  /** Runs commands as the guides have them; `aws` is the one under test, told where KMS is. */
  async function bash(script: string, secretAccessKey = CREDENTIALS.secretAccessKey): Promise<Done> {
    const env = {
      PATH: process.env['PATH'],
      HOME: folder,
      AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
      AWS_DEFAULT_REGION: 'us-east-1',
      AWS_PAGER: '',
      AWS_EC2_METADATA_DISABLED: 'true',
    };
    const prelude = `set -o pipefail; aws() { '${aws}' --endpoint-url '${kms.server.url}' "$@"; }; KEY='${keyId}';`;
    try {
      const done = await promisify(execFile)('bash', ['-c', `${prelude}\n${script}`], { env, cwd: folder });
      return { code: 0, ...done };
    } catch (error) {
      const { code, stdout, stderr } = error as Done;
      return { code, stdout, stderr };
    }
  }

  const bytesOf = async (name: string): Promise<number> => (await stat(join(folder, name))).size;

  async function expectVerified(script: string): Promise<void> {
    const { code, stdout, stderr } = await bash(script);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({ SignatureValid: true, SigningAlgorithm: 'ML_DSA_SHAKE_256' });
  }

  it('creates a key', async () => {
    const { stdout } = await bash('aws kms create-key --key-spec ML_DSA_65 --key-usage SIGN_VERIFY');
    const { KeyMetadata } = JSON.parse(stdout);
    expect(KeyMetadata).toMatchObject({ KeySpec: 'ML_DSA_65', SigningAlgorithms: ['ML_DSA_SHAKE_256'] });
    keyId = KeyMetadata.KeyId;
  });

  it('signs RAW', async () => {
    await bash(`aws kms sign \\
      --key-id $KEY \\
      --message fileb://message.bin \\
      --message-type RAW \\
      --signing-algorithm ML_DSA_SHAKE_256 \\
      --output text \\
      --query Signature | base64 --decode > raw-signature.bin`);
    expect(await bytesOf('raw-signature.bin')).toBe(3309);
  });

  it('gets the public key', async () => {
    await bash(
      'aws kms get-public-key --key-id $KEY --output text --query PublicKey | base64 --decode > public_key.der',
    );
    expect(await bytesOf('public_key.der')).toBe(1974);
  });

  it('signs EXTERNAL_MU, with the mu that openssl makes', async () => {
    const shake = 'openssl dgst -provider default -shake256 -xoflen 64 -binary';
    await bash(`{
      openssl asn1parse -inform DER -in public_key.der -strparse 17 -noout -out - 2>/dev/null | ${shake};
      printf '\\x00\\x00';
      cat message.bin;
    } | ${shake} > mu.bin`);
    const publicKey = new Uint8Array(await readFile(join(folder, 'public_key.der'))).subarray(22);
    const mu = externalMu(publicKey, new TextEncoder().encode(MESSAGE));
    expect(new Uint8Array(await readFile(join(folder, 'mu.bin')))).toEqual(mu);

    await bash(`aws kms sign \\
      --key-id $KEY \\
      --message fileb://mu.bin \\
      --message-type EXTERNAL_MU \\
      --signing-algorithm ML_DSA_SHAKE_256 \\
      --output text \\
      --query Signature | base64 --decode > mu-signature.bin`);
    expect(await bytesOf('mu-signature.bin')).toBe(3309);
  });

  it.each(['raw-signature.bin', 'mu-signature.bin'])('verifies %s RAW and by EXTERNAL_MU', async (signature) => {
    await expectVerified(`aws kms verify \\
      --key-id $KEY \\
      --message fileb://message.bin \\
      --message-type RAW \\
      --signing-algorithm ML_DSA_SHAKE_256 \\
      --signature fileb://${signature}`);
    await expectVerified(`aws kms verify \\
      --key-id $KEY \\
      --message fileb://mu.bin \\
      --message-type EXTERNAL_MU \\
      --signing-algorithm ML_DSA_SHAKE_256 \\
      --signature fileb://${signature}`);
  });

  it('is told that a signature is not valid', async () => {
    const { code, stderr } =
      await bash(`printf x >> message.bin; aws kms verify --key-id $KEY --message fileb://message.bin \\
      --message-type RAW --signing-algorithm ML_DSA_SHAKE_256 --signature fileb://raw-signature.bin`);
    expect(code).not.toBe(0);
    expect(stderr).toContain('(KMSInvalidSignatureException) when calling the Verify operation');
  });

  it('is refused a message of 4097 bytes', async () => {
    const { code, stderr } = await bash(`head -c 4097 /dev/zero > large.bin; aws kms sign --key-id $KEY \\
      --message fileb://large.bin --message-type RAW --signing-algorithm ML_DSA_SHAKE_256`);
    expect(code).not.toBe(0);
    expect(stderr).toContain(
      "(ValidationException) when calling the Sign operation: 1 validation error detected: Value at 'message' failed to " +
        'satisfy constraint: Member must have length less than or equal to 4096',
    );
  });

  it('finds the key by an alias, and schedules its deletion', async () => {
    const { code, stderr, stdout } = await bash(`set -e
      aws kms create-alias --alias-name alias/release --target-key-id $KEY
      aws kms describe-key --key-id alias/release --query KeyMetadata.KeyState --output text
      aws kms schedule-key-deletion --key-id $KEY --pending-window-in-days 7 --query KeyState --output text`);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toBe('Enabled\nPendingDeletion\n');
  });

  it('is refused with a wrong secret', async () => {
    const { code, stderr } = await bash('aws kms list-keys', 'wrong');
    expect(code).not.toBe(0);
    expect(stderr).toContain('(InvalidSignatureException) when calling the ListKeys operation');
  });
});
