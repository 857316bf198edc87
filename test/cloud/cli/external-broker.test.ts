import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { externalBrokerOf, type ExternalBrokerOptions, mosquittoConfOf } from '../../../cloud/cli/external-broker.ts';

const folder = mkdtempSync(join(tmpdir(), 'bristlecone-broker-'));
const passwordFile = join(folder, 'password');
writeFileSync(passwordFile, 'a secret\n');
afterAll(() => rmSync(folder, { recursive: true }));

describe('another broker', () => {
  it('is its own where none is named', async () => {
    expect(await externalBrokerOf({})).toBeUndefined();
  });

  it('is asked as the user bristlecone, or as who the operator says', async () => {
    const broker = 'mqtt://h:1883';
    expect(await externalBrokerOf({ broker })).toEqual({ url: broker, connection: { username: 'bristlecone' } });
    const named = { broker, brokerUser: 'us', brokerPasswordFile: passwordFile, brokerCa: passwordFile };
    expect(await externalBrokerOf(named)).toEqual({
      url: broker,
      connection: { username: 'us', password: 'a secret', ca: Buffer.from('a secret\n') },
    });
  });

  it.each<[name: string, options: ExternalBrokerOptions, code: string]>([
    ['no URL', { broker: 'here' }, 'invalid-url'],
    ['one of another kind', { broker: 'http://h' }, 'invalid-url'],
    ['one with a password in it', { broker: 'mqtt://a:b@h' }, 'usage'],
    ['credentials for none', { brokerUser: 'a' }, 'usage'],
    ['a password that is not there', { broker: 'mqtt://h', brokerPasswordFile: join(folder, 'none') }, 'ENOENT'],
  ])('is refused: %s', async (_name, options, code) => {
    await expect(externalBrokerOf(options)).rejects.toMatchObject({ code });
  });
});

const textOf = (options: ExternalBrokerOptions) => String(mosquittoConfOf(options).text);

describe('the configuration of mosquitto', () => {
  it('is for whoever names a thing, without TLS', () => {
    const text = textOf({ broker: 'mqtt://0.0.0.0' });
    expect(text).toMatch(/listener 1883 0\.0\.0\.0\n[^]*allow_anonymous true[^]*user bristlecone\n/);
    expect(text).toContain('pattern readwrite $aws/things/%c/jobs/#');
  });

  it('is for certificates, with TLS', () => {
    const text = textOf({ broker: 'mqtts://h:9', brokerUser: 'our.services' });
    expect(text).toMatch(/listener 9 h\n[^]*require_certificate true[^]*allow_anonymous false[^]*user our\.services\n/);
    expect(textOf({ broker: 'mqtts://h:9' })).toContain('\nuser bristlecone.services\n');
    expect(() => textOf({ broker: 'mqtts://h:9', brokerUser: 'us' })).toThrow('--broker-user');
    expect(text).toContain('pattern readwrite $aws/things/%u/streams/#');
    expect(text).not.toContain('%c');
  });

  it('is for a broker that was named', () => {
    expect(() => mosquittoConfOf({})).toThrow('--print-mosquitto-conf: expected --broker URL with it');
  });
});
