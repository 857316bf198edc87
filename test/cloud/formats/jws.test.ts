import { createHmac, createPublicKey, verify as openSslVerify } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { prepareJws, prepareJwt, verifyJws, verifyJwt } from '../../../cloud/formats/jws.ts';
import { jwkThumbprint } from '../../../cloud/formats/jwk.ts';
import { fromBase64, toBase64Url, utf8 } from '../../../protocol/bytes.ts';
import { encodeSpki } from '../../../protocol/cose/spki.ts';
import type { RejectionCode } from '../../../protocol/errors.ts';
import { NOW_MS, signed, trusting } from '../../support/documents.ts';
import { decodedOrRefused, expectRejection } from '../../support/expect-rejection.ts';
import { type TestSigner, testSigner } from '../../support/signers.ts';

const content = utf8('a firmware image');
const signer = testSigner('ML-DSA-65');
const kid = jwkThumbprint(signer.anchor);
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** A token with any header, signed as a forger who holds the key would. */
function forged(header: unknown, { by = signer, payload = content } = {}): Uint8Array {
  const head = typeof header === 'string' ? header : JSON.stringify(header);
  const input = `${toBase64Url(utf8(head))}.${toBase64Url(payload)}`;
  return utf8(`${input}.${toBase64Url(by.sign(utf8(input)))}`);
}

describe.each(['ML-DSA-44', 'ML-DSA-65', 'ML-DSA-87', 'ES256', 'Ed25519'] as const)('a JWS with %s', (name) => {
  const by = testSigner(name);
  const token = signed(prepareJws(content, by.anchor, { detached: false }), by);

  it('names algorithm and key by RFC 9964, and OpenSSL verifies it', () => {
    const [header = '', payload, signature = ''] = text(token).split('.');
    expect(JSON.parse(text(fromUrl(header)))).toEqual({ alg: name, kid: jwkThumbprint(by.anchor) });
    const key = createPublicKey({ key: Buffer.from(encodeSpki(by.anchor)), format: 'der', type: 'spki' });
    const input = utf8(`${header}.${payload}`);
    const digest = name === 'ES256' ? 'sha256' : null;
    expect(openSslVerify(digest, input, { key, dsaEncoding: 'ieee-p1363' }, fromUrl(signature))).toBe(true);
  });

  it('is verified with or without its content', () => {
    expect(verifyJws(token, trusting(testSigner(name, 2), by))).toEqual({ signer: by.anchor, content });
    const beside = signed(prepareJws(content, by.anchor, { detached: true }), by);
    expect(text(beside)).toMatch(/^[\w-]+\.\.[\w-]+$/);
    expect(verifyJws(beside, { content, ...trusting(by) })).toEqual({ signer: by.anchor, content });
  });
});

const fromUrl = (part: string): Uint8Array => Uint8Array.fromBase64(part, { alphabet: 'base64url' });

it('the header, payload and length are those of the example in RFC 9964', () => {
  const zero = testSigner('ML-DSA-65', new Uint8Array(32));
  const payload = utf8('It’s a dangerous business, Frodo, going out your door.');
  const token = text(signed(prepareJws(payload, zero.anchor, { detached: false }), zero));
  expect(text(fromBase64(token.split('.')[0] ?? ''))).toBe(
    '{"alg":"ML-DSA-65","kid":"Suiu29qbfuaBaR4Ats-c6XQBePB_OpAxAwcTR_0KXVM"}',
  );
  expect(token).toHaveLength(4584);
});

