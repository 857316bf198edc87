/** AWS's own device library, unmodified, over mutual TLS: `IotIdentityClientv2` on MQTT 5 or 3.1.1. */
import { io, iotidentity, mqtt, mqtt5 } from 'aws-iot-device-sdk-v2';
import type { AwsVersion } from './aws-jobs-client.ts';

export interface AwsIdentityClient extends AsyncDisposable {
  readonly identity: iotidentity.IotIdentityClientv2;
}

export interface AwsCredential {
  readonly clientId: string;
  /** PEM, all three. */
  readonly certificate: string;
  readonly privateKey: string;
  readonly serverCa: string;
}

const OPTIONS = { maxRequestResponseSubscriptions: 6, maxStreamingSubscriptions: 2, operationTimeoutInSeconds: 10 };

export function connectAwsIdentityClient(
  version: AwsVersion,
  port: number,
  credential: AwsCredential,
): Promise<AwsIdentityClient> {
  const options = new io.TlsContextOptions();
  options.certificate = credential.certificate;
  options.private_key = credential.privateKey;
  options.certificate_authority = credential.serverCa;
  const tls = new io.ClientTlsContext(options);
  return version === 'MQTT 5' ? overMqtt5(port, credential.clientId, tls) : overMqtt311(port, credential.clientId, tls);
}

async function overMqtt5(port: number, clientId: string, tlsCtx: io.ClientTlsContext): Promise<AwsIdentityClient> {
  const connectProperties = { clientId, keepAliveIntervalSeconds: 30 };
  const client = new mqtt5.Mqtt5Client({ hostName: 'localhost', port, tlsCtx, connectProperties });
  const connected = new Promise((resolve, reject) => {
    client.once('connectionSuccess', resolve).once('connectionFailure', reject);
  });
  client.start();
  try {
    await connected;
  } catch (error) {
    await stop(client);
    throw error;
  }
  const identity = iotidentity.IotIdentityClientv2.newFromMqtt5(client, OPTIONS);
  return {
    identity,
    [Symbol.asyncDispose]: async () => {
      identity.close();
      await stop(client);
    },
  };
}

async function stop(client: mqtt5.Mqtt5Client): Promise<void> {
  const stopped = new Promise((resolve) => client.once('stopped', resolve));
  client.stop();
  await stopped;
  client.close();
}

async function overMqtt311(port: number, clientId: string, tls: io.ClientTlsContext): Promise<AwsIdentityClient> {
  const connection = new mqtt.MqttClient().new_connection({
    client_id: clientId,
    host_name: 'localhost',
    port,
    clean_session: true,
    keep_alive: 30,
    socket_options: new io.SocketOptions(),
    tls_ctx: tls,
  });
  await connection.connect();
  const identity = iotidentity.IotIdentityClientv2.newFromMqtt311(connection, OPTIONS);
  return {
    identity,
    [Symbol.asyncDispose]: async () => {
      identity.close();
      await connection.disconnect();
    },
  };
}
