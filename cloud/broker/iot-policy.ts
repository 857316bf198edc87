/**
 * The AWS IoT policies that say what policy.ts says, for devices of the real AWS IoT Core: attach them to the certificates.
 *
 *   device    connects under its thing's name only, and uses below its own jobs and streams what it likes
 *   renewal   may also ask for a new certificate with these templates
 *   claim     may do that and nothing else, under any client id
 *
 * A `*` of a policy stands for any text, slashes included; `+` and `#` in a filter are letters like others. So a policy of
 * what may be received is wider than the broker's where a name stands in the middle: of topics that nobody writes to.
 *
 * Source: AWS IoT developer guide, "AWS IoT Core policy resources", "Thing policy variables", "Provisioning by claim".
 */
import { OperatorError } from '../errors.ts';
import type { PolicyDocument, Statement } from '../posture/policy/document.ts';
import { provisioningRoots, thingRoots } from './policy.ts';

export const IOT_POLICY_KINDS = ['device', 'renewal', 'claim'] as const;

export type IotPolicyKind = (typeof IOT_POLICY_KINDS)[number];

export interface IotPolicyWishes {
  readonly kind: IotPolicyKind;
  /** Of provisioning; for a device none. */
  readonly templates: readonly string[];
  readonly region: string;
  /** 12 digits. */
  readonly accountId: string;
}

/** characters without white space. AWS IoT quota: policy document size. */
export const MAX_IOT_POLICY_CHARACTERS = 2_048;

const THING = '${iot:Connection.Thing.ThingName}';

/** @throws {OperatorError} `iot-policy`: more than fits into one policy */
export function createIotPolicy({ kind, templates, region, accountId }: IotPolicyWishes): PolicyDocument {
  const arn = (resource: string): string => `arn:aws:iot:${region}:${accountId}:${resource}`;
  const statements = kind === 'device' ? deviceStatements(arn) : provisioningStatements(kind, templates, arn);
  const policy: PolicyDocument = { Version: '2012-10-17', Statement: statements };
  const size = JSON.stringify(policy).length;
  if (size <= MAX_IOT_POLICY_CHARACTERS) return policy;
  throw new OperatorError(
    'iot-policy',
    `expected at most ${MAX_IOT_POLICY_CHARACTERS} characters in a policy, got ${size}. A certificate may have ten ` +
      'policies: make one for each --template.',
  );
}

type Arn = (resource: string) => string;

function deviceStatements(arn: Arn): readonly Statement[] {
  const below = (type: string): readonly string[] => thingRoots(THING).map((root) => arn(`${type}/${root}*`));
  return [
    {
      Effect: 'Allow',
      Action: 'iot:Connect',
      Resource: arn(`client/${THING}`),
      Condition: { Bool: { 'iot:Connection.Thing.IsAttached': 'true' } },
    },
    { Effect: 'Allow', Action: ['iot:Publish', 'iot:Receive'], Resource: below('topic') },
    { Effect: 'Allow', Action: 'iot:Subscribe', Resource: below('topicfilter') },
  ];
}

function provisioningStatements(
  kind: 'renewal' | 'claim',
  templates: readonly string[],
  arn: Arn,
): readonly Statement[] {
  const roots = provisioningRoots({ templates });
  const each = (type: string, ...ends: readonly string[]): readonly string[] =>
    roots.flatMap((root) => ends.map((end) => arn(`${type}/${root}${end}`)));
  const statements = [
    { Effect: 'Allow', Action: 'iot:Publish', Resource: each('topic', 'json', 'cbor') },
    { Effect: 'Allow', Action: 'iot:Receive', Resource: each('topic', '*/accepted', '*/rejected') },
    { Effect: 'Allow', Action: 'iot:Subscribe', Resource: each('topicfilter', '*') },
  ];
  const connect = { Effect: 'Allow', Action: 'iot:Connect', Resource: arn('client/*') };
  return kind === 'claim' ? [connect, ...statements] : statements;
}
