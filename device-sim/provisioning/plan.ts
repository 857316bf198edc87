/**
 * What a device does next about its credentials, and what comes of each step: decisions only, so that every way through
 * them can be tried in a test. A power cut at any point is a new `nextStep` over the record that was written last.
 *
 *     claim ─▶ make-key ─▶ get-certificate ─▶ register ─▶ prove ─▶ erase-claim ─▶ done
 *                 ▲              │ token expired │            │
 *                 └──────────────┴───────────────┴── refused ─┘
 *
 * A device that has a certificate goes the same way when that one has to be replaced, with it in the place of the claim.
 */
import type { Credentials, Pending, Registered } from './credentials.ts';
import type { KeySlot, Validity } from './ports.ts';

type PendingAt<Stage extends Pending['stage']> = Extract<Pending, { readonly stage: Stage }>;

export type Step =
  | { readonly kind: 'make-key'; readonly slot: KeySlot }
  | { readonly kind: 'get-certificate'; readonly pending: PendingAt<'keyed'> }
  | { readonly kind: 'register'; readonly pending: PendingAt<'certified'> }
  /** Connect with the new certificate; only then is it the device's own. */
  | { readonly kind: 'prove'; readonly pending: PendingAt<'registered'> }
  | { readonly kind: 'erase-claim' }
  | { readonly kind: 'done'; readonly operational: Registered }
  /** Neither a claim nor a certificate: only a factory can help. */
  | { readonly kind: 'no-credential' };

export interface Situation {
  readonly hasClaim: boolean;
  /** The certificate in use is near its end. */
  readonly isRenewalDue: boolean;
}

export function nextStep({ operational, pending }: Credentials, { hasClaim, isRenewalDue }: Situation): Step {
  // Also in the middle of a renewal: whoever has a certificate of its own needs no claim.
  if (operational && hasClaim) return { kind: 'erase-claim' };
  if (!operational && !hasClaim) return { kind: 'no-credential' };
  switch (pending?.stage) {
    case 'keyed':
      return { kind: 'get-certificate', pending };
    case 'certified':
      return { kind: 'register', pending };
    case 'registered':
      return { kind: 'prove', pending };
    case undefined:
      break;
  }
  if (operational && !isRenewalDue) return { kind: 'done', operational };
  return { kind: 'make-key', slot: operational?.slot === 0 ? 1 : 0 };
}

/** A key is in `slot`, and nothing is certified. */
export const withKey = ({ operational }: Credentials, slot: KeySlot): Credentials => ({
  operational,
  pending: { stage: 'keyed', slot },
});

export const withCertificate = (
  { operational }: Credentials,
  { slot, certificate, token }: Omit<PendingAt<'certified'>, 'stage'>,
): Credentials => ({ operational, pending: { stage: 'certified', slot, certificate, token } });

export const withThing = (
  { operational }: Credentials,
  { slot, certificate }: PendingAt<'certified'>,
  { thing, configuration }: Pick<Registered, 'thing' | 'configuration'>,
): Credentials => ({ operational, pending: { stage: 'registered', slot, certificate, thing, configuration } });

/** The new certificate has connected: it is the one in use, and the one before is no more. */
export const proven = ({ slot, certificate, thing, configuration }: PendingAt<'registered'>): Credentials => ({
  operational: { slot, certificate, thing, configuration },
});

/** The certificate in use stays as it is; whatever was to replace it begins anew. */
export const startedOver = ({ operational }: Credentials): Credentials => ({ operational });

/**
 * Whether so much of its lifetime is over that it is time for the next one.
 *
 * @param share in (0, 1]: 0.8 is after four fifths
 */
export function isRenewalDue(validity: Validity, nowSeconds: number, share: number): boolean {
  const { notBefore, notAfter } = validity;
  return nowSeconds >= notBefore + (notAfter - notBefore) * share;
}
