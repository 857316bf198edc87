/** Whether a root fits the chain after another: everything but signatures, so that a misfit costs no verification. */
import { equalBytes, toHex } from '../bytes.ts';
import { Rejection, type RejectionCode } from '../errors.ts';
import { isRevoked, isSameKey } from './revoked.ts';
import { floorOf, keysOf, rootDigest, type TrustRoot } from './root.ts';
import type { RootDocument } from './signed-root.ts';

/**
 * @throws {Rejection} `root-downgrade`, `root-replay`, `root-fork`, `root-version-gap`, `root-lineage`, `root-dated-back`,
 *   `revocation-dropped`, `key-unaccounted`, `key-repurposed`, `floor-lowered`
 */
export function checkSuccessor(current: RootDocument, next: RootDocument): void {
  checkVersion(current, next);
  checkLinks(current, next.root);
  if (next.root.issuedSeconds < current.root.issuedSeconds) {
    const detail = `expected ${current.root.issuedSeconds} or later, got ${next.root.issuedSeconds}`;
    throw new Rejection('root-dated-back', 'root.issued', detail);
  }
  checkRevocations(current.root, next.root);
  checkPurposes(current.root, next.root);
  checkFloors(current.root, next.root);
}

function checkVersion(current: RootDocument, next: RootDocument): void {
  const expected = current.root.version + 1;
  const { version } = next.root;
  if (version === expected) return;
  const refuse = (code: RejectionCode): Rejection =>
    new Rejection(code, 'root.version', `expected ${expected}, got ${version}`);
  if (version > expected) throw refuse('root-version-gap');
  if (version < current.root.version) throw refuse('root-downgrade');
  throw refuse(equalBytes(current.payload, next.payload) ? 'root-replay' : 'root-fork');
}

/** Lineage is handed on, or begins with the first root that its hash can name. */
export const lineageAfter = ({ root, payload }: RootDocument, hashId: number): Uint8Array =>
  root.lineage && root.hashId === hashId ? root.lineage : rootDigest(payload, hashId);

function checkLinks(current: RootDocument, next: TrustRoot): void {
  const links = [
    { name: 'lineage', code: 'root-lineage', expected: lineageAfter(current, next.hashId), got: next.lineage },
    { name: 'previous', code: 'root-fork', expected: rootDigest(current.payload, next.hashId), got: next.previous },
  ] as const;
  for (const { name, code, expected, got } of links) {
    if (got && equalBytes(got, expected)) continue;
    const detail = `expected ${toHex(expected.subarray(0, 8))}…, got ${got ? `${toHex(got.subarray(0, 8))}…` : 'none'}`;
    throw new Rejection(code, `root.${name}`, detail);
  }
}

function checkRevocations(current: TrustRoot, next: TrustRoot): void {
  const dropped = current.revoked.find(
    (old) =>
      old.reason === 'compromised' &&
      !next.revoked.some(({ keyId, reason }) => reason === 'compromised' && equalBytes(keyId, old.keyId)),
  );
  if (dropped) {
    const detail = `expected ${toHex(dropped.keyId.subarray(0, 8))}… among the compromised keys`;
    throw new Rejection('revocation-dropped', 'root.revoked', detail);
  }
  const listed = keysOf(next);
  const gone = keysOf(current).find((key) => !listed.some((it) => isSameKey(it, key)) && !isRevoked(next.revoked, key));
  if (gone) {
    const detail = `expected ${toHex(gone.keyId.subarray(0, 8))}… in a role, or retired, or compromised`;
    throw new Rejection('key-unaccounted', 'root.roles', detail);
  }
}

/** A key that was online for releases must not find itself offline among the roots, nor the other way round. */
function checkPurposes(current: TrustRoot, next: TrustRoot): void {
  for (const role of next.roles) {
    const from = current.roles.find(
      (old) => old.name !== role.name && old.keys.some((key) => role.keys.some((it) => isSameKey(it, key))),
    );
    if (!from) continue;
    throw new Rejection('key-repurposed', 'root.roles', `expected new keys for ${role.name}, got one of ${from.name}`);
  }
}

function checkFloors(current: TrustRoot, next: TrustRoot): void {
  for (const { classId, epoch, sequenceNumber } of current.floors) {
    const floor = floorOf(next, classId);
    if (floor.epoch > epoch || (floor.epoch === epoch && floor.sequenceNumber >= sequenceNumber)) continue;
    const detail = `expected epoch ${epoch} from sequence number ${sequenceNumber} or higher, got epoch ${floor.epoch} from ${floor.sequenceNumber}`;
    throw new Rejection('floor-lowered', 'root.floors', detail);
  }
}
