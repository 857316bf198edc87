import { describe, expect, it } from 'vitest';
import type { RejectionCode } from '../../../protocol/errors.ts';
import type { Sequence } from '../../../protocol/suit/commands.ts';
import { digestOfImage } from '../../../protocol/suit/digest.ts';
import { decodeReport } from '../../../protocol/suit/report.ts';
import { createClassId } from '../../../protocol/suit/uuid.ts';
import { DeviceWorld, IMAGE_URI, imageOf, NEW_IMAGE, OLD_IMAGE, releaseOf } from '../../support/device-world.ts';
import { firstRoot } from '../../support/device-roots.ts';
import { es256, manifestWith, mlDsa44, sealed, vendorId } from '../../support/suit.ts';

/** Requests for blocks of an image: files other than the envelope. */
const imageRequests = (world: DeviceWorld): readonly string[] =>
  world.cloud.requests.filter((request) => /^get [1-9]/.test(request));

const reportOf = (world: DeviceWorld) => {
  const report = world.cloud.jobs.at(-1)?.statusDetails?.['report'] ?? '';
  return decodeReport(Uint8Array.fromBase64(report, { alphabet: 'base64url' }));
};

describe('the agent', () => {
  it('installs a release, in the order of its states, and reports it', async () => {
    const world = new DeviceWorld();
    const job = world.cloud.addJob('job-1', releaseOf());

    expect(await world.run()).toMatchObject({ kind: 'job-done', jobId: 'job-1', accepted: true, boots: 2 });

    expect(world.installed).toMatchObject({ sequenceNumber: 2, slot: 1, image: NEW_IMAGE });
    expect(job).toMatchObject({ status: 'SUCCEEDED', statusDetails: { code: 'ok', sequence: '2', bytes: '10000' } });
    expect(reportOf(world)).toMatchObject({ result: true });
    // oxfmt-ignore
    expect(world.states).toEqual([
      'idle', 'fetching-root', 'fetching-envelope', 'authenticating', 'downloading', 'installing', 'rebooting', // reboot
      'rebooting', 'confirming', 'reporting',
    ]);
    expect(world.cloud.requests).toEqual([
      'start-next',
      'get 0: 0',
      'get 1: 0 1 2 3 4 5 6 7',
      'get 1: 8 9',
      'update job-1',
    ]);
  });

  it('holds no more RAM than a block, the envelope and small change; never the image', async () => {
    const world = new DeviceWorld();
    const release = releaseOf();
    world.cloud.addJob('job-1', release);
    await world.run();

    const peak = Math.max(...world.ram.peakBytes.values());
    expect(peak).toBeLessThan(4_096 + release.envelope.length + 1_024);
    expect(peak).toBeLessThan(NEW_IMAGE.length);
    expect(world.ram.usedBytes).toBe(0);
  });

  it('says what it lacks where the board has no RAM to ask for a job', async () => {
    const world = new DeviceWorld({ settings: { blockBytes: 16_384, requestBytes: 16_384 } });
    world.cloud.addJob('job-1', releaseOf());
    await expect(world.run()).rejects.toMatchObject({ name: 'Rejection', code: 'too-large', at: 'ram.receive buffer' });
    expect(world.cloud.requests).toEqual([]);
    expect(world.ram.usedBytes).toBe(0);
  });

  it('says so where no job comes', async () => {
    const world = new DeviceWorld();
    expect(await world.run()).toEqual({ kind: 'no-job', boots: 1 });
    expect(world.cloud.clock.nowMs()).toBe(world.settings.idleTimeoutMs);
  });

  it('has nothing left of a job that is done: the next run says that no job came', async () => {
    const world = new DeviceWorld();
    world.cloud.addJob('job-1', releaseOf());
    await world.run();
    expect(await world.run()).toEqual({ kind: 'no-job', boots: 1 });
  });

  it('takes a job that comes while it waits', async () => {
    const world = new DeviceWorld();
    world.cloud.after(30_000, () => world.cloud.addJob('late', releaseOf()));
    expect(await world.run()).toMatchObject({ kind: 'job-done', jobId: 'late' });
    expect(world.installed.sequenceNumber).toBe(2);
  });

  it('installs one release after another, from slot to slot', async () => {
    const world = new DeviceWorld();
    for (const sequenceNumber of [2, 3, 4, 5]) {
      const image = imageOf(3_000 * sequenceNumber, sequenceNumber);
      world.cloud.addJob(`job-${sequenceNumber}`, releaseOf({ image, sequenceNumber }));
      await world.run();
      expect(world.installed).toMatchObject({ sequenceNumber, image, slot: sequenceNumber % 2 === 0 ? 1 : 0 });
    }
    expect(Math.max(...world.flash.erases)).toBeLessThanOrEqual(4);
  });

  it('needs every algorithm that its trust demands', async () => {
    const world = new DeviceWorld({ factory: { root: firstRoot([es256, mlDsa44]) } });
    world.cloud.addJob('classical', releaseOf({ signers: [es256] }));
    world.cloud.addJob('hybrid', releaseOf({ signers: [es256, mlDsa44] }));

    await world.run();
    expect(world.cloud.jobs[0]).toMatchObject({ status: 'REJECTED', statusDetails: { code: 'requirement-not-met' } });
    expect(imageRequests(world)).toEqual([]);
    await world.run();
    expect(world.cloud.jobs[1]).toMatchObject({ status: 'SUCCEEDED' });
  });
});

