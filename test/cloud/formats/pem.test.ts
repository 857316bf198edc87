import { describe, expect, it } from 'vitest';
import { decodePemOrDer, encodePem } from '../../../cloud/formats/pem.ts';
import { equalBytes, utf8 } from '../../../protocol/bytes.ts';
import type { RejectionCode } from '../../../protocol/errors.ts';
import { expectRejection } from '../../support/expect-rejection.ts';

const bounds = { at: 'file', maxBytes: 2_000_000 };
const der = Uint8Array.of(0x30, 0x03, 0x02, 0x01, 0x05);
const pem = encodePem('CERTIFICATE', der);
const read = (text: string) => decodePemOrDer(utf8(text), 'CERTIFICATE', bounds);

const old = (label: string): Uint8Array => utf8(pem.replaceAll('CERTIFICATE', label));

describe('PEM', () => {
  it('has lines of 64 and a line break at its end', () => {
    const lines = encodePem('CMS', new Uint8Array(100).fill(0x30)).split('\n');
    expect(lines[0]).toBe('-----BEGIN CMS-----');
    expect(lines.map((line) => line.length).slice(1, 4)).toEqual([64, 64, 8]);
    expect(lines.at(-1)).toBe('');
  });

  it.each<[name: string, text: string, blocks: number]>([
    ['one block', pem, 1],
    ['several blocks, each as it was', encodePem('CERTIFICATE', der, der, der), 3],
    ['text around it, as `openssl x509 -text` writes it', `Certificate:\n  Data: x\n${pem}trailing\n`, 1],
    ['lines that end as on Windows', pem.replaceAll('\n', '\r\n'), 1],
    ['a block without a line break at its end', pem.trimEnd(), 1],
  ])('is read: %s', (_name, text, blocks) => {
    expect(read(text)).toEqual(Array(blocks).fill(der));
  });

  it('may be DER instead', () => {
    expect(decodePemOrDer(der, 'CERTIFICATE', bounds)).toEqual([der]);
  });

  it('calls CMS and requests by their old names too', () => {
    expect(decodePemOrDer(old('PKCS7'), 'CMS', bounds)).toEqual([der]);
    expect(decodePemOrDer(old('NEW CERTIFICATE REQUEST'), 'CERTIFICATE REQUEST', bounds)).toEqual([der]);
  });

  it.each<[name: string, text: string, code: RejectionCode]>([
    ['nothing', '', 'not-der'],
    ['text', 'no certificate', 'not-der'],
    ['a beginning only', pem.slice(0, 40), 'not-der'],
    ['what is no base64', pem.replace('MAMC', 'M*MC'), 'not-der'],
    ['headers, as keys in PEM once had', pem.replace('\n', '\nProc-Type: 4\n\n'), 'not-der'],
    ['another end', pem.replace('END CERTIFICATE', 'END CMS'), 'not-der'],
    ['a key', pem.replaceAll('CERTIFICATE', 'PUBLIC KEY'), 'wrong-shape'],
    ['a certificate and a private key', pem + pem.replaceAll('CERTIFICATE', 'PRIVATE KEY'), 'wrong-shape'],
    ['more bytes than allowed', 'x'.repeat(2_000_001), 'too-large'],
  ])('is refused: %s', (_name, text, code) => {
    expectRejection(() => read(text), code, 'file');
  });

  it('holds an image of 24 MB', () => {
    const image = new Uint8Array(24 * 1024 * 1024).fill(0x30);
    const [decoded] = decodePemOrDer(utf8(encodePem('CMS', image)), 'CMS', { at: 'file', maxBytes: 40_000_000 });
    expect(decoded && equalBytes(decoded, image)).toBe(true);
  });

  it('is refused in the time it takes to read it: a megabyte of beginnings', () => {
    expectRejection(() => read('-----BEGIN CERTIFICATE-----\n'.repeat(30_000)), 'not-der');
    expectRejection(() => read(`-----BEGIN CERTIFICATE-----\n${'A: b\n'.repeat(200_000)}`), 'not-der');
  });
});
