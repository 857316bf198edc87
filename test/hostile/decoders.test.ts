/**
 * Every decoder of CBOR that others made: the messages it reads, changed, are read or refused, and nothing else happens.
 * What is read is used as a device would use it, and by then anything changed is refused.
 */
import { describe, expect, it } from 'vitest';
import { toHex } from '../../protocol/bytes.ts';
import { decodeCoseKey } from '../../protocol/cose/key.ts';
import { verifyWithNoble } from '../../protocol/cose/reference-verifier.ts';
import { decodeSign } from '../../protocol/cose/sign.ts';
import { decodeSign1 } from '../../protocol/cose/sign1.ts';
import { authenticate } from '../../protocol/suit/authenticate.ts';
import { decodeSequence } from '../../protocol/suit/commands.ts';
import { decodeEnvelope } from '../../protocol/suit/envelope.ts';
import { decodeManifest } from '../../protocol/suit/manifest.ts';
import { decodeText } from '../../protocol/suit/text.ts';
import { createCorpus } from '../bench/corpus.ts';
import { mutated } from '../bench/mutate.ts';
import { decodedOrRefused } from '../support/expect-rejection.ts';
import { createRandom } from '../support/random.ts';
import { ALL_ANCHORS } from '../support/suit.ts';

const MUTATIONS = 3_000;

const corpus = createCorpus(2);
const trust = { anchors: ALL_ANCHORS, verify: verifyWithNoble, requiredAlgorithms: [], at: 'message' };

/** So many times one of the messages that `decode` reads, with changes. */
function changedMessages(decode: (bytes: Uint8Array) => unknown, mutations = MUTATIONS): Uint8Array[] {
  const [first, ...rest] = corpus.filter((bytes) => decodedOrRefused(() => decode(bytes)) !== undefined);
  if (!first) throw new Error('the corpus has no message for this decoder');
  const random = createRandom(3);
  return Array.from({ length: mutations }, () => mutated([first, ...rest], random));
}

const authenticated = (bytes: Uint8Array) => authenticate(decodeEnvelope(bytes), trust);
const manifestOf = (bytes: Uint8Array) => toHex(decodeEnvelope(bytes).manifestBytes);

describe(`${MUTATIONS} changed messages`, () => {
  it.each<[name: string, decode: (bytes: Uint8Array) => unknown]>([
    ['decodeSign1', (bytes) => decodeSign1(bytes, trust)],
    ['decodeSign', (bytes) => decodeSign(bytes, trust)],
    ['decodeCoseKey', decodeCoseKey],
    ['decodeEnvelope', decodeEnvelope],
    ['decodeManifest', decodeManifest],
    ['decodeText', decodeText],
    ['decodeSequence', (bytes) => decodeSequence(bytes, 'sequence')],
  ])('are read or refused by %s, and it throws nothing else', (_name, decode) => {
    const read = changedMessages(decode).filter((bytes) => decodedOrRefused(() => decode(bytes)) !== undefined);

    expect(read.length).toBeGreaterThan(MUTATIONS / 50);
    expect(read.length).toBeLessThan(MUTATIONS);
  });

  it('are refused by authenticate, or what was changed is not what was signed', () => {
    const signed = new Set(corpus.filter((bytes) => decodedOrRefused(() => authenticated(bytes))).map(manifestOf));
    const accepted = changedMessages(authenticated, 600).filter((bytes) =>
      decodedOrRefused(() => authenticated(bytes)),
    );

    expect(signed.size).toBe(1);
    expect(accepted.filter((bytes) => !signed.has(manifestOf(bytes)))).toEqual([]);
  });
});
