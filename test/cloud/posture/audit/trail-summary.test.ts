import { describe, expect, it } from 'vitest';
import { TrailSummary } from '../../../../cloud/posture/audit/trail-summary.ts';
import { createKeyEvent, keyArn, signEvent } from '../../../support/trail.ts';

const summaryOf = (...events: readonly unknown[]): TrailSummary => {
  const summary = new TrailSummary();
  for (const event of events) summary.add(event);
  return summary;
};

const onKey = (id: string, changes: object = {}) => signEvent({ resources: [{ ARN: keyArn(id) }], ...changes });
const ML_DSA = { requestParameters: { signingAlgorithm: 'ML_DSA_SHAKE_256', messageType: 'EXTERNAL_MU' } };
const NO_SPECS = new Map<string, string>();

describe('a summary of a trail', () => {
  it('counts uses of a key, with the first, the last and the refused', () => {
    const audit = summaryOf(
      signEvent({ eventTime: '2026-11-21T10:00:02Z' }),
      signEvent({ eventTime: '2026-11-21T10:00:01Z', errorCode: 'AccessDenied' }),
      signEvent({ eventTime: '2026-11-21T10:00:03Z' }),
    ).finish(NO_SPECS);
    expect(audit).toMatchObject({
      events: 3,
      kmsEvents: 3,
      first: '2026-11-21T10:00:01Z',
      last: '2026-11-21T10:00:03Z',
    });
    expect(audit.uses).toEqual([
      {
        principal: 'arn:aws:iam::111122223333:role/release',
        operation: 'Sign',
        algorithm: 'ECDSA_SHA_256',
        messageType: 'RAW',
        keyArn: keyArn('old'),
        spec: '',
        isPostQuantum: false,
        count: 3,
        refused: 1,
        first: '2026-11-21T10:00:01Z',
        last: '2026-11-21T10:00:03Z',
      },
    ]);
  });

  it('joins specs from CreateKey events wherever they stand, and believes an inventory more', () => {
    const summary = summaryOf(
      onKey('a', ML_DSA),
      onKey('b', ML_DSA),
      createKeyEvent('a', 'ML_DSA_65'),
      createKeyEvent('b', 'ML_DSA_44'),
    );
    const specs = (inventory: ReadonlyMap<string, string>) =>
      Object.fromEntries(summary.finish(inventory).uses.map(({ keyArn: arn, spec }) => [arn, spec]));
    expect(specs(NO_SPECS)).toEqual({ [keyArn('a')]: 'ML_DSA_65', [keyArn('b')]: 'ML_DSA_44' });
    expect(specs(new Map([[keyArn('b'), 'ML_DSA_87']]))).toMatchObject({ [keyArn('b')]: 'ML_DSA_87' });
  });

  it.each<[name: string, event: object, spec: string, isPostQuantum: boolean]>([
    ['ML-DSA by its algorithm', onKey('k', ML_DSA), '', true],
    ['ML-DSA by its key', onKey('k', ML_DSA), 'ML_DSA_65', true],
    ['ECDSA', onKey('k'), '', false],
    ['RSA by its key', onKey('k'), 'RSA_2048', false],
    [
      'symmetric encryption',
      onKey('k', { eventName: 'Encrypt', requestParameters: { encryptionAlgorithm: 'SYMMETRIC_DEFAULT' } }),
      '',
      true,
    ],
    [
      'symmetric decryption by its key',
      onKey('k', { eventName: 'Decrypt', requestParameters: null }),
      'SYMMETRIC_DEFAULT',
      true,
    ],
    [
      'RSA encryption',
      onKey('k', { eventName: 'Encrypt', requestParameters: { encryptionAlgorithm: 'RSAES_OAEP_SHA_256' } }),
      'RSA_2048',
      false,
    ],
    [
      'an agreement',
      onKey('k', { eventName: 'DeriveSharedSecret', requestParameters: { keyAgreementAlgorithm: 'ECDH' } }),
      'ECC_NIST_P256',
      false,
    ],
    [
      'a MAC',
      onKey('k', { eventName: 'GenerateMac', requestParameters: { macAlgorithm: 'HMAC_SHA_256' } }),
      'HMAC_256',
      true,
    ],
    ['a spec of tomorrow', onKey('k', ML_DSA), 'SLH_DSA_128S', false],
  ])('knows whether %s is post-quantum', (_name, event, spec, isPostQuantum) => {
    const [use] = summaryOf(event).finish(new Map(spec === '' ? [] : [[keyArn('k'), spec]])).uses;
    expect(use).toMatchObject({ spec, isPostQuantum });
  });

  it.each([
    ['X25519MLKEM768', true],
    ['SecP256r1MLKEM768', true],
    ['x25519', false],
    ['secp256r1', false],
  ])('knows whether %s is a hybrid key exchange', (keyExchange, isPostQuantum) => {
    const [connection] = summaryOf(signEvent({ tlsDetails: { keyExchange } })).finish(NO_SPECS).connections;
    expect(connection).toMatchObject({ keyExchange, isPostQuantum, count: 1 });
  });

  it('puts what is not upgraded first, then what is used most', () => {
    const audit = summaryOf(
      onKey('pq', ML_DSA),
      onKey('pq', ML_DSA),
      onKey('pq', ML_DSA),
      onKey('a'),
      onKey('b'),
      onKey('b'),
    ).finish(NO_SPECS);
    expect(audit.uses.map(({ keyArn: arn, count }) => [arn, count])).toEqual([
      [keyArn('b'), 2],
      [keyArn('a'), 1],
      [keyArn('pq'), 3],
    ]);
  });

  it('counts operations that use no key for their connection only', () => {
    const audit = summaryOf(signEvent({ eventName: 'ListKeys', resources: null })).finish(NO_SPECS);
    expect(audit.uses).toEqual([]);
    expect(audit.connections).toHaveLength(1);
  });

  it('counts other services, records that are no events, and events without TLS', () => {
    const audit = summaryOf(
      signEvent({ eventSource: 's3.amazonaws.com' }),
      null,
      {},
      signEvent({ tlsDetails: null }),
    ).finish(NO_SPECS);
    expect(audit).toMatchObject({ events: 4, kmsEvents: 1, malformedEvents: 2, eventsWithoutKeyExchange: 1 });
  });

  it('keeps a bounded number of users apart, and says how many events it did not', () => {
    const summary = new TrailSummary(3);
    for (let i = 0; i < 10; i++) summary.add(onKey(`k${i}`));
    const audit = summary.finish(NO_SPECS);
    expect(audit.uses).toHaveLength(3);
    expect(audit.uncountedEvents).toBe(7);
  });
});
