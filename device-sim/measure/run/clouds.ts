/** The clouds of an experiment: one for each broker and way to reach it, each a process of its own, as users start it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { startMosquitto } from '../../fleet/mosquitto.ts';
import type { DeviceTls } from '../../transports/tls-line.ts';
import { Unavailable } from '../../ports.ts';
import { textAt } from '../json.ts';
import type { CaseSpec } from '../results/results.ts';
import { CommandProcess } from './command-process.ts';

export interface Cloud {
  /** Its data folder, for commands. */
  readonly data: string;
  readonly mqttUrl: string;
  /** Without a credential. */
  readonly tls?: DeviceTls;
}

/** What of a case decides which cloud it needs. */
export type CloudChoice = Pick<CaseSpec, 'broker' | 'security' | 'certificate'>;

export const cloudKey = ({ broker, security, certificate }: CloudChoice): string =>
  [broker, security, certificate ?? ''].join(' ');

interface StartedCloud {
  readonly cloud: Cloud;
  readonly process: CommandProcess;
}

export class Clouds implements AsyncDisposable {
  readonly #started: ReadonlyMap<string, StartedCloud>;
  /** Why those that were not started were not. */
  readonly #failed: ReadonlyMap<string, string>;
  readonly #resources: AsyncDisposableStack;

  private constructor(
    started: ReadonlyMap<string, StartedCloud>,
    { failed, resources }: { failed: ReadonlyMap<string, string>; resources: AsyncDisposableStack },
  ) {
    this.#started = started;
    this.#failed = failed;
    this.#resources = resources;
  }

  /**
   * One for each choice that differs, side by side. One that cannot be started fails its own cases, and no others.
   *
   * @throws {Unavailable} where none can be
   */
  static async start(choices: readonly CloudChoice[], folder: string): Promise<Clouds> {
    await using resources = new AsyncDisposableStack();
    const distinct = [...new Map(choices.map((choice) => [cloudKey(choice), choice])).values()];
    const mosquitto = distinct.some(({ broker }) => broker === 'mosquitto')
      ? await startMosquitto(join(folder, 'mosquitto'))
      : undefined;
    if (mosquitto) resources.use(mosquitto.service);
    const outcomes = await Promise.allSettled(
      distinct.map(async (choice, index): Promise<StartedCloud> => {
        const process = resources.use(new CommandProcess());
        const broker = choice.broker === 'mosquitto' ? mosquitto : foreignBroker(choice);
        return {
          cloud: await startCloud(choice, { data: join(folder, `cloud-${index}`), process, broker }),
          process,
        };
      }),
    );
    const started = new Map<string, StartedCloud>();
    const failed = new Map<string, string>();
    for (const [index, choice] of distinct.entries()) {
      const outcome = outcomes[index];
      if (outcome?.status === 'fulfilled') started.set(cloudKey(choice), outcome.value);
      else failed.set(cloudKey(choice), reasonOf(outcome?.reason));
    }
    const [why] = failed.values();
    if (started.size === 0) throw new Unavailable(`no cloud could be started: ${why}`);
    return new Clouds(started, { failed, resources: resources.move() });
  }

  /** Any of them: where keys are, and envelopes are signed. */
  get first(): Cloud {
    const [first] = this.#started.values();
    if (!first) throw new RangeError('experiment: expected at least one cloud');
    return first.cloud;
  }

  /** Whether one that was started is gone. */
  get hasEnded(): boolean {
    return [...this.#started.values()].some(({ process }) => process.hasEnded);
  }

  isStarted(choice: CloudChoice): boolean {
    return this.#started.has(cloudKey(choice));
  }

  /** @throws {Unavailable} where it could not be started, and why */
  of(choice: CloudChoice): Cloud {
    const key = cloudKey(choice);
    const started = this.#started.get(key);
    if (started) return started.cloud;
    throw new Unavailable(this.#failed.get(key) ?? `no cloud was started for ${key}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources.disposeAsync();
  }
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

interface ExternalBroker {
  readonly url: string;
  /** Of the services there, where they have one. */
  readonly passwordFile?: string;
}

/** Undefined where the broker is embedded. */
const foreignBroker = ({ broker }: CloudChoice): ExternalBroker | undefined =>
  broker === 'embedded' ? undefined : { url: broker };

interface Start {
  readonly data: string;
  readonly process: CommandProcess;
  /** Of a broker that is not the cloud's own. */
  readonly broker: ExternalBroker | undefined;
}

async function startCloud({ security, certificate }: CloudChoice, { data, process, broker }: Start): Promise<Cloud> {
  const up = ['up', '--data', data, '--kms-port', '0'];
  if (broker) {
    const { url, passwordFile } = broker;
    await process.serve([
      ...[...up, '--broker', url],
      ...(passwordFile === undefined ? [] : ['--broker-password-file', passwordFile]),
    ]);
    // As on any server of the world, an authority that Node trusts has signed its certificate.
    return { data, mqttUrl: broker.url, ...(security === 'tls' && { tls: { ca: rootCertificates.join('\n') } }) };
  }
  const ready = await process.serve([
    ...[...up, '--mqtt-port', '0', '--mqtts-port', '0'],
    ...(certificate === undefined ? [] : ['--certificate-algorithm', certificate]),
    ...(security === 'tls' ? ['--device-certificates', 'off'] : []),
  ]);
  if (security === 'plain') return { data, mqttUrl: textAt(ready, 'mqtt') };
  const ca = readFileSync(join(data, 'identity', 'server-ca.pem'), 'utf8');
  return { data, mqttUrl: textAt(ready, 'mqtts'), tls: { ca } };
}
