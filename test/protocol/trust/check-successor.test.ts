import { describe, expect, it } from 'vitest';
import { fromHex } from '../../../protocol/bytes.ts';
import type { RejectionCode } from '../../../protocol/errors.ts';
import { checkSuccessor, lineageAfter } from '../../../protocol/trust/check-successor.ts';
import { encodeTrustRoot } from '../../../protocol/trust/encode-root.ts';
import { rootDigest, SHA_256, SHA_384, type TrustRoot } from '../../../protocol/trust/root.ts';
import { expectRejection } from '../../support/expect-rejection.ts';
import {
  classId,
  eitherRelease,
  FIRST,
  firstRoot,
  ISSUED,
  NEW_RELEASE_KEY,
  RELEASE_KEYS,
  revoked,
  rolesOf,
  ROOT_KEYS,
  signer,
  successor,
  threeOfFive,
} from '../../support/trust.ts';

const documentOf = (root: TrustRoot) => ({ root, payload: encodeTrustRoot(root) });

const first = documentOf({ ...FIRST, floors: [{ classId, epoch: 1, sequenceNumber: 5 }] });
const second = documentOf(successor(first, { revoked: revoked([signer('ES256', 9)], 'compromised') }));
const otherFleet = documentOf({ ...FIRST, expiresSeconds: FIRST.expiresSeconds + 1 });
const otherSecond = documentOf(successor(first, { issuedSeconds: ISSUED + 7 }));
const otherClass = fromHex('00000000000050008000000000000000');

const floor = (epoch: number, sequenceNumber: number) => ({ floors: [{ classId, epoch, sequenceNumber }] });

describe('a root follows another', () => {
  it('as its successor says, also the third and the fourth', () => {
    const third = documentOf(successor(second));

    expect(() => checkSuccessor(first, second)).not.toThrow();
    expect(() => checkSuccessor(second, third)).not.toThrow();
    expect(() => checkSuccessor(third, documentOf(successor(third)))).not.toThrow();
    expect(third.root.lineage).toEqual(rootDigest(first.payload, SHA_256));
    expect(third.root.previous).toEqual(rootDigest(second.payload, SHA_256));
  });

  it('with another hash: its lineage then begins with the root before', () => {
    const wider = documentOf(
      successor(second, { hashId: SHA_384, roles: rolesOf(threeOfFive, eitherRelease, SHA_384) }),
    );

    expect(() => checkSuccessor(second, wider)).not.toThrow();
    expect(wider.root.lineage).toEqual(rootDigest(second.payload, SHA_384));
    expect(lineageAfter(wider, SHA_384)).toEqual(wider.root.lineage);
  });

  it('with a higher floor, a higher epoch from any floor on, or another class', () => {
    for (const floors of [
      [{ classId, epoch: 1, sequenceNumber: 6 }],
      [{ classId, epoch: 2, sequenceNumber: 0 }],
      [...first.root.floors, { classId: otherClass, epoch: 0, sequenceNumber: 1 }],
    ]) {
      expect(() => checkSuccessor(first, documentOf(successor(first, { floors })))).not.toThrow();
    }
  });
});

describe('checkSuccessor refuses', () => {
  // oxfmt-ignore
  const cases: [name: string, current: typeof first, next: typeof first, code: RejectionCode, at: string][] = [
    ['the root that is trusted already', second, second, 'root-replay', 'root.version'],
    ['another root of the same version', second, otherSecond, 'root-fork', 'root.version'],
    ['an older root', second, first, 'root-downgrade', 'root.version'],
    ['a gap', first, documentOf(successor(second)), 'root-version-gap', 'root.version'],
    ['a fast-forwarded version', first, documentOf({ ...successor(first), version: Number.MAX_SAFE_INTEGER }), 'root-version-gap', 'root.version'],
    ['the root of another fleet', first, documentOf(successor(otherFleet)), 'root-lineage', 'root.lineage'],
    ['the successor of another second root', second, documentOf(successor(otherSecond)), 'root-fork', 'root.previous'],
    ['a root dated back', second, documentOf(successor(second, { issuedSeconds: ISSUED })), 'root-dated-back', 'root.issued'],
    ['a compromised key forgotten', second, documentOf(successor(second, { revoked: [] })), 'revocation-dropped', 'root.revoked'],
    ['a compromised key merely retired', second, documentOf(successor(second, { revoked: revoked([signer('ES256', 9)], 'retired') })), 'revocation-dropped', 'root.revoked'],
    ['a root key gone without a word', first, documentOf(successor(first, { roles: rolesOf({ ...threeOfFive, keys: ROOT_KEYS.slice(0, 4) }, eitherRelease) })), 'key-unaccounted', 'root.roles'],
    ['a release key gone without a word', first, documentOf(successor(first, { roles: rolesOf(threeOfFive, { keys: [NEW_RELEASE_KEY] }) })), 'key-unaccounted', 'root.roles'],
    ['a release key among the root keys', first, documentOf(successor(first, { roles: rolesOf({ ...threeOfFive, keys: [...ROOT_KEYS, RELEASE_KEYS[1]!] }, { keys: RELEASE_KEYS.slice(0, 1) }) })), 'key-repurposed', 'root.roles'],
    ['a lower floor', first, documentOf(successor(first, floor(1, 4))), 'floor-lowered', 'root.floors'],
    ['a lower epoch', first, documentOf(successor(first, floor(0, 9))), 'floor-lowered', 'root.floors'],
    ['a floor that is gone', first, documentOf(successor(first, { floors: [] })), 'floor-lowered', 'root.floors'],
  ];

  it.each(cases)('%s', (_name, current, next, code, at) => {
    expectRejection(() => checkSuccessor(current, next), code, at);
  });

  it('nothing of a first root that is like another in all but a date', () => {
    const twin = documentOf(firstRoot(threeOfFive, eitherRelease, { issuedSeconds: ISSUED + 1 }));

    expectRejection(() => checkSuccessor(twin, second), 'root-lineage');
  });
});
