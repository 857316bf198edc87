/** What a trust root bounds on a device: the time in which it counts, and the sequence numbers of releases. */
import { describe, expect, it } from 'vitest';
import { byOld, sent, statusOf } from '../../support/device-root-jobs.ts';
import { successorOf } from '../../support/device-roots.ts';
import { DeviceWorld, OLD_IMAGE, ROOT } from '../../support/device-world.ts';
import { classId } from '../../support/suit.ts';
import { DAY, YEAR } from '../../support/trust.ts';

describe('a root that expires', () => {
  const lateSeconds = ROOT.root.expiresSeconds + DAY;
  const late = (): number => lateSeconds;
  const fresh = successorOf(ROOT, { issuedSeconds: lateSeconds, expiresSeconds: lateSeconds + YEAR });

  it('keeps the device running, refuses new releases, and takes its successor', async () => {
    const world = new DeviceWorld();
    world.cloud.addJob('late', byOld(2));
    await world.run({ nowSeconds: late });
    expect(statusOf(world)).toMatchObject({ status: 'REJECTED', statusDetails: { code: 'root-expired', root: '1' } });
    expect(world.installed.image).toEqual(OLD_IMAGE);

    world.cloud.addJob('renewed', byOld(2), [sent(fresh)]);
    await world.run({ nowSeconds: late });
    expect(statusOf(world)).toMatchObject({ status: 'SUCCEEDED', statusDetails: { code: 'ok', root: '2' } });
  });

  it('does not undo what was begun before: an update that spans the date completes', async () => {
    const world = new DeviceWorld();
    let seconds = ROOT.root.expiresSeconds - 60;
    world.cloud.addJob('slow', byOld(2));
    await world.run({
      nowSeconds: () => seconds,
      observe: (event) => {
        if (event.kind === 'state' && event.state === 'downloading') seconds = lateSeconds;
      },
    });
    expect(statusOf(world)).toMatchObject({ status: 'SUCCEEDED', statusDetails: { code: 'ok' } });
  });

  it('is not seen by a device without a clock, unless a newer root says what time it is', async () => {
    const world = new DeviceWorld();
    world.cloud.addJob('late', byOld(2));
    await world.run();
    expect(statusOf(world)).toMatchObject({ status: 'SUCCEEDED' });
    world.cloud.addJob('time', undefined, [sent(fresh)]);
    await world.run();
    expect(world.trust.state.timeSeconds).toBe(lateSeconds);
  });
});

describe('an epoch', () => {
  it('recovers a device whose number somebody drove to the end', async () => {
    const world = new DeviceWorld();
    world.cloud.addJob('far', byOld(2 ** 40));
    await world.run();
    expect(statusOf(world)).toMatchObject({ status: 'SUCCEEDED' });
    world.cloud.addJob('stuck', byOld(3, OLD_IMAGE));
    await world.run();
    expect(statusOf(world).statusDetails).toMatchObject({ code: 'sequence-rollback' });

    const floors = [{ classId, epoch: 1, sequenceNumber: 3 }];
    world.cloud.addJob('below', byOld(2, OLD_IMAGE), [sent(successorOf(ROOT, { floors }))]);
    await world.run();
    expect(statusOf(world).statusDetails).toMatchObject({ code: 'sequence-floor', root: '2' });
    world.cloud.addJob('freed', byOld(3, OLD_IMAGE));
    await world.run();
    expect(statusOf(world)).toMatchObject({ status: 'SUCCEEDED' });
    expect(world.installed).toMatchObject({ epoch: 1, sequenceNumber: 3, image: OLD_IMAGE });
  });
});
