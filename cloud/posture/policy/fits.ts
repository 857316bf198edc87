/**
 * Whether a denial fits a request: yes, no, or it cannot be told from what is known of the request. What this does not
 * know (an operator, a condition key, a policy variable) makes the answer unknown, never no.
 *
 * Source: IAM User Guide, "Condition operators" (a missing key: a negated operator fits, another does not, IfExists fits),
 * "Multiple keys or values" (values of a negated operator are NOR), "Set operators".
 */
import type { Condition, DenyStatement } from './document.ts';

export interface PolicyRequest {
  /** `kms:Sign`. */
  readonly action: string;
  /** Condition keys, in small letters; an empty list is a key that the request lacks for certain. */
  readonly context: ReadonlyMap<string, readonly string[]>;
}

export type Fit = 'yes' | 'no' | 'unknown';

export function fits(statement: DenyStatement, request: PolicyRequest): Fit {
  const isNamed = statement.actions.some((pattern) => isLike(request.action.toLowerCase(), pattern.toLowerCase()));
  if (isNamed === statement.isNotAction) return 'no';
  const answers = statement.conditions.map((condition) => isMet(condition, request));
  if (answers.includes('no')) return 'no';
  return statement.isForAll && !answers.includes('unknown') ? 'yes' : 'unknown';
}

interface Operator {
  readonly isNegated: boolean;
  readonly compare: (given: string, wanted: string) => boolean;
}

const equal = (given: string, wanted: string): boolean => given === wanted;
const equalIgnoringCase = (given: string, wanted: string): boolean => given.toLowerCase() === wanted.toLowerCase();

// oxfmt-ignore
const OPERATORS: ReadonlyMap<string, Operator> = new Map([
  ['stringequals',              { isNegated: false, compare: equal }],
  ['stringnotequals',           { isNegated: true,  compare: equal }],
  ['stringequalsignorecase',    { isNegated: false, compare: equalIgnoringCase }],
  ['stringnotequalsignorecase', { isNegated: true,  compare: equalIgnoringCase }],
  ['stringlike',                { isNegated: false, compare: isLike }],
  ['stringnotlike',             { isNegated: true,  compare: isLike }],
  ['arnequals',                 { isNegated: false, compare: isLike }],
  ['arnlike',                   { isNegated: false, compare: isLike }],
  ['arnnotequals',              { isNegated: true,  compare: isLike }],
  ['arnnotlike',                { isNegated: true,  compare: isLike }],
  ['bool',                      { isNegated: false, compare: equalIgnoringCase }],
]);

function isMet({ operator: written, key, values }: Condition, { context }: PolicyRequest): Fit {
  const [, set = '', name = '', ifExists] =
    /^(foranyvalue:|forallvalues:)?(.+?)(ifexists)?$/.exec(written.toLowerCase()) ?? [];
  const given = context.get(key.toLowerCase());
  if (given === undefined || values.some((value) => value.includes('${'))) return 'unknown';
  if (name === 'null') return answer(values.includes('true') === (given.length === 0));
  const operator = OPERATORS.get(name);
  if (operator === undefined) return 'unknown';
  const holds = (value: string): boolean =>
    values.some((wanted) => operator.compare(value, wanted)) !== operator.isNegated;
  if (set === 'foranyvalue:') return answer(given.some(holds));
  if (set === 'forallvalues:') return answer(given.every(holds));
  if (given.length === 0) return answer(operator.isNegated || ifExists !== undefined);
  // Without a set operator AWS compares single values only.
  return given.length === 1 ? answer(given.every(holds)) : 'unknown';
}

const answer = (isTrue: boolean): Fit => (isTrue ? 'yes' : 'no');

/** `*` is any text, `?` any one character. It goes back to the last `*` only, so no pattern takes more than text times pattern. */
function isLike(text: string, pattern: string): boolean {
  let at = 0;
  let inPattern = 0;
  let star = -1;
  let starAt = 0;
  while (at < text.length) {
    if (pattern[inPattern] === '*') {
      star = inPattern++;
      starAt = at;
    } else if (pattern[inPattern] === '?' || pattern[inPattern] === text[at]) {
      at++;
      inPattern++;
    } else if (star >= 0) {
      inPattern = star + 1;
      at = ++starAt;
    } else return false;
  }
  return /^\**$/.test(pattern.slice(inPattern));
}
