import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeCbor } from '../../../protocol/cbor/decode.ts';
import { encodeCbor } from '../../../protocol/cbor/encode.ts';
import { expectArray } from '../../../protocol/cbor/expect.ts';
import type { CborValue } from '../../../protocol/cbor/value.ts';
import type { RejectionCode } from '../../../protocol/errors.ts';
import { MAX_TRUST_STATE_BYTES } from '../../../protocol/limits.ts';
import { verifyFirstRoot } from '../../../protocol/trust/advance.ts';
import { stageRelease, type TrustState, initialTrust, newestRoot } from '../../../protocol/trust/state.ts';
import { decodeTrustState, encodeTrustState } from '../../../protocol/trust/state-bytes.ts';
import { decodedOrRefused, expectRejection } from '../../support/expect-rejection.ts';
import {
  accepted,
  authenticated,
  eitherRelease,
  firstRoot,
  HOLDERS,
  manifestOf,
  release,
  RELEASE_KEYS,
  signRoot,
  successor,
  threeOfFive,
  updated,
  verify,
} from '../../support/trust.ts';

const pinned = firstRoot({ ...threeOfFive, form: 'pinned' }, { ...eitherRelease, form: 'pinned' });
const made = initialTrust(verifyFirstRoot(signRoot(pinned, HOLDERS, { carry: true }), { verify }));
const running = updated(made, release(manifestOf(3), RELEASE_KEYS, { carry: true }));
const rotated = accepted(running, signRoot(successor(newestRoot(running)), HOLDERS));
const staged = stageRelease(rotated, authenticated(rotated, release(manifestOf(2n ** 60n), RELEASE_KEYS)));

const rootsOf = ({ current, next }: TrustState): readonly Uint8Array[] => [
  current.bytes,
  ...(next ? [next.bytes] : []),
];

/** What a state says, without the signers that a restored root no longer names. */
const contentOf = ({ current, next, ...rest }: TrustState) => ({ ...rest, current: current.root, next: next?.root });

describe('a trust state comes back from flash', () => {
  it.each([
    ['as it was made', made],
    ['with what was installed', running],
    ['with a root to prove', rotated],
    ['in the middle of an update', staged],
  ])('%s, and goes on from there', (_name, state) => {
    const restored = decodeTrustState(encodeTrustState(state), { roots: rootsOf(state).toReversed() });

    expect(contentOf(restored)).toEqual(contentOf(state));
    const next = accepted(restored, signRoot(successor(newestRoot(restored)), HOLDERS));
    expect(newestRoot(next).root.version).toBe(newestRoot(state).root.version + 1);
  });

  it('whatever else is in the root areas', () => {
    const torn = made.current.bytes.slice(0, -1);
    const roots = [new Uint8Array(100).fill(0xff), torn, rotated.current.bytes, new Uint8Array(), rotated.next!.bytes];

    expect(contentOf(decodeTrustState(encodeTrustState(rotated), { roots }))).toEqual(contentOf(rotated));
  });
});

describe('decodeTrustState refuses', () => {
  const bytes = encodeTrustState(staged);
  const roots = rootsOf(staged);
  const changed = (index: number, value: CborValue): Uint8Array =>
    encodeCbor([...expectArray(decodeCbor(bytes, { at: 'test', maxBytes: 99_999 }), 'test')].with(index, value));

  it.each<[name: string, bytes: Uint8Array, code: RejectionCode, at: string]>([
    ['erased flash', new Uint8Array(64).fill(0xff), 'malformed', 'trust'],
    ['more than the limit', new Uint8Array(MAX_TRUST_STATE_BYTES + 1), 'too-large', 'trust'],
    ['a map', encodeCbor(new Map()), 'wrong-shape', 'trust'],
    ['another format', changed(0, 2), 'wrong-shape', 'trust.format'],
    ['a root that is not there', changed(1, new Uint8Array(32)), 'root-not-pinned', 'trust.current'],
    ['a next root that is not there', changed(2, new Uint8Array(32)), 'root-not-pinned', 'trust.next'],
    ['a time before 1970', changed(3, -1), 'wrong-shape', 'trust.time'],
    ['a key that is none', changed(4, [7]), 'wrong-shape', 'trust.keys[0]'],
    ['a release of three fields', changed(5, [[1, 2, 3]]), 'wrong-shape', 'trust.installed[0]'],
    ['a staged release without a root', changed(6, [1, 2, 3, 4]), 'wrong-shape', 'trust.staged'],
  ])('%s', (_name, hostile, code, at) => {
    expectRejection(() => decodeTrustState(hostile, { roots }), code, at);
  });

  it('a root that was swapped for its neighbour', () => {
    expectRejection(() => decodeTrustState(bytes, { roots: roots.slice(1) }), 'root-not-pinned', 'trust.current');
  });

  it('any bytes, or decodes them, and never with any other error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (hostile) => {
        decodedOrRefused(() => decodeTrustState(hostile, { roots }));
      }),
    );
  });
});
