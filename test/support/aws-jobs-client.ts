/**
 * AWS's own device library, unmodified, over plain TCP: `IotJobsClientv2` on MQTT 5 or 3.1.1. It sets no TCP_NODELAY,
 * so each of its requests takes 44 ms.
 */
import { io, iotjobs, mqtt, mqtt5 } from 'aws-iot-device-sdk-v2';

export type AwsVersion = 'MQTT 5' | 'MQTT 3.1.1';

export interface AwsJobsClient extends AsyncDisposable {
  readonly jobs: iotjobs.IotJobsClientv2;
}

const OPTIONS = { maxRequestResponseSubscriptions: 6, maxStreamingSubscriptions: 4, operationTimeoutInSeconds: 10 };

export function connectAwsJobsClient(version: AwsVersion, port: number, thing: string): Promise<AwsJobsClient> {
  return version === 'MQTT 5' ? overMqtt5(port, thing) : overMqtt311(port, thing);
}

async function overMqtt5(port: number, thing: string): Promise<AwsJobsClient> {
  const client = new mqtt5.Mqtt5Client({
    hostName: '127.0.0.1',
    port,
    connectProperties: {
      clientId: thing,
      keepAliveIntervalSeconds: 30,
      username: '?SDK=IoTDeviceSDK/JS&Version=1.28.0',
    },
  });
  const connected = new Promise((resolve, reject) => {
    client.once('connectionSuccess', resolve).once('connectionFailure', reject);
  });
  client.start();
  await connected;
  const jobs = iotjobs.IotJobsClientv2.newFromMqtt5(client, OPTIONS);
  return {
    jobs,
    [Symbol.asyncDispose]: async () => {
      jobs.close();
      const stopped = new Promise((resolve) => client.once('stopped', resolve));
      client.stop();
      await stopped;
      client.close();
    },
  };
}

async function overMqtt311(port: number, thing: string): Promise<AwsJobsClient> {
  const connection = new mqtt.MqttClient().new_connection({
    client_id: thing,
    host_name: '127.0.0.1',
    port,
    clean_session: true,
    keep_alive: 30,
    socket_options: new io.SocketOptions(),
  });
  await connection.connect();
  const jobs = iotjobs.IotJobsClientv2.newFromMqtt311(connection, OPTIONS);
  return {
    jobs,
    [Symbol.asyncDispose]: async () => {
      jobs.close();
      await connection.disconnect();
    },
  };
}
