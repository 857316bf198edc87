/** Run by itself: `version`, or a port to which the MQTT client of the AWS IoT Device SDK connects. It runs until it is ended. */
import { createRequire } from 'node:module';
import { io, mqtt5 } from 'aws-iot-device-sdk-v2';

const [, , wish = ''] = process.argv;
if (wish === 'version') {
  const require = createRequire(import.meta.url);
  const versionOf = (name: string): string => JSON.parse(JSON.stringify(require(`${name}/package.json`))).version;
  process.stdout.write(
    `aws-iot-device-sdk-v2 ${versionOf('aws-iot-device-sdk-v2')}, aws-crt ${versionOf('aws-crt')}\n`,
  );
} else {
  const tls = new io.TlsContextOptions();
  tls.verify_peer = false;
  const client = new mqtt5.Mqtt5Client({
    hostName: '127.0.0.1',
    port: Number(wish),
    tlsCtx: new io.ClientTlsContext(tls),
  });
  client.on('error', () => undefined);
  client.start();
}
