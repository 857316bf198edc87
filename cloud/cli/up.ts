/** `bristlecone up`: the embedded cloud, until Ctrl-C. */
import { type Command, Option } from 'commander';
import { once } from 'node:events';
import { pino } from 'pino';
import { type Io, run, subcommand, UsageError } from '../../command-line.ts';
import { type EmbeddedCloud, startEmbeddedCloud } from '../embedded.ts';
import type { Log } from '../ports.ts';
import { repeat } from '../repeat.ts';
import { watchLoad } from '../watch-load.ts';
import { expectNoneRunning, openDataFolder, removeEndpoints, writeEndpoints } from './data-folder.ts';
import {
  externalBrokerOf,
  type ExternalBrokerOptions,
  mosquittoConfOf,
  withExternalBrokerOptions,
} from './external-broker.ts';
import { readKmsCredentials } from '../kms/credentials-file.ts';
import { AWS_RATE_LIMITS } from '../provisioning/rate-limits.ts';
import { type DataOptions, withDataOption } from './kms-option.ts';
import { choosePort } from './port.ts';
import { type TlsListenerOptions, tlsListenerOf, withTlsListenerOptions } from './tls-listener-options.ts';

interface UpOptions extends DataOptions, TlsListenerOptions, ExternalBrokerOptions {
  readonly kmsPort?: string;
  readonly mqttPort?: string;
  readonly host: string;
  readonly credentials?: string;
  readonly kmsAnyCaller?: true;
  readonly awsLimits?: true;
  readonly verbose?: true;
  readonly statsEvery?: string;
  readonly bareStream?: string;
}

export function registerUpCommand(program: Command): void {
  const command = withDataOption(
    subcommand(program, {
      name: 'up',
      summary: 'run the embedded cloud: KMS, MQTT broker, jobs, streams and provisioning',
      examples: [
        'up',
        'up --data ./fleet --kms-port 8081 --mqtt-port 1883 --mqtts-port 8883',
        'up --require-tls --key-exchange required --certificate-algorithm ML-DSA-65',
        'up --kms-port 0 --mqtt-port 0 --mqtts-port 0 --json',
        'up --broker mqtt://127.0.0.1:1883',
      ],
    }),
  )
    .option('--kms-port <n>', 'HTTP port of the KMS (default: 8081 if it is free); 0: any free port')
    .option('--mqtt-port <n>', 'TCP port of the MQTT broker (default: 1883 if it is free); 0: any free port')
    .option(
      '--host <address>',
      'address to listen on; anything but loopback lets others in, without --require-tls also unauthenticated',
      '127.0.0.1',
    )
    .option('--credentials <file>', 'who may call the KMS (SigV4 is checked): a file as ~/.aws/credentials')
    .option('--kms-any-caller', 'let whoever reaches the KMS at another --host than loopback sign and delete keys')
    .option('--aws-limits', 'provision no faster than AWS IoT does: 20 requests, 10 keys and 10 things a second')
    .option('--verbose', 'log requests to standard error');
  withTlsListenerOptions(command);
  withExternalBrokerOptions(command);
  // Of fleet runs: how busy it is, as lines of JSON; and the stream that their ceiling is measured with.
  command.addOption(new Option('--stats-every <ms>').hideHelp());
  command.addOption(new Option('--bare-stream <block bytes>').hideHelp());
  run<UpOptions>(command, async ({ options, io }) => {
    if (options.printMosquittoConf) return mosquittoConfOf(options);
    const folder = openDataFolder(options.data);
    expectNoneRunning(folder);
    const log = pino({ level: options.verbose ? 'info' : 'warn' }, pino.destination(2));
    const externalBroker = await externalBrokerOf(options);
    const { host, kmsPort } = options;
    const ports = {
      kmsPort: await choosePort({ option: '--kms-port', text: kmsPort, preferred: 8081, host }),
      ...(externalBroker ? { externalBroker } : await devicePorts(options)),
    };
    const callers = {
      ...(options.credentials === undefined ? {} : { kmsCredentials: await readKmsCredentials(options.credentials) }),
      kmsAllowAnyCaller: options.kmsAnyCaller ?? false,
    };
    await using cloud = await startEmbeddedCloud({
      dataFolder: folder.root,
      host,
      ...ports,
      ...callers,
      ...(options.awsLimits ? { provisioningLimits: AWS_RATE_LIMITS } : {}),
      bareBlockBytes: positive('--bare-stream', options.bareStream),
      log,
    });
    const { kms, mqtt, mqtts } = cloud;
    const endpoints = { pid: process.pid, kms, mqtt, ...(mqtts !== undefined && { mqtts }), data: folder.root };
    writeEndpoints(folder, endpoints);
    for (const notice of cloud.notices) io.note(notice);
    io.emit(
      { ...endpoints, ready: true },
      `Ready: KMS at ${kms}, MQTT at ${[...new Set([mqtt, mqtts ?? mqtt])].join(' and ')}, data in ${folder.root}. Ctrl-C ends it.`,
    );
    await using meters = new AsyncDisposableStack();
    meters.defer(watchLoad(cloud, log));
    meters.defer(emitStats(cloud, { everyMs: positive('--stats-every', options.statsEvery), io, log }));
    if (!io.signal.aborted) await once(io.signal, 'abort');
    removeEndpoints(folder);
    return { json: { stopped: true }, text: 'Stopped. Everything is kept; `bristlecone up` goes on from here.' };
  });
}

async function devicePorts({ mqttPort, requireTls, host, ...options }: UpOptions) {
  if (requireTls && mqttPort !== undefined) throw new UsageError('--require-tls closes the port of --mqtt-port');
  const plain = requireTls
    ? {}
    : { mqttPort: await choosePort({ option: '--mqtt-port', text: mqttPort, preferred: 1883, host }) };
  return { ...plain, tls: await tlsListenerOf(options, host) };
}

/** One line of JSON each time, with `--json` and without. */
function emitStats(
  cloud: EmbeddedCloud,
  { everyMs, io, log }: { readonly everyMs: number | undefined; readonly io: Io; readonly log: Log },
): () => Promise<void> {
  if (everyMs === undefined) return () => Promise.resolve();
  const readLoad = cloud.loadReader();
  return repeat(
    everyMs,
    () => {
      const load = readLoad();
      io.emit(load, JSON.stringify(load));
    },
    log,
  );
}

function positive(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new UsageError(`${option}: expected a whole number above 0, got ${JSON.stringify(text.slice(0, 20))}`);
}
