import {
  CreateGrantCommand,
  type CreateGrantCommandInput,
  CreateKeyCommand,
  ListGrantsCommand,
  ListRetirableGrantsCommand,
  paginateListGrants,
  RetireGrantCommand,
  RevokeGrantCommand,
  ScheduleKeyDeletionCommand,
} from '@aws-sdk/client-kms';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createKey, forbidden, refusal, START_MS, startTestKms, type TestKms } from '../../../support/embedded-kms.ts';

const SIGNER = 'arn:aws:iam::000000000000:role/signer';
const RETIRER = 'arn:aws:iam::000000000000:role/retirer';

let kms: TestKms;
let KeyId: string;
beforeAll(async () => {
  kms = await startTestKms();
});
beforeEach(async () => {
  KeyId = await createKey(kms.client, 'ML_DSA_65');
});
afterAll(() => kms.stop());

const grant = (input: Partial<CreateGrantCommandInput> = {}) =>
  kms.client.send(new CreateGrantCommand({ KeyId, GranteePrincipal: SIGNER, Operations: ['Sign'], ...input }));
const listed = async (rest = {}) => (await kms.client.send(new ListGrantsCommand({ KeyId, ...rest }))).Grants!;

describe('a grant', () => {
  it('is made, listed and kept over a restart', async () => {
    const { GrantId, GrantToken } = await grant({
      Name: 'releases',
      Operations: ['Sign', 'Verify', 'GetPublicKey', 'DescribeKey', 'RetireGrant'],
      RetiringPrincipal: RETIRER,
    });
    expect(GrantId).toMatch(/^[0-9a-f]{64}$/);
    expect(GrantToken).not.toBe('');
    const expected = [
      {
        KeyId,
        GrantId,
        Name: 'releases',
        CreationDate: new Date(Math.floor(START_MS / 1000) * 1000),
        GranteePrincipal: SIGNER,
        RetiringPrincipal: RETIRER,
        IssuingAccount: 'arn:aws:iam::000000000000:root',
        Operations: ['Sign', 'Verify', 'GetPublicKey', 'DescribeKey', 'RetireGrant'],
      },
    ];
    expect(await listed()).toEqual(expected);
    kms = await kms.restart();
    expect(await listed()).toEqual(expected);
    const retirable = await kms.client.send(new ListRetirableGrantsCommand({ RetiringPrincipal: RETIRER }));
    expect(retirable.Grants).toEqual(expected);
  });

  it('is found by its id and its grantee', async () => {
    const first = await grant();
    const second = await grant({ GranteePrincipal: RETIRER });
    expect((await listed({ GrantId: first.GrantId })).map((it) => it.GrantId)).toEqual([first.GrantId]);
    expect((await listed({ GranteePrincipal: RETIRER })).map((it) => it.GrantId)).toEqual([second.GrantId]);
  });

  it('is paged through', async () => {
    const made = await Promise.all(Array.from({ length: 5 }, () => grant()));
    const seen: string[] = [];
    for await (const page of paginateListGrants({ client: kms.client, pageSize: 2 }, { KeyId }))
      seen.push(...page.Grants!.map((it) => it.GrantId!));
    expect(seen.toSorted()).toEqual(made.map((it) => it.GrantId!).toSorted());
  });

  it('is revoked by id, and retired by token or by id', async () => {
    const [revoked, byToken, byId] = [await grant(), await grant(), await grant()];
    await kms.client.send(new RevokeGrantCommand({ KeyId, GrantId: revoked.GrantId }));
    await kms.client.send(new RetireGrantCommand({ GrantToken: byToken.GrantToken }));
    expect((await listed()).map((it) => it.GrantId)).toEqual([byId.GrantId]);
    await kms.client.send(new RetireGrantCommand({ KeyId, GrantId: byId.GrantId }));
    expect(await listed()).toEqual([]);
    const again = kms.client.send(new RevokeGrantCommand({ KeyId, GrantId: byId.GrantId }));
    expect(await refusal(again)).toMatchObject({ name: 'NotFoundException' });
  });

  const CONSTRAINTS = { EncryptionContextSubset: { Department: 'IT' } };

  it('of an ML-DSA key has no encryption context', async () => {
    expect(await refusal(grant({ Constraints: CONSTRAINTS }))).toEqual({
      name: 'ValidationException',
      message: 'EncryptionContext is supported only when creating a grant for a symmetric encryption KMS key.',
      status: 400,
    });
  });

  it('of a symmetric key has one', async () => {
    const { KeyMetadata } = await kms.client.send(new CreateKeyCommand({}));
    const made = await grant({ KeyId: KeyMetadata!.KeyId, Operations: ['Decrypt'], Constraints: CONSTRAINTS });
    expect(made.GrantId).toMatch(/^[0-9a-f]{64}$/);
  });

  it('allows only what its key can do', async () => {
    expect(await refusal(grant({ Operations: ['Encrypt', 'Sign', 'Decrypt'] }))).toEqual({
      name: 'ValidationException',
      message:
        'Operations [Encrypt, Decrypt] are not supported when creating a grant for an asymmetric KMS key with key usage ' +
        'SIGN_VERIFY. Valid operations are [CreateGrant, RetireGrant, DescribeKey, Sign, Verify, GetPublicKey]',
      status: 400,
    });
    const hmac = await kms.client.send(new CreateKeyCommand({ KeySpec: 'HMAC_224', KeyUsage: 'GENERATE_VERIFY_MAC' }));
    expect((await refusal(grant({ KeyId: hmac.KeyMetadata!.KeyId, Operations: ['Encrypt'] }))).message).toBe(
      'Operations [Encrypt] are not supported when creating a grant for a symmetric KMS key with key usage ' +
        'GENERATE_VERIFY_MAC. Valid operations are [CreateGrant, RetireGrant, DescribeKey, GenerateMac, VerifyMac]',
    );
  });

  it.each<[string, () => Promise<unknown>, string]>([
    ['no grantee', () => grant({ GranteePrincipal: undefined }), 'ValidationException'],
    ['no operation', () => grant({ Operations: [] }), 'ValidationException'],
    ['an operation that is no text', () => grant({ Operations: forbidden([7]) }), 'SerializationException'],
    ['an alias for the key', () => grant({ KeyId: 'alias/release' }), 'InvalidArnException'],
    [
      'a token of nothing',
      () => kms.client.send(new RetireGrantCommand({ GrantToken: '!' })),
      'InvalidGrantTokenException',
    ],
    ['a token of no key', () => kms.client.send(new RetireGrantCommand({ GrantToken: 'AAAA' })), 'ValidationException'],
  ])('is refused: %s', async (_name, act, name) => {
    expect(await refusal(act())).toMatchObject({ name, status: 400 });
  });

  it('is not made for a key pending deletion', async () => {
    await kms.client.send(new ScheduleKeyDeletionCommand({ KeyId }));
    expect(await refusal(grant())).toMatchObject({ name: 'KMSInvalidStateException' });
  });
});
