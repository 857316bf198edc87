/** `bristlecone up`: the embedded cloud, until Ctrl-C. */
import type { Command } from 'commander';
import { once } from 'node:events';
import { pino } from 'pino';
import { run, subcommand } from '../../command-line.ts';
import { startEmbeddedCloud } from '../embedded.ts';
import { expectNoneRunning, openDataFolder, removeEndpoints, writeEndpoints } from './data-folder.ts';
import { readKmsCredentials } from '../kms/credentials-file.ts';
import { type DataOptions, withDataOption } from './kms-option.ts';
import { choosePort } from './port.ts';

interface UpOptions extends DataOptions {
  readonly kmsPort?: string;
  readonly mqttPort?: string;
  readonly mqttsPort?: string;
  readonly host: string;
  readonly credentials?: string;
  readonly kmsAnyCaller?: true;
  readonly verbose?: true;
}

export function registerUpCommand(program: Command): void {
  const command = withDataOption(
    subcommand(program, {
      name: 'up',
      summary: 'run the embedded cloud: KMS, MQTT broker, jobs and streams',
      examples: ['up', 'up --data ./fleet --kms-port 8081 --mqtt-port 1883', 'up --kms-port 0 --mqtt-port 0 --json'],
    }),
  )
    .option('--kms-port <n>', 'HTTP port of the KMS (default: 8081 if it is free); 0: any free port')
    .option('--mqtt-port <n>', 'TCP port of the MQTT broker (default: 1883 if it is free); 0: any free port')
    .option('--mqtts-port <n>', 'TCP port of MQTT over TLS (default: 8883 if it is free); 0: any free port')
    .option(
      '--host <address>',
      'address to listen on; anything but loopback lets others in, at the MQTT broker unauthenticated',
      '127.0.0.1',
    )
    .option('--credentials <file>', 'who may call the KMS (SigV4 is checked): a file as ~/.aws/credentials')
    .option('--kms-any-caller', 'let whoever reaches the KMS at another --host than loopback sign and delete keys')
    .option('--verbose', 'log requests to standard error');
  run<UpOptions>(command, async ({ options, io }) => {
    const folder = openDataFolder(options.data);
    expectNoneRunning(folder);
    const log = pino({ level: options.verbose ? 'info' : 'warn' }, pino.destination(2));
    const { host, kmsPort, mqttPort, mqttsPort } = options;
    const ports = {
      kmsPort: await choosePort({ option: '--kms-port', text: kmsPort, preferred: 8081, host }),
      mqttPort: await choosePort({ option: '--mqtt-port', text: mqttPort, preferred: 1883, host }),
      mqttsPort: await choosePort({ option: '--mqtts-port', text: mqttsPort, preferred: 8883, host }),
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
      log,
    });
    const endpoints = { pid: process.pid, kms: cloud.kms, mqtt: cloud.mqtt, mqtts: cloud.mqtts, data: folder.root };
    writeEndpoints(folder, endpoints);
    for (const notice of cloud.notices) io.note(notice);
    io.emit(
      { ...endpoints, ready: true },
      `Ready: KMS at ${cloud.kms}, MQTT at ${cloud.mqtt} and ${cloud.mqtts}, data in ${folder.root}. Ctrl-C ends it.`,
    );
    if (!io.signal.aborted) await once(io.signal, 'abort');
    removeEndpoints(folder);
    return { json: { stopped: true }, text: 'Stopped. Everything is kept; `bristlecone up` goes on from here.' };
  });
}
