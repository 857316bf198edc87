/**
 * One side of kms-sign.ts in a process of its own, so that it can have cores of its own: reads how many milliseconds to
 * work, a line each, and prints how many signatures a second it made.
 *
 *   node kms-sign-child.ts bare                      crypto.sign alone
 *   node kms-sign-child.ts sdk URL RAW|EXTERNAL_MU   Sign over the AWS SDK
 */
import { CreateKeyCommand, type MessageType, SignCommand } from '@aws-sdk/client-kms';
import { generateKeyPairSync, sign } from 'node:crypto';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { createKmsClient } from '../../cloud/signing/kms-client.ts';

/** Calls under way at once. */
const IN_FLIGHT = 32;
/** As long as the Sig_structure of a SUIT manifest. */
const MESSAGE = new Uint8Array(60).fill(7);
const MU = new Uint8Array(64).fill(7);

const [role, endpoint = '', messageType = 'RAW'] = process.argv.slice(2);
const signOnce =
  role === 'bare' ? bareSigner() : await sdkSigner(endpoint, messageType === 'RAW' ? 'RAW' : 'EXTERNAL_MU');

function bareSigner(): () => Promise<unknown> {
  const { privateKey } = generateKeyPairSync('ml-dsa-65');
  const signAsync = promisify(sign);
  return () => signAsync(null, MESSAGE, privateKey);
}

async function sdkSigner(url: string, type: MessageType): Promise<() => Promise<unknown>> {
  const client = createKmsClient({ endpoint: url });
  const { KeyMetadata } = await client.send(new CreateKeyCommand({ KeySpec: 'ML_DSA_65', KeyUsage: 'SIGN_VERIFY' }));
  const input = { KeyId: KeyMetadata?.Arn, SigningAlgorithm: 'ML_DSA_SHAKE_256', MessageType: type } as const;
  const Message = type === 'RAW' ? MESSAGE : MU;
  return () => client.send(new SignCommand({ ...input, Message }));
}

async function signaturesPerSecond(durationMs: number): Promise<number> {
  const startMs = performance.now();
  let count = 0;
  const keepSigning = async (): Promise<void> => {
    while (performance.now() - startMs < durationMs) {
      await signOnce();
      count += 1;
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, keepSigning));
  return (count / (performance.now() - startMs)) * 1000;
}

console.log('ready');
for await (const line of createInterface({ input: process.stdin })) {
  console.log(await signaturesPerSecond(Number(line)));
}
