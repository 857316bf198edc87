/**
 * Which key to replace first, and why. Two clocks run: what is encrypted or agreed on today can be kept and read by a
 * later quantum computer, and what devices have built in as a signer is trusted until the device is thrown away.
 *
 * The table is read from the top; the first row that fits decides. A purpose is read from alias, description and tags, so
 * a key called `x` is ranked as nobody's in particular.
 */
import type { KeyClass } from '../key-classes.ts';
import { classifyKey, isClassical } from '../key-classes.ts';
import type { DescribedKey } from './described-key.ts';

export const RISKS = ['critical', 'high', 'medium', 'low', 'none'] as const;

export type Risk = (typeof RISKS)[number];

export interface RankedKey extends DescribedKey {
  readonly class: KeyClass;
  readonly risk: Risk;
  readonly purposes: readonly Purpose[];
  /** Sentences, the deciding one first. */
  readonly reasons: readonly string[];
  readonly nextStep: string;
}

export type Purpose = 'firmware' | 'identity' | 'long-lived data';

// oxfmt-ignore
const WORDS: Readonly<Record<Purpose, readonly string[]>> = {
  'firmware':        ['firmware', 'fw', 'boot', 'bootloader', 'secureboot', 'ota', 'release', 'releases', 'codesign', 'codesigning', 'image', 'images'],
  'identity':        ['identity', 'ca', 'root', 'pki', 'cert', 'certs', 'certificate', 'certificates', 'provisioning', 'attestation', 'device', 'devices'],
  'long-lived data': ['archive', 'archives', 'backup', 'backups', 'retention', 'longterm', 'medical', 'health', 'legal', 'records'],
};

const UNUSED_DAYS = 365;
const DAY_MS = 86_400_000;

interface Case {
  readonly key: DescribedKey;
  readonly class: KeyClass;
  readonly is: (purpose: Purpose) => boolean;
  readonly isIdle: boolean;
}

interface Rule {
  readonly risk: Risk;
  readonly when: (it: Case) => boolean;
  readonly reason: string;
  readonly nextStep: string;
}

const isReadable = ({ class: of }: Case): boolean => of === 'classical-encryption' || of === 'classical-key-agreement';
const isSigning = ({ class: of }: Case): boolean => of === 'classical-signing';

const REPLACE_SIGNER = 'Make an ML-DSA key, sign with both until every verifier knows it, then move the alias.';

// oxfmt-ignore
const RULES: readonly Rule[] = [
  { risk: 'none',     when: ({ class: of }) => of === 'post-quantum', reason: 'no known quantum attack breaks it', nextStep: 'Nothing to do.' },
  { risk: 'none',     when: ({ class: of }) => of === 'quantum-safe-symmetric', reason: 'symmetric: a quantum computer only halves its bits', nextStep: 'Nothing to do.' },
  { risk: 'high',     when: ({ key, class: of }) => of === 'unknown' && key.spec === '', reason: 'the key could not be described', nextStep: 'Ask for kms:DescribeKey on it, then run the inventory again.' },
  { risk: 'high',     when: ({ class: of }) => of === 'unknown', reason: 'a key spec or usage that this version does not know', nextStep: 'Look it up in the AWS KMS key spec reference.' },
  { risk: 'low',      when: ({ key }) => key.state === 'PendingDeletion', reason: 'it is going to be deleted', nextStep: 'Nothing to do, if nothing is encrypted under it.' },
  { risk: 'critical', when: (it) => isSigning(it) && it.is('firmware'), reason: 'classical firmware signing: devices in the field trust it for as long as they live', nextStep: REPLACE_SIGNER },
  { risk: 'critical', when: (it) => isSigning(it) && it.is('identity'), reason: 'classical identity signing: whoever computes its private part can be anybody it vouches for', nextStep: REPLACE_SIGNER },
  { risk: 'critical', when: (it) => isReadable(it) && it.is('long-lived data'), reason: 'long-lived data under classical keys: what is recorded today is read later', nextStep: 'Encrypt anew under SYMMETRIC_DEFAULT, or under a secret that ML-KEM has agreed on.' },
  { risk: 'low',      when: ({ key }) => key.state === 'Disabled', reason: 'it is disabled, and can be enabled again', nextStep: 'Delete it if nobody verifies or decrypts with it any more.' },
  { risk: 'high',     when: isReadable, reason: 'harvest now, decrypt later: what is recorded today is read later', nextStep: 'Use SYMMETRIC_DEFAULT to encrypt and ML-KEM to agree on secrets.' },
  { risk: 'low',      when: ({ isIdle }) => isIdle, reason: `classical, and not used for ${UNUSED_DAYS} days`, nextStep: 'Disable it, then delete it rather than migrate it.' },
  { risk: 'medium',   when: () => true, reason: 'classical signing: forgeable once a large quantum computer exists', nextStep: REPLACE_SIGNER },
];

