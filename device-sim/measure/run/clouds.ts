/** The clouds of an experiment: one for each broker and way to reach it, each a process of its own, as users start it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { startMosquitto } from '../../fleet/mosquitto.ts';
import type { DeviceTls } from '../../transports/tls-line.ts';
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

export class Clouds implements AsyncDisposable {
  readonly #clouds: ReadonlyMap<string, Cloud>;
  readonly #processes: readonly CommandProcess[];
  readonly #resources: AsyncDisposableStack;

  private constructor(
    clouds: ReadonlyMap<string, Cloud>,
    { processes, resources }: { processes: readonly CommandProcess[]; resources: AsyncDisposableStack },
  ) {
    this.#clouds = clouds;
    this.#processes = processes;
    this.#resources = resources;
  }

  /** One for each choice that differs, side by side. */
  static async start(choices: readonly CloudChoice[], folder: string): Promise<Clouds> {
    await using started = new AsyncDisposableStack();
    const distinct = new Map(choices.map((choice) => [cloudKey(choice), choice]));
    const processes = [...distinct].map(() => started.use(new CommandProcess()));
    const mosquitto = [...distinct.values()].some(({ broker }) => broker === 'mosquitto')
      ? await startMosquitto(join(folder, 'mosquitto'))
      : undefined;
    if (mosquitto) started.use(mosquitto.service);
    const starting = [...distinct.values()].map((choice, index) =>
      startCloud(choice, {
        data: join(folder, `cloud-${index}`),
        process: processes[index]!,
        brokerUrl: choice.broker === 'mosquitto' ? mosquitto?.url : foreignUrl(choice),
      }),
    );
    const clouds = await Promise.all(starting);
    const byKey = new Map([...distinct.keys()].map((key, index) => [key, clouds[index]!]));
    return new Clouds(byKey, { processes, resources: started.move() });
  }

  /** Any of them: where keys are, and envelopes are signed. */
  get first(): Cloud {
    const [first] = this.#clouds.values();
    if (!first) throw new RangeError('experiment: expected at least one cloud');
    return first;
  }

  get hasEnded(): boolean {
    return this.#processes.some(({ hasEnded }) => hasEnded);
  }

  of(choice: CloudChoice): Cloud {
    const cloud = this.#clouds.get(cloudKey(choice));
    if (!cloud) throw new RangeError(`experiment: no cloud was started for ${cloudKey(choice)}`);
    return cloud;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources.disposeAsync();
  }
}

/** Undefined where the broker is embedded. */
const foreignUrl = ({ broker }: CloudChoice): string | undefined => (broker === 'embedded' ? undefined : broker);

interface Start {
  readonly data: string;
  readonly process: CommandProcess;
  /** Of a broker that is not the cloud's own. */
  readonly brokerUrl: string | undefined;
}

async function startCloud({ security, certificate }: CloudChoice, { data, process, brokerUrl }: Start): Promise<Cloud> {
  const up = ['up', '--data', data, '--kms-port', '0'];
  if (brokerUrl !== undefined) {
    await process.serve([...up, '--broker', brokerUrl]);
    // As on any server of the world, an authority that Node trusts has signed its certificate.
    return { data, mqttUrl: brokerUrl, ...(security === 'tls' && { tls: { ca: rootCertificates.join('\n') } }) };
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
