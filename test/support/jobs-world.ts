/** A cloud with jobs for each test of a file, and devices that hear all it tells them about their jobs. */
import { afterEach, beforeEach } from 'vitest';
import { connectDevice, startTestCloud, type TestCloud, type TestDevice } from './test-cloud.ts';

export const jobsOf = (thing: string) => `$aws/things/${thing}/jobs`;
export const parse = (payload: Uint8Array): unknown => JSON.parse(new TextDecoder().decode(payload));

export class JobsWorld {
  cloud!: TestCloud;

  constructor() {
    beforeEach(async () => {
      this.cloud = await startTestCloud();
    });
    afterEach(() => this.cloud[Symbol.asyncDispose]());
  }

  async restart(): Promise<void> {
    this.cloud = await this.cloud.restart();
  }

  async device(thing: string): Promise<TestDevice> {
    const connected = await connectDevice(this.cloud.broker.port, thing);
    const jobs = jobsOf(thing);
    await connected.subscribe(`${jobs}/notify`, `${jobs}/notify-next`);
    await connected.subscribe(...['accepted', 'rejected'].flatMap((it) => [`${jobs}/+/${it}`, `${jobs}/+/+/${it}`]));
    return connected;
  }
}
