/** What devices ask about jobs, as it is read: what their SDKs send, and what is refused. */
import { describe, expect, it } from 'vitest';
import { clientTokenOf, decodeJobRequest } from '../../../protocol/aws-iot/decode-jobs.ts';
import type { JobOperation } from '../../../protocol/aws-iot/topics.ts';
import { utf8 } from '../../../protocol/bytes.ts';
import type { RejectionCode } from '../../../protocol/errors.ts';
import { expectRejection } from '../../support/expect-rejection.ts';
import { json } from '../../support/json.ts';

const details = (count: number, key = 'k', value = 'v') =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`${key}${i}`, value]));

describe('requests of devices', () => {
  it('as the AWS JavaScript SDK sends them', () => {
    const request = {
      clientToken: '6f4b7a1e-26ac-4f2e-b7c4-0a8cd0b0d4b8',
      status: 'IN_PROGRESS',
      statusDetails: { step: 'download', percent: '40' },
      expectedVersion: 2,
      executionNumber: 1,
      includeJobExecutionState: true,
      includeJobDocument: false,
      stepTimeoutInMinutes: 5,
    };
    expect(decodeJobRequest('update', json(request))).toEqual({ operation: 'update', ...request });
  });

  it('as the AWS C library sends them, the version as text', () => {
    const payload = utf8('{"status":"SUCCEEDED","expectedVersion":"2","statusDetails":{"a":"b"}}');
    expect(decodeJobRequest('update', payload)).toMatchObject({ status: 'SUCCEEDED', expectedVersion: 2 });
  });

  it.each<[operation: JobOperation, payload: string, expected: object]>([
    ['get-pending', '', { operation: 'get-pending' }],
    ['get-pending', '{"clientToken":"t"}', { operation: 'get-pending', clientToken: 't' }],
    ['start-next', '{}', { operation: 'start-next' }],
    ['start-next', '{"statusDetails":{},"stepTimeoutInMinutes":-1}', { statusDetails: {}, stepTimeoutInMinutes: -1 }],
    ['describe', '{"executionNumber":3,"includeJobDocument":false}', { executionNumber: 3, includeJobDocument: false }],
    ['describe', '{"clientToken":null,"later":"field"}', { operation: 'describe', clientToken: undefined }],
    ['update', '{"status":"FAILED"}', { operation: 'update', status: 'FAILED' }],
  ])('%s %s', (operation, payload, expected) => {
    expect(decodeJobRequest(operation, utf8(payload))).toMatchObject(expected);
  });

  it.each<[name: string, operation: JobOperation, payload: Uint8Array, code: RejectionCode, at: string]>([
    ['no JSON', 'update', utf8('{"status":'), 'not-json', 'update'],
    ['no UTF-8', 'update', Uint8Array.of(0x22, 0xff, 0x22), 'not-json', 'update'],
    ['an array', 'get-pending', json([]), 'wrong-shape', 'get-pending'],
    ['a text', 'get-pending', json('get'), 'wrong-shape', 'get-pending'],
    ['null', 'get-pending', json(null), 'wrong-shape', 'get-pending'],
    ['128 KB and a byte', 'start-next', new Uint8Array(131_073).fill(0x20), 'too-large', 'start-next'],
    ['no status', 'update', json({}), 'wrong-shape', 'update.status'],
    ['a status of nobody', 'update', json({ status: 'DONE' }), 'wrong-shape', 'update.status'],
    ['a status from the prototype', 'update', json({ status: 'toString' }), 'wrong-shape', 'update.status'],
    [
      'a version below 0',
      'update',
      json({ status: 'FAILED', expectedVersion: -1 }),
      'wrong-shape',
      'update.expectedVersion',
    ],
    [
      'half a version',
      'update',
      json({ status: 'FAILED', expectedVersion: 1.5 }),
      'wrong-shape',
      'update.expectedVersion',
    ],
    [
      'a version in hex',
      'update',
      json({ status: 'FAILED', expectedVersion: '0x1' }),
      'wrong-shape',
      'update.expectedVersion',
    ],
    [
      'an empty version',
      'update',
      json({ status: 'FAILED', expectedVersion: '' }),
      'wrong-shape',
      'update.expectedVersion',
    ],
    [
      'a version beyond 2^53',
      'update',
      json({ status: 'FAILED', expectedVersion: 2 ** 53 }),
      'wrong-shape',
      'update.expectedVersion',
    ],
    [
      'a flag as text',
      'update',
      json({ status: 'FAILED', includeJobDocument: 'true' }),
      'wrong-shape',
      'update.includeJobDocument',
    ],
    ['11 details', 'start-next', json({ statusDetails: details(11) }), 'wrong-shape', 'start-next.statusDetails'],
    [
      'a detail of 1025',
      'start-next',
      json({ statusDetails: { k: 'v'.repeat(1025) } }),
      'wrong-shape',
      'start-next.statusDetails[0]',
    ],
    [
      'a key of 129',
      'start-next',
      json({ statusDetails: { ['k'.repeat(129)]: 'v' } }),
      'wrong-shape',
      'start-next.statusDetails[0] key',
    ],
    ['an empty detail', 'start-next', json({ statusDetails: { k: '' } }), 'wrong-shape', 'start-next.statusDetails[0]'],
    [
      'a detail that is a number',
      'start-next',
      json({ statusDetails: { k: 1 } }),
      'wrong-shape',
      'start-next.statusDetails[0]',
    ],
    ['details as a list', 'start-next', json({ statusDetails: ['v'] }), 'wrong-shape', 'start-next.statusDetails'],
    ['a token of 65', 'get-pending', json({ clientToken: 't'.repeat(65) }), 'wrong-shape', 'get-pending.clientToken'],
    ['an empty token', 'get-pending', json({ clientToken: '' }), 'wrong-shape', 'get-pending.clientToken'],
    ['a timer of 0', 'start-next', json({ stepTimeoutInMinutes: 0 }), 'wrong-shape', 'start-next.stepTimeoutInMinutes'],
    [
      'a timer of -2',
      'start-next',
      json({ stepTimeoutInMinutes: -2 }),
      'wrong-shape',
      'start-next.stepTimeoutInMinutes',
    ],
    [
      'a timer over a week',
      'start-next',
      json({ stepTimeoutInMinutes: 10_081 }),
      'wrong-shape',
      'start-next.stepTimeoutInMinutes',
    ],
  ])('%s is refused', (_name, operation, payload, code, at) => {
    expectRejection(() => decodeJobRequest(operation, payload), code, at);
  });

  it('at their limits are taken', () => {
    const request = {
      status: 'IN_PROGRESS',
      statusDetails: details(10, 'k'.repeat(127), 'v'.repeat(1024)),
      stepTimeoutInMinutes: 10_080,
      clientToken: 't'.repeat(64),
    };
    expect(decodeJobRequest('update', json(request))).toMatchObject(request);
  });

  it('may be nested as deep as 128 KB go', () => {
    const payload = utf8(`{"status":"FAILED","x":${'['.repeat(60_000)}${']'.repeat(60_000)}}`);
    expect(decodeJobRequest('update', payload)).toMatchObject({ status: 'FAILED' });
  });

  it('cannot reach an object they do not own', () => {
    const payload = utf8('{"__proto__":{"status":"FAILED"}}');
    expectRejection(() => decodeJobRequest('update', payload), 'wrong-shape', 'update.status');
  });
});

describe('the client token of a request that is refused', () => {
  it.each<[payload: string, token: string | undefined]>([
    ['{"clientToken":"t","status":7}', 't'],
    ['{"clientToken":7}', undefined],
    [`{"clientToken":"${'t'.repeat(65)}"}`, undefined],
    ['{', undefined],
    ['', undefined],
  ])('%s: %s', (payload, token) => {
    expect(clientTokenOf(utf8(payload))).toBe(token);
  });
});
