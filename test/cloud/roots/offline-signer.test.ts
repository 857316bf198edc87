import { describe, expect, it } from 'vitest';
import { encodeKeyFile } from '../../../cloud/roots/key-file.ts';
import { openOfflineSigner } from '../../../cloud/roots/offline-signer.ts';
import { utf8 } from '../../../protocol/bytes.ts';
import { ALGORITHMS } from '../../../protocol/cose/algorithms.ts';
import { verifyWithNoble } from '../../../protocol/cose/reference-verifier.ts';
import { CHEAP } from '../../support/roots.ts';

const passphrase = utf8('correct horse battery');
const secrets = { passphrase, salt: new Uint8Array(16), nonce: new Uint8Array(12) };
const message = utf8('a root');

describe('an offline signer', () => {
  it.each(ALGORITHMS)('signs with the $name key of its file', async (algorithm) => {
    const file = encodeKeyFile({ algorithm, privateKey: new Uint8Array(32).fill(3) }, secrets, CHEAP);
    using signer = openOfflineSigner(file, { passphrase, at: 'alice.key', floor: CHEAP });
    expect(signer.key.keyArn).toBe('alice.key');
    expect(verifyWithNoble(signer.key, message, await signer.sign(message))).toBe(true);
  });

  it('has no key any more after its scope, and signs nothing with zeros', async () => {
    const algorithm = ALGORITHMS.find(({ name }) => name === 'ML-DSA-65')!;
    const file = encodeKeyFile({ algorithm, privateKey: new Uint8Array(32).fill(3) }, secrets, CHEAP);
    const signer = openOfflineSigner(file, { passphrase, at: 'alice.key', floor: CHEAP });
    signer[Symbol.dispose]();
    await expect(signer.sign(message)).rejects.toMatchObject({ code: 'signature-invalid' });
  });
});
