/** What a policy would deny of all that can be done with keys of one spec. */
import { FOREIGN_KEY_SPEC, keySpec } from '../../kms/key-specs.ts';
import { OperatorError } from '../../errors.ts';
import { KNOWN_SPECS } from '../key-classes.ts';
import type { DenyStatement } from './document.ts';
import { fits, type PolicyRequest } from './fits.ts';

export interface Verdict {
  readonly verdict: 'denied' | 'not denied' | 'cannot be told';
  /** The statements that deny it, or because of which it cannot be told. */
  readonly by: readonly string[];
}

export interface CheckedRequest {
  readonly action: string;
  /** What it is for: a use of the key, or an algorithm. */
  readonly detail: string;
  readonly untagged: Verdict;
  /** With the tags that the policy's own conditions ask for: undefined where it asks for none. */
  readonly tagged: Verdict | undefined;
}

/**
 * @param principal ARN of who asks
 * @throws {OperatorError} `unknown-key-spec`
 */
export function checkPolicy(
  denials: readonly DenyStatement[],
  spec: string,
  principal: string,
): readonly CheckedRequest[] {
  const tags = exceptionTags(denials);
  return requestsOf(spec).map(({ action, detail, context }) => {
    const judgeWith = (given: ReadonlyMap<string, string>): Verdict => {
      const own: [string, readonly string[]][] = Object.entries(context).map(([key, value]) => [
        key.toLowerCase(),
        [value],
      ]);
      const request = new Map([...absentKeys(), ...tagKeys(action, given, tags), ...own]);
      return judge(denials, { action, context: request.set('aws:principalarn', [principal]) });
    };
    return {
      action,
      detail,
      untagged: judgeWith(new Map()),
      tagged: tags.size === 0 ? undefined : judgeWith(tags),
    };
  });
}

function judge(denials: readonly DenyStatement[], request: PolicyRequest): Verdict {
  const found = denials.map((statement) => ({ name: statement.name, fit: fits(statement, request) }));
  const named = (wanted: string) => found.filter(({ fit }) => fit === wanted).map(({ name }) => name);
  const [yes, unknown] = [named('yes'), named('unknown')];
  if (yes.length > 0) return { verdict: 'denied', by: yes };
  return unknown.length > 0 ? { verdict: 'cannot be told', by: unknown } : { verdict: 'not denied', by: [] };
}

const TAG_KEY = /^aws:(?:request|resource)tag\/(.+)$/i;

/** By key in small letters, as conditions compare them. */
function exceptionTags(denials: readonly DenyStatement[]): Map<string, string> {
  const conditions = denials.flatMap((statement) => statement.conditions);
  return new Map(
    conditions.flatMap(({ key, values: [value = ''] }) => {
      const name = TAG_KEY.exec(key)?.[1];
      return name === undefined ? [] : [[name.toLowerCase(), value]];
    }),
  );
}

/** The tags of the request that makes or tags a key, and of the key itself everywhere else. */
function tagKeys(
  action: string,
  given: ReadonlyMap<string, string>,
  asked: ReadonlyMap<string, string>,
): Map<string, readonly string[]> {
  const isCreation = action === 'kms:CreateKey';
  const keys = new Map<string, readonly string[]>([['aws:tagkeys', isCreation ? [...given.keys()] : []]]);
  for (const name of asked.keys()) {
    const value = given.get(name);
    const values = value === undefined ? [] : [value];
    keys.set(`aws:requesttag/${name}`, isCreation ? values : []);
    keys.set(`aws:resourcetag/${name}`, isCreation ? [] : values);
  }
  return keys;
}

/** Condition keys that a request has or has not, depending on its action: absent unless the request names them. */
const absentKeys = (): [string, readonly string[]][] =>
  ['kms:keyspec', 'kms:keyusage', 'kms:signingalgorithm', 'kms:encryptionalgorithm'].map((key) => [key, []]);

interface PossibleRequest {
  readonly action: string;
  readonly detail: string;
  readonly context: Readonly<Record<string, string>>;
}

const OPERATIONS: ReadonlyMap<string, readonly string[]> = new Map([
  ['SIGN_VERIFY', ['Sign', 'Verify']],
  ['ENCRYPT_DECRYPT', ['Encrypt', 'Decrypt']],
  ['KEY_AGREEMENT', ['DeriveSharedSecret']],
  ['GENERATE_VERIFY_MAC', ['GenerateMac', 'VerifyMac']],
  ['ENCAPSULATE_DECAPSULATE', ['Encapsulate', 'Decapsulate']],
]);

/** The condition key that holds the algorithm of an operation, where there is one. */
const ALGORITHM_KEYS: ReadonlyMap<string, string> = new Map([
  ['SIGN_VERIFY', 'kms:SigningAlgorithm'],
  ['ENCRYPT_DECRYPT', 'kms:EncryptionAlgorithm'],
]);

const SM2_USES = { SIGN_VERIFY: ['SM2DSA'], ENCRYPT_DECRYPT: ['SM2PKE'], KEY_AGREEMENT: ['ECDH'] };

function requestsOf(spec: string): PossibleRequest[] {
  const uses = spec === FOREIGN_KEY_SPEC ? SM2_USES : keySpec(spec)?.uses;
  if (uses === undefined)
    throw new OperatorError('unknown-key-spec', `expected one of ${KNOWN_SPECS.join(', ')}, got ${spec.slice(0, 40)}`);
  return Object.entries(uses).flatMap(([usage, algorithms]) => {
    const key = { 'kms:KeySpec': spec, 'kms:KeyUsage': usage };
    const algorithmKey = ALGORITHM_KEYS.get(usage);
    const operations = (OPERATIONS.get(usage) ?? []).flatMap((operation) =>
      algorithms.map((algorithm) => ({
        action: `kms:${operation}`,
        detail: algorithm,
        context: { ...key, ...(algorithmKey === undefined ? {} : { [algorithmKey]: algorithm }) },
      })),
    );
    return [{ action: 'kms:CreateKey', detail: usage, context: key }, ...operations];
  });
}
