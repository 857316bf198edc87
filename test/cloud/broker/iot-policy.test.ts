import { describe, expect, it } from 'vitest';
import { createIotPolicy, MAX_IOT_POLICY_CHARACTERS } from '../../../cloud/broker/iot-policy.ts';
import {
  refuseConnect,
  refusePublish,
  refuseReceive,
  refuseSubscribe,
  type Rights,
} from '../../../cloud/broker/policy.ts';
import { OperatorError } from '../../../cloud/errors.ts';
import { type IotAction, isAllowedByAws } from '../../support/iot-policy-evaluator.ts';

const WHERE = { region: 'us-east-1', accountId: '111122223333' };
const policy = (kind: 'device' | 'renewal' | 'claim', ...templates: readonly string[]): string =>
  JSON.stringify(createIotPolicy({ kind, templates, ...WHERE }));

/** What may be connected to each kind of certificate, at AWS and here. */
const CERTIFICATES = {
  'a device': { policies: [policy('device')], rights: { thing: 'dev', templates: [] } },
  'a device that renews': {
    policies: [policy('device'), policy('renewal', 'fleet')],
    rights: { thing: 'dev', templates: ['fleet'] },
  },
  'a claim': { policies: [policy('claim', 'fleet')], rights: { templates: ['fleet'] } },
  'a claim with two templates': {
    policies: [policy('claim', 'fleet'), policy('renewal', 'more')],
    rights: { templates: ['fleet', 'more'] },
  },
} satisfies Record<string, { policies: readonly string[]; rights: Rights }>;

const CLIENT_IDS = ['dev', 'Dev', 'dev2', 'de', 'victim', 'd*', '*', '?ev', '${iot:Connection.Thing.ThingName}'];

const TOPICS = [
  '$aws/things/dev/jobs/get',
  '$aws/things/dev/jobs/start-next/accepted',
  '$aws/things/dev/jobs/job-1/update',
  '$aws/things/dev/jobs/notify-next',
  '$aws/things/dev/jobs/',
  '$aws/things/dev/jobs',
  '$aws/things/dev/jobs//get',
  '$aws/things/dev/streams/s/get/cbor',
  '$aws/things/dev/streams/s/data/cbor',
  '$aws/things/dev/shadow/update',
  '$aws/things/dev/jobsx/get',
  '$aws/things/dev2/jobs/get',
  '$aws/things/de/jobs/get',
  '$aws/things/DEV/jobs/get',
  '$aws/things/victim/jobs/get',
  '$aws/things/victim/streams/s/data/cbor',
  '$aws/things//jobs/get',
  '$aws/things/*/jobs/get',
  '$AWS/things/dev/jobs/get',
  '/$aws/things/dev/jobs/get',
  '$aws//things/dev/jobs/get',
  'x/$aws/things/dev/jobs/get',
  '$share/g/$aws/things/dev/jobs/get',
  '$aws/certificates/create/json',
  '$aws/certificates/create/cbor',
  '$aws/certificates/create/xml',
  '$aws/certificates/create/json/accepted',
  '$aws/certificates/create/cbor/rejected',
  '$aws/certificates/create-from-csr/json',
  '$aws/certificates/create-from-csr/json/accepted',
  '$aws/certificates/create-from-csr/cbor/rejected',
  '$aws/certificates/create-from-csr',
  '$aws/certificates/other/json',
  '$aws/provisioning-templates/fleet/provision/json',
  '$aws/provisioning-templates/fleet/provision/cbor/accepted',
  '$aws/provisioning-templates/more/provision/json',
  '$aws/provisioning-templates/more/provision/json/rejected',
  '$aws/provisioning-templates/fleet2/provision/json',
  '$aws/provisioning-templates/other/provision/json/accepted',
  '$aws/events/job/1/completed',
  '$SYS/broker',
  'telemetry',
  '',
];

