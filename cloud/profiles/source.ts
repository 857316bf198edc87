/** Where a profile is looked up: `FILE`, `ssm:/path` (AWS Systems Manager Parameter Store) or `secretsmanager:NAME`. */
import { OperatorError } from '../errors.ts';

export type ProfileSource =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'ssm'; readonly name: string }
  | { readonly kind: 'secretsmanager'; readonly name: string };

/**
 * Names and ARNs pass as they are: the service says what is wrong with them.
 * @throws {OperatorError} `profile-source`
 */
export function parseSource(text: string): ProfileSource {
  const [, kind, name = ''] = /^(ssm|secretsmanager):(.*)$/s.exec(text) ?? [];
  if (text === '' || (kind !== undefined && name === '')) {
    const got = JSON.stringify(text.slice(0, 100));
    throw new OperatorError('profile-source', `expected FILE, ssm:/path or secretsmanager:NAME, got ${got}`);
  }
  if (kind === 'ssm' || kind === 'secretsmanager') return { kind, name };
  return { kind: 'file', path: text };
}

export const describeSource = (source: ProfileSource): string =>
  source.kind === 'file' ? source.path : `${source.kind}:${source.name}`;
