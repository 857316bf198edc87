/** One device, one ML-DSA-65 release, our cloud over real sockets, and whatever link is put between them. */
import { systemClock } from '../../device-sim/hardware/system-clock.ts';
import { teeTaps, type Trace, TraceRecorder } from '../../device-sim/links/trace.ts';
import type { MachineResult } from '../../device-sim/machine.ts';
import type { MqttVersion } from '../../device-sim/metrics/connection-meter.ts';
import { WireMeter } from '../../device-sim/metrics/wire-meter.ts';
import { mqttConnect } from '../../device-sim/transports/mqtt.ts';
import { firstRoot } from './device-roots.ts';
import { DeviceWorld, imageOf, releaseOf } from './device-world.ts';
import { FakeCloud } from '../../device-sim/faults/fake-cloud.ts';
import { mlDsa65 } from './suit.ts';
import { queueJob, startTestCloud } from './test-cloud.ts';

const THING = 'thing-1';

export interface LinkUpdate {
  readonly result: MachineResult;
  readonly trace: Trace;
  /** Of MQTT, as the operating system counted them at the device's sockets. */
  readonly socketBytes: { readonly up: number; readonly down: number };
  readonly durationMs: number;
}

export interface LinkUpdateOptions {
  readonly imageBytes: number;
  readonly blockBytes?: number;
  readonly mqttVersion?: MqttVersion;
  /** Puts something between the device and the cloud. @returns the port that the device connects to */
  readonly between?: (cloudPort: number) => Promise<number>;
}

export async function updateOverLink({
  imageBytes,
  blockBytes = 1_024,
  mqttVersion = 5,
  between,
}: LinkUpdateOptions): Promise<LinkUpdate> {
  await using cloud = await startTestCloud();
  const factory = new FakeCloud(THING);
  const { document } = factory.addJob('job-1', releaseOf({ image: imageOf(imageBytes, 2), signers: [mlDsa65] }));
  const files = new Map([...factory.files].map(([key, bytes]) => [Number(key.split('/')[1]), bytes]));
  await queueJob(cloud, { jobId: 'job-1', things: [THING], document, stream: { id: 'stream-job-1', files } });
  const port = (await between?.(cloud.broker.port)) ?? cloud.broker.port;

  const world = new DeviceWorld({ factory: { root: firstRoot([mlDsa65]) } });
  const recorder = new TraceRecorder();
  const wire = new WireMeter();
  const socketBytes = { up: 0, down: 0 };
  const startMs = performance.now();
  const result = await world.run({
    // Nothing may be asked for twice because a link is slow: the bytes shall be the same over all of them.
    settings: { ...world.settings, blockBytes, answerTimeoutMs: 120_000, idleTimeoutMs: 120_000 },
    clock: systemClock(undefined),
    connect: mqttConnect({
      url: `mqtt://127.0.0.1:${port}`,
      clientId: THING,
      protocolVersion: mqttVersion,
      keepAliveSeconds: 3_600,
      timeoutMs: 120_000,
      openTap: (version) => {
        const tap = teeTaps(wire.openConnection(version), recorder.openConnection(version));
        return {
          ...tap,
          closed: (socket) => {
            socketBytes.up += socket.sentBytes;
            socketBytes.down += socket.receivedBytes;
            tap.closed(socket);
          },
        };
      },
    }),
  });
  return { result, trace: recorder.trace, socketBytes, durationMs: performance.now() - startMs };
}
