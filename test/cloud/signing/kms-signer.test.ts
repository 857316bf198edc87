import {
  CreateAliasCommand,
  DisableKeyCommand,
  type KeySpec,
  type KMSClient,
  ScheduleKeyDeletionCommand,
  type SignCommandInput,
  UpdateAliasCommand,
} from '@aws-sdk/client-kms';
import { verify as nodeVerify, createPublicKey } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { OperatorError, Unavailable } from '../../../cloud/errors.ts';
import type { SigningMode } from '../../../cloud/signing/kms-requests.ts';
import { createKmsSigner } from '../../../cloud/signing/kms-signer.ts';
import type { AlgorithmName } from '../../../protocol/cose/algorithms.ts';
import { verifyWithNoble } from '../../../protocol/cose/reference-verifier.ts';
import { encodeSpki } from '../../../protocol/cose/spki.ts';
import { fromBase64, utf8 } from '../../../protocol/bytes.ts';
import { clientFor, createKey, startTestKms, type TestKms } from '../../support/embedded-kms.ts';
import { describeWithVectors, readJsonVector } from '../../support/vectors.ts';

let kms: TestKms;
beforeAll(async () => {
  kms = await startTestKms();
});
afterAll(() => kms.stop());

/** What the signer asked KMS to sign, in order; `client` is still the SDK's own. */
let asked: SignCommandInput[] = [];
let client: KMSClient;
beforeEach(() => {
  asked = [];
  client = clientFor(kms.server.url);
  client.middlewareStack.add(
    (next, { commandName }) =>
      async (args) => {
        if (commandName === 'SignCommand') asked.push(JSON.parse(JSON.stringify(args.input)));
        return next(args);
      },
    { step: 'initialize' },
  );
});

const small = utf8('a Sig_structure');
const atLimit = new Uint8Array(4096).fill(1);
const large = new Uint8Array(4097).fill(1);

const SPECS: readonly [KeySpec, AlgorithmName, hashed: string | undefined][] = [
  ['ML_DSA_44', 'ML-DSA-44', 'EXTERNAL_MU'],
  ['ML_DSA_65', 'ML-DSA-65', 'EXTERNAL_MU'],
  ['ML_DSA_87', 'ML-DSA-87', 'EXTERNAL_MU'],
  ['ECC_NIST_P256', 'ES256', 'DIGEST'],
  ['ECC_NIST_EDWARDS25519', 'Ed25519', undefined],
];

describe.each(SPECS)('with a %s key', (spec, name, hashed) => {
  const cases: [string, SigningMode, Uint8Array, messageType: string | undefined][] = [
    ['a small message', 'auto', small, 'RAW'],
    ['4096 bytes', 'auto', atLimit, 'RAW'],
    ['4097 bytes', 'auto', large, hashed],
    ['no bytes', 'auto', new Uint8Array(), hashed],
    ['a small message as it is', 'raw', small, 'RAW'],
    ['a small message by its hash', 'mu', small, hashed],
  ];

  it.each(cases.filter(([, , , messageType]) => messageType !== undefined))(
    `signs %s (%s) as ${name}, verified by both libraries`,
    async (_name, mode, message, messageType) => {
      const keyArn = await createKey(kms.client, spec);
      const signer = await createKmsSigner({ client, keyId: keyArn, mode });
      const signature = await signer.sign(message);

      expect(asked.map(({ KeyId, MessageType }) => [KeyId, MessageType])).toEqual([[keyArn, messageType]]);
      expect(signer.key).toMatchObject({ keyArn, algorithm: { name } });
      expect(signature).toHaveLength(signer.key.algorithm.signatureBytes);
      expect(verifyWithNoble(signer.key, message, signature)).toBe(true);
      const key = createPublicKey({ key: Buffer.from(encodeSpki(signer.key)), format: 'der', type: 'spki' });
      const digest = name === 'ES256' ? 'sha256' : null;
      expect(nodeVerify(digest, message, { key, dsaEncoding: 'ieee-p1363' }, signature)).toBe(true);
    },
  );

  it('refuses in raw mode what KMS does not take raw, without asking it', async () => {
    const signer = await createKmsSigner({ client, keyId: await createKey(kms.client, spec), mode: 'raw' });
    expect(await codeOf(signer.sign(large))).toBe('message-size');
    expect(asked).toEqual([]);
  });

  it('does not hand out a signature that was changed on the way', async () => {
    const signer = await createKmsSigner({ client: tampering(client), keyId: await createKey(kms.client, spec) });
    const error = await operatorError(signer.sign(small));
    expect(error.code).toBe('signature-invalid');
    expect(error.message).toContain(signer.key.keyArn);
    expect(asked).toHaveLength(1);
  });
});

