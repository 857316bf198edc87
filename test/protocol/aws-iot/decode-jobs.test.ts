/** What the cloud says about jobs, as it is read; and any bytes, for every decoder of jobs. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  clientTokenOf,
  decodeExecutionAccepted,
  decodeGetPendingAccepted,
  decodeJobRejected,
  decodeJobRequest,
  decodeNotifyNext,
  decodeUpdateAccepted,
} from '../../../protocol/aws-iot/decode-jobs.ts';
import { encodeJobMessage, type JobMessage } from '../../../protocol/aws-iot/jobs.ts';
import { utf8 } from '../../../protocol/bytes.ts';
import { Rejection } from '../../../protocol/errors.ts';
import { decodedOrRefused, expectRejection } from '../../support/expect-rejection.ts';
import { json } from '../../support/json.ts';

describe('what the cloud says', () => {
  const summary = {
    jobId: 'job-1',
    queuedAt: 1_763_000_000,
    lastUpdatedAt: 1_763_000_001,
    versionNumber: 1,
    executionNumber: 1,
  };
  const execution = {
    ...summary,
    startedAt: 1_763_000_002,
    thingName: 'dev',
    status: 'IN_PROGRESS' as const,
    statusDetails: { step: '1' },
    jobDocument: { any: ['thing', { at: 'all' }] },
  };
  const executionState = { status: 'SUCCEEDED' as const, statusDetails: {}, versionNumber: 3 };

  it.each<[name: string, decode: (payload: Uint8Array) => object, message: JobMessage]>([
    [
      'the pending jobs',
      decodeGetPendingAccepted,
      { inProgressJobs: [summary], queuedJobs: [summary, summary], timestamp: 1 },
    ],
    ['a job', decodeExecutionAccepted, { execution, timestamp: 1, clientToken: 't' }],
    ['no job', decodeExecutionAccepted, { timestamp: 1 }],
    ['an update', decodeUpdateAccepted, { executionState, jobDocument: { a: 1 }, timestamp: 1, clientToken: 't' }],
    ['a bare update', decodeUpdateAccepted, { timestamp: 1 }],
    [
      'a refusal',
      decodeJobRejected,
      { code: 'VersionMismatch', message: 'no', timestamp: 1, clientToken: 't', executionState },
    ],
    ['a new next job', decodeNotifyNext, { execution, timestamp: 1 }],
    ['an empty queue', decodeNotifyNext, { timestamp: 1 }],
  ])('%s comes back as it went', (_name, decode, message) => {
    expect(decode(encodeJobMessage(message))).toEqual(message);
  });

  it('with a code that we do not know is still a refusal', () => {
    expect(decodeJobRejected(utf8('{"code":"SomethingNew"}'))).toMatchObject({ code: 'SomethingNew', message: '' });
  });

  it('never puts an undefined field on the wire', () => {
    expect(new TextDecoder().decode(encodeJobMessage({ timestamp: 1, execution: undefined }))).toBe('{"timestamp":1}');
  });

  it.each<[name: string, decode: (payload: Uint8Array) => object, payload: unknown, at: string]>([
    [
      'a list of pending jobs that is none',
      decodeGetPendingAccepted,
      { inProgressJobs: {}, timestamp: 1 },
      'get-pending.accepted.inProgressJobs',
    ],
    [
      'a pending job without an id',
      decodeGetPendingAccepted,
      { queuedJobs: [{ ...summary, jobId: undefined }], timestamp: 1 },
      'get-pending.accepted.queuedJobs[0].jobId',
    ],
    ['no timestamp', decodeExecutionAccepted, {}, 'accepted.timestamp'],
    [
      'a job of unknown status',
      decodeExecutionAccepted,
      { execution: { ...execution, status: 'LOST' }, timestamp: 1 },
      'accepted.execution.status',
    ],
    [
      'a document that is no object',
      decodeNotifyNext,
      { execution: { ...execution, jobDocument: 'x' }, timestamp: 1 },
      'notify-next.execution.jobDocument',
    ],
    [
      'a state without a version',
      decodeUpdateAccepted,
      { executionState: { status: 'FAILED' }, timestamp: 1 },
      'update.accepted.executionState.versionNumber',
    ],
    ['a refusal without a code', decodeJobRejected, { message: 'x' }, 'rejected.code'],
  ])('%s is refused', (_name, decode, payload, at) => {
    expectRejection(() => decode(json(payload)), 'wrong-shape', at);
  });
});

describe('any bytes', () => {
  const decoders = [
    ...(['get-pending', 'start-next', 'describe', 'update'] as const).map(
      (operation) => (payload: Uint8Array) => decodeJobRequest(operation, payload),
    ),
    decodeGetPendingAccepted,
    decodeExecutionAccepted,
    decodeUpdateAccepted,
    decodeJobRejected,
    decodeNotifyNext,
  ];

  it('decode or are refused, and nothing else', () => {
    expect(decoders).toHaveLength(9);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        for (const decode of decoders) decodedOrRefused(() => decode(bytes));
      }),
    );
  });

  it('and any JSON too', () => {
    const names = [
      'status',
      'statusDetails',
      'expectedVersion',
      'clientToken',
      'execution',
      'timestamp',
      'queuedJobs',
      'code',
    ];
    const message = fc.dictionary(fc.oneof(fc.constantFrom(...names), fc.string()), fc.jsonValue());
    fc.assert(
      fc.property(message, (value) => {
        for (const decode of decoders) decodedOrRefused(() => decode(json(value)));
        expect(() => clientTokenOf(json(value))).not.toThrow(Rejection);
      }),
    );
  });
});
