/** AWS's own device library, unmodified, over TLS: what aws-crt (s2n and aws-lc) makes of a broker. */
import { io, mqtt, mqtt5 } from 'aws-iot-device-sdk-v2';
import type { AwsVersion } from './aws-jobs-client.ts';
import type { TestCertificate } from './tls-pki.ts';

export interface AwsTlsOptions {
  readonly port: number;
  readonly thing: string;
  readonly credential: TestCertificate;
  /** PEM. */
  readonly serverCa: string;
}

/** @returns whether it was let in; it is gone afterwards */
export function tryAwsTls(version: AwsVersion, options: AwsTlsOptions): Promise<boolean> {
  return version === 'MQTT 5' ? tryMqtt5(options) : tryMqtt311(options);
}

function contextOf({ credential, serverCa }: AwsTlsOptions): io.ClientTlsContext {
  const options = new io.TlsContextOptions();
  options.certificate = credential.certificate;
  options.private_key = credential.privateKey;
  options.certificate_authority = serverCa;
  return new io.ClientTlsContext(options);
}

async function tryMqtt5(options: AwsTlsOptions): Promise<boolean> {
  const client = new mqtt5.Mqtt5Client({
    hostName: 'localhost',
    port: options.port,
    tlsCtx: contextOf(options),
    connectProperties: { clientId: options.thing, keepAliveIntervalSeconds: 30 },
  });
  const isIn = new Promise<boolean>((resolve) => {
    client.once('connectionSuccess', () => resolve(true)).once('connectionFailure', () => resolve(false));
  });
  client.start();
  const answer = await isIn;
  const stopped = new Promise((resolve) => client.once('stopped', resolve));
  client.stop();
  await stopped;
  client.close();
  return answer;
}

async function tryMqtt311(options: AwsTlsOptions): Promise<boolean> {
  const connection = new mqtt.MqttClient().new_connection({
    client_id: options.thing,
    host_name: 'localhost',
    port: options.port,
    clean_session: true,
    keep_alive: 30,
    socket_options: new io.SocketOptions(),
    tls_ctx: contextOf(options),
  });
  // Its own errors are those of the connection, which the answer says.
  connection.on('error', () => undefined);
  try {
    await connection.connect();
  } catch {
    return false;
  }
  await connection.disconnect();
  return true;
}
