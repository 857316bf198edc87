import {
  DisableKeyCommand,
  ScheduleKeyDeletionCommand,
  SignCommand,
  type SignCommandInput,
  type SigningAlgorithmSpec,
  VerifyCommand,
} from '@aws-sdk/client-kms';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { utf8 } from '../../../../protocol/bytes.ts';
import {
  createKey,
  createKeys,
  forbidden,
  isValid,
  refusal,
  sign,
  startTestKms,
  type TestKms,
} from '../../../support/embedded-kms.ts';

const message = utf8('the manifest digest of release 7');

let kms: TestKms;
let arns: Map<string, string>;
beforeAll(async () => {
  kms = await startTestKms();
  arns = await createKeys(kms.client, ['ML_DSA_44', 'ECC_NIST_P256', 'ECC_NIST_EDWARDS25519', 'RSA_2048']);
  arns.set('disabled', await createKey(kms.client, 'ML_DSA_44'));
  await kms.client.send(new DisableKeyCommand({ KeyId: arns.get('disabled') }));
  arns.set('deleting', await createKey(kms.client, 'ML_DSA_44'));
  await kms.client.send(new ScheduleKeyDeletionCommand({ KeyId: arns.get('deleting') }));
});
afterAll(() => kms.stop());

const arnOf = (name: string): string => arns.get(name)!;

const invalid = (what: string, rule: string): string =>
  `1 validation error detected: ${what} failed to satisfy constraint: ${rule}`;
const onMlDsa = (change: Partial<SignCommandInput>) => (): SignCommandInput => ({
  KeyId: arnOf('ML_DSA_44'),
  SigningAlgorithm: 'ML_DSA_SHAKE_256',
  Message: message,
  ...change,
});
const on =
  (name: string, SigningAlgorithm: SigningAlgorithmSpec, change: Partial<SignCommandInput> = {}) =>
  () => ({
    KeyId: arnOf(name),
    SigningAlgorithm,
    Message: message,
    ...change,
  });
const mu = (bytes: number) => onMlDsa({ MessageType: 'EXTERNAL_MU', Message: new Uint8Array(bytes) });
const MU_LENGTH = 'External Mu is invalid length for algorithm ML_DSA_SHAKE_256.';

type Case = [name: string, input: () => SignCommandInput, type: string, message: string | (() => string)];

// The strings of facts captured from real KMS; those that are inferred are in the second table.
const CAPTURED: readonly Case[] = [
  [
    'DIGEST on ML-DSA',
    onMlDsa({ MessageType: 'DIGEST', Message: new Uint8Array(32) }),
    'ValidationException',
    'Message type DIGEST is incompatible with key spec ML_DSA_44.',
  ],
  ['a mu of 1 byte', mu(1), 'ValidationException', MU_LENGTH],
  ['a mu of 63 bytes', mu(63), 'ValidationException', MU_LENGTH],
  ['a mu of 65 bytes', mu(65), 'ValidationException', MU_LENGTH],
  [
    'an empty message',
    onMlDsa({ Message: new Uint8Array() }),
    'ValidationException',
    invalid("Value at 'message'", 'Member must have length greater than or equal to 1'),
  ],
  [
    'a message of 4097 bytes',
    onMlDsa({ Message: new Uint8Array(4097) }),
    'ValidationException',
    invalid("Value at 'message'", 'Member must have length less than or equal to 4096'),
  ],
  [
    'ECDSA on an ML-DSA key',
    onMlDsa({ SigningAlgorithm: 'ECDSA_SHA_256' }),
    'InvalidKeyUsageException',
    'Algorithm ECDSA_SHA_256 is incompatible with key spec ML_DSA_44.',
  ],
  [
    'a disabled key',
    on('disabled', 'ML_DSA_SHAKE_256'),
    'DisabledException',
    () => `${arnOf('disabled')} is disabled.`,
  ],
  [
    'a key pending deletion',
    on('deleting', 'ML_DSA_SHAKE_256'),
    'KMSInvalidStateException',
    () => `${arnOf('deleting')} is pending deletion.`,
  ],
  [
    'an unknown key',
    onMlDsa({ KeyId: '11111111-2222-3333-4444-555555555555' }),
    'NotFoundException',
    "Key 'arn:aws:kms:us-east-1:000000000000:key/11111111-2222-3333-4444-555555555555' does not exist",
  ],
];

