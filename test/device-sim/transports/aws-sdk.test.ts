import { describe, expect, it } from 'vitest';
import { WireMeter } from '../../../device-sim/metrics/wire-meter.ts';
import { awsSdkConnect } from '../../../device-sim/transports/aws-sdk.ts';
import { describeTransport } from '../../support/transport-contract.ts';

describeTransport({
  name: 'the AWS IoT Device SDK',
  connect: awsSdkConnect,
  holdsBack: (protocolVersion) => protocolVersion === 5,
  // QoS 0 too, in test/device-sim/measure/variants: each connection is a process.
  variants: [
    { protocolVersion: 5, qos: 1 },
    { protocolVersion: 4, qos: 1 },
  ],
});

const OPTIONS = {
  url: 'mqtt://127.0.0.1:1',
  clientId: 'thing-1',
  openTap: new WireMeter().openConnection.bind(new WireMeter()),
};

describe('the transport of the AWS IoT Device SDK', () => {
  it('says so where the library is not installed', async () => {
    const connect = awsSdkConnect(OPTIONS, () => {
      throw new Error('ERR_MODULE_NOT_FOUND');
    });
    await expect(connect({ receiveBytes: 4_096 })).rejects.toMatchObject({ code: 'aws-sdk-missing' });
  });

  it('refuses TLS, which is its own', () => {
    const secure = {
      ...OPTIONS,
      url: 'mqtts://127.0.0.1:1',
      tls: { ca: '' },
      openTlsTap: () => new WireMeter().tls.openConnection(),
    };
    expect(() => awsSdkConnect(secure)).toThrow('[aws-sdk-tls]');
  });

  it('refuses a URL that is not of MQTT', () => {
    expect(() => awsSdkConnect({ ...OPTIONS, url: 'http://127.0.0.1' })).toThrow(RangeError);
  });
});
