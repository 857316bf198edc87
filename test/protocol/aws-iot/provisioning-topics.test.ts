import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  isTemplateName,
  parseProvisioningReplyTopic,
  parseProvisioningRequestTopic,
  PROVISIONING_REQUEST_FILTERS,
  provisioningReplyTopic,
  provisioningRequestTopic,
  type ProvisioningRequestTopic,
} from '../../../protocol/aws-iot/provisioning-topics.ts';
import { matcher } from '../../../cloud/broker/topic-filter.ts';

/** As the macros of AWS's C library spell them (fleet_provisioning.h of Fleet-Provisioning-for-AWS-IoT-embedded-sdk). */
const C_LIBRARY: readonly (readonly [topic: string, request: ProvisioningRequestTopic])[] = [
  ['$aws/certificates/create-from-csr/json', { operation: 'create-from-csr', format: 'json' }],
  ['$aws/certificates/create-from-csr/cbor', { operation: 'create-from-csr', format: 'cbor' }],
  ['$aws/certificates/create/json', { operation: 'create-keys', format: 'json' }],
  ['$aws/certificates/create/cbor', { operation: 'create-keys', format: 'cbor' }],
  [
    '$aws/provisioning-templates/template_name/provision/json',
    { operation: 'register-thing', template: 'template_name', format: 'json' },
  ],
  [
    '$aws/provisioning-templates/template_name/provision/cbor',
    { operation: 'register-thing', template: 'template_name', format: 'cbor' },
  ],
];

const heard = (topic: string) => PROVISIONING_REQUEST_FILTERS.filter((filter) => matcher(filter)(topic));

describe.each(C_LIBRARY)('%s', (topic, request) => {
  it('is written and read, and so are its replies', () => {
    expect(provisioningRequestTopic(request)).toBe(topic);
    expect(parseProvisioningRequestTopic(topic)).toEqual(request);
    for (const outcome of ['accepted', 'rejected'] as const) {
      expect(provisioningReplyTopic({ outcome, to: request })).toBe(`${topic}/${outcome}`);
      expect(parseProvisioningReplyTopic(`${topic}/${outcome}`)).toEqual({ outcome, to: request });
    }
  });

  it('is heard by the service once, and its replies are not', () => {
    expect(heard(topic)).toHaveLength(1);
    expect(heard(`${topic}/accepted`)).toEqual([]);
  });
});

describe('what is no request', () => {
  it.each([
    '',
    '$aws',
    '$aws/certificates/create',
    '$aws/certificates/create/',
    '$aws/certificates/create/xml',
    '$aws/certificates/create/json/',
    '$aws/certificates/create/json/accepted',
    '$aws/certificates/delete/json',
    'aws/certificates/create/json',
    '/$aws/certificates/create/json',
    '$aws/certificates//json',
    '$aws/provisioning-templates//provision/json',
    '$aws/provisioning-templates/+/provision/json',
    '$aws/provisioning-templates/a b/provision/json',
    `$aws/provisioning-templates/${'x'.repeat(37)}/provision/json`,
    '$aws/provisioning-templates/hubs/json',
    '$aws/provisioning-templates/hubs/provision/cbor/x',
    '$aws/provisioning-templates/hubs/a/provision/cbor',
  ])('%s', (topic) => {
    expect(parseProvisioningRequestTopic(topic)).toBeUndefined();
  });

  it.each(['$aws/certificates/create/json', '$aws/certificates/create/json/denied', 'accepted', '/accepted'])(
    'nor is %s a reply',
    (topic) => expect(parseProvisioningReplyTopic(topic)).toBeUndefined(),
  );

  it('whatever is read is written the same way', () => {
    const level = fc.constantFrom('$aws', 'certificates', 'create', 'json', 'cbor', 'provision', 'hubs', '', '+');
    fc.assert(
      fc.property(fc.array(level, { maxLength: 6 }), (levels) => {
        const topic = levels.join('/');
        const request = parseProvisioningRequestTopic(topic);
        expect(request ? provisioningRequestTopic(request) : topic).toBe(topic);
      }),
    );
  });
});

it('a template has a name of AWS IoT', () => {
  expect(['a', 'A-1_b', 'x'.repeat(36)].map(isTemplateName)).toEqual([true, true, true]);
  expect(['', 'a.b', 'é', 'x'.repeat(37), 'a/b'].map(isTemplateName)).toEqual([false, false, false, false, false]);
});
