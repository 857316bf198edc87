/** `up --broker`: which broker of somebody else's, and how the services prove there who they are. */
import type { Command } from 'commander';
import { readFile } from 'node:fs/promises';
import { type CommandResult, UsageError } from '../../command-line.ts';
import { mosquittoFiles } from '../broker/mosquitto-conf.ts';
import { OperatorError } from '../errors.ts';
import type { ExternalBroker } from '../embedded.ts';

export interface ExternalBrokerOptions {
  readonly broker?: string;
  readonly brokerUser?: string;
  readonly brokerPasswordFile?: string;
  readonly brokerCa?: string;
  readonly brokerCertificate?: string;
  readonly brokerKey?: string;
  readonly printMosquittoConf?: true;
}

export const withExternalBrokerOptions = (command: Command): Command =>
  command
    .option(
      '--broker <url>',
      'serve devices through another MQTT 5 broker, mqtt:// or mqtts://, instead of an own one; provisioning is left out',
    )
    .option('--broker-user <name>', 'user of the services at that broker')
    .option('--broker-password-file <file>', 'file that holds the password of the services')
    .option('--broker-ca <file>', 'PEM of the CA of that broker; left out: those that Node trusts')
    .option('--broker-certificate <file>', 'PEM of the certificate that the services show')
    .option('--broker-key <file>', 'PEM of the key of that certificate')
    .option('--print-mosquitto-conf', 'print what mosquitto at the URL of --broker has to be told, and start nothing');

const DEFAULT_USER = 'bristlecone';
/** Of a certificate: no thing can be named so. */
const DEFAULT_COMMON_NAME = 'bristlecone.services';

/** @throws {UsageError} @throws {OperatorError} `invalid-url` */
export async function externalBrokerOf(options: ExternalBrokerOptions): Promise<ExternalBroker | undefined> {
  const { broker, brokerUser, brokerPasswordFile, brokerCa, brokerCertificate, brokerKey } = options;
  if (broker === undefined) {
    const further = [brokerUser, brokerPasswordFile, brokerCa, brokerCertificate, brokerKey];
    if (further.some((it) => it !== undefined)) throw new UsageError('--broker-… are about --broker, which is missing');
    return undefined;
  }
  const { protocol, username, password } = parseUrl(broker);
  if (protocol !== 'mqtt:' && protocol !== 'mqtts:') {
    throw new OperatorError('invalid-url', `--broker: expected mqtt://host:port or mqtts://host:port, got ${broker}`);
  }
  if (username !== '' || password !== '')
    throw new UsageError('--broker: give the user with --broker-user, and the password with --broker-password-file');
  const secret = brokerPasswordFile === undefined ? undefined : (await readFile(brokerPasswordFile, 'utf8')).trimEnd();
  return {
    url: broker,
    connection: {
      username: brokerUser ?? DEFAULT_USER,
      ...(secret !== undefined && { password: secret }),
      ...(brokerCa !== undefined && { ca: await readFile(brokerCa) }),
      ...(brokerCertificate !== undefined && { cert: await readFile(brokerCertificate) }),
      ...(brokerKey !== undefined && { key: await readFile(brokerKey) }),
    },
  };
}

/** As files of Debian's mosquitto. @throws {OperatorError} `invalid-user` */
export function mosquittoConfOf({ broker, brokerUser }: ExternalBrokerOptions): CommandResult {
  if (broker === undefined) throw new UsageError('--print-mosquitto-conf: expected --broker URL with it');
  const { protocol, hostname, port } = parseUrl(broker);
  const secure = protocol === 'mqtts:';
  const folder = '/etc/mosquitto';
  const user = brokerUser ?? (secure ? DEFAULT_COMMON_NAME : DEFAULT_USER);
  const files = mosquittoFiles({
    ...{ host: hostname.replace(/^\[(.*)\]$/, '$1'), folder, user },
    port: port === '' ? (secure ? 8_883 : 1_883) : Number(port),
    ...(secure && {
      tls: { ca: `${folder}/device-ca.pem`, certificate: `${folder}/server.pem`, key: `${folder}/server.key` },
    }),
  });
  const text = Object.entries(files).map(([name, content]) => `### ${folder}/${name}\n\n${content}`);
  return { json: files, text: text.join('\n') };
}

function parseUrl(text: string): URL {
  try {
    return new URL(text);
  } catch (cause) {
    throw new OperatorError('invalid-url', `--broker: expected mqtt://host:port, got ${text.slice(0, 100)}`, { cause });
  }
}
