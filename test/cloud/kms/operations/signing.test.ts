import { CreateAliasCommand, GetPublicKeyCommand, SignCommand, VerifyCommand } from '@aws-sdk/client-kms';
import { ml_dsa44, ml_dsa65, ml_dsa87 } from '@noble/post-quantum/ml-dsa.js';
import { constants, createPublicKey, hash, type KeyObject, verify } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { keySpec, signingAlgorithmsOf } from '../../../../cloud/kms/key-specs.ts';
import { utf8 } from '../../../../protocol/bytes.ts';
import { externalMu } from '../../../../protocol/mldsa/mu.ts';
import {
  createKeys,
  idOf,
  isValid,
  refusal,
  sign,
  SIGNING_SPEC_NAMES,
  startTestKms,
  type TestKms,
} from '../../../support/embedded-kms.ts';

const message = utf8('the manifest digest of release 7');

let kms: TestKms;
let arns: ReadonlyMap<string, string>;
beforeAll(async () => {
  kms = await startTestKms();
  arns = await createKeys(kms.client, SIGNING_SPEC_NAMES);
});
afterAll(() => kms.stop());

const arnOf = (name: string): string => arns.get(name)!;

const spkiOf = async (KeyId: string): Promise<Uint8Array> =>
  new Uint8Array((await kms.client.send(new GetPublicKeyCommand({ KeyId }))).PublicKey!);

const nodeKeyOf = async (KeyId: string): Promise<KeyObject> =>
  createPublicKey({ key: Buffer.from(await spkiOf(KeyId)), format: 'der', type: 'spki' });

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
      for (const checked of [raw, external])
        expect(await isValid(kms.client, { ...checked, Signature: signature })).toBe(true);
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
      expect(await isValid(kms.client, { ...input, Signature: await sign(kms.client, input) })).toBe(true);
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
    expect(await isValid(kms.client, { ...input, Signature })).toBe(true);

    const changed = new Uint8Array(Signature!);
    changed[changed.length - 1]! ^= 1;
    for (const wrong of [changed, changed.subarray(0, 1)]) {
      expect(await refusal(isValid(kms.client, { ...input, Signature: wrong }))).toMatchObject({
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
