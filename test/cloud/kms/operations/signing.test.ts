import {
  CreateAliasCommand,
  DisableKeyCommand,
  GetPublicKeyCommand,
  ScheduleKeyDeletionCommand,
  SignCommand,
  type SignCommandInput,
  type SigningAlgorithmSpec,
  VerifyCommand,
  type VerifyCommandInput,
} from '@aws-sdk/client-kms';
import { ml_dsa44, ml_dsa65, ml_dsa87 } from '@noble/post-quantum/ml-dsa.js';
import { constants, createPublicKey, hash, type KeyObject, verify } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { keySpec, signingAlgorithmsOf } from '../../../../cloud/kms/key-specs.ts';
import { utf8 } from '../../../../protocol/bytes.ts';
import { externalMu } from '../../../../protocol/mldsa/mu.ts';
import {
  createKey,
  forbidden,
  idOf,
  refusal,
  sign,
  SIGNING_SPEC_NAMES,
  startTestKms,
  type TestKms,
} from '../../../support/embedded-kms.ts';

const message = utf8('the manifest digest of release 7');

let kms: TestKms;
const arns = new Map<string, string>();
beforeAll(async () => {
  kms = await startTestKms();
  for (const spec of SIGNING_SPEC_NAMES) arns.set(spec, await createKey(kms.client, spec));
  arns.set('disabled', await createKey(kms.client, 'ML_DSA_44'));
  await kms.client.send(new DisableKeyCommand({ KeyId: arns.get('disabled') }));
  arns.set('deleting', await createKey(kms.client, 'ML_DSA_44'));
  await kms.client.send(new ScheduleKeyDeletionCommand({ KeyId: arns.get('deleting') }));
});
afterAll(() => kms.stop());

const arnOf = (name: string): string => arns.get(name)!;

const spkiOf = async (KeyId: string): Promise<Uint8Array> =>
  new Uint8Array((await kms.client.send(new GetPublicKeyCommand({ KeyId }))).PublicKey!);

const nodeKeyOf = async (KeyId: string): Promise<KeyObject> =>
  createPublicKey({ key: Buffer.from(await spkiOf(KeyId)), format: 'der', type: 'spki' });

const isValid = async (input: VerifyCommandInput): Promise<boolean | undefined> =>
  (await kms.client.send(new VerifyCommand(input))).SignatureValid;

const ML_DSA = [
  ['ML_DSA_44', ml_dsa44, 2420],
  ['ML_DSA_65', ml_dsa65, 3309],
  ['ML_DSA_87', ml_dsa87, 4627],
] as const;

describe.each(ML_DSA)('%s', (spec, noble, signatureBytes) => {
  const SigningAlgorithm = 'ML_DSA_SHAKE_256';

  it('signs RAW and EXTERNAL_MU so that every path verifies either', async () => {
    const KeyId = arnOf(spec);
    const spki = await spkiOf(KeyId);
    const publicKey = spki.subarray(22);
    const mu = externalMu(publicKey, message);
    const raw = { KeyId, SigningAlgorithm, MessageType: 'RAW', Message: message } as const;
    const external = { KeyId, SigningAlgorithm, MessageType: 'EXTERNAL_MU', Message: mu } as const;

    for (const made of [raw, external]) {
      const signature = await sign(kms.client, made);
      expect(signature).toHaveLength(signatureBytes);
      for (const checked of [raw, external]) expect(await isValid({ ...checked, Signature: signature })).toBe(true);
      expect(noble.verify(signature, message, publicKey)).toBe(true);
      expect(verify(null, message, await nodeKeyOf(KeyId), signature)).toBe(true);
    }
  });

  it.each(['RAW', 'EXTERNAL_MU'] as const)('signs %s hedged: never the same signature twice', async (MessageType) => {
    const input = { KeyId: arnOf(spec), SigningAlgorithm, MessageType, Message: new Uint8Array(64).fill(7) } as const;
    const [first, second] = await Promise.all([sign(kms.client, input), sign(kms.client, input)]);
    expect(first).not.toEqual(second);
  });

  it('takes messages of 1 and of 4096 bytes', async () => {
    for (const bytes of [1, 4096]) {
      const input = { KeyId: arnOf(spec), SigningAlgorithm, Message: new Uint8Array(bytes) } as const;
      expect(await isValid({ ...input, Signature: await sign(kms.client, input) })).toBe(true);
    }
  });
});

