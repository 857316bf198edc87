import { describe, expect, it } from 'vitest';
import { utf8 } from '../../../protocol/bytes.ts';
import type { VerifySignature } from '../../../protocol/cose/algorithms.ts';
import { verifyFirstRoot } from '../../../protocol/trust/advance.ts';
import { authenticateRelease, roleForComponent } from '../../../protocol/trust/release.ts';
import type { TrustRoot } from '../../../protocol/trust/root.ts';
import { initialTrust, noteTime } from '../../../protocol/trust/state.ts';
import type { ComponentId } from '../../../protocol/suit/component-id.ts';
import { decodeEnvelope, encodeEnvelope, type Envelope } from '../../../protocol/suit/envelope.ts';
import { encodeManifest } from '../../../protocol/suit/manifest.ts';
import { expectRejection } from '../../support/expect-rejection.ts';
import {
  accepted,
  authenticated,
  classId,
  DAY,
  device,
  eitherRelease,
  FIRST,
  firstRoot,
  HOLDERS,
  ISSUED,
  manifestOf,
  NEW_RELEASE_KEY,
  release,
  RELEASE_KEYS,
  revoked,
  role,
  type RoleSpec,
  rolesOf,
  ROOT_KEYS,
  signer,
  signers,
  signRoot,
  successor,
  threeOfFive,
  type TrustSigner,
  updated,
  verify,
  YEAR,
} from '../../support/trust.ts';

const noCryptography: VerifySignature = () => expect.unreachable('a signature was looked at');

const trusting = (releaseRole: RoleSpec, changes: Partial<TrustRoot> = {}) =>
  initialTrust(verifyFirstRoot(signRoot(firstRoot(threeOfFive, releaseRole, changes), HOLDERS), { verify }));

const [one, other] = RELEASE_KEYS as [TrustSigner, TrustSigner];

describe('authenticateRelease', () => {
  it('takes what the release role signed, and says under which root', () => {
    const { envelope, rootVersion, staged } = authenticated(device, release(manifestOf(7), [one]));

    expect(envelope.manifest.sequenceNumber).toBe(7);
    expect(rootVersion).toBe(1);
    expect(staged).toMatchObject({ classId, epoch: 0, sequenceNumber: 7, rootDigest: device.current.digest });
  });

  it.each([
    ['nobody of this root', [NEW_RELEASE_KEY], 'unknown-key'],
    ['the root role', ROOT_KEYS.slice(0, 3), 'role-not-allowed'],
  ] as const)('refuses what %s signed, without a verification', (_name, by, code) => {
    const context = { verify: noCryptography, classId, nowSeconds: ISSUED };

    expectRejection(() => authenticateRelease(device, release(manifestOf(7), by), context), code);
  });

  it('verifies each signature once at most', () => {
    let verifications = 0;
    const by = [one, one, one, other, NEW_RELEASE_KEY, ROOT_KEYS[0]!, one, one];
    const counting: VerifySignature = (...claim) => (verifications++, verify(...claim));
    authenticateRelease(device, release(manifestOf(7), by), { verify: counting, classId });

    expect(by).toHaveLength(8);
    expect(verifications).toBe(6);
  });

  it('reads nothing of a manifest that is not signed enough', () => {
    const strict = trusting({ keys: RELEASE_KEYS, all: [{ algorithm: 'ML-DSA-44', threshold: 2 }] });
    const broken = Uint8Array.of(0xff);
    const enough = (by: readonly TrustSigner[]): Envelope => {
      const { blocks } = release(manifestOf(1), by);
      return decodeEnvelope(encodeEnvelope({ manifestBytes: broken, blocks }));
    };

    expectRejection(() => authenticated(strict, enough([one])), 'signature-invalid');
    expectRejection(
      () => authenticated(strict, release(manifestOf(1), [one])),
      'threshold-not-met',
      'envelope.authentication',
    );
    expect(encodeManifest(manifestOf(1))).not.toEqual(broken);
  });
});

describe('a release role', () => {
  const [classical, safe] = [signers('ES256', 2, 31), signers('ML-DSA-65', 2, 41)];
  const hybrid: RoleSpec = { keys: [...classical, ...safe] };
  const untilSeconds = ISSUED + YEAR;
  const migrating: RoleSpec = {
    keys: [...classical, ...safe],
    all: [{ algorithm: 'ML-DSA-65', threshold: 1 }],
    window: { any: [{ algorithm: 'ES256', threshold: 1 }], untilSeconds },
  };
  const two: RoleSpec = { keys: RELEASE_KEYS, all: [{ algorithm: 'ML-DSA-44', threshold: 2 }] };

  it.each([
    ['both halves of a hybrid', hybrid, [classical[0]!, safe[1]!]],
    ['two of two', two, RELEASE_KEYS],
    ['the new algorithm of a migration', migrating, safe],
    ['the old one while its window is open', migrating, classical],
  ])('is met by %s', (_name, spec, by) => {
    expect(authenticated(trusting(spec), release(manifestOf(1), by)).rootVersion).toBe(1);
  });

  it.each([
    ['a hybrid whose post-quantum half is stripped', hybrid, classical, 'requirement-not-met'],
    ['a hybrid whose classical half is stripped', hybrid, safe, 'requirement-not-met'],
    ['the same key twice', two, [one, one], 'threshold-not-met'],
  ] as const)('is not met by %s', (_name, spec, by, code) => {
    expectRejection(() => authenticated(trusting(spec), release(manifestOf(1), by)), code, 'envelope.authentication');
  });

  it('counts a window as over after its end, and where the device has no clock', () => {
    const state = trusting(migrating);
    const envelope = release(manifestOf(1), classical);

    expect(authenticated(state, envelope, untilSeconds - 1).rootVersion).toBe(1);
    expectRejection(() => authenticated(state, envelope, untilSeconds), 'window-over');
    expectRejection(() => authenticateRelease(state, envelope, { verify, classId }), 'window-over');
    expectRejection(() => authenticated(noteTime(state, untilSeconds), envelope, ISSUED), 'window-over');
  });

  it('lets the key, not the message, choose the algorithm', () => {
    const confused = { ...signer('ML-DSA-65', 11), anchor: { ...one.anchor, algorithm: safe[0]!.anchor.algorithm } };

    expectRejection(() => authenticated(device, release(manifestOf(1), [confused])), 'algorithm-not-allowed');
  });
});

