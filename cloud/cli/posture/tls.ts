/** `bristlecone posture tls`: which key exchange and certificate an endpoint uses, and what it falls back to. */
import type { Command } from 'commander';
import { type CommandResult, run, subcommand, textTable, UsageError } from '../../../command-line.ts';
import { AWS_POLICIES, type AwsPolicy, awsPolicyOf } from '../../posture/tls/aws-policies.ts';
import { endpointName, parseEndpoint, type TlsEndpoint } from '../../posture/tls/endpoint.ts';
import { type EndpointVerdict, type Handshakes, judgeEndpoint } from '../../posture/tls/judge-endpoint.ts';
import { probeEndpoint } from '../../posture/tls/probe-endpoint.ts';
import { expectTimeout } from '../timeout.ts';

interface Reached {
  readonly endpoint: string;
  readonly reached: true;
  readonly verdict: EndpointVerdict;
  readonly handshakes: Handshakes;
  readonly aws: AwsAdvice | undefined;
}

interface NotReached {
  readonly endpoint: string;
  readonly reached: false;
  readonly code: string;
  readonly message: string;
}

type AwsAdvice = Omit<AwsPolicy, 'hosts'>;

export function registerTls(parent: Command): void {
  const command = subcommand(parent, {
    name: 'tls',
    summary: 'the key exchange and certificate of TLS endpoints, and what they fall back to',
    examples: [
      'posture tls kms.us-east-1.amazonaws.com',
      'posture tls example.com:8443 abc123-ats.iot.eu-central-1.amazonaws.com:8883',
      'posture tls api.example.com --require-hybrid          # for CI: fails unless it is negotiated',
    ],
  })
    .argument('<endpoint...>', 'HOST, HOST:PORT or a URL; the port is 443 where none is given')
    .option('--timeout <ms>', 'for each handshake', '5000')
    .option('--require-hybrid', 'exit with 1 unless every endpoint negotiates a hybrid key exchange');
  run<{ timeout: string; requireHybrid?: true }>(command, async ({ args, options }) => {
    const endpoints = args.map(expectEndpoint);
    const timeoutMs = expectTimeout(options.timeout);
    const found = await Promise.all(endpoints.map((endpoint) => look(endpoint, timeoutMs)));
    return resultOf(found, options.requireHybrid === true);
  });
}

async function look(endpoint: TlsEndpoint, timeoutMs: number): Promise<Reached | NotReached> {
  const probed = await probeEndpoint(endpoint, timeoutMs);
  const name = endpointName(endpoint);
  if ('ok' in probed) return { endpoint: name, reached: false, code: probed.code, message: probed.message };
  const policy = awsPolicyOf(endpoint.host);
  return {
    endpoint: name,
    reached: true,
    verdict: judgeEndpoint(probed),
    handshakes: probed,
    aws: policy && withoutHosts(policy),
  };
}

function resultOf(found: readonly (Reached | NotReached)[], requireHybrid: boolean): CommandResult {
  const reached = found.filter((it) => it.reached);
  const missed = found.filter((it) => !it.reached);
  const isHybrid = reached.every(({ verdict }) => verdict.keyExchange === 'hybrid');
  const isRefused = missed.length > 0 || (requireHybrid && !isHybrid);
  const lines = [
    ...(reached.length === 0 ? [] : [describe(reached), '', ...reached.flatMap(adviceLines)]),
    ...missed.map(({ endpoint, code, message }) => `${endpoint}: ${message} [${code}]`),
    ...(reached.some(({ verdict, aws }) => verdict.keyExchange !== 'hybrid' && !aws) ? policyLines() : []),
  ];
  return {
    json: { partial: missed.length > 0, endpoints: found, awsPolicies: AWS_POLICIES.map(withoutHosts) },
    text: lines.join('\n'),
    exit: isRefused ? 'refused' : 'done',
  };
}

const withoutHosts = ({ service, policies, note, source }: AwsPolicy): AwsAdvice => ({
  service,
  policies,
  note,
  source,
});

function describe(reached: readonly Reached[]): string {
  const rows = reached.map(({ endpoint, verdict, handshakes: { best } }) => [
    endpoint,
    verdict.keyExchange,
    best.ok ? `${best.keyExchange}, ${best.version}` : `${best.message} [${best.code}]`,
    best.ok ? (best.chain[0]?.key ?? '–') : '–',
    verdict.fallback ?? 'nothing',
    verdict.worksWithClassicalBlocked ? 'works' : 'fails',
  ]);
  return textTable(
    ['endpoint', 'key exchange', 'negotiated', 'certificate', 'falls back to', 'classical blocked'],
    rows,
  );
}

function adviceLines({ endpoint, verdict, aws }: Reached): string[] {
  const lines = verdict.advice.map((line) => `${endpoint}: ${line}`);
  if (verdict.keyExchange === 'hybrid' || aws === undefined) return lines;
  return [...lines, `${endpoint}: ${policyLine(aws)}`];
}

const policyLine = ({ service, policies, note, source }: AwsAdvice): string =>
  `${service}: ${policies.length === 0 ? '' : `${policies.join(', ')}. `}${note} (${source})`;

const policyLines = (): string[] => [
  '',
  'Where an AWS service stands behind such a name, this turns it on:',
  ...AWS_POLICIES.slice(0, -1).map((policy) => `  ${policyLine(policy)}`),
];

function expectEndpoint(text: string): TlsEndpoint {
  const endpoint = parseEndpoint(text);
  if (endpoint) return endpoint;
  throw new UsageError(`expected HOST, HOST:PORT or a URL of TLS, got ${JSON.stringify(text.slice(0, 80))}`);
}