/** A release whose envelope or image somebody changed. */
type Changed = Partial<ReturnType<typeof releaseOf>>;

const flipped = (bytes: Uint8Array, at: number): Uint8Array => bytes.map((byte, i) => (i === at ? byte ^ 1 : byte));
const good = releaseOf();

const FETCH: Sequence = [
  { name: 'override-parameters', parameters: { uri: IMAGE_URI } },
  { name: 'fetch', policy: 0 },
];
const MATCH: Sequence = [
  { name: 'override-parameters', parameters: { imageDigest: digestOfImage(NEW_IMAGE) } },
  { name: 'image-match', policy: 0 },
];

/** A manifest of one component, the primary. */
const envelopeOf = (sections: Parameters<typeof manifestWith>[0]): Uint8Array =>
  sealed({ ...manifestWith(sections), sequenceNumber: 2 }, [es256]);

describe('the agent refuses, by name, before it asks for any byte of an image,', () => {
  it.each<[name: string, change: Changed, code: RejectionCode]>([
    ['an envelope by nobody it trusts', releaseOf({ signers: [mlDsa44] }), 'unknown-key'],
    ['a signature with one bit changed', { envelope: flipped(good.envelope, 100) }, 'signature-invalid'],
    [
      'a manifest with one bit changed',
      { envelope: flipped(good.envelope, good.envelope.length - 40) },
      'digest-mismatch',
    ],
    ['an envelope cut short', { envelope: good.envelope.subarray(0, -1) }, 'malformed'],
    ['an envelope that goes on', { envelope: Uint8Array.of(...good.envelope, 0) }, 'malformed'],
    ['an envelope that is none', { envelope: imageOf(500, 1) }, 'malformed'],
    ['another vendor', releaseOf({ vendorId: createClassId(vendorId, 'x') }), 'wrong-vendor'],
    ['an older number', releaseOf({ sequenceNumber: 0 }), 'sequence-rollback'],
    ['the installed number for another image', releaseOf({ sequenceNumber: 1 }), 'sequence-rollback'],
    ['an image that the job does not have', { uri: 'https://example.com/another' }, 'image-unavailable'],
    ['an image longer than the manifest says', { image: imageOf(10_001, 2) }, 'image-too-large'],
    ['an image shorter than the manifest says', { image: imageOf(9_999, 2) }, 'image-mismatch'],
    ['an image longer than a slot', releaseOf({ image: imageOf(60_000, 2) }), 'image-too-large'],
    ['an envelope longer than its area', { envelope: imageOf(49_153, 2) }, 'too-large'],
    ['an envelope longer than its RAM', { envelope: imageOf(14_000, 2) }, 'too-large'],
  ])('%s', async (_name, change, code) => {
    const world = new DeviceWorld();
    const job = world.cloud.addJob('job-1', { ...good, ...change });

    expect(await world.run()).toMatchObject({ kind: 'job-done', accepted: true, boots: 1 });

    expect(job).toMatchObject({ status: 'REJECTED', statusDetails: { code } });
    expect(imageRequests(world)).toEqual([]);
    expect(world.installed).toMatchObject({ sequenceNumber: 1, slot: 0, image: OLD_IMAGE });
    expect(world.ram.usedBytes).toBe(0);
  });

  it.each<[name: string, document: object]>([
    ['of another application', { reboot: true }],
    ['of another version', { bristlecone: { v: 2 } }],
    ['without an envelope', { bristlecone: { v: 1, stream: 's', files: [] } }],
  ])('a job document %s', async (_name, document) => {
    const world = new DeviceWorld();
    const job = world.cloud.addJobWith('job-1', { ...document });
    await world.run();
    expect(job).toMatchObject({ status: 'REJECTED', statusDetails: { code: 'job-invalid' } });
    expect(job.statusDetails).not.toHaveProperty('report');
  });
});

