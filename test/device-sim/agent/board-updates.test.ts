/** Updates on boards as they are, divided in the ways that they can be, with roots of today and of tomorrow. */
import { describe, expect, it } from 'vitest';
import { canVerify } from '../../../device-sim/cost-model/verify-cost.ts';
import { boardFacts } from '../../../device-sim/profiles/boards-facts.ts';
import { boardNamed } from '../../../device-sim/profiles/boards.ts';
import type { AlgorithmName } from '../../../protocol/cose/algorithms.ts';
import type { LayoutKind } from '../../../protocol/suit/layouts.ts';
import { firstRoot } from '../../support/device-roots.ts';
import { DeviceWorld, NEW_IMAGE, OLD_IMAGE, releaseOf } from '../../support/device-world.ts';
import { signer } from '../../support/trust.ts';

const keys = { ES256: signer('ES256', 50), 'ML-DSA-65': signer('ML-DSA-65', 51) } as const;

function worldOn(
  name: string,
  { layout, algorithm }: { layout: LayoutKind; algorithm: keyof typeof keys },
): DeviceWorld {
  const key = keys[algorithm];
  const world = new DeviceWorld({
    board: boardNamed(name)!,
    layout,
    settings: { blockBytes: 512, requestBytes: 1_024 },
    factory: { root: firstRoot([key]) },
  });
  world.cloud.addJob('job-1', releaseOf({ signers: [key] }));
  return world;
}

const variantOn = (name: string, algorithm: AlgorithmName): string | undefined => {
  const verdict = canVerify(boardFacts(name)!, algorithm);
  return verdict.ok ? verdict.cost.variant : undefined;
};

describe.each([
  ['stm32f070rb', 'external', 'ES256', 'tinycrypt'],
  ['stm32h743', 'external', 'ES256', 'wolfcrypt-asm-small'],
  ['stm32h743', 'external', 'ML-DSA-65', 'wolfcrypt-c'],
  ['nrf52840', 'swap', 'ML-DSA-65', 'm4f'],
] as const)('%s as %s, by %s', (name, layout, algorithm, variant) => {
  it(`can verify it, by ${variant}, and installs an update within its RAM`, async () => {
    expect(variantOn(name, algorithm)).toBe(variant);
    const world = worldOn(name, { layout, algorithm });
    expect(await world.run()).toMatchObject({ report: { status: 'SUCCEEDED' }, boots: 2 });
    expect(world.installed).toMatchObject({ sequenceNumber: 2, slot: 0, image: NEW_IMAGE });
    const { agentRamBytes } = world.board;
    expect(world.ram.peakBytes.get('all')).toBeLessThanOrEqual(agentRamBytes);
  });

  it('returns where the new image is not healthy', async () => {
    const world = worldOn(name, { layout, algorithm });
    world.isHealthy = false;
    expect(await world.run()).toMatchObject({ report: { status: 'FAILED' }, boots: 3 });
    expect(world.installed).toMatchObject({ sequenceNumber: 1, slot: 0, image: OLD_IMAGE });
  });
});

describe('8 KB of RAM for the agent', () => {
  it('do not hold an envelope and a root of ML-DSA-65 beside the connection: it says so before the image is asked for', async () => {
    const world = worldOn('stm32f070rb', { layout: 'external', algorithm: 'ML-DSA-65' });
    const report = { status: 'REJECTED', code: 'too-large', at: 'ram.trust root' };
    expect(await world.run()).toMatchObject({ kind: 'job-done', report });
    expect(world.events.filter((event) => event.kind === 'block' && event.fileId === 1)).toEqual([]);
    expect(world.installed).toMatchObject({ sequenceNumber: 1, image: OLD_IMAGE });
  });
});
