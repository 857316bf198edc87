/** Cases about keys, versions and roles: test_keys, test_quoting_issues, test_rollback, test_updater_*. */
import { expect } from 'vitest';
import { utf8 } from '../../../../protocol/bytes.ts';
import { type CborValue } from '../../../../protocol/cbor/value.ts';
import { verifyFirstRoot } from '../../../../protocol/trust/advance.ts';
import { roleForComponent } from '../../../../protocol/trust/release.ts';
import { initialTrust, newestRoot } from '../../../../protocol/trust/state.ts';
import { expectRejection } from '../../../support/expect-rejection.ts';
import {
  successor,
  accepted,
  authenticated,
  classId,
  eitherRelease,
  FIRST,
  firstBytes,
  firstRoot,
  forged,
  HOLDERS,
  manifestOf,
  NEW_RELEASE_KEY,
  release,
  RELEASE_KEYS,
  revoked,
  role,
  rolesOf,
  ROOT_KEYS,
  signaturesIn,
  signer,
  signers,
  signRoot,
  threeOfFive,
  updated,
  verify,
} from '../../../support/trust.ts';
import {
  bootloader,
  one,
  other,
  next,
  good,
  expectGood,
  refused,
  offer,
  offerRelease,
  stolen,
  modemKey,
  modem,
  withModem,
  type Cases,
} from './world.ts';

