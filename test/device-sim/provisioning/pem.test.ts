import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodePem, encodePem } from '../../../device-sim/provisioning/pem.ts';
import { decodedOrRefused, expectRejection } from '../../support/expect-rejection.ts';

const head = '-----BEGIN CERTIFICATE-----';
const tail = '-----END CERTIFICATE-----';

describe('PEM', () => {
  it('is lines of 64 characters between two labels', () => {
    const pem = encodePem('CERTIFICATE', new Uint8Array(60).fill(1));
    expect(pem).toBe(`${head}\n${'AQEB'.repeat(16)}\n${'AQEB'.repeat(4)}\n${tail}\n`);
  });

  it('comes back as it was, also with the line ends of another system', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (der) => {
        const pem = encodePem('CERTIFICATE', der);
        expect(decodePem('CERTIFICATE', pem, 'x')).toEqual(der);
        expect(decodePem('CERTIFICATE', `\r\n${pem.replaceAll('\n', '\r\n')}`, 'x')).toEqual(der);
      }),
    );
  });

  it.each([
    ['nothing', ''],
    ['another label', encodePem('PRIVATE KEY', Uint8Array.of(1))],
    ['no end', `${head}\nAQEB\n`],
    ['two of them', encodePem('CERTIFICATE', Uint8Array.of(1)).repeat(2)],
    ['no base64', `${head}\n****\n${tail}`],
    ['text before it', `hello ${head}\nAQEB\n${tail}`],
  ])('is refused: %s', (_name, pem) => {
    expectRejection(() => decodePem('CERTIFICATE', pem, 'created.certificatePem'), 'not-der', 'created.certificatePem');
  });

  it('is decoded from any text, or refused', () => {
    let decoded = 0;
    fc.assert(
      fc.property(fc.string(), (text) => {
        if (decodedOrRefused(() => decodePem('CERTIFICATE', `${head}${text}${tail}`, 'x'))) decoded += 1;
      }),
    );
    expect(decoded).toBeGreaterThan(0);
  });
});
