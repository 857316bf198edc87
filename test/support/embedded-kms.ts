/** An embedded KMS on a real socket in a folder of its own, the unmodified SDK client for it, and a clock to turn. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CreateKeyCommand,
  DescribeKeyCommand,
  type KeyMetadata,
  type KeySpec,
  KMSClient,
  KMSServiceException,
  ListKeysCommand,
  SignCommand,
  type SignCommandInput,
  VerifyCommand,
  type VerifyCommandInput,
} from '@aws-sdk/client-kms';
import { KEY_SPECS, type KeySpecName, signingAlgorithmsOf } from '../../cloud/kms/key-specs.ts';
import { type KmsOptions, type RunningKms, startKms } from '../../cloud/kms/server.ts';

export interface TestKms {
  readonly folder: string;
  readonly server: RunningKms;
  readonly client: KMSClient;
  readonly clock: { nowMs: number };
  /** Stops and starts the server over the same folder; gives the new harness, the old one is dead. */
  restart(): Promise<TestKms>;
  stop(): Promise<void>;
}

export const START_MS = Date.parse('2026-11-21T00:00:00.250Z');

export async function startTestKms(
  options: Partial<KmsOptions> = {},
  clock: { nowMs: number } = { nowMs: START_MS },
): Promise<TestKms> {
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'bristlecone-kms-')));
  const server = await startKms({ port: 0, nowMs: () => clock.nowMs, ...options, folder });
  const client = clientFor(server.url);
  const close = async (): Promise<void> => {
    client.destroy();
    await server.close();
  };
  return {
    folder,
    server,
    client,
    clock,
    restart: async () => {
      await close();
      return startTestKms({ ...options, folder }, clock);
    },
    stop: async () => {
      await close();
      await rm(folder, { recursive: true });
    },
  };
}

const ANYBODY = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' };

export const clientFor = (
  endpoint: string,
  credentials = ANYBODY,
  { maxAttempts = 1, maxSockets = 50 } = {},
): KMSClient =>
  new KMSClient({
    endpoint,
    region: 'us-east-1',
    credentials,
    maxAttempts,
    requestHandler: { httpAgent: { maxSockets }, socketAcquisitionWarningTimeout: 60_000 },
  });

/** Every spec that signs. */
export const SIGNING_SPEC_NAMES: readonly KeySpecName[] = KEY_SPECS.filter(
  (spec) => signingAlgorithmsOf(spec).length > 0,
).map(({ name }) => name);

/** @returns the key's ARN */
export async function createKey(client: KMSClient, spec: KeySpec): Promise<string> {
  const { KeyMetadata } = await client.send(new CreateKeyCommand({ KeySpec: spec, KeyUsage: 'SIGN_VERIFY' }));
  return KeyMetadata!.Arn!;
}

/** @returns the ARN of a new key of each spec, by the name of the spec */
export async function createKeys(client: KMSClient, specs: readonly KeySpec[]): Promise<Map<string, string>> {
  const arns = new Map<string, string>();
  for (const spec of specs) arns.set(spec, await createKey(client, spec));
  return arns;
}

export const describeKey = async (client: KMSClient, KeyId: string): Promise<KeyMetadata> =>
  (await client.send(new DescribeKeyCommand({ KeyId }))).KeyMetadata!;

export async function keyCount(client: KMSClient): Promise<number> {
  const { Keys } = await client.send(new ListKeysCommand({ Limit: 1000 }));
  return Keys!.length;
}

export async function sign(client: KMSClient, input: SignCommandInput): Promise<Uint8Array> {
  const { Signature } = await client.send(new SignCommand(input));
  return new Uint8Array(Signature!);
}

export const isValid = async (client: KMSClient, input: VerifyCommandInput): Promise<boolean | undefined> =>
  (await client.send(new VerifyCommand(input))).SignatureValid;

export const idOf = (arn: string): string => arn.split('/').at(-1)!;

/** A value that the SDK's types forbid, to see what the server says to it. */
export const forbidden = (value: unknown) => JSON.parse(JSON.stringify(value));

/** What a call answered as a refusal: name and message as the SDK shows them. */
export async function refusal(
  call: Promise<unknown>,
): Promise<{ name: string; message: string; status: number | undefined }> {
  try {
    await call;
  } catch (error) {
    if (!(error instanceof KMSServiceException)) throw error;
    return { name: error.name, message: error.message, status: error.$metadata.httpStatusCode };
  }
  throw new Error('expected a refusal, but the call succeeded');
}