/** Flips the last bit of every signature; the first of a DER signature too, so that it is no DER any more. */
function tampering(original: KMSClient): KMSClient {
  original.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      const { output } = result;
      if ('Signature' in output && output.Signature instanceof Uint8Array) {
        output.Signature[0]! ^= 1;
        output.Signature[output.Signature.length - 1]! ^= 1;
      }
      return result;
    },
    { step: 'initialize' },
  );
  return original;
}

/** The OperatorError that `call` ends with; any other end is passed on. */
async function operatorError(call: Promise<unknown>): Promise<OperatorError> {
  try {
    await call;
  } catch (error) {
    if (error instanceof OperatorError) return error;
    throw error;
  }
  throw new Error('expected an OperatorError, but the call succeeded');
}

const codeOf = async (call: Promise<unknown>): Promise<string> => (await operatorError(call)).code;

describe('createKmsSigner', () => {
  it('stays with its key where the alias moves on', async () => {
    const [first, second] = [await createKey(client, 'ML_DSA_44'), await createKey(client, 'ML_DSA_44')];
    await client.send(new CreateAliasCommand({ AliasName: 'alias/moving', TargetKeyId: first }));
    const signer = await createKmsSigner({ client, keyId: 'alias/moving' });
    await client.send(new UpdateAliasCommand({ AliasName: 'alias/moving', TargetKeyId: second }));

    expect(verifyWithNoble(signer.key, small, await signer.sign(small))).toBe(true);
    expect(signer.key.keyArn).toBe(first);
    expect((await createKmsSigner({ client, keyId: 'alias/moving' })).key.keyArn).toBe(second);
  });

  it('signs hedged: never the same signature twice', async () => {
    const signer = await createKmsSigner({ client, keyId: await createKey(client, 'ML_DSA_44') });
    expect(await signer.sign(small)).not.toEqual(await signer.sign(small));
  });

  it('trusts the verifier that it is given', async () => {
    const keyId = await createKey(client, 'ML_DSA_44');
    const seen: number[] = [];
    const verify = (_key: unknown, message: Uint8Array, signature: Uint8Array): boolean => {
      seen.push(message.length, signature.length);
      return false;
    };
    const signer = await createKmsSigner({ client, keyId, verify });
    expect(await codeOf(signer.sign(small))).toBe('signature-invalid');
    expect(seen).toEqual([small.length, 2420]);
  });

  it('has no hash to sign for Ed25519', async () => {
    const signer = await createKmsSigner({
      client,
      keyId: await createKey(client, 'ECC_NIST_EDWARDS25519'),
      mode: 'mu',
    });
    expect(await codeOf(signer.sign(small))).toBe('mode-not-possible');
  });

  it.each<KeySpec>(['RSA_2048', 'ECC_NIST_P384', 'ECC_NIST_P521'])(
    'refuses a %s key: no device checks it',
    async (spec) => {
      const error = await operatorError(createKmsSigner({ client, keyId: await createKey(client, spec) }));
      expect(error.code).toBe('key-cannot-sign');
      expect(error.message).toContain(`is a ${spec} key`);
    },
  );

  it('says which key is not there and what to do', async () => {
    const error = await operatorError(createKmsSigner({ client, keyId: 'alias/none' }));
    expect(error.code).toBe('key-not-found');
    expect(error.message).toMatch(/alias\/none is not found\..*bristlecone key list/);
  });

  it('says that the key was disabled, or is to be deleted, since', async () => {
    const keyId = await createKey(client, 'ML_DSA_44');
    const signer = await createKmsSigner({ client, keyId });
    await client.send(new DisableKeyCommand({ KeyId: keyId }));
    expect(await codeOf(signer.sign(small))).toBe('key-disabled');
    await client.send(new ScheduleKeyDeletionCommand({ KeyId: keyId }));
    expect(await codeOf(signer.sign(small))).toBe('key-unusable');
  });
});