describe('verifyJws refuses', () => {
  const token = text(signed(prepareJws(content, signer.anchor, { detached: false }), signer));
  const [header = '', payload = '', signature = ''] = token.split('.');
  const detached = `${header}..${signature}`;
  const macKey = encodeSpki(signer.anchor);
  const macHeader = toBase64Url(utf8('{"alg":"HS256"}'));
  const mac = createHmac('sha256', macKey).update(`${macHeader}.${payload}`).digest('base64url');
  const other65 = testSigner('ML-DSA-65', 2);
  const of44 = testSigner('ML-DSA-44');

  // oxfmt-ignore
  const CASES: readonly [name: string, token: string | Uint8Array, code: RejectionCode, at: string][] = [
    ['no bytes',                             '',                                     'wrong-shape',           'jws'],
    ['two parts',                            `${header}.${payload}`,                 'wrong-shape',           'jws'],
    ['four parts',                           `${token}.x`,                           'wrong-shape',           'jws'],
    ['the JSON form',                        JSON.stringify({ payload, signature }), 'wrong-shape',           'jws'],
    ['a header that is no base64url',        `+/+.${payload}.${signature}`,          'wrong-shape',           'jws.header'],
    ['a header with padding',                `${header}=.${payload}.${signature}`,   'wrong-shape',           'jws.header'],
    ['a header with a line break inside',    `${header.slice(0, 9)}\n${header.slice(9)}.${payload}.${signature}`, 'wrong-shape', 'jws.header'],
    ['a payload with spare bits set',        `${header}.${payload.slice(0, -1)}R.${signature}`, 'wrong-shape', 'jws.payload'],
    ['a header that is no JSON',             forged('alg: none'),                    'not-json',              'jws.header'],
    ['a header that is an array',            forged([]),                             'wrong-shape',           'jws.header'],
    ['a header of 5 KB',                     forged({ alg: 'ML-DSA-65', x: 'x'.repeat(5000) }), 'too-large', 'jws.header'],
    ['no alg',                               forged({ kid }),                        'wrong-shape',           'jws.header.alg'],
    ['an alg that is no text',               forged({ alg: -49, kid }),              'wrong-shape',           'jws.header.alg'],
    ['an alg of Object.prototype',           forged({ alg: 'toString', kid }),       'unsupported-algorithm', 'jws.header.alg'],
    ['alg none, without a signature',        `${toBase64Url(utf8('{"alg":"none"}'))}.${payload}.`, 'unsupported-algorithm', 'jws.header.alg'],
    ['alg None',                             forged({ alg: 'None', kid }),           'unsupported-algorithm', 'jws.header.alg'],
    ['a MAC made with the public key',       `${macHeader}.${payload}.${mac}`,       'unsupported-algorithm', 'jws.header.alg'],
    ['a COSE name of P-256',                 forged({ alg: 'ESP256' }),              'unsupported-algorithm', 'jws.header.alg'],
    ['RS256',                                forged({ alg: 'RS256', kid }),          'unsupported-algorithm', 'jws.header.alg'],
    ['another alg than the key is for',      forged({ alg: 'ML-DSA-44', kid }),      'algorithm-not-allowed', 'jws.signature'],
    ['an alg that no key is for',            forged({ alg: 'ES256' }),               'algorithm-not-allowed', 'jws.signature'],
    ['a crit extension',                     forged({ alg: 'ML-DSA-65', crit: ['b64'], b64: false }), 'critical-header', 'jws.header.crit'],
    ['an empty crit',                        forged({ alg: 'ML-DSA-65', crit: [] }), 'critical-header',       'jws.header.crit'],
    ['a crit of null',                       forged({ alg: 'ML-DSA-65', crit: null }), 'critical-header',     'jws.header.crit'],
    ['a kid that is no text',                forged({ alg: 'ML-DSA-65', kid: 1 }),   'wrong-shape',           'jws.header.kid'],
    ['the kid of a key that is not trusted', forged({ alg: 'ML-DSA-65', kid: jwkThumbprint(other65.anchor) }), 'unknown-key', 'jws.signature'],
    ['a signature by a key that is not trusted', forged({ alg: 'ML-DSA-65', kid }, { by: other65 }), 'signature-invalid', 'jws.signature'],
    ['a signature as long as that of ML-DSA-44', forged({ alg: 'ML-DSA-65', kid }, { by: of44 }), 'signature-invalid', 'jws.signature'],
    ['no signature',                         `${header}.${payload}.`,                'signature-invalid',     'jws.signature'],
    ['a detached content that is missing',   detached,                               'wrong-shape',           'jws.payload'],
    ['another payload',                      `${header}.${toBase64Url(utf8('a firmware imagE'))}.${signature}`, 'signature-invalid', 'jws.signature'],
    ['a header with one space more',         forgedHeader(`{ "alg":"ML-DSA-65","kid":"${kid}"}`, token), 'signature-invalid', 'jws.signature'],
  ];

  it.each(CASES)('%s', (_name, input, code, at) => {
    const bytes = typeof input === 'string' ? utf8(input) : input;
    expectRejection(() => verifyJws(bytes, trusting(signer)), code, at);
  });

  it('a payload beside the detached content', () => {
    const both = { content, ...trusting(signer) };
    expectRejection(() => verifyJws(utf8(token), both), 'wrong-shape', 'jws.payload');
    expect(verifyJws(utf8(detached), both).content).toBe(content);
    expectRejection(() => verifyJws(utf8(detached), { ...both, content: utf8('x') }), 'signature-invalid');
  });

  it('every other token, whatever its bytes are', () => {
    const part = fc.uint8Array({ maxLength: 60 }).map(toBase64Url);
    const anything = fc.oneof(
      fc.string(),
      fc.tuple(part, part, part).map((parts) => parts.join('.')),
    );
    fc.assert(
      fc.property(anything, (it) => {
        expect(decodedOrRefused(() => verifyJws(utf8(it), trusting(signer)))).toBeUndefined();
      }),
    );
  });
});

