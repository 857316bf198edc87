/** A cloud with one job in it, and what a device of an experiment needs to take it. */
import type { VariantSpec, VariantWorld } from '../../device-sim/measure/variants/run-variant.ts';
import { boardNamed } from '../../device-sim/profiles/boards.ts';
import { FakeCloud } from '../../device-sim/faults/fake-cloud.ts';
import { firstRoot } from './device-roots.ts';
import { IMAGE_URI, NEW_IMAGE, OLD_IMAGE, releaseOf } from './device-world.ts';
import { serveFakeCloud } from './fake-cloud-broker.ts';
import { classId, es256, type TestSigner, vendorId } from './suit.ts';

export const THING = 'thing-1';

export const specOf = (changes: Partial<VariantSpec> = {}): VariantSpec => ({
  algorithm: 'ES256',
  signature: 'verified',
  blockBytes: 1_024,
  qos: 1,
  encoding: 'cbor',
  mqttVersion: 5,
  security: 'plain',
  transport: 'mqttjs',
  ...changes,
});

export const worldOf = (mqttUrl: string, signers: readonly TestSigner[] = [es256]): VariantWorld => ({
  mqttUrl,
  thing: THING,
  board: boardNamed('nrf52840')!,
  factory: { vendorId, classId, root: firstRoot(signers), image: OLD_IMAGE, sequenceNumber: 1 },
  seed: 7,
  run: 'r1',
  timeoutMs: 5_000,
});

export interface VariantCloud extends AsyncDisposable {
  readonly cloud: FakeCloud;
  readonly url: string;
}

export const queueJob = (cloud: FakeCloud, envelope: Uint8Array = releaseOf().envelope): void =>
  void cloud.addJob('job-1', { envelope, image: NEW_IMAGE, uri: IMAGE_URI });

/** @param envelope of the job; a release signed with ES256 where there is none */
export async function startVariantCloud(envelope: Uint8Array = releaseOf().envelope): Promise<VariantCloud> {
  const cloud = new FakeCloud(THING);
  const broker = await serveFakeCloud(cloud);
  queueJob(cloud, envelope);
  return { cloud, url: broker.url, [Symbol.asyncDispose]: () => broker[Symbol.asyncDispose]() };
}