describe('the other key specs', () => {
  const rows = SIGNING_SPEC_NAMES.flatMap((spec) =>
    signingAlgorithmsOf(keySpec(spec)!).flatMap(({ name, scheme, messageTypes }) =>
      messageTypes.map((messageType) => ({ spec, name, scheme, messageType })),
    ),
  ).filter(({ scheme }) => scheme.kind !== 'ml-dsa');

  it('are one Edwards, four ECDSA twice, and three RSA with nine combinations each', () => {
    expect(rows).toHaveLength(1 + 4 * 2 + 3 * 9);
  });

  it.each(rows)('$spec signs with $name, $messageType', async ({ spec, name, scheme, messageType }) => {
    const KeyId = arnOf(spec);
    const digestName = 'hash' in scheme ? scheme.hash : null;
    const Message = messageType === 'DIGEST' ? new Uint8Array(hash(digestName!, message, 'buffer')) : message;
    const input = { KeyId, SigningAlgorithm: name, MessageType: messageType, Message };

    const { KeyId: signedBy, Signature, SigningAlgorithm } = await kms.client.send(new SignCommand(input));
    expect([signedBy, SigningAlgorithm]).toEqual([KeyId, name]);
    const padding =
      scheme.kind === 'rsa-pss'
        ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
        : {};
    expect(verify(digestName, message, { key: await nodeKeyOf(KeyId), ...padding }, Signature!)).toBe(true);
    expect(await isValid({ ...input, Signature })).toBe(true);

    const changed = new Uint8Array(Signature!);
    changed[changed.length - 1]! ^= 1;
    for (const wrong of [changed, changed.subarray(0, 1)]) {
      expect(await refusal(isValid({ ...input, Signature: wrong }))).toMatchObject({
        name: 'KMSInvalidSignatureException',
      });
    }
  });
});

describe('answers', () => {
  it('carry the key ARN, whatever the key was named by', async () => {
    const arn = arnOf('ML_DSA_44');
    await kms.client.send(new CreateAliasCommand({ AliasName: 'alias/named', TargetKeyId: arn }));
    const aliasArn = 'arn:aws:kms:us-east-1:000000000000:alias/named';
    const GrantTokens = ['a-grant-token'];
    for (const KeyId of [idOf(arn), arn, 'alias/named', aliasArn]) {
      const input = { KeyId, SigningAlgorithm: 'ML_DSA_SHAKE_256', Message: message, GrantTokens } as const;
      const signed = await kms.client.send(new SignCommand(input));
      expect(signed.KeyId).toBe(arn);
      const { $metadata: _metadata, ...verified } = await kms.client.send(
        new VerifyCommand({ ...input, Signature: signed.Signature }),
      );
      expect(verified).toStrictEqual({ KeyId: arn, SignatureValid: true, SigningAlgorithm: 'ML_DSA_SHAKE_256' });
    }
  });
});

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
        expect(await refusal(isValid({ ...input, Signature }))).toEqual(invalidSignature);
        expect(await refusal(isValid({ ...input, Signature, DryRun: true }))).toEqual(invalidSignature);
      }
    },
  );

  it('a signature over another message or by another key', async () => {
    const input = onMlDsa({})();
    const Signature = await sign(kms.client, input);
    expect(await refusal(isValid({ ...input, Message: utf8('other'), Signature }))).toEqual(invalidSignature);
    const KeyId = await createKey(kms.client, 'ML_DSA_44');
    expect(await refusal(isValid({ ...input, KeyId, Signature }))).toEqual(invalidSignature);
  });

  it('a signature that no algorithm makes', async () => {
    for (const [bytes, rule] of [
      [0, 'greater than or equal to 1'],
      [6145, 'less than or equal to 6144'],
    ] as const) {
      const call = isValid({ ...onMlDsa({})(), Signature: new Uint8Array(bytes) });
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
    expect(await refusal(isValid({ ...input, Signature, DryRun: true }))).toEqual(wouldSucceed);
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
