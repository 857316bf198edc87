import { describe, expect, it } from 'vitest';
import { shareReleases } from '../../../../device-sim/fleet/devices/known-releases.ts';
import { authenticated, device, manifestOf, release, RELEASE_KEYS } from '../../../support/trust.ts';

const envelope = release(manifestOf(7), RELEASE_KEYS.slice(0, 2));
const BYTES = new Uint8Array([1, 2, 3]);

describe('shared releases', () => {
  it('are one object for all devices that found the same in the same bytes', () => {
    const keep = shareReleases();
    const first = authenticated(device, envelope);
    expect(keep(first, BYTES)).toBe(first);
    const second = authenticated(device, envelope);
    expect(second).toEqual(first);
    expect(keep(second, BYTES.slice())).toBe(first);
  });

  it('are those of nobody else', () => {
    const keep = shareReleases();
    const first = authenticated(device, envelope);
    keep(first, BYTES);
    const { staged, signers } = first;
    const others = [
      { ...first, rootVersion: first.rootVersion + 1 },
      { ...first, staged: { ...staged, epoch: staged.epoch + 1 } },
      { ...first, staged: { ...staged, rootDigest: staged.rootDigest.toReversed() } },
      { ...first, staged: { ...staged, classId: staged.classId.map((byte) => byte ^ 1) } },
      { ...first, signers: [...signers, ...signers] },
    ];
    for (const other of others) expect(keep(other, BYTES)).toBe(other);
    const rogue = authenticated(device, envelope);
    expect(keep(rogue, new Uint8Array([1, 2, 4]))).toBe(rogue);
    expect(others.length).toBe(5);
  });
});
