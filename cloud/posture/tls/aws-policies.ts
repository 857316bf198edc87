/** The settings of AWS services that turn hybrid key exchange on, with where AWS says so. Services without one are listed too. */

export interface AwsPolicy {
  readonly service: string;
  /** Of the host names that AWS gives; a service behind a name of your own is not recognised. */
  readonly hosts: RegExp;
  readonly policies: readonly string[];
  readonly note: string;
  readonly source: string;
}

// oxfmt-ignore
export const AWS_POLICIES: readonly AwsPolicy[] = [
  {
    service: 'Elastic Load Balancing',
    hosts: /\.elb\.(?:[a-z0-9-]+\.)?amazonaws\.com(?:\.cn)?$/,
    policies: ['ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09', 'ELBSecurityPolicy-TLS13-1-2-PQ-2025-09', 'ELBSecurityPolicy-TLS13-1-3-PQ-2025-09', 'ELBSecurityPolicy-TLS13-1-2-Res-FIPS-PQ-2025-09'],
    note: 'The first is what AWS recommends; listeners made by CLI, CloudFormation or CDK get ELBSecurityPolicy-2016-08 if none is named.',
    source: 'Elastic Load Balancing User Guides, "Security policies for your Application (Network) Load Balancer"',
  },
  {
    service: 'API Gateway',
    hosts: /\.execute-api\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?$/,
    policies: ['SecurityPolicy_TLS13_1_2_PQ_2025_09', 'SecurityPolicy_TLS13_1_2_PFS_PQ_2025_09', 'SecurityPolicy_TLS13_1_2_FIPS_PQ_2025_09'],
    note: 'No policy for edge-optimized endpoints (…_EDGE) has PQ in its name.',
    source: 'Amazon API Gateway REST API Reference, UpdateDomainName, securityPolicy',
  },
  {
    service: 'CloudFront',
    hosts: /\.cloudfront\.(?:net|cn)$/,
    policies: [],
    note: 'Nothing to turn on: every security policy offers X25519MLKEM768 and SecP256r1MLKEM768 to viewers with TLS 1.3.',
    source: 'Amazon CloudFront Developer Guide, "Supported protocols and ciphers between viewers and CloudFront"',
  },
  {
    service: 'IoT Core',
    hosts: /\.iot\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?$/,
    policies: [],
    note: 'No security policy of AWS IoT names a hybrid key exchange (IoTSecurityPolicy_TLS13_1_3_2022_10 is the newest).',
    source: 'AWS IoT Core Developer Guide, "Transport security in AWS IoT Core", as of October 2026',
  },
  {
    service: 'an AWS service endpoint',
    hosts: /\.amazonaws\.com(?:\.cn)?$|\.api\.aws$/,
    policies: [],
    note: 'AWS runs it, there is nothing to set: a client that offers X25519MLKEM768 gets it where the service has it.',
    source: 'AWS CloudTrail record contents, tlsDetails.keyExchange',
  },
];

/** The first that fits: the last one fits every name of AWS. */
export const awsPolicyOf = (host: string): AwsPolicy | undefined =>
  AWS_POLICIES.find(({ hosts }) => hosts.test(host.toLowerCase()));