const FILTERS = [
  ...TOPICS,
  '#',
  '+',
  '+/#',
  '$aws/#',
  '$aws/things/#',
  '$aws/things/+/jobs/#',
  '$aws/things/dev/#',
  '$aws/things/dev/+/get',
  '$aws/things/dev/jobs/#',
  '$aws/things/dev/jobs/+/update',
  '$aws/things/dev/jobs/start-next/+',
  '$aws/things/dev/streams/+/data/cbor',
  '$aws/things/victim/jobs/#',
  '$aws/certificates/#',
  '$aws/certificates/+/json/accepted',
  '$aws/certificates/create/#',
  '$aws/certificates/create/json/+',
  '$aws/provisioning-templates/+/provision/json/accepted',
  '$aws/provisioning-templates/fleet/provision/#',
  '$share/g/$aws/things/dev/jobs/#',
  '$SYS/#',
];

/** Ours alone, for the rights of a connection and not for the form of its messages. */
const OURS: Readonly<Record<IotAction, (rights: Rights, resource: string) => boolean>> = {
  'iot:Connect': (rights, clientId) => refuseConnect(rights, clientId) === undefined,
  'iot:Publish': (rights, topic) =>
    refusePublish(rights, { topic, qos: 1, retain: false, payloadBytes: 2 }) === undefined,
  'iot:Receive': (rights, topic) => refuseReceive(rights, topic) === undefined,
  'iot:Subscribe': (rights, filter) => refuseSubscribe(rights, { filter, qos: 1, others: 0 }) === undefined,
};

const CASES: readonly [action: IotAction, resource: string][] = [
  ...CLIENT_IDS.map((id) => ['iot:Connect', id] as const),
  ...TOPICS.flatMap((topic) => [['iot:Publish', topic] as const, ['iot:Receive', topic] as const]),
  ...FILTERS.map((filter) => ['iot:Subscribe', filter] as const),
].map(([action, resource]) => [action, resource]);

describe.each(Object.entries(CERTIFICATES))(
  'to %s',
  (_name, { policies, rights }: { policies: readonly string[]; rights: Rights }) => {
    it('AWS IoT Core and the embedded broker say the same of every request', () => {
      const answers = CASES.map(([action, resource]) => {
        const aws = isAllowedByAws(policies, { action, resource, thing: rights.thing });
        return { action, resource, aws, ours: OURS[action](rights, resource) };
      });
      expect(answers.filter(({ aws, ours }) => aws !== ours)).toEqual([]);
      expect(answers).toHaveLength(CLIENT_IDS.length + 2 * TOPICS.length + FILTERS.length);
      expect(answers.filter(({ ours }) => ours).length).toBeGreaterThan(10);
      expect(answers.filter(({ ours }) => !ours).length).toBeGreaterThan(80);
    });
  },
);

it('the broker is stricter in form: what AWS refuses by its protocol rules, no policy has to', () => {
  const { policies, rights } = CERTIFICATES['a device'];
  const forms = ['\0', '\ufeff', '\u0435', 'a'.repeat(240)].map((end) => `$aws/things/dev/jobs/${end}`);
  for (const topic of forms) {
    expect(OURS['iot:Publish'](rights, topic)).toBe(false);
    expect(isAllowedByAws(policies, { action: 'iot:Publish', resource: topic, thing: 'dev' })).toBe(true);
  }
  expect(forms).toHaveLength(4);
});

describe('the policy', () => {
  it('of each kind fits into what AWS takes', () => {
    const longest = 'T'.repeat(36);
    for (const text of [policy('device'), policy('renewal', longest), policy('claim', longest)])
      expect(text.length).toBeLessThanOrEqual(MAX_IOT_POLICY_CHARACTERS);
  });

  it('for more templates than fit is refused', () => {
    const templates = Array.from({ length: 9 }, (_, index) => `template-${index}`);
    expect(() => createIotPolicy({ kind: 'claim', templates, ...WHERE })).toThrow(OperatorError);
  });
});
