import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeKmsEvent } from '../../../../cloud/posture/audit/kms-event.ts';
import { createKeyEvent, keyArn, signEvent } from '../../../support/trail.ts';

describe('decodeKmsEvent', () => {
  it('reads a Sign event of AWS', () => {
    expect(decodeKmsEvent(signEvent())).toEqual({
      operation: 'Sign',
      at: '2026-11-21T10:00:00Z',
      principal: 'arn:aws:iam::111122223333:role/release',
      client: 'aws-sdk-js/3.1162.0',
      keyArn: keyArn('old'),
      algorithm: 'ECDSA_SHA_256',
      messageType: 'RAW',
      isRefused: false,
      keyExchange: 'X25519MLKEM768',
      created: undefined,
    });
  });

  it('reads the spec of a key that was made', () => {
    expect(decodeKmsEvent(createKeyEvent('new', 'ML_DSA_65'))).toMatchObject({
      created: { keyArn: keyArn('new'), spec: 'ML_DSA_65' },
    });
  });

  it.each<[name: string, changes: object, expected: object]>([
    [
      'a user',
      { userIdentity: { type: 'IAMUser', arn: 'arn:aws:iam::1:user/u' } },
      { principal: 'arn:aws:iam::1:user/u' },
    ],
    [
      'a service',
      { userIdentity: { type: 'AWSService', invokedBy: 'iot.amazonaws.com' } },
      { principal: 'iot.amazonaws.com' },
    ],
    ['nobody', { userIdentity: null }, { principal: 'unknown' }],
    ['a refusal', { errorCode: 'AccessDenied' }, { isRefused: true }],
    ['no TLS', { tlsDetails: undefined }, { keyExchange: undefined }],
    ['no request', { requestParameters: null }, { algorithm: '', messageType: '' }],
    [
      'an alias beside its key',
      { resources: [{ ARN: 'arn:aws:kms:us-east-1:1:alias/a' }, { ARN: keyArn('k') }] },
      { keyArn: keyArn('k') },
    ],
    [
      'an ARN in the request only',
      { resources: null, requestParameters: { keyId: keyArn('k') } },
      { keyArn: keyArn('k') },
    ],
    ['a key id in the request only', { resources: [], requestParameters: { keyId: 'k' } }, { keyArn: '' }],
    [
      'an encryption',
      { requestParameters: { encryptionAlgorithm: 'RSAES_OAEP_SHA_256' } },
      { algorithm: 'RSAES_OAEP_SHA_256' },
    ],
    [
      'members of other types',
      { userIdentity: 7, resources: 'x', requestParameters: [1], tlsDetails: 'y', userAgent: {} },
      { client: '', keyArn: '', principal: 'unknown' },
    ],
    ['a terminal escape', { userAgent: '\u001b[2Jevil\u0007\u202e x' }, { client: '?[2Jevil??' }],
    ['a text without end', { userAgent: 'a'.repeat(1e6) }, { client: 'a'.repeat(256) }],
  ])('reads %s', (_name, changes, expected) => {
    expect(decodeKmsEvent(signEvent({ ...changes }))).toMatchObject(expected);
  });

  it.each<[name: string, record: unknown, expected: string]>([
    ['another service', signEvent({ eventSource: 's3.amazonaws.com' }), 'other'],
    ['null', null, 'malformed'],
    ['a text', 'Sign', 'malformed'],
    ['an empty object', {}, 'malformed'],
    ['a list', [signEvent()], 'malformed'],
    ['no name', signEvent({ eventName: undefined }), 'malformed'],
    ['a name of another type', signEvent({ eventName: 7 }), 'malformed'],
    ['no source', signEvent({ eventSource: null }), 'malformed'],
  ])('tells %s apart', (_name, record, expected) => {
    expect(decodeKmsEvent(record)).toBe(expected);
  });

  it('reads any JSON', () => {
    const source = fc.constant('kms.amazonaws.com');
    const event = fc.record({
      eventSource: source,
      eventName: fc.string(),
      userIdentity: fc.jsonValue(),
      resources: fc.jsonValue(),
      requestParameters: fc.jsonValue(),
      responseElements: fc.jsonValue(),
      tlsDetails: fc.jsonValue(),
    });
    fc.assert(fc.property(fc.oneof(fc.jsonValue(), event), (record) => decodeKmsEvent(record) !== undefined));
  });
});