export const KEY_CASES: Cases = {
  'test_keys snapshot_does_not_meet_threshold': () => {
    const all = [{ algorithm: 'ML-DSA-44', threshold: 2 }] as const;
    const strict = accepted(good, next(good, { roles: rolesOf(threeOfFive, { ...eitherRelease, all }) }));
    const proven = updated(strict, release(manifestOf(8), RELEASE_KEYS));
    expectRejection(() => authenticated(proven, release(manifestOf(9), [one])), 'threshold-not-met');
    refused([offer(next(good, {}, HOLDERS.slice(1))), 'root-not-bridged']);
  },
  'test_keys snapshot_has_too_few_keys': () => {
    const all = [{ algorithm: 'ML-DSA-44', threshold: 3 }] as const;
    refused([offer(next(good, { roles: rolesOf(threeOfFive, { ...eitherRelease, all }) })), 'threshold-unreachable']);
  },
  'test_keys duplicate_keys / duplicate_sig_keyids': () => {
    const twice = { keys: [...ROOT_KEYS, ROOT_KEYS[0]!], all: threeOfFive.all! };
    refused(
      [offer(next(good, { roles: rolesOf(twice, eitherRelease) })), 'key-duplicate'],
      [offer(next(good, {}, [HOLDERS[0]!, HOLDERS[0]!, HOLDERS[1]!])), 'root-not-bridged'],
    );
  },
  'test_keys keytype_and_scheme': () => {
    const algorithms = ['ES256', 'ESP256', 'Ed25519', 'ML-DSA-44', 'ML-DSA-65', 'ML-DSA-87'] as const;
    for (const algorithm of algorithms) {
      const [rootKeys, releaseKeys] = [signers(algorithm, 2, 1), signers(algorithm, 1, 9)];
      const state = initialTrust(
        verifyFirstRoot(signRoot(firstRoot({ keys: rootKeys }, { keys: releaseKeys }), rootKeys), { verify }),
      );
      expect(updated(state, release(manifestOf(1), releaseKeys)).installed).toHaveLength(1);
      expectRejection(() => authenticated(state, release(manifestOf(1), rootKeys)), 'role-not-allowed');
    }
  },
  'test_keys invalid_sig_in_valid_metadata': () => {
    const bytes = next(good);
    const noisy = forged(bytes, (fields) => {
      const [signature] = signaturesIn(bytes);
      const bad = (signature as CborValue[]).with(2, new Uint8Array(2_420));
      fields[3] = [bad, ...signaturesIn(bytes), ...signaturesIn(next(good, {}, [modemKey]))];
    });
    expect(newestRoot(accepted(good, noisy)).root.version).toBe(3);
    expect(authenticated(good, release(manifestOf(8), [modemKey, one])).rootVersion).toBe(2);
    expectGood();
  },

  'test_quoting_issues unusual_role_name': () => {
    for (const name of ['+', '#', '/', '../..', '%2e', '$aws', 'ß€😀', ' ', 'x'.repeat(64)]) {
      const named = role(name, { keys: [modemKey] }, { prefixes: [[utf8(name)]] });
      const state = accepted(good, next(good, { roles: [...FIRST.roles, named] }));
      expect(roleForComponent(newestRoot(state).root, [utf8(name), utf8('x')]).name).toBe(name);
    }
    refused([offer(next(good, { roles: [...FIRST.roles, { ...modem, name: 'x'.repeat(65) }] })), 'wrong-shape']);
  },

  'test_rollback new_timestamp_version_rollback': () => refused([offerRelease(6, [one]), 'sequence-rollback']),
  'test_rollback snapshot_rollback / targets_rollback': () => {
    const floors = [{ classId, epoch: 1, sequenceNumber: 5 }];
    const floored = accepted(good, next(good, { floors }));
    expectRejection(
      () => accepted(floored, next(floored, { floors: [{ ...floors[0]!, sequenceNumber: 4 }] })),
      'floor-lowered',
    );
    refused([offer(firstBytes), 'root-downgrade'], [offer(good.current.bytes), 'root-replay']);
  },
  'test_rollback targets_role_removal': () => {
    const state = withModem();
    expectRejection(() => accepted(state, next(state, { roles: FIRST.roles })), 'key-unaccounted');
    expectGood();
  },
  'test_rollback *_fast_forward_recovery': () => {
    const pushed = updated(good, release(manifestOf(2n ** 64n - 1n), [one]));
    expectRejection(() => authenticated(pushed, release(manifestOf(8), [other])), 'sequence-rollback');
    const recovered = accepted(pushed, stolen(pushed, { floors: [{ classId, epoch: 1, sequenceNumber: 8 }] }));
    expect(updated(recovered, release(manifestOf(8), [NEW_RELEASE_KEY])).installed[0]?.sequenceNumber).toBe(8);
    expectRejection(() => authenticated(recovered, release(manifestOf(2n ** 64n - 1n), [one])), 'key-revoked');
    refused([offer(signRoot({ ...successor(good.current), version: 2 ** 53 - 1 }, HOLDERS)), 'root-version-gap']);
  },

  'test_updater_delegation_graphs graph_traversal / targetfile_search': () => {
    // Roles do not delegate: there is no graph to walk, no cycle, and one role for each component.
    const { root } = newestRoot(withModem());
    const names = [['modem'], ['modem', 'boot', 'x'], ['modem', 'x'], ['app']].map(
      (id) => roleForComponent(root, id.map(utf8)).name,
    );
    expect(names).toEqual(['modem', 'boot', 'modem', 'release']);
    refused([
      offer(next(good, { roles: [...FIRST.roles, modem, { ...bootloader, prefixes: modem.prefixes }] })),
      'wrong-shape',
    ]);
  },
  'test_updater_delegation_graphs cached_role_is_verified_against_current_delegator': () => {
    const envelope = release(manifestOf(8), [one]);
    expect(authenticated(good, envelope).rootVersion).toBe(2);
    const rotated = accepted(good, stolen(good));
    expectRejection(() => authenticated(rotated, envelope), 'key-revoked');
    expect(authenticated(rotated, release(manifestOf(8), [other])).rootVersion).toBe(3);
  },
  'test_updater_delegation_graphs delegation_not_in_snapshot': () => {
    const state = withModem();
    const ofModem = manifestOf(8, { components: [[utf8('modem')]] });
    expect(authenticated(state, release(ofModem, [modemKey])).rootVersion).toBe(3);
    expectRejection(() => authenticated(state, release(manifestOf(8), [modemKey])), 'role-not-allowed');
    refused([offerRelease(8, [modemKey]), 'unknown-key']);
  },

  'test_updater_key_rotations root_rotation': () => {
    let [state, keys] = [good, [...ROOT_KEYS]];
    for (let i = 0; i < 5; i++) {
      const [leaving, ...staying] = keys;
      const joined = [...staying, signer('ML-DSA-44', 100 + i)];
      const roles = rolesOf({ ...threeOfFive, keys: joined }, eitherRelease);
      const changes = { roles, revoked: revoked([leaving!], 'retired') };
      const [newcomers, veterans] = [joined.slice(-1), staying.slice(0, 3)];
      const before = state;
      expectRejection(() => accepted(before, next(before, changes, [leaving!, ...veterans.slice(1)])), 'key-revoked');
      expectRejection(
        () => accepted(before, next(before, changes, [...newcomers, ...veterans.slice(1)])),
        'root-not-bridged',
      );
      state = accepted(state, next(state, changes, veterans));
      keys = joined;
    }
    expect(newestRoot(state).root.version).toBe(7);
    expectRejection(() => accepted(state, next(state, {}, HOLDERS)), 'unknown-key');
    expectGood();
  },
  'test_updater_key_rotations non_root_rotations': () => {
    const retiring = {
      roles: rolesOf(threeOfFive, { keys: [other, NEW_RELEASE_KEY] }),
      revoked: revoked([one], 'retired'),
    };
    const rotated = accepted(good, next(good, retiring));
    // The job in flight, signed by the key that retires, still arrives; what comes after the proof does not.
    const arrived = updated(rotated, release(manifestOf(8), [one]));
    const proven = updated(arrived, release(manifestOf(9), [NEW_RELEASE_KEY]));
    expect(proven.current.root.version).toBe(3);
    expectRejection(() => authenticated(proven, release(manifestOf(10), [one])), 'key-revoked');
  },
};
