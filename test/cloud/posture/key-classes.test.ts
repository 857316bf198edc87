import { KeySpec } from '@aws-sdk/client-kms';
import { describe, expect, it } from 'vitest';
import { KEY_SPECS } from '../../../cloud/kms/key-specs.ts';
import { classifyKey, isClassical, type KeyClass, KNOWN_SPECS, specFacts } from '../../../cloud/posture/key-classes.ts';

const isBroken = (spec: string) => specFacts(spec)?.quantumCategory === 0;

describe('classifyKey', () => {
  it('knows every key spec of the SDK, and no other', () => {
    expect([...KNOWN_SPECS].sort()).toEqual(Object.values(KeySpec).sort());
    expect(KNOWN_SPECS).toHaveLength(20);
  });

  it('has a class for every use that a spec may have', () => {
    const uses = KEY_SPECS.flatMap(({ name, uses }) => Object.keys(uses).map((usage) => classifyKey(name, usage)));
    expect(uses).toHaveLength(25);
    expect(uses).not.toContain('unknown');
  });

  it.each<[spec: string, usage: string, keyClass: KeyClass]>([
    ['ML_DSA_44', 'SIGN_VERIFY', 'post-quantum'],
    ['ML_KEM_768', 'ENCAPSULATE_DECAPSULATE', 'post-quantum'],
    ['SYMMETRIC_DEFAULT', 'ENCRYPT_DECRYPT', 'quantum-safe-symmetric'],
    ['HMAC_224', 'GENERATE_VERIFY_MAC', 'quantum-safe-symmetric'],
    ['RSA_4096', 'SIGN_VERIFY', 'classical-signing'],
    ['RSA_2048', 'ENCRYPT_DECRYPT', 'classical-encryption'],
    ['ECC_NIST_EDWARDS25519', 'SIGN_VERIFY', 'classical-signing'],
    ['ECC_NIST_P521', 'KEY_AGREEMENT', 'classical-key-agreement'],
    ['SM2', 'ENCRYPT_DECRYPT', 'classical-encryption'],
    ['RSA_2048', 'A_USE_OF_TOMORROW', 'unknown'],
    ['SLH_DSA_128S', 'SIGN_VERIFY', 'unknown'],
    ['', '', 'unknown'],
    ['__proto__', 'constructor', 'unknown'],
    ['RSA_2048', 'constructor', 'unknown'],
  ])('%s for %s is %s', (spec, usage, keyClass) => {
    expect(classifyKey(spec, usage)).toBe(keyClass);
    expect(isClassical(classifyKey(spec, usage))).toBe(keyClass.startsWith('classical-'));
  });

  it('gives no quantum category to what Shor breaks, and one to everything else', () => {
    expect(KNOWN_SPECS.filter(isBroken)).toEqual(KNOWN_SPECS.filter((spec) => /^(RSA_|ECC_|SM2$)/.test(spec)));
  });
});
