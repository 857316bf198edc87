import { describe, expect, it } from 'vitest';
import { rememberingVerifier, seededKey } from '../../../device-sim/faults/seeded-keys.ts';
import { verifyWithOpenSsl } from '../../../device-sim/hardware/native-verifier.ts';
import { utf8 } from '../../../protocol/bytes.ts';
import { ALGORITHMS, type VerifySignature } from '../../../protocol/cose/algorithms.ts';

const MESSAGE = utf8('what is signed');

describe.each(ALGORITHMS.map(({ name }) => name))('a key of %s', (name) => {
  it('is the same from the same seed', () => {
    expect(seededKey(name, 1).anchor).toEqual(seededKey(name, 1).anchor);
    expect(seededKey(name, 2).anchor.publicKey).not.toEqual(seededKey(name, 1).anchor.publicKey);
  });

  it('is remembered by all that its answer depends on', () => {
    const { anchor, sign } = seededKey(name, 1);
    const signature = sign(MESSAGE);
    const spoiled = Uint8Array.from(signature, (byte, i) => (i === 40 ? byte ^ 1 : byte));
    const verify = rememberingVerifier();
    const questions: readonly Parameters<VerifySignature>[] = [
      [anchor, MESSAGE, signature],
      [anchor, MESSAGE, spoiled],
      [anchor, utf8('something else'), signature],
      [seededKey(name, 2).anchor, MESSAGE, signature],
    ];
    for (const round of [1, 2]) {
      const answers = questions.map((question) => verify(...question));
      expect(answers, `round ${round}`).toEqual([true, false, false, false]);
      expect(answers).toEqual(questions.map((question) => verifyWithOpenSsl(...question)));
    }
  });
});