const INFERRED: readonly Case[] = [
  [
    'a mu on ECDSA',
    on('ECC_NIST_P256', 'ECDSA_SHA_256', { MessageType: 'EXTERNAL_MU', Message: new Uint8Array(64) }),
    'ValidationException',
    'Message type EXTERNAL_MU is incompatible with key spec ECC_NIST_P256.',
  ],
  [
    'DIGEST on pure Ed25519',
    on('ECC_NIST_EDWARDS25519', 'ED25519_SHA_512', { MessageType: 'DIGEST', Message: new Uint8Array(64) }),
    'ValidationException',
    'Message type DIGEST is incompatible with algorithm ED25519_SHA_512.',
  ],
  [
    'a digest of the wrong length for ECDSA',
    on('ECC_NIST_P256', 'ECDSA_SHA_256', { MessageType: 'DIGEST', Message: new Uint8Array(33) }),
    'ValidationException',
    'Digest is invalid length for algorithm ECDSA_SHA_256.',
  ],
  [
    'a digest of the wrong length for RSA',
    on('RSA_2048', 'RSASSA_PKCS1_V1_5_SHA_384', { MessageType: 'DIGEST', Message: new Uint8Array(32) }),
    'ValidationException',
    'Digest is invalid length for algorithm RSASSA_PKCS1_V1_5_SHA_384.',
  ],
  [
    'RSASSA-PSS over a digest, which node:crypto cannot',
    on('RSA_2048', 'RSASSA_PSS_SHA_256', { MessageType: 'DIGEST', Message: new Uint8Array(32) }),
    'UnsupportedOperationException',
    'The embedded KMS signs RSASSA_PSS_SHA_256 with MessageType RAW only.',
  ],
  [
    'Ed25519ph, which no library takes as a digest',
    on('ECC_NIST_EDWARDS25519', 'ED25519_PH_SHA_512', { MessageType: 'DIGEST', Message: new Uint8Array(64) }),
    'UnsupportedOperationException',
    'The embedded KMS does not sign with ED25519_PH_SHA_512.',
  ],
  [
    'an algorithm of another curve',
    on('ECC_NIST_P256', 'ECDSA_SHA_384'),
    'InvalidKeyUsageException',
    'Algorithm ECDSA_SHA_384 is incompatible with key spec ECC_NIST_P256.',
  ],
  [
    'an unknown message type',
    onMlDsa({ MessageType: forbidden('HASH') }),
    'ValidationException',
    invalid("Value 'HASH' at 'messageType'", 'Member must satisfy enum value set: [RAW, DIGEST, EXTERNAL_MU]'),
  ],
  [
    'no algorithm',
    onMlDsa({ SigningAlgorithm: undefined }),
    'ValidationException',
    invalid("Value null at 'signingAlgorithm'", 'Member must not be null'),
  ],
  [
    'no key',
    onMlDsa({ KeyId: undefined }),
    'ValidationException',
    invalid("Value null at 'keyId'", 'Member must not be null'),
  ],
];

