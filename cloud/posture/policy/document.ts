/** IAM policy documents as JSON, and the reader for those of other people. Source: IAM User Guide, "Grammar of the IAM JSON policy language". */
import { OperatorError } from '../../errors.ts';

type OneOrMore = string | readonly string[];

export interface Statement {
  readonly Sid?: string;
  readonly Effect: string;
  readonly Principal?: OneOrMore | Readonly<Record<string, OneOrMore>>;
  readonly Action: OneOrMore;
  readonly Resource: OneOrMore;
  readonly Condition?: Conditions;
}

export type Conditions = Readonly<Record<string, Readonly<Record<string, OneOrMore>>>>;

export interface PolicyDocument {
  readonly Version: '2012-10-17';
  readonly Statement: readonly Statement[];
}

/** A Deny of somebody's policy: every list is a list. */
export interface DenyStatement {
  /** Its Sid, or its place. */
  readonly name: string;
  readonly actions: readonly string[];
  readonly isNotAction: boolean;
  /** False where it is about some principals or resources only: whether it fits cannot be told. */
  readonly isForAll: boolean;
  readonly conditions: readonly Condition[];
}

export interface Condition {
  readonly operator: string;
  readonly key: string;
  readonly values: readonly string[];
}

/** bytes. AWS: 32,768 for a key policy, the largest kind. */
export const MAX_POLICY_BYTES = 32_768;

type Json = Readonly<Record<string, unknown>>;

/**
 * The denials of a policy. Its allowances are left out: whether something is denied for want of one depends on every other
 * policy there is.
 *
 * @throws {OperatorError} `policy-invalid`, with the place
 */
export function decodeDenials(text: string, at: string): readonly DenyStatement[] {
  if (text.length > MAX_POLICY_BYTES) throw invalid(at, `expected at most ${MAX_POLICY_BYTES} characters`);
  const document = expectObject(parse(text, at), at);
  if (document['Version'] !== '2012-10-17' && document['Version'] !== '2008-10-17')
    throw invalid(`${at}: Version`, 'expected "2012-10-17"');
  const statements = Array.isArray(document['Statement']) ? document['Statement'] : [document['Statement']];
  return statements.flatMap((value: unknown, index) => {
    const place = `${at}: Statement[${index}]`;
    const statement = expectObject(value, place);
    for (const name of Object.keys(statement)) {
      if (!ELEMENTS.includes(name))
        throw invalid(place, `${JSON.stringify(name.slice(0, 40))} is no element of a statement`);
    }
    if (statement['Effect'] === 'Allow') return [];
    if (statement['Effect'] !== 'Deny') throw invalid(`${place}.Effect`, 'expected "Allow" or "Deny"');
    return [decodeDenial(statement, index, place)];
  });
}

// oxfmt-ignore
const ELEMENTS = ['Sid', 'Effect', 'Principal', 'NotPrincipal', 'Action', 'NotAction', 'Resource', 'NotResource', 'Condition'];

function decodeDenial(statement: Json, index: number, place: string): DenyStatement {
  const { Sid: sid, Action: action, NotAction: notAction } = statement;
  if (sid !== undefined && typeof sid !== 'string') throw invalid(`${place}.Sid`, 'expected a text');
  if ((action === undefined) === (notAction === undefined)) throw invalid(place, 'expected either Action or NotAction');
  return {
    name: sid ?? `Statement[${index}]`,
    actions: expectTexts(action ?? notAction, `${place}.Action`),
    isNotAction: action === undefined,
    isForAll: isForAllPrincipals(statement, place) && isForAllResources(statement, place),
    conditions: decodeConditions(statement['Condition'], `${place}.Condition`),
  };
}

function isForAllPrincipals({ Principal: principal, NotPrincipal: notPrincipal }: Json, place: string): boolean {
  if (notPrincipal !== undefined) return false;
  if (principal === undefined || principal === '*') return true;
  const { AWS: accounts } = expectObject(principal, `${place}.Principal`);
  return accounts !== undefined && expectTexts(accounts, `${place}.Principal`).includes('*');
}

function isForAllResources({ Resource: resource, NotResource: notResource }: Json, place: string): boolean {
  if (notResource !== undefined) return false;
  return resource === undefined || expectTexts(resource, `${place}.Resource`).includes('*');
}

function decodeConditions(value: unknown, place: string): Condition[] {
  if (value === undefined) return [];
  return Object.entries(expectObject(value, place)).flatMap(([operator, keys]) =>
    Object.entries(expectObject(keys, `${place}.${operator}`)).map(([key, values]) => ({
      operator,
      key,
      values: expectTexts(values, `${place}.${operator}.${key}`),
    })),
  );
}

/** AWS takes a number or a boolean for the text of it. */
function expectTexts(value: unknown, place: string): string[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  return list.map((item) => {
    if (typeof item === 'string' || typeof item === 'boolean' || typeof item === 'number') return String(item);
    throw invalid(place, 'expected a text or a list of texts');
  });
}

function expectObject(value: unknown, place: string): Json {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  throw invalid(place, 'expected an object');
}

function parse(text: string, at: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message.slice(0, 120) : '';
    throw invalid(at, `it is not JSON (${why})`, cause);
  }
}

const invalid = (place: string, what: string, cause?: unknown): OperatorError =>
  new OperatorError('policy-invalid', `${place.slice(0, 300)}: ${what}.`, { cause });
