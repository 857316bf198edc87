/**
 * `bristlecone posture policy`: policies against classical cryptography, what a policy would deny, and the AWS IoT
 * policies that hold devices to their own topics.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { type CommandResult, run, subcommand, textTable, UsageError } from '../../../command-line.ts';
import { createIotPolicy, IOT_POLICY_KINDS } from '../../broker/iot-policy.ts';
import { checkPolicy, type CheckedRequest, type Verdict } from '../../posture/policy/check-policy.ts';
import { createPolicy, POLICY_TYPES, type PolicyType } from '../../posture/policy/create-policy.ts';
import { decodeDenials, type PolicyDocument } from '../../posture/policy/document.ts';
import { isTemplateName } from '../../../protocol/aws-iot/provisioning-topics.ts';

interface PolicyOptions {
  readonly type: string;
  readonly allow: readonly string[];
  readonly exceptionTag: string;
  readonly exceptionRole: string;
  readonly account?: string;
  readonly out?: string;
  readonly check?: string;
  readonly as: string;
  readonly iot?: string | true;
  readonly template: readonly string[];
  readonly region: string;
}

export function registerPolicy(parent: Command): void {
  const command = subcommand(parent, {
    name: 'policy',
    summary: 'policies that deny classical keys and signatures, what a policy would deny, and the policies of AWS IoT',
    examples: [
      'posture policy --type scp --out no-classical.json',
      'posture policy --type iam --allow ML_DSA_87',
      'posture policy --type key --account 111122223333',
      'posture policy --iot device --account 111122223333 --region eu-central-1',
      'posture policy --iot claim --template hubs',
      'posture policy --check no-classical.json ECC_NIST_P256',
      'posture policy --check no-classical.json RSA_2048 --as arn:aws:iam::111122223333:role/pq-migration-admin',
    ],
  })
    .argument('[spec]', 'with --check: the key spec whose requests are judged')
    .option('--type <type>', `${POLICY_TYPES.join(', ')}: for an organization, an identity or one key`, 'scp')
    .option('--allow <spec...>', 'specs that may still sign', ['ML_DSA_44', 'ML_DSA_65', 'ML_DSA_87'])
    .option('--exception-tag <key=value>', 'keys with this tag are excepted', 'pq-migration-exception=approved')
    .option('--exception-role <arn>', 'who may give that tag', 'arn:aws:iam::*:role/pq-migration-admin')
    .option('--account <id>', 'with --type key and --iot: the account that the key or the broker is in')
    .option(
      '--iot [kind]',
      `${IOT_POLICY_KINDS.join(', ')}: the AWS IoT policy that says what the embedded broker enforces`,
    )
    .option('--template <name...>', 'with --iot renewal and claim: provisioning templates that may be used', [])
    .option('--region <name>', 'with --iot: region of the broker', 'us-east-1')
    .option('--out <file>', 'write it there instead of to standard output')
    .option('--check <file>', 'a policy document: say what it would deny')
    .option('--as <arn>', 'with --check: who asks', 'arn:aws:iam::111122223333:role/developer');
  run<PolicyOptions>(command, async ({ args: [spec], options }) => {
    if (options.check !== undefined) return check(options.check, spec, options.as);
    if (spec !== undefined) throw new UsageError('a key spec is for --check FILE');
    return options.iot === undefined ? make(options) : makeIot(options);
  });
}

const NOTES: Readonly<Record<PolicyType, string>> = {
  scp: 'An SCP denies; it grants nothing, and does not hold in the management account of the organization.',
  iam: 'It denies; attach it beside what grants, or as a permissions boundary with an Allow of your own.',
  key: 'Put it on one key with `aws kms put-key-policy`; creation of keys is not for a key policy to deny.',
};

function make(options: PolicyOptions): CommandResult {
  const type = POLICY_TYPES.find((it) => it === options.type);
  if (type === undefined) throw new UsageError(`--type: expected ${POLICY_TYPES.join(', ')}, got ${options.type}`);
  const [, key = '', value = ''] = /^([^=]+)=(.+)$/.exec(options.exceptionTag) ?? [];
  const policy = createPolicy({
    type,
    allow: options.allow,
    exceptionTag: { key, value },
    exceptionRole: options.exceptionRole,
    ...(options.account === undefined ? {} : { accountId: options.account }),
  });
  return give(policy, options.out, `${NOTES[type]}\nNext: bristlecone posture policy --check FILE ECC_NIST_P256`);
}

/** AWS's own example of an account. */
const EXAMPLE_ACCOUNT = '111122223333';

function makeIot({ iot, template, region, account = EXAMPLE_ACCOUNT, out }: PolicyOptions): CommandResult {
  const kind = IOT_POLICY_KINDS.find((it) => it === (iot === true ? 'device' : iot));
  if (kind === undefined)
    throw new UsageError(`--iot: expected ${IOT_POLICY_KINDS.join(', ')}, got ${String(iot).slice(0, 40)}`);
  if (!/^\d{12}$/.test(account)) throw new UsageError('--account: expected the 12 digits of an AWS account');
  if (!/^[a-z]{2}(-[a-z]+)+-\d$/.test(region)) throw new UsageError('--region: expected a region such as us-east-1');
  const wrong = template.find((name) => !isTemplateName(name));
  if (wrong !== undefined)
    throw new UsageError(`--template: expected 1 to 36 of a-z A-Z 0-9 _ -, got ${wrong.slice(0, 40)}`);
  if ((kind === 'device') !== (template.length === 0))
    throw new UsageError('--template: expected with --iot renewal and --iot claim, and only there');
  const policy = createIotPolicy({ kind, templates: template, region, accountId: account });
  return give(policy, out, 'Next: aws iot create-policy --policy-name NAME --policy-document file://FILE');
}

/** @param next what to do with FILE */
function give(policy: PolicyDocument, out: string | undefined, next: string): CommandResult {
  const text = JSON.stringify(policy, null, 2);
  if (out === undefined) return { json: policy, text };
  writeFileSync(out, `${text}\n`);
  const characters = JSON.stringify(policy).length;
  return {
    json: { file: out, policy },
    text: `Wrote ${characters} characters to ${out}. ${next.replace('FILE', out)}`,
  };
}

function check(file: string, spec: string | undefined, principal: string): CommandResult {
  if (spec === undefined) throw new UsageError('--check FILE: expected a key spec after it, such as ECC_NIST_P256');
  const checked = checkPolicy(decodeDenials(readFileSync(file, 'utf8'), file), spec, principal);
  const isUnclear = checked.some(({ untagged, tagged }) =>
    [untagged, tagged].some((it) => it?.verdict === 'cannot be told'),
  );
  const text = [
    textTable(['request', 'for', spec, 'with the exception tag'], checked.map(row)),
    '',
    `Asked by ${principal}. Only denials of this document are judged: whether anything allows the request, and what`,
    'other policies deny, is for the IAM policy simulator of AWS to say.',
    ...(isUnclear ? ['Some depends on conditions, principals or resources that are not known here.'] : []),
  ].join('\n');
  return { json: { file, spec, principal, requests: checked }, text, exit: isUnclear ? 'refused' : 'done' };
}

const row = ({ action, detail, untagged, tagged }: CheckedRequest) => [
  action,
  detail,
  say(untagged),
  tagged === undefined ? '–' : say(tagged),
];

const say = ({ verdict, by }: Verdict): string => (by.length === 0 ? verdict : `${verdict}: ${by.join(', ')}`);