describe('refused', () => {
  it('are all the cases of the captured matrix that Sign and Verify share', () => {
    expect(CAPTURED).toHaveLength(10);
  });

  describe.each([...CAPTURED, ...INFERRED])('%s', (_name, input, name, text) => {
    const expected = () => ({ name, message: typeof text === 'string' ? text : text(), status: 400 });

    it('by Sign', async () => {
      expect(await refusal(kms.client.send(new SignCommand(input())))).toEqual(expected());
    });

    it('by Sign on a dry run', async () => {
      expect(await refusal(kms.client.send(new SignCommand({ ...input(), DryRun: true })))).toEqual(expected());
    });

    it('by Verify', async () => {
      const Signature = new Uint8Array(2420);
      expect(await refusal(kms.client.send(new VerifyCommand({ ...input(), Signature })))).toEqual(expected());
    });
  });

  const invalidSignature = { name: 'KMSInvalidSignatureException', message: 'UnknownError', status: 400 };

  it.each(['RAW', 'EXTERNAL_MU'] as const)(
    'a signature that does not verify, without a message: %s',
    async (MessageType) => {
      const input = onMlDsa({ MessageType, Message: new Uint8Array(64) })();
      const signature = await sign(kms.client, input);
      signature[100]! ^= 1;
      for (const Signature of [signature, Uint8Array.of(1), new Uint8Array(6144)]) {
        expect(await refusal(isValid(kms.client, { ...input, Signature }))).toEqual(invalidSignature);
        expect(await refusal(isValid(kms.client, { ...input, Signature, DryRun: true }))).toEqual(invalidSignature);
      }
    },
  );

  it('a signature over another message or by another key', async () => {
    const input = onMlDsa({})();
    const Signature = await sign(kms.client, input);
    expect(await refusal(isValid(kms.client, { ...input, Message: utf8('other'), Signature }))).toEqual(
      invalidSignature,
    );
    const KeyId = await createKey(kms.client, 'ML_DSA_44');
    expect(await refusal(isValid(kms.client, { ...input, KeyId, Signature }))).toEqual(invalidSignature);
  });

  it('a signature that no algorithm makes', async () => {
    for (const [bytes, rule] of [
      [0, 'greater than or equal to 1'],
      [6145, 'less than or equal to 6144'],
    ] as const) {
      const call = isValid(kms.client, { ...onMlDsa({})(), Signature: new Uint8Array(bytes) });
      expect((await refusal(call)).message).toBe(invalid("Value at 'signature'", `Member must have length ${rule}`));
    }
  });

  it('a dry run that would have succeeded, and only at the end', async () => {
    const wouldSucceed = {
      name: 'DryRunOperationException',
      message: 'The request would have succeeded, but the DryRun option is set.',
      status: 400,
    };
    const input = onMlDsa({})();
    expect(await refusal(kms.client.send(new SignCommand({ ...input, DryRun: true })))).toEqual(wouldSucceed);
    const Signature = await sign(kms.client, { ...input, DryRun: false });
    expect(await refusal(isValid(kms.client, { ...input, Signature, DryRun: true }))).toEqual(wouldSucceed);
  });

  it('in AWS’s order: members, key, state, algorithm, message type, length', async () => {
    const wrong = {
      KeyId: '11111111-2222-3333-4444-555555555555',
      SigningAlgorithm: 'ECDSA_SHA_256',
      MessageType: 'EXTERNAL_MU',
      Message: new Uint8Array(4097),
    } as const;
    const names: string[] = [];
    for (const input of [
      wrong,
      { ...wrong, Message: new Uint8Array(63) },
      { ...wrong, Message: new Uint8Array(63), KeyId: arnOf('disabled') },
      { ...wrong, Message: new Uint8Array(63), KeyId: arnOf('ML_DSA_44') },
    ]) {
      names.push((await refusal(kms.client.send(new SignCommand(input)))).name);
    }
    const last = await refusal(
      kms.client.send(new SignCommand({ ...wrong, Message: message, KeyId: arnOf('ECC_NIST_P256') })),
    );
    expect([...names, last.message]).toEqual([
      'ValidationException',
      'NotFoundException',
      'DisabledException',
      'InvalidKeyUsageException',
      'Message type EXTERNAL_MU is incompatible with key spec ECC_NIST_P256.',
    ]);
  });
});
