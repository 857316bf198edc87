import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  encodeKeyFile,
  KDF_COST,
  KDF_FLOOR,
  MAX_KEY_FILE_BYTES,
  openKeyFile,
  readPublicHalf,
} from '../../../cloud/roots/key-file.ts';
import { OperatorError } from '../../../cloud/errors.ts';
import { concatBytes, toHex, utf8 } from '../../../protocol/bytes.ts';
import { decodeCbor } from '../../../protocol/cbor/decode.ts';
import { encodeCbor } from '../../../protocol/cbor/encode.ts';
import { expectArray, expectBytes, expectMap, expectTag } from '../../../protocol/cbor/expect.ts';
import { type CborValue, Tag } from '../../../protocol/cbor/value.ts';
import { ALGORITHMS, algorithmByName } from '../../../protocol/cose/algorithms.ts';
import { encodeCoseKey } from '../../../protocol/cose/key.ts';
import { Rejection, type RejectionCode } from '../../../protocol/errors.ts';
import { CHEAP } from '../../support/roots.ts';
import { expectRejection } from '../../support/expect-rejection.ts';
import { testSigner } from '../../support/signers.ts';
import { createHash } from 'node:crypto';

const passphrase = utf8('correct horse battery');
const privateKey = new Uint8Array(32).fill(0xa5);
const salt = new Uint8Array(16).fill(1);
const nonce = new Uint8Array(12).fill(2);
const ML_DSA_87 = algorithmByName('ML-DSA-87')!;

const sealed = (algorithm = ML_DSA_87) => encodeKeyFile({ algorithm, privateKey }, { passphrase, salt, nonce }, CHEAP);
const open = (file: Uint8Array, typed = passphrase) =>
  openKeyFile(file, { passphrase: typed, at: 'alice.key', floor: CHEAP });

/** The error of an operator, with its code and without what must stay secret. */
function expectOperatorError(act: () => unknown, code: string): void {
  const error = thrownBy(act);
  if (!(error instanceof OperatorError)) throw error;
  expect(error.code).toBe(code);
  for (const secret of [toHex(privateKey), 'correct horse']) expect(error.message).not.toContain(secret);
}

function thrownBy(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

describe('a key file', () => {
  it.each(ALGORITHMS)('gives the $name key back to who knows the passphrase', (algorithm) => {
    const opened = open(sealed(algorithm));
    expect(opened.privateKey).toEqual(privateKey);
    expect(opened.anchor).toEqual(testSigner(algorithm.name, 0xa5).anchor);
  });

  it('shows its public half to anybody, and nothing of the private one', () => {
    const file = sealed();
    expect(readPublicHalf(file, 'alice.key', CHEAP)).toEqual(testSigner('ML-DSA-87', 0xa5).anchor);
    expect(toHex(file)).not.toContain(toHex(privateKey.subarray(0, 8)));
    expect(toHex(file)).not.toContain(toHex(passphrase));
    expect(file.length).toBeLessThanOrEqual(MAX_KEY_FILE_BYTES);
  });

  it('stays shut for any other passphrase', () => {
    for (const typed of ['', 'correct horse batter', 'Correct horse battery', 'correct horse battery '])
      expectOperatorError(() => open(sealed(), utf8(typed)), 'wrong-passphrase');
  });

  it('costs what RFC 9106 §4 recommends at least, where nothing else is said', () => {
    expect(KDF_FLOOR).toEqual({ memoryKib: 64 * 1024, passes: 3, lanes: 1 });
    expect(KDF_COST.memoryKib).toBeGreaterThanOrEqual(KDF_FLOOR.memoryKib);
    expectRejection(
      () => openKeyFile(sealed(), { passphrase, at: 'alice.key' }),
      'wrong-shape',
      'alice.key.kdf.memoryKib',
    );
  });

  it('is refused after any bit of it was flipped, without a passphrase being tried', () => {
    const file = sealed(algorithmByName('Ed25519'));
    let tried = 0;
    for (let bit = 0; bit < file.length * 8; bit++) {
      const flipped = file.slice();
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      const error = thrownBy(() => readPublicHalf(flipped, 'alice.key', CHEAP));
      expect(error instanceof Rejection || (error instanceof OperatorError && error.code === 'key-file-damaged')).toBe(
        true,
      );
      tried += 1;
    }
    expect(tried).toBe(file.length * 8);
  });

  it('is read or refused whatever its bytes are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(thrownBy(() => open(bytes))).toBeInstanceOf(Rejection);
      }),
    );
  });
});

/** The file after its maker's header was changed, with a sum that fits: what an attacker would hand back. */
function forged(change: (header: Map<CborValue, CborValue>) => void, algorithm = ML_DSA_87): Uint8Array {
  const at = 'forged';
  const fields = expectArray(expectTag(decodeCbor(sealed(algorithm), { at, maxBytes: 9999 }), 16, at), at, 3);
  const header = new Map(expectMap(decodeCbor(expectBytes(fields[0], at), { at, maxBytes: 9999 }), at));
  change(header);
  const protectedBytes = encodeCbor(header);
  const ciphertext = expectBytes(fields[2], at);
  const sum = new Uint8Array(
    createHash('sha256')
      .update(concatBytes(protectedBytes, nonce, ciphertext))
      .digest(),
  );
  const unprotected = new Map<CborValue, CborValue>([
    [5, nonce],
    ['sum', sum],
  ]);
  return encodeCbor(new Tag(16, [protectedBytes, unprotected, ciphertext]));
}

const kdf =
  (...changes: readonly (readonly [index: number, value: CborValue])[]) =>
  (header: Map<CborValue, CborValue>) => {
    const fields = [...expectArray(header.get('kdf'), 'kdf')];
    for (const [index, value] of changes) fields[index] = value;
    header.set('kdf', fields);
  };

describe('a key file that was changed on purpose', () => {
  it('is the file again where nothing is changed', () => {
    expect(forged(() => undefined)).toEqual(sealed());
  });

  it.each<[name: string, change: (header: Map<CborValue, CborValue>) => void, code: RejectionCode, at: string]>([
    ['memory without end', kdf([2, 0xffffffff]), 'wrong-shape', 'alice.key.kdf.memoryKib'],
    ['passes without end', kdf([3, 1_000_000]), 'wrong-shape', 'alice.key.kdf.passes'],
    ['lanes without end', kdf([4, 1_000]), 'wrong-shape', 'alice.key.kdf.lanes'],
    ['no memory', kdf([2, 0]), 'wrong-shape', 'alice.key.kdf.memoryKib'],
    ['another KDF', kdf([0, 'pbkdf2']), 'wrong-shape', 'alice.key.kdf'],
    ['another version of it', kdf([1, 16]), 'wrong-shape', 'alice.key.kdf'],
    ['a short salt', kdf([5, new Uint8Array(4)]), 'wrong-shape', 'alice.key.kdf.salt'],
    ['another cipher', (header) => header.set(1, 1), 'wrong-shape', 'alice.key.protected'],
    ['a field too many', (header) => header.set('more', 1), 'wrong-shape', 'alice.key.protected'],
  ])('is refused with %s', (_name, change, code, at) => {
    expectRejection(() => open(forged(change)), code, at);
  });

  it('does not open with cheaper parameters than it was made with', () => {
    expectOperatorError(() => open(forged(kdf([3, CHEAP.passes + 1]))), 'wrong-passphrase');
  });

  it('does not open under the public key of somebody else', () => {
    const other = encodeCoseKey(testSigner('ML-DSA-87', 9).anchor);
    expectOperatorError(() => open(forged((header) => header.set('public', other))), 'wrong-passphrase');
  });
});