const touching = (...components: readonly ComponentId[]) => manifestOf(1, { components });

describe('a named role', () => {
  const modemKey = signer('ML-DSA-44', 51);
  const bootKeys = signers('ML-DSA-44', 2, 61);
  const [app, modem, boot] = [
    [Uint8Array.of(0)],
    [utf8('modem'), Uint8Array.of(1)],
    [utf8('modem'), utf8('boot'), utf8('x')],
  ];
  const roles = [
    ...FIRST.roles,
    role('modem', { keys: [modemKey] }, { prefixes: [[utf8('modem')]] }),
    role(
      'boot',
      { keys: bootKeys, all: [{ algorithm: 'ML-DSA-44', threshold: 2 }] },
      { prefixes: [[utf8('modem'), utf8('boot')]] },
    ),
  ];
  const state = trusting(eitherRelease, { roles });

  it('owns the components that its prefixes begin, the longest first; release has the rest', () => {
    const names = [app, modem, boot, [utf8('modem2')], [utf8('mod')], [utf8('modem')]].map(
      (id) => roleForComponent(state.current.root, id).name,
    );

    expect(names).toEqual(['release', 'modem', 'boot', 'release', 'release', 'modem']);
  });

  it.each([
    ['its own component', [modem], [modemKey]],
    ['two components, by both roles', [app, modem], [one, modemKey]],
    ['one inside another, by its own threshold', [boot], bootKeys],
    ['all three', [app, modem, boot], [one, modemKey, ...bootKeys]],
  ])('signs for %s', (_name, components, by) => {
    expect(authenticated(state, release(touching(...components), by)).rootVersion).toBe(1);
  });

  it.each([
    ['the release role, for a component of its own', [modem], [one], 'role-not-allowed', 0],
    ['itself, for a component of release', [app], [modemKey], 'role-not-allowed', 0],
    ['one role for two components', [app, modem], [one], 'role-not-allowed', 1],
    ['the outer role for the inner one', [boot], [modemKey], 'role-not-allowed', 0],
    ['one of two', [modem, boot], [modemKey, bootKeys[0]!], 'threshold-not-met', 1],
  ] as const)('is not replaced by %s', (_name, components, by, code, index) => {
    const at = `manifest.common.components[${index}]`;

    expectRejection(() => authenticated(state, release(touching(...components), by)), code, at);
  });

  it('leaves a manifest without components to release', () => {
    expect(authenticated(state, release(touching(), [one])).rootVersion).toBe(1);
    expectRejection(() => authenticated(state, release(touching(), [modemKey])), 'role-not-allowed');
  });
});

describe('an expired root', () => {
  const { expiresSeconds } = FIRST;
  const envelope = release(manifestOf(1), [one]);

  it('refuses new releases, before any signature, and still takes a newer root', () => {
    expect(authenticated(device, envelope, expiresSeconds - 1).rootVersion).toBe(1);
    const context = { verify: noCryptography, classId, nowSeconds: expiresSeconds };
    expectRejection(() => authenticateRelease(device, envelope, context), 'root-expired', 'trust.root');

    const renewed = accepted(device, signRoot(successor(device.current), HOLDERS));
    expect(authenticated(renewed, envelope, expiresSeconds).rootVersion).toBe(2);
  });

  it('keeps running what was installed under it', () => {
    const running = updated(device, envelope);

    expect(authenticated(running, envelope, expiresSeconds + YEAR).rootVersion).toBe(1);
    expectRejection(() => authenticated(running, release(manifestOf(2), [one]), expiresSeconds), 'root-expired');
  });

  it('does not let the root before it vouch any longer', () => {
    const short = successor(device.current, { expiresSeconds: ISSUED + 30 * DAY });
    const state = accepted(device, signRoot(short, HOLDERS));

    expectRejection(() => authenticated(state, envelope, ISSUED + 31 * DAY), 'root-expired');
  });

  it('is not used beside a newer one', () => {
    const rotated = successor(device.current, {
      expiresSeconds: expiresSeconds + YEAR,
      roles: rolesOf(threeOfFive, { keys: [other, NEW_RELEASE_KEY] }),
      revoked: revoked([one], 'retired'),
    });
    const state = accepted(device, signRoot(rotated, HOLDERS));

    expect(authenticated(state, envelope, expiresSeconds - 1).rootVersion).toBe(1);
    expectRejection(() => authenticated(state, envelope, expiresSeconds), 'key-revoked');
  });
});

describe('the sequence number', () => {
  const running = updated(device, release(manifestOf(7), [one]));

  it('may be that of the same release again, of no other one, and never lower', () => {
    expect(authenticated(running, release(manifestOf(7), [other])).rootVersion).toBe(1);
    const another = manifestOf(7, { components: [[Uint8Array.of(9)]] });
    expectRejection(() => authenticated(running, release(another, [one])), 'sequence-equivocation');
    expectRejection(() => authenticated(running, release(manifestOf(6), [one])), 'sequence-rollback');
    expect(authenticated(running, release(manifestOf(8), [one])).rootVersion).toBe(1);
  });
});
