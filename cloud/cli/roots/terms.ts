/** What every draft may be told beside its keys: until when, how many, from which sequence number on. */
import { type Command, Option } from 'commander';
import type { VerifiedRoot } from '../../../protocol/trust/advance.ts';
import type { ProfileName, TrustRoot } from '../../../protocol/trust/root.ts';
import { parseFloor, parseThreshold, parseTime, parseWindow } from '../../roots/parse-terms.ts';
import { setFloor, setPolicy, setProfile } from '../../roots/plan-root.ts';
import type { KmsOptions } from '../kms-option.ts';
import { type ByOptions, withByOption } from './options.ts';

export interface TermOptions extends ByOptions, KmsOptions {
  readonly expires?: string;
  readonly threshold?: readonly string[];
  readonly window?: readonly string[];
  readonly floor?: readonly string[];
  readonly profile?: ProfileName;
}

export const withTermOptions = (command: Command): Command =>
  withByOption(command)
    .option(
      '--expires <when>',
      'a period such as 5y, 18m, 90d, or a date (default: 5y, then as long as the root before)',
    )
    .option('--threshold <role=n...>', 'who must sign: release=2, or release=ML-DSA-87:2,ES256:1 (all of these)')
    .option(
      '--window <role=n@date...>',
      'until a date any one will do: release=ML-DSA-65:1,ES256:1@2028-01-01, or release=none (not of root)',
    )
    .option('--floor <class=n...>', 'lowest sequence number: example.com/hub=7, or with an epoch example.com/hub=1:0')
    .addOption(new Option('--profile <profile>', 'rules that the root must keep').choices(['cnsa-2.0']));

/** @throws {OperatorError} those of parse-terms.ts and plan-root.ts */
export function changeTerms(
  root: TrustRoot,
  {
    options,
    before,
    nowSeconds,
  }: { readonly options: TermOptions; readonly before: VerifiedRoot | undefined; readonly nowSeconds: number },
): TrustRoot {
  let changed = root;
  if (options.profile) changed = setProfile(changed, options.profile, before);
  if (options.expires !== undefined)
    changed = { ...changed, expiresSeconds: parseTime('--expires', options.expires, nowSeconds) };
  for (const text of options.threshold ?? []) {
    const { role, value } = parseThreshold('--threshold', text, changed);
    changed = setPolicy(changed, role, { all: value });
  }
  for (const text of options.window ?? []) {
    const { role, value } = parseWindow('--window', text, nowSeconds);
    changed = setPolicy(changed, role, { window: value });
  }
  for (const text of options.floor ?? []) changed = setFloor(changed, parseFloor('--floor', text, changed));
  return changed;
}
