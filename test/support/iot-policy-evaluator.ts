/**
 * What AWS IoT Core would say of a request under these policies, by its documentation alone: "AWS IoT Core policy
 * variables", "Use of wildcard characters in MQTT and AWS IoT Core policies for MQTT clients". Nothing of ours is in it.
 */
export type IotAction = 'iot:Connect' | 'iot:Publish' | 'iot:Receive' | 'iot:Subscribe';

export interface IotRequest {
  readonly action: IotAction;
  /** Client id, topic or topic filter. */
  readonly resource: string;
  /** What the certificate is attached to; a claim to nothing. */
  readonly thing: string | undefined;
}

const TYPES = {
  'iot:Connect': 'client',
  'iot:Publish': 'topic',
  'iot:Receive': 'topic',
  'iot:Subscribe': 'topicfilter',
};

interface Statement {
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource: string | readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** @param policies JSON, all attached to the certificate */
export function isAllowedByAws(policies: readonly string[], request: IotRequest): boolean {
  const statements = policies.flatMap((text) => (JSON.parse(text) as { Statement: readonly Statement[] }).Statement);
  return statements.some((statement) => fits(statement, request));
}

function fits(
  { Effect: effect, Action: action, Resource: resource, Condition: condition = {} }: Statement,
  request: IotRequest,
): boolean {
  if (effect !== 'Allow') throw new Error(`this knows no ${effect}`);
  if (!listOf(action).includes(request.action)) return false;
  for (const [operator, keys] of Object.entries(condition)) {
    if (operator !== 'Bool' || Object.keys(keys).join(',') !== 'iot:Connection.Thing.IsAttached')
      throw new Error('this knows no other condition than IsAttached');
    // The thing is attached, and its name is the client id: only then has the connection a thing.
    if (String(keys['iot:Connection.Thing.IsAttached']) !== String(request.thing !== undefined)) return false;
  }
  const named = `arn:aws:iot:us-east-1:111122223333:${TYPES[request.action]}/${request.resource}`;
  return listOf(resource).some((pattern) => matches(named, pattern, request.thing));
}

const listOf = (value: string | readonly string[]): readonly string[] => (typeof value === 'string' ? [value] : value);

function matches(text: string, pattern: string, thing: string | undefined): boolean {
  const variable = '${iot:Connection.Thing.ThingName}';
  // A variable without a value makes the statement fit nothing.
  if (pattern.includes(variable) && thing === undefined) return false;
  const source = pattern
    .split(variable)
    .map((part) =>
      part
        .replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
        .replaceAll('\\*', '.*')
        .replaceAll('\\?', '.'),
    )
    .join((thing ?? '').replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${source}$`, 's').test(text);
}