export function rankRisk(key: DescribedKey, nowMs: number): RankedKey {
  const keyClass = classifyKey(key.spec, key.usage);
  const purposes = purposesOf(key);
  const it: Case = { key, class: keyClass, is: (purpose) => purposes.includes(purpose), isIdle: isIdle(key, nowMs) };
  const rule = RULES.find(({ when }) => when(it));
  if (rule === undefined) throw new TypeError('the last rule fits everything');
  const { risk, reason, nextStep } = rule;
  return { ...key, class: keyClass, risk, purposes, reasons: [reason, ...notesOn(it)], nextStep };
}

/** Highest risk first; of equal ones what was used last, then by ARN so that two runs can be compared. */
export const inOrderOfRisk = (keys: readonly RankedKey[]): RankedKey[] =>
  keys.toSorted(
    (a, b) =>
      RISKS.indexOf(a.risk) - RISKS.indexOf(b.risk) ||
      usedAt(b).localeCompare(usedAt(a)) ||
      a.keyArn.localeCompare(b.keyArn),
  );

const usedAt = ({ lastUse }: DescribedKey): string => (lastUse.known === 'used' ? lastUse.at : '');

function purposesOf({ aliases, description, tags }: DescribedKey): Purpose[] {
  const text = [...aliases, description, ...Object.entries(tags).flat()].join(' ');
  // `deviceCA_root-2` is four words.
  const words = new Set(
    text
      .replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2')
      .toLowerCase()
      .split(/[^a-z0-9]+/),
  );
  const purposes: readonly Purpose[] = ['firmware', 'identity', 'long-lived data'];
  return purposes.filter((purpose) => WORDS[purpose].some((word) => words.has(word)));
}

function isIdle({ lastUse }: DescribedKey, nowMs: number): boolean {
  if (lastUse.known === 'unknown') return false;
  const sinceMs = Date.parse(lastUse.known === 'used' ? lastUse.at : lastUse.since);
  return nowMs - sinceMs > UNUSED_DAYS * DAY_MS;
}

// oxfmt-ignore
const NOTES: readonly { readonly note: string; readonly when: (it: Case) => boolean }[] = [
  { note: 'ML-DSA-87 is the one that CNSA 2.0 takes for firmware', when: ({ key, is }) => is('firmware') && /^ML_DSA_(44|65)$/.test(key.spec) },
  { note: '112 bits: NIST deprecates it after 2030 (NIST IR 8547, initial public draft)', when: ({ key }) => key.spec === 'RSA_2048' },
  { note: 'its key material was imported: a copy exists outside KMS', when: ({ key }) => key.origin === 'EXTERNAL' },
];

function notesOn(it: Case): string[] {
  const notes = NOTES.filter(({ when }) => when(it)).map(({ note }) => note);
  if (isClassical(it.class) && it.key.lastUse.known === 'unknown') notes.push('when it was used last is not known');
  return notes;
}
