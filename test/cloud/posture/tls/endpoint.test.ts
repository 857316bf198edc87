import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { endpointName, parseEndpoint } from '../../../../cloud/posture/tls/endpoint.ts';

describe('parseEndpoint', () => {
  it.each([
    ['example.com', 'example.com:443'],
    ['example.com:8883', 'example.com:8883'],
    ['EXAMPLE.com', 'example.com:443'],
    ['127.0.0.1:443', '127.0.0.1:443'],
    ['[::1]:8443', '[::1]:8443'],
    ['[2001:db8::1]', '[2001:db8::1]:443'],
    ['https://example.com/a?b', 'example.com:443'],
    ['https://example.com:444/', 'example.com:444'],
    ['mqtts://broker:8883', 'broker:8883'],
  ])('reads %s', (text, name) => {
    expect(endpointName(parseEndpoint(text)!)).toBe(name);
  });

  it.each([
    '',
    ' ',
    ':443',
    'a b',
    'host:0',
    'host:65536',
    'host:-1',
    'host:x',
    'http://host',
    'ftp://host',
    'user@host',
    'a'.repeat(301),
    '[::1',
    '\n',
  ])('refuses %j', (text) => {
    expect(parseEndpoint(text)).toBeUndefined();
  });

  it('reads what it wrote', () => {
    fc.assert(
      fc.property(fc.oneof(fc.domain(), fc.ipV4(), fc.ipV6()), fc.integer({ min: 1, max: 65_535 }), (host, port) => {
        const text = endpointName({ host, port });
        const again = parseEndpoint(text);
        return again !== undefined && parseEndpoint(endpointName(again))?.port === port;
      }),
    );
  });
});
