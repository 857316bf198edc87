/**
 * What mosquitto 2 has to be told so that devices and our services meet there as they do at the embedded broker: each
 * device is held to its own topics (policy.ts), the services to none, and no message is dropped that a device waits for.
 *
 * Checked against a real mosquitto in test/cloud/broker/mosquitto-conf.test.ts. What it does otherwise than the embedded
 * broker:
 *   - a device that publishes where it may not is told so with reason 0x87 and, by 2.0.11, cut off as well;
 *   - any SUBSCRIBE is granted, and what a device may not have is left out when it is delivered;
 *   - `…/jobs`, which is nobody's topic, is a device's own too;
 *   - answers of the Jobs service need a subscription;
 *   - a certificate is as good as its CA: the registry is not asked, and there is no provisioning.
 */
import { isThingName } from '../../protocol/aws-iot/topics.ts';
import { OperatorError } from '../errors.ts';

export interface MosquittoOptions {
  readonly host: string;
  readonly port: number;
  /** Where its files are, as mosquitto will find them. */
  readonly folder: string;
  /** User of the services; with TLS the CN of their certificate, which must be no thing's name. */
  readonly user: string;
  /** PEM files of TLS for devices, who then are the thing that is the CN of their certificate. */
  readonly tls?: { readonly ca: string; readonly certificate: string; readonly key: string };
}

/** By name: `mosquitto.conf`, `mosquitto.acl`. */
export type MosquittoFiles = Readonly<Record<'mosquitto.conf' | 'mosquitto.acl', string>>;

/**
 * Without TLS whoever names a thing is that thing: for tests and for networks of one's own.
 *
 * @throws {OperatorError} `invalid-user` where the certificate of a thing could be that of the services
 */
export function mosquittoFiles(options: MosquittoOptions): MosquittoFiles {
  const { user, tls } = options;
  if (tls && isThingName(user)) {
    throw new OperatorError(
      'invalid-user',
      `--broker-user: with certificates expected a name that no thing can have, such as bristlecone.services, got ${user}: ` +
        'the thing of that name would have every right of the services',
    );
  }
  const listener = tls ? tlsListener(options, tls) : plainListener(options);
  return {
    'mosquitto.conf': `${[...common(options), '', ...listener].join('\n')}\n`,
    'mosquitto.acl': `${acl(options).join('\n')}\n`,
  };
}

const common = ({ folder }: MosquittoOptions): readonly string[] => [
  '# mosquitto 2 beside `bristlecone up --broker …`',
  'per_listener_settings false',
  '# Without it each request waits 44 ms or more for an acknowledgement.',
  'set_tcp_nodelay true',
  '# 0: no limit. The services bound what each device has under way; what mosquitto drops, devices must ask for again.',
  'max_inflight_messages 0',
  'max_queued_messages 0',
  'max_packet_size 149504',
  'max_keepalive 1200',
  'persistent_client_expiration 1h',
  'retain_available false',
  `acl_file ${folder}/mosquitto.acl`,
];

const plainListener = ({ host, port, user, folder }: MosquittoOptions): readonly string[] => [
  `listener ${port} ${host}`,
  'max_qos 1',
  `password_file ${folder}/mosquitto.passwd`,
  `# Devices come without a password; \`${user}\` has one: mosquitto_passwd -c mosquitto.passwd ${user}`,
  'allow_anonymous true',
];

const tlsListener = ({ host, port, user }: MosquittoOptions, tls: NonNullable<MosquittoOptions['tls']>) => [
  `listener ${port} ${host}`,
  'max_qos 1',
  `cafile ${tls.ca}`,
  `certfile ${tls.certificate}`,
  `keyfile ${tls.key}`,
  'tls_version tlsv1.3',
  `# The CN of the certificate is the user: of a device its thing, of the services \`${user}\`. It is the client id too.`,
  'require_certificate true',
  'use_identity_as_username true',
  'use_username_as_clientid true',
  'allow_anonymous false',
];

function acl({ user, tls }: MosquittoOptions): readonly string[] {
  // With certificates the client id is whatever the client says: only the user is proven.
  const thing = tls ? '%u' : '%c';
  return [
    '# The services',
    `user ${user}`,
    'topic readwrite $aws/#',
    '',
    '# Each device: its own jobs and streams',
    `pattern readwrite $aws/things/${thing}/jobs/#`,
    `pattern readwrite $aws/things/${thing}/streams/#`,
  ];
}