describe('the agent refuses, once it has seen the image,', () => {
  it('one with another digest; and it does not keep its blocks', async () => {
    const world = new DeviceWorld();
    const job = world.cloud.addJob('job-1', { ...good, image: flipped(NEW_IMAGE, 5_000) });
    await world.run();

    expect(job).toMatchObject({ status: 'REJECTED', statusDetails: { code: 'image-mismatch' } });
    expect(job.statusDetails?.['at']).toMatch(/^manifest\.payload-fetch/);
    expect(reportOf(world).result).toMatchObject({ reason: 'condition-failed' });
    expect(world.installed.image).toEqual(OLD_IMAGE);

    world.cloud.addJob('job-2', good);
    await world.run();
    expect(world.installed.image).toEqual(NEW_IMAGE);
  });

  it('one whose manifest never says what it must be', async () => {
    const world = new DeviceWorld();
    const job = world.cloud.addJob('job-1', { ...good, envelope: envelopeOf({ install: FETCH }) });
    await world.run();
    expect(job).toMatchObject({ status: 'REJECTED', statusDetails: { code: 'parameter-missing' } });
  });
});

describe('a manifest that names one component', () => {
  it('gets the other slot to fetch into', async () => {
    const envelope = envelopeOf({
      install: [...FETCH, ...MATCH],
      validate: MATCH,
      invoke: [{ name: 'invoke', policy: 0 }],
    });
    const world = new DeviceWorld();
    world.cloud.addJob('job-1', { ...good, envelope });
    await world.run();
    expect(world.installed).toMatchObject({ slot: 1, image: NEW_IMAGE });
  });
});

describe('an image that does not work', () => {
  it('is rolled back, and the job failed', async () => {
    const world = new DeviceWorld();
    const job = world.cloud.addJob('job-1', good);
    world.isHealthy = false;

    expect(await world.run()).toMatchObject({ boots: 3 });

    expect(job).toMatchObject({ status: 'FAILED', statusDetails: { code: 'image-unconfirmed', at: 'health' } });
    expect(world.installed).toMatchObject({ sequenceNumber: 1, slot: 0, image: OLD_IMAGE });
    expect(world.states.slice(-4)).toEqual(['confirming', 'rolling-back', 'rolling-back', 'reporting']);
  });

  it('can be tried again without a new download', async () => {
    const world = new DeviceWorld();
    world.cloud.addJob('job-1', good);
    world.isHealthy = false;
    await world.run();
    world.isHealthy = true;
    world.cloud.requests.length = 0;

    world.cloud.addJob('job-2', good);
    await world.run();
    expect(world.installed).toMatchObject({ sequenceNumber: 2, image: NEW_IMAGE });
    expect(imageRequests(world)).toEqual([]);
  });

  it('is not started where its bits have rotted since it was checked', async () => {
    const world = new DeviceWorld();
    const job = world.cloud.addJob('job-1', good);
    await world.run({
      observe: (event) => {
        if (event.kind === 'state' && event.state === 'rebooting') world.rot(1);
      },
    });
    expect(job).toMatchObject({ status: 'FAILED', statusDetails: { code: 'image-unconfirmed', at: 'boot' } });
    expect(world.installed.image).toEqual(OLD_IMAGE);
  });
});

describe('what is installed already', () => {
  it('is reported as success without a download, however often it is sent', async () => {
    const world = new DeviceWorld();
    world.cloud.addJob('job-1', good);
    await world.run();
    world.cloud.requests.length = 0;
    const operations = world.flash.operations;

    const replay = world.cloud.addJob('job-2', good);
    expect(await world.run()).toMatchObject({ boots: 1 });

    expect(replay).toMatchObject({
      status: 'SUCCEEDED',
      statusDetails: { detail: 'installed already', sequence: '2' },
    });
    expect(imageRequests(world)).toEqual([]);
    expect(world.flash.operations - operations).toBeLessThan(12);
  });

  it('takes a higher number without a download', async () => {
    const world = new DeviceWorld();
    world.cloud.addJob('job-1', releaseOf({ image: OLD_IMAGE, sequenceNumber: 5 }));
    await world.run();
    expect(world.installed).toMatchObject({ sequenceNumber: 5, slot: 0, image: OLD_IMAGE });
    expect(imageRequests(world)).toEqual([]);

    const older = world.cloud.addJob('job-2', releaseOf({ sequenceNumber: 4 }));
    await world.run();
    expect(older).toMatchObject({ status: 'REJECTED', statusDetails: { code: 'sequence-rollback' } });
  });

  it('is not replaced by an older release that is authentic and replayed', async () => {
    const world = new DeviceWorld();
    world.cloud.addJob('newer', releaseOf({ sequenceNumber: 3, image: imageOf(5_000, 3) }));
    await world.run();
    expect(world.installed.sequenceNumber).toBe(3);

    const replay = world.cloud.addJob('older', good);
    await world.run();
    expect(replay).toMatchObject({ status: 'REJECTED', statusDetails: { code: 'sequence-rollback' } });
    expect(world.installed).toMatchObject({ sequenceNumber: 3, image: imageOf(5_000, 3) });
  });
});
