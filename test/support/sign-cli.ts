/** `bristlecone sign` and `verify` in a folder of the test file's own, with a KMS that holds a key of each kind. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateAliasCommand, type KeySpec, SignCommand } from '@aws-sdk/client-kms';
import { afterAll, beforeAll } from 'vitest';
import { registerKeyCommands } from '../../cloud/cli/key.ts';
import { registerSignCommand } from '../../cloud/cli/sign.ts';
import { registerVerifyCommand } from '../../cloud/cli/verify.ts';
import { encodeCoseKey } from '../../protocol/cose/key.ts';
import { runCli } from './cli.ts';
import { createKey, startTestKms, type TestKms } from './embedded-kms.ts';
import { testSigner } from './signers.ts';

/** Nothing listens there: what works with it asked KMS nothing. */
export const NO_KMS = ['--kms-endpoint', 'http://127.0.0.1:1'];

export const KEYS: readonly (readonly [alias: string, spec: KeySpec])[] = [
  ['ml-dsa-44', 'ML_DSA_44'],
  ['release', 'ML_DSA_65'],
  ['ml-dsa-87', 'ML_DSA_87'],
  ['legacy', 'ECC_NIST_P256'],
  ['edwards', 'ECC_NIST_EDWARDS25519'],
];

const bristlecone = (...args: readonly string[]) =>
  runCli([registerKeyCommands, registerSignCommand, registerVerifyCommand], ...args);

export function signCli() {
  const folder = mkdtempSync(join(tmpdir(), 'bristlecone-sign-'));
  const at = (name: string): string => join(folder, name);
  const read = (name: string): Uint8Array => new Uint8Array(readFileSync(at(name)));
  /** The options that name the KMS, once it has started. */
  const withKms: string[] = [];
  let kms: TestKms;

  beforeAll(async () => {
    kms = await startTestKms();
    withKms.push('--kms-endpoint', kms.server.url);
    for (const [alias, spec] of KEYS) {
      const TargetKeyId = await createKey(kms.client, spec);
      await kms.client.send(new CreateAliasCommand({ AliasName: `alias/${alias}`, TargetKeyId }));
      await bristlecone('key', 'public', alias, '--out', at(`${alias}.pem`), ...withKms);
    }
    writeFileSync(at('fw.bin'), new Uint8Array(10_000).fill(7));
    writeFileSync(at('small.bin'), 'a firmware image');
    writeFileSync(at('claims.json'), '{"sub":"device-1"}');
    writeFileSync(at('stranger.cose'), encodeCoseKey(testSigner('ML-DSA-65').anchor));
  });
  afterAll(async () => {
    await kms.stop();
    rmSync(folder, { recursive: true });
  });

  const sign = (...args: readonly string[]) => bristlecone('sign', ...args, ...withKms);

  /** What whoever holds the key does, by the instructions: KMS signs a file of the folder. */
  const signedBy = async (alias: string, file: string, MessageType: 'RAW' | 'EXTERNAL_MU'): Promise<Uint8Array> => {
    const SigningAlgorithm = alias === 'legacy' ? 'ECDSA_SHA_256' : 'ML_DSA_SHAKE_256';
    const command = new SignCommand({ KeyId: `alias/${alias}`, Message: read(file), MessageType, SigningAlgorithm });
    return new Uint8Array((await kms.client.send(command)).Signature ?? []);
  };

  return { at, read, withKms, bristlecone, sign, signedBy };
}