/** The token with another header and its old signature. */
const forgedHeader = (header: string, token: string): string =>
  [toBase64Url(utf8(header)), ...token.split('.').slice(1)].join('.');

describe('verifyJws accepts', () => {
  it.each<[name: string, header: object, by: TestSigner]>([
    ['no kid', { alg: 'ML-DSA-65' }, signer],
    ['a kid that is its maker’s own name', { alg: 'ML-DSA-65', kid: 'release-2026' }, signer],
    ['members that we do not know', { alg: 'ML-DSA-65', x5t: 'x', typ: 'JOSE' }, signer],
  ])('%s', (_name, header, by) => {
    expect(verifyJws(forged(header, { by }), trusting(testSigner('ES256'), by)).signer).toEqual(by.anchor);
  });

  it('a line break at the end, as editors leave it', () => {
    const token = signed(prepareJws(content, signer.anchor, { detached: false }), signer);
    expect(verifyJws(utf8(`${text(token)}\r\n`), trusting(signer)).content).toEqual(content);
  });
});

/** A JWT of ours. */
const token = (claims: object): Uint8Array => signed(prepareJwt(utf8(JSON.stringify(claims)), signer.anchor), signer);

describe('a JWT', () => {
  const at = Math.floor(NOW_MS / 1000);
  const verifyNow = (bytes: Uint8Array) => verifyJwt(bytes, { ...trusting(signer), nowMs: at * 1000 });

  it('says that it is one, and gives its claims back', () => {
    const claims = { sub: 'device-1', nbf: at, exp: at + 1 };
    const made = token(claims);
    expect(JSON.parse(text(fromUrl(text(made).split('.')[0] ?? '')))).toEqual({ alg: 'ML-DSA-65', typ: 'JWT', kid });
    expect(verifyNow(made)).toMatchObject({ signer: signer.anchor, claims });
  });

  it.each<[name: string, claims: object, code: RejectionCode, place: string]>([
    ['expired this second', { exp: at }, 'not-current', 'jwt.exp'],
    ['expired long ago', { exp: 0 }, 'not-current', 'jwt.exp'],
    ['not valid yet', { nbf: at + 1 }, 'not-current', 'jwt.nbf'],
    ['with a date in place of a number', { exp: '2030-01-01' }, 'wrong-shape', 'jwt.exp'],
  ])('is refused: %s', (_name, claims, code, place) => {
    expectRejection(() => verifyNow(token(claims)), code, place);
  });

  it.each<[name: string, claims: string, code: RejectionCode]>([
    ['no bytes', '', 'not-json'],
    ['no JSON', 'sub=1', 'not-json'],
    ['an array', '[]', 'wrong-shape'],
    ['a number', '1', 'wrong-shape'],
  ])('is not made of %s, and not accepted with such claims', (_name, claims, code) => {
    expectRejection(() => prepareJwt(utf8(claims), signer.anchor), code, 'jwt.claims');
    const foreign = forged({ alg: 'ML-DSA-65' }, { by: signer, payload: utf8(claims) });
    if (claims !== '') expectRejection(() => verifyNow(foreign), code, 'jwt.claims');
  });

  it('is not current because a forger says so', () => {
    const foreign = forged({ alg: 'ML-DSA-65' }, { by: testSigner('ML-DSA-65', 2), payload: utf8('{"exp":0}') });
    expectRejection(() => verifyNow(foreign), 'signature-invalid');
  });
});
