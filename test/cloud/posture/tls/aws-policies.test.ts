import { describe, expect, it } from 'vitest';
import { AWS_POLICIES, awsPolicyOf } from '../../../../cloud/posture/tls/aws-policies.ts';

describe('awsPolicyOf', () => {
  it.each([
    ['my-alb-1234567890.us-east-1.elb.amazonaws.com', 'Elastic Load Balancing'],
    ['my-nlb-0123456789abcdef.elb.eu-central-1.amazonaws.com', 'Elastic Load Balancing'],
    ['a1b2c3d4e5.execute-api.us-west-2.amazonaws.com', 'API Gateway'],
    ['D111111ABCDEF8.cloudfront.net', 'CloudFront'],
    ['abc123-ats.iot.eu-west-1.amazonaws.com', 'IoT Core'],
    ['kms.us-east-1.amazonaws.com', 'an AWS service endpoint'],
    ['kms.cn-north-1.amazonaws.com.cn', 'an AWS service endpoint'],
    ['kms.us-east-1.api.aws', 'an AWS service endpoint'],
  ])('knows %s', (host, service) => {
    expect(awsPolicyOf(host)?.service).toBe(service);
  });

  it.each(['example.com', 'amazonaws.com.example.com', 'elb.amazonaws.com.evil.org', 'xamazonaws.com'])(
    'knows nothing of %s',
    (host) => {
      expect(awsPolicyOf(host)).toBeUndefined();
    },
  );

  it('cites where each stands, and names hybrid policies only', () => {
    expect(AWS_POLICIES).toHaveLength(5);
    for (const { policies, source } of AWS_POLICIES) {
      expect(source).not.toBe('');
      expect(policies.filter((name) => !name.includes('PQ'))).toEqual([]);
    }
  });
});
