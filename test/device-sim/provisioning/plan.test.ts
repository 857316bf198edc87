import { describe, expect, it } from 'vitest';
import type { Credentials, Pending } from '../../../device-sim/provisioning/credentials.ts';
import {
  isRenewalDue,
  nextStep,
  proven,
  type Situation,
  startedOver,
  withCertificate,
  withKey,
  withThing,
} from '../../../device-sim/provisioning/plan.ts';

const certificate = Uint8Array.of(48, 1);
const registered = { slot: 0, certificate, thing: 'hub-1', configuration: {} } as const;
const PENDING: Readonly<Record<string, Pending | undefined>> = {
  none: undefined,
  keyed: { stage: 'keyed', slot: 1 },
  certified: { stage: 'certified', slot: 1, certificate, token: 't' },
  registered: { stage: 'registered', ...registered, slot: 1 },
};

// oxfmt-ignore
const TABLE = [
  // operational, pending, claim, due → step
  [false, 'none',       false, false, 'no-credential'],
  [false, 'keyed',      false, false, 'no-credential'],
  [false, 'registered', false, false, 'no-credential'],
  [false, 'none',       true,  false, 'make-key'],
  [false, 'keyed',      true,  false, 'get-certificate'],
  [false, 'certified',  true,  false, 'register'],
  [false, 'registered', true,  false, 'prove'],
  [true,  'none',       true,  false, 'erase-claim'],
  [true,  'keyed',      true,  true,  'erase-claim'],
  [true,  'none',       false, false, 'done'],
  [true,  'none',       false, true,  'make-key'],
  [true,  'keyed',      false, true,  'get-certificate'],
  [true,  'certified',  false, true,  'register'],
  [true,  'registered', false, true,  'prove'],
  // A renewal that has begun goes to its end, also where the clock has been set back meanwhile.
  [true,  'registered', false, false, 'prove'],
] as const;

describe('nextStep', () => {
  it.each(TABLE)('operational %s, pending %s, claim %s, due %s: %s', (isOperational, stage, hasClaim, due, step) => {
    const credentials: Credentials = { ...(isOperational && { operational: registered }), pending: PENDING[stage] };
    expect(nextStep(credentials, { hasClaim, isRenewalDue: due }).kind).toBe(step);
  });

  it('makes the next key where the one in use is not', () => {
    const situation: Situation = { hasClaim: false, isRenewalDue: true };
    expect(nextStep({ operational: { ...registered, slot: 0 } }, situation)).toEqual({ kind: 'make-key', slot: 1 });
    expect(nextStep({ operational: { ...registered, slot: 1 } }, situation)).toEqual({ kind: 'make-key', slot: 0 });
    expect(nextStep({}, { hasClaim: true, isRenewalDue: false })).toEqual({ kind: 'make-key', slot: 0 });
  });
});

describe('what comes of a step', () => {
  it('leaves the credential in use alone until its successor is proven', () => {
    const operational = registered;
    const keyed = withKey({ operational }, 1);
    const certified = withCertificate(keyed, { slot: 1, certificate, token: 't' });
    if (certified.pending?.stage !== 'certified') throw new Error('not certified');
    const named = withThing(certified, certified.pending, { thing: 'hub-1', configuration: { a: 'b' } });
    if (named.pending?.stage !== 'registered') throw new Error('not registered');
    for (const credentials of [keyed, certified, named, startedOver(named)]) {
      expect(credentials.operational).toBe(operational);
    }
    expect(proven(named.pending)).toEqual({
      operational: { slot: 1, certificate, thing: 'hub-1', configuration: { a: 'b' } },
    });
    expect(startedOver(named)).toEqual({ operational });
  });
});

describe('isRenewalDue', () => {
  it.each([
    [0.8, 1_799, false],
    [0.8, 1_800, true],
    [1, 1_999, false],
    [1, 2_000, true],
    [0.8, 0, false],
  ])('after %d of the lifetime, at %d: %s', (share, now, expected) => {
    expect(isRenewalDue({ notBefore: 1_000, notAfter: 2_000 }, now, share)).toBe(expected);
  });
});
