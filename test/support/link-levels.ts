/** One update over one link at all levels: for the test that they agree, and for the bench that says how well. */
import { missingForEmulator } from '../../device-sim/links/emulator-support.ts';
import type { LinkTraffic } from '../../device-sim/links/channel.ts';
import { startShapingProxy } from '../../device-sim/links/proxy.ts';
import { replay } from '../../device-sim/links/replay.ts';
import type { LinkStats, RunningLink, ServeLinkOptions } from '../../device-sim/links/running-link.ts';
import type { LinkProfile } from '../../device-sim/profiles/links.ts';
import { updateOverLink } from './link-update.ts';

type Bytes = LinkStats['payloadBytes'];

export interface LevelResult {
  readonly name: string;
  readonly durationMs: number;
  /** Of MQTT, at the device's sockets; at level 1, of the replayed trace. */
  readonly mqttBytes: Bytes;
  /** Of TCP, at the link's own sockets. */
  readonly linkBytes: Bytes;
  readonly traffic: LinkTraffic;
  readonly status: string;
}

export interface Levels {
  /** Of the same run with no link between: what the programs themselves need. */
  readonly unshapedMs: number;
  readonly results: readonly LevelResult[];
}

export interface LevelsOptions {
  readonly link: LinkProfile;
  readonly imageBytes: number;
  readonly blockBytes?: number;
}

export async function measureLevels({ link, ...update }: LevelsOptions): Promise<Levels> {
  const unshaped = await updateOverLink(update);
  const { durationMs, mqttBytes, traffic } = replay(unshaped.trace, { link });
  const status = statusOf(unshaped.result);
  const virtual = { name: 'virtual', durationMs, mqttBytes, linkBytes: unshaped.socketBytes, traffic, status };
  const proxy = await throughLink('proxy', startShapingProxy, { link, ...update });
  const results = [virtual, proxy];
  if (missingForEmulator() === undefined) {
    const { startEmulator } = await import('../../device-sim/links/emulator.ts');
    results.push(await throughLink('emulator', startEmulator, { link, ...update }));
  }
  return { unshapedMs: unshaped.durationMs, results };
}

async function throughLink(
  name: string,
  start: (options: ServeLinkOptions) => Promise<RunningLink>,
  { link, ...update }: LevelsOptions,
): Promise<LevelResult> {
  await using stack = new AsyncDisposableStack();
  const stats: (() => LinkStats)[] = [];
  const { durationMs, socketBytes, result } = await updateOverLink({
    ...update,
    between: async (port) => {
      const running = stack.use(await start({ link, listen: { port: 0 }, to: { host: '127.0.0.1', port } }));
      stats.push(running.stats);
      return running.port;
    },
  });
  const { payloadBytes, traffic } = stats[0]!();
  return { name, durationMs, mqttBytes: socketBytes, linkBytes: payloadBytes, traffic, status: statusOf(result) };
}

const statusOf = (result: Awaited<ReturnType<typeof updateOverLink>>['result']): string =>
  result.kind === 'job-done' ? result.report.status : result.kind;
