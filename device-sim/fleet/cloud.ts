/** The cloud of a fleet run: `bristlecone up` as a process of its own, as users start it. */
import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { numberAt, textAt } from '../measure/json.ts';
import { spawnSubcommand } from '../measure/subcommands.ts';
import { FleetError } from './fleet-error.ts';
import type { CloudLoad } from './progress.ts';
import { Service } from './service.ts';

export interface CloudOptions {
  readonly dataFolder: string;
  /** The broker to serve at, where it is not its own. */
  readonly brokerUrl?: string | undefined;
  readonly brokerPasswordFile?: string | undefined;
  /** Of the blocks of the stream `bare`. */
  readonly bareBlockBytes: number;
}

const STATS_EVERY_MS = 250;

export class Cloud extends Service {
  readonly #said: Said;

  constructor(options: CloudOptions) {
    const said: Said = { mqttUrl: undefined, load: undefined };
    super({
      name: 'the cloud',
      diedCode: 'cloud-died',
      spawn: () => spawnSubcommand(upArguments(options, said.mqttUrl)),
      isReady: (child) => listen(child, said),
    });
    this.#said = said;
  }

  /** Where devices connect. The same after a restart. */
  get mqttUrl(): string {
    if (this.#said.mqttUrl === undefined) throw new TypeError('cloud: asked for its address before it was started');
    return this.#said.mqttUrl;
  }

  /** What it said last of itself. */
  get load(): CloudLoad | undefined {
    return this.#said.load;
  }
}

interface Said {
  mqttUrl: string | undefined;
  load: CloudLoad | undefined;
}

function upArguments(options: CloudOptions, mqttUrl: string | undefined): string[] {
  const { dataFolder, brokerUrl, brokerPasswordFile, bareBlockBytes } = options;
  const broker =
    brokerUrl === undefined
      ? ['--mqtts-port', '0', '--mqtt-port', mqttUrl === undefined ? '0' : new URL(mqttUrl).port]
      : [
          '--broker',
          brokerUrl,
          ...(brokerPasswordFile === undefined ? [] : ['--broker-password-file', brokerPasswordFile]),
        ];
  const meters = ['--stats-every', `${STATS_EVERY_MS}`, '--bare-stream', `${bareBlockBytes}`];
  return ['up', '--data', dataFolder, '--kms-port', '0', ...broker, ...meters];
}

/** Its lines: the one that says it is ready, and then its load. */
function listen(child: ChildProcess, said: Said): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  createInterface({ input: child.stdout! }).on('line', (line) => {
    const message: unknown = JSON.parse(line);
    if (typeof message !== 'object' || message === null) return;
    if ('error' in message) {
      reject(new FleetError('cloud-died', `the cloud cannot be started: ${textAt(message.error, 'message')}`));
    }
    if ('ready' in message) {
      said.mqttUrl = textAt(message, 'mqtt');
      resolve();
    }
    if ('eventLoopP99Ms' in message) {
      said.load = { rssBytes: numberAt(message, 'rssBytes'), eventLoopP99Ms: numberAt(message, 'eventLoopP99Ms') };
    }
  });
  return promise;
}
