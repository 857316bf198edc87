import { createPublicKey, generateKeyPairSync, verify, X509Certificate } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { type KeyMemory, SimulatedSecureElement } from '../../../device-sim/hardware/secure-element.ts';
import { KEY_ALGORITHMS, type KeySlot } from '../../../device-sim/provisioning/ports.ts';
import { DeviceCa, subjectOf } from '../../support/device-ca.ts';
import { expectRejection } from '../../support/expect-rejection.ts';
import { keyMemory } from '../../support/key-memory.ts';

let ca: DeviceCa;
beforeAll(async () => {
  ca = await DeviceCa.create();
});

const elementWith = (memory: KeyMemory = keyMemory()) => new SimulatedSecureElement(memory);

describe('a secure element', () => {
  it.each(KEY_ALGORITHMS)(
    'makes a %s key, asks for a certificate, and knows which one is for it',
    async (algorithm) => {
      const keys = elementWith();
      keys.generateKey(0, algorithm);
      keys.generateKey(1, algorithm);

      const request = keys.csr(0, 'hub-1');
      expect(subjectOf(request)).toBe('CN=hub-1');
      // It verifies the request's signature.
      const { der } = await ca.certify(request);

      expect(keys.isCertifiedBy(0, der)).toBe(true);
      expect(keys.isCertifiedBy(1, der)).toBe(false);
      const message = new TextEncoder().encode('certificate verify');
      const { publicKey } = new X509Certificate(der);
      expect(verify(algorithm === 'P-256' ? 'sha256' : null, message, publicKey, keys.sign(0, message))).toBe(true);
    },
  );

  it('makes another key each time, and forgets the one before', async () => {
    const keys = elementWith();
    keys.generateKey(0, 'P-256');
    const { der } = await ca.certify(keys.csr(0, 'hub-1'));
    expect(keys.isCertifiedBy(0, der)).toBe(true);
    keys.generateKey(0, 'P-256');
    expect(keys.isCertifiedBy(0, der)).toBe(false);
    keys.eraseKey(0);
    expect(() => keys.csr(0, 'hub-1')).toThrow(RangeError);
  });

  it('keeps its keys over a restart', async () => {
    const memory = keyMemory();
    elementWith(memory).generateKey(1, 'P-256');
    const { der } = await ca.certify(elementWith(memory).csr(1, 'hub-1'));
    expect(elementWith(memory).isCertifiedBy(1, der)).toBe(true);
  });

  it('takes a key that the cloud made', () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const keys = elementWith();
    keys.importKey(1, new Uint8Array(privateKey.export({ format: 'der', type: 'pkcs8' })));
    const message = Uint8Array.of(1);
    expect(verify('sha256', message, publicKey, keys.sign(1, message))).toBe(true);
  });

  it('refuses keys and certificates that are none, and keeps what it has', () => {
    const keys = elementWith();
    keys.generateKey(0, 'P-256');
    const before = keys.csr(0, 'a').slice(3, 90);
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'der', type: 'pkcs8' });
    expectRejection(() => keys.importKey(0, Uint8Array.of(1, 2)), 'not-der', 'privateKey');
    expectRejection(() => keys.importKey(0, new Uint8Array(rsa)), 'unsupported-algorithm', 'privateKey');
    expectRejection(() => keys.validityOf(Uint8Array.of(48, 0)), 'not-der', 'certificate');
    expect(keys.isCertifiedBy(0, Uint8Array.of(48, 0))).toBe(false);
    expect(keys.csr(0, 'a').slice(3, 90)).toEqual(before);
  });

  it('reads how long a certificate lasts, in whole seconds', async () => {
    const keys = elementWith();
    keys.generateKey(0, 'P-256');
    const notBefore = new Date('2026-01-01T00:00:00Z');
    const notAfter = new Date('2046-01-01T00:00:00Z');
    const { der } = await ca.certify(keys.csr(0, 'hub-1'), { notBefore, notAfter });
    expect(keys.validityOf(der)).toEqual({ notBefore: 1_767_225_600, notAfter: 2_398_377_600 });
  });

  it('makes no certificate request that betrays its private key', () => {
    const memory = keyMemory();
    const keys = elementWith(memory);
    keys.generateKey(0, 'ML-DSA-44');
    const seed = memory.read(0 satisfies KeySlot)!.slice(-32);
    expect(Buffer.from(keys.csr(0, 'hub-1')).includes(Buffer.from(seed))).toBe(false);
    expect(createPublicKey(keys.privateKey(0)).asymmetricKeyType).toBe('ml-dsa-44');
  });
});
