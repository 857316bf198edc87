import { describe, expect, it } from 'vitest';
import {
  isJobId,
  isStreamId,
  isThingName,
  JOB_REQUEST_FILTERS,
  jobReplyTopic,
  type JobReplyTopic,
  jobRequestTopic,
  type JobRequestTopic,
  parseJobReplyTopic,
  parseJobRequestTopic,
  parseStreamTopic,
  STREAM_REQUEST_FILTERS,
  streamTopic,
  type StreamTopic,
} from '../../../protocol/aws-iot/topics.ts';
import { matcher } from '../../../cloud/broker/topic-filter.ts';

const thing = 'dev-0001:a_B';

// As the AWS IoT developer guide writes them.
const REQUESTS: readonly [topic: string, request: JobRequestTopic][] = [
  [`$aws/things/${thing}/jobs/get`, { operation: 'get-pending', thing }],
  [`$aws/things/${thing}/jobs/start-next`, { operation: 'start-next', thing }],
  [`$aws/things/${thing}/jobs/job-1/get`, { operation: 'describe', thing, jobId: 'job-1' }],
  [`$aws/things/${thing}/jobs/$next/get`, { operation: 'describe', thing, jobId: '$next' }],
  [`$aws/things/${thing}/jobs/job-1/update`, { operation: 'update', thing, jobId: 'job-1' }],
  // A job may be called what a topic is called.
  [`$aws/things/${thing}/jobs/get/get`, { operation: 'describe', thing, jobId: 'get' }],
  [`$aws/things/${thing}/jobs/start-next/update`, { operation: 'update', thing, jobId: 'start-next' }],
];

const STREAMS: readonly [topic: string, parsed: StreamTopic][] = [
  [`$aws/things/${thing}/streams/s-1/get/cbor`, { thing, streamId: 's-1', message: 'get', format: 'cbor' }],
  [`$aws/things/${thing}/streams/s-1/data/json`, { thing, streamId: 's-1', message: 'data', format: 'json' }],
  [`$aws/things/${thing}/streams/s-1/describe/cbor`, { thing, streamId: 's-1', message: 'describe', format: 'cbor' }],
  [
    `$aws/things/${thing}/streams/s-1/description/cbor`,
    { thing, streamId: 's-1', message: 'description', format: 'cbor' },
  ],
  [`$aws/things/${thing}/streams/s-1/rejected/json`, { thing, streamId: 's-1', message: 'rejected', format: 'json' }],
];

const others = STREAMS.map(([topic]) => topic);

describe('topics of requests to the Jobs service', () => {
  it.each(REQUESTS)('%s', (topic, request) => {
    expect(jobRequestTopic(request)).toBe(topic);
    expect(parseJobRequestTopic(topic)).toEqual(request);
    expect(JOB_REQUEST_FILTERS.filter((filter) => matcher(filter)(topic))).toHaveLength(1);
  });

  it.each([
    ...others,
    '',
    '$aws/things//jobs/get',
    '$aws/things/a b/jobs/get',
    `$aws/things/${'a'.repeat(129)}/jobs/get`,
    '$aws/things/t/jobs',
    '$aws/things/t/jobs/',
    '$aws/things/t/jobs/notify',
    '$aws/things/t/jobs/notify-next',
    '$aws/things/t/jobs/start-next/accepted',
    '$aws/things/t/jobs//get',
    '$aws/things/t/jobs/a.b/update',
    `$aws/things/t/jobs/${'a'.repeat(65)}/update`,
    '$aws/things/t/jobs/$next/update',
    '$aws/things/t/jobs/j/delete',
    '$aws/things/t/jobs/j/update/accepted',
    '/$aws/things/t/jobs/get',
    'aws/things/t/jobs/get',
    '$aws/thing/t/jobs/get',
  ])('knows %s for no such topic', (topic) => {
    expect(parseJobRequestTopic(topic)).toBeUndefined();
  });
});

describe('topics of what the Jobs service says', () => {
  const replies: readonly [topic: string, reply: JobReplyTopic][] = [
    ...REQUESTS.flatMap(([topic, to]) =>
      (['accepted', 'rejected'] as const).map((kind): [string, JobReplyTopic] => [`${topic}/${kind}`, { kind, to }]),
    ),
    [`$aws/things/${thing}/jobs/notify`, { kind: 'notify', thing }],
    [`$aws/things/${thing}/jobs/notify-next`, { kind: 'notify-next', thing }],
  ];

  it.each(replies)('%s', (topic, reply) => {
    expect(jobReplyTopic(reply)).toBe(topic);
    expect(parseJobReplyTopic(topic)).toEqual(reply);
  });

  it('are not heard by the service itself', () => {
    const heard = replies.filter(([topic]) => JOB_REQUEST_FILTERS.some((filter) => matcher(filter)(topic)));
    expect(replies).toHaveLength(2 * REQUESTS.length + 2);
    expect(heard).toEqual([]);
  });

  it.each([
    ...others,
    ...REQUESTS.map(([topic]) => topic),
    '$aws/things/t/jobs/x/notify',
    '$aws/things/t/jobs/accepted',
  ])('knows %s for no such topic', (topic) => {
    expect(parseJobReplyTopic(topic)).toBeUndefined();
  });
});

describe('topics of streams', () => {
  it.each(STREAMS)('%s', (topic, parsed) => {
    expect(streamTopic(parsed)).toBe(topic);
    expect(parseStreamTopic(topic)).toEqual(parsed);
  });

  it('are heard by the service where they are requests, and only then', () => {
    const heard = STREAMS.filter(([topic]) => STREAM_REQUEST_FILTERS.some((filter) => matcher(filter)(topic)));
    expect(heard.map(([, { message }]) => message)).toEqual(['get', 'describe']);
  });

  it.each([
    '$aws/things/t/streams/s/get',
    '$aws/things/t/streams/s/get/cbor/x',
    '$aws/things/t/streams/s/get/xml',
    '$aws/things/t/streams/s/put/cbor',
    '$aws/things/t/streams//get/cbor',
    '$aws/things/t/streams/s.t/get/cbor',
    `$aws/things/t/streams/${'s'.repeat(129)}/get/cbor`,
    '$aws/things/t/jobs/s/get/cbor',
  ])('knows %s for no such topic', (topic) => {
    expect(parseStreamTopic(topic)).toBeUndefined();
  });

  it('fit into the seven slashes of AWS IoT Core', () => {
    for (const [topic] of [...STREAMS, ...REQUESTS])
      expect(`${topic}/accepted`.split('/').length).toBeLessThanOrEqual(8);
  });
});

describe('names', () => {
  it.each<[name: string, thingName: boolean, job: boolean, stream: boolean]>([
    ['a', true, true, true],
    ['a-Z_0', true, true, true],
    ['a:b', true, false, false],
    ['', false, false, false],
    ['a/b', false, false, false],
    ['a+b', false, false, false],
    ['#', false, false, false],
    ['$next', false, false, false],
    ['ä', false, false, false],
    ['a\n', false, false, false],
    ['a'.repeat(64), true, true, true],
    ['a'.repeat(65), true, false, true],
    ['a'.repeat(129), false, false, false],
  ])('%j: thing %s, job %s, stream %s', (name, ...expected) => {
    expect([isThingName(name), isJobId(name), isStreamId(name)]).toEqual(expected);
  });
});
