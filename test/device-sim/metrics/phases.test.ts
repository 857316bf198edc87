import { describe, expect, it } from 'vitest';
import { TRANSITIONS } from '../../../device-sim/agent/update-state.ts';
import {
  classifyTopic,
  describeTopicClass,
  PHASES,
  phaseOfJobTopic,
  phaseOfState,
} from '../../../device-sim/metrics/phases.ts';

describe('phaseOfState', () => {
  it('knows every state of the agent', () => {
    for (const state of Object.keys(TRANSITIONS)) expect(PHASES).toContain(phaseOfState(state));
  });

  it('knows no other', () => {
    expect(() => phaseOfState('dreaming')).toThrow(RangeError);
  });
});

describe('topics', () => {
  it.each([
    ['$aws/things/t/jobs/start-next', 'jobs/start-next', 'job'],
    ['$aws/things/t/jobs/start-next/accepted', 'jobs/start-next/accepted', 'job'],
    ['$aws/things/t/jobs/notify-next', 'jobs/notify-next', 'job'],
    ['$aws/things/t/jobs/job-1/get/rejected', 'jobs/describe/rejected', 'job'],
    ['$aws/things/t/jobs/job-1/update', 'jobs/update', 'report'],
    ['$aws/things/t/jobs/job-1/update/accepted', 'jobs/update/accepted', 'report'],
  ])('%s is %s, of phase %s', (name, kind, phase) => {
    const topic = classifyTopic(name);
    expect(describeTopicClass(topic)).toBe(kind);
    expect(topic.service === 'jobs' && phaseOfJobTopic(topic)).toBe(phase);
  });

  it.each([
    ['$aws/things/t/streams/s/get/cbor', 'streams/get'],
    ['$aws/things/t/streams/s/data/json', 'streams/data'],
    ['$aws/certificates/create-from-csr/cbor', 'provisioning/create-from-csr'],
    ['$aws/certificates/create/json/accepted', 'provisioning/create-keys/accepted'],
    ['$aws/provisioning-templates/hubs/provision/json/rejected', 'provisioning/register-thing/rejected'],
    ['$aws/provisioning-templates/hubs/other', 'other'],
    ['$aws/things/t/shadow/get', 'other'],
    ['', 'other'],
  ])('%s is %s', (name, kind) => {
    expect(describeTopicClass(classifyTopic(name))).toBe(kind);
  });
});
