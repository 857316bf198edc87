/** The device that TUF's cases are tried on, and how one is tried: step, check, attack, refusal by code, check. */
import { expect } from 'vitest';
import { utf8 } from '../../../../protocol/bytes.ts';
import { encodeCbor } from '../../../../protocol/cbor/encode.ts';
import { type CborValue, Tag } from '../../../../protocol/cbor/value.ts';
import type { RejectionCode } from '../../../../protocol/errors.ts';
import { verifyFirstRoot } from '../../../../protocol/trust/advance.ts';
import type { TrustRoot } from '../../../../protocol/trust/root.ts';
import { newestRoot, type TrustState } from '../../../../protocol/trust/state.ts';
import { expectRejection } from '../../../support/expect-rejection.ts';
import {
  FIRST,
  accepted,
  authenticated,
  device,
  HOLDERS,
  manifestOf,
  NEW_RELEASE_KEY,
  release,
  RELEASE_KEYS,
  revoked,
  role,
  rolesOf,
  signer,
  signRoot,
  successor,
  threeOfFive,
  type TrustSigner,
  updated,
  verify,
} from '../../../support/trust.ts';

export const [one, other] = RELEASE_KEYS as [TrustSigner, TrustSigner];

export const next = (
  state: TrustState,
  changes: Partial<TrustRoot> = {},
  by: readonly TrustSigner[] = HOLDERS,
): Uint8Array => signRoot(successor(newestRoot(state), changes), by);

/** A device that has taken a second root, and a release under it. */
export const good = updated(accepted(device, next(device)), release(manifestOf(7), [one]));

/** It did: version and sequence number are what those steps made them. */
export function expectGood(state: TrustState = good): void {
  expect([state.current.root.version, state.next, state.installed[0]?.sequenceNumber]).toEqual([2, undefined, 7]);
  expect(newestRoot(accepted(state, next(state))).root.version).toBe(3);
  expect(authenticated(state, release(manifestOf(8), [other])).rootVersion).toBe(2);
}

/** The step was taken; each attack is refused by its code; the state is as good as before. */
export function refused(...attacks: readonly (readonly [attack: () => unknown, code: RejectionCode])[]): void {
  expectGood();
  for (const [attack, code] of attacks) expectRejection(attack, code);
  expectGood();
}

export const offer = (bytes: Uint8Array) => () => accepted(good, bytes);

export const offerRelease = (sequenceNumber: number | bigint, by: readonly TrustSigner[]) => () =>
  authenticated(good, release(manifestOf(sequenceNumber), by));

export const first = (bytes: Uint8Array) => () => verifyFirstRoot(bytes, { verify });

/** The first release key is stolen: it goes, and a new one comes. */
export const stolen = (state: TrustState, changes: Partial<TrustRoot> = {}): Uint8Array =>
  next(state, {
    roles: rolesOf(threeOfFive, { keys: [other, NEW_RELEASE_KEY] }),
    revoked: revoked([one], 'compromised'),
    ...changes,
  });

/** An envelope whose parts were changed by hand. */
export const envelopeOf = (digest: CborValue, manifestBytes: Uint8Array): Uint8Array =>
  encodeEnvelopeValue([encodeCbor(digest), ...release(manifestOf(9), [one]).blocks], manifestBytes);

export const encodeEnvelopeValue = (authentication: readonly CborValue[], manifestBytes: Uint8Array): Uint8Array =>
  encodeCbor(
    new Tag(
      107,
      new Map<CborValue, CborValue>([
        [2, encodeCbor(authentication)],
        [3, manifestBytes],
      ]),
    ),
  );

export const modemKey = signer('ML-DSA-44', 51);
export const modem = role('modem', { keys: [modemKey] }, { prefixes: [[utf8('modem')]] });
export const bootloader = role(
  'boot',
  { keys: [signer('ML-DSA-44', 52)] },
  { prefixes: [[utf8('modem'), utf8('boot')]] },
);
export const withModem = (): TrustState => accepted(good, next(good, { roles: [...FIRST.roles, modem, bootloader] }));

export interface Elsewhere {
  readonly file: string;
  readonly title: string;
}

/** By file and test of the conformance suite: what is tried here, or the test of another layer that tries it. */
export type Cases = Readonly<Record<string, (() => void) | Elsewhere>>;

export const AGENT = 'test/device-sim/agent';