/** A KMS that gives one answer to everything of a target. */
async function answering(
  answers: Readonly<Record<string, object>>,
  status = 200,
): Promise<{ server: Server; client: KMSClient }> {
  const server = createServer((request, response) => {
    request.resume();
    const target = String(request.headers['x-amz-target']).replace('TrentService.', '');
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' });
    response.end(JSON.stringify(answers[target] ?? answers['*'] ?? {}));
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  return { server, client: clientFor(`http://127.0.0.1:${port}`) };
}

describe('a KMS that does not sign', () => {
  it.each<[type: string, status: number, code: string]>([
    ['AccessDeniedException', 400, 'access-denied'],
    ['UnrecognizedClientException', 400, 'credentials-refused'],
    ['ExpiredTokenException', 400, 'credentials-refused'],
    ['InvalidKeyUsageException', 400, 'key-cannot-sign'],
    ['SomethingNewException', 400, 'kms-refused'],
  ])('%s is for a person: %s, %s', async (__type, status, code) => {
    const fake = await answering({ '*': { __type, message: 'the reason' } }, status);
    const error = await operatorError(createKmsSigner({ client: fake.client, keyId: 'alias/x' }));
    expect(error.code).toBe(code);
    expect(error.message).toContain(`${__type}: the reason`);
    expect(error.cause).toBeInstanceOf(Error);
    fake.server.close();
  });

  it.each<[type: string, status: number]>([
    ['ThrottlingException', 400],
    ['KMSInternalException', 500],
    ['KeyUnavailableException', 500],
    ['DependencyTimeoutException', 500],
  ])('%s (%i) is to be tried again', async (__type, status) => {
    const fake = await answering({ '*': { __type, message: 'later' } }, status);
    const call = createKmsSigner({ client: fake.client, keyId: 'alias/x' });
    await expect(call).rejects.toBeInstanceOf(Unavailable);
    await expect(call).rejects.toThrow(`KMS is not ready (${__type}: later)`);
    fake.server.close();
  });

  it('that is not there is to be tried again', async () => {
    const fake = await answering({});
    await new Promise((resolve) => void fake.server.close(resolve));
    const call = createKmsSigner({ client: fake.client, keyId: 'alias/x' });
    await expect(call).rejects.toBeInstanceOf(Unavailable);
    await expect(call).rejects.toThrow('KMS cannot be reached (connect ECONNREFUSED');
  });

  it('that answers without a key is no KMS', async () => {
    const fake = await answering({});
    await expect(createKmsSigner({ client: fake.client, keyId: 'alias/x' })).rejects.toBeInstanceOf(Unavailable);
    fake.server.close();
  });
});

describeWithVectors('real AWS KMS, replayed', () => {
  const real = readJsonVector('aws-kms/mldsa44.json');
  const KeyId = 'arn:aws:kms:us-east-1:111111111111:key/00000000-0000-4000-8000-000000000001';

  it('is understood, and its signature passes our verification', async () => {
    const fake = await answering({
      GetPublicKey: { KeyId, PublicKey: real.publicKey_spki_b64, KeySpec: real.keySpec, KeyUsage: 'SIGN_VERIFY' },
      Sign: { KeyId, Signature: real.signature_b64, SigningAlgorithm: real.signingAlgorithm },
    });
    for (const mode of ['raw', 'mu'] as const) {
      const signer = await createKmsSigner({ client: fake.client, keyId: KeyId, mode });
      expect(await signer.sign(utf8(real.message_utf8))).toEqual(fromBase64(real.signature_b64));
      expect(await codeOf(signer.sign(utf8('another message')))).toBe('signature-invalid');
    }
    fake.server.close();
  });
});
