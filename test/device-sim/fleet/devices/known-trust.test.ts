import { describe, expect, it } from 'vitest';
import { rememberTrust } from '../../../../device-sim/fleet/devices/known-trust.ts';
import { newestRoot, type TrustState } from '../../../../protocol/trust/state.ts';
import { decodeTrustState, encodeTrustState } from '../../../../protocol/trust/state-bytes.ts';
import { expectRejection } from '../../../support/expect-rejection.ts';
import { accepted, device as made, HOLDERS, signRoot, successor } from '../../../support/trust.ts';

const rotated = accepted(made, signRoot(successor(newestRoot(made)), HOLDERS));
const rootsOf = ({ current, next }: TrustState): readonly Uint8Array[] => [
  current.bytes.slice(),
  ...(next ? [next.bytes.slice()] : []),
];

const at = (timeSeconds: number): TrustState => ({ ...made, timeSeconds });

describe('remembered trust', () => {
  it.each([
    ['as it was made', made],
    ['with a root to prove', rotated],
  ])('is what decodeTrustState gives, %s', (_name, state) => {
    const decode = rememberTrust();
    const bytes = encodeTrustState(state);
    const first = decode(bytes, { roots: rootsOf(state) });
    expect(first).toEqual(decodeTrustState(bytes, { roots: rootsOf(state) }));
    expect(decode(bytes.slice(), { roots: rootsOf(state) })).toBe(first);
  });

  it('is of these bytes and no others', () => {
    const decode = rememberTrust();
    const bytes = encodeTrustState(made);
    decode(bytes, { roots: rootsOf(made) });
    expect(decode(encodeTrustState(at(7)), { roots: rootsOf(made) }).timeSeconds).toBe(7);
    expect(decode(encodeTrustState(rotated), { roots: rootsOf(rotated) }).next).toBeDefined();
    // The same state, and a root area that has rotted.
    const rotten = made.current.bytes.slice();
    rotten[rotten.length >> 1]! ^= 1;
    expectRejection(() => decode(bytes, { roots: [rotten] }), 'root-not-pinned', 'trust.current');
    expectRejection(() => decode(bytes, { roots: [] }), 'root-not-pinned', 'trust.current');
  });

  it('stays what it was when the caller uses its memory for something else', () => {
    const decode = rememberTrust();
    const bytes = encodeTrustState(made);
    const roots = rootsOf(made);
    const lent = bytes.slice();
    const first = decode(lent, { roots });
    const before = structuredClone(first.current.digest);
    for (const memory of [lent, ...roots]) memory.fill(0);
    expect(first.current.digest).toEqual(before);
    expect(decode(bytes, { roots: rootsOf(made) })).toBe(first);
    expectRejection(() => decode(bytes, { roots }), 'root-not-pinned', 'trust.current');
  });

  it('forgets the oldest', () => {
    const decode = rememberTrust();
    const states = Array.from({ length: 20 }, (_, seconds) => at(seconds));
    const decoded = states.map((state) => decode(encodeTrustState(state), { roots: rootsOf(state) }));
    expect(decoded.map(({ timeSeconds }) => timeSeconds)).toEqual(states.map(({ timeSeconds }) => timeSeconds));
    const again = (state: TrustState): TrustState => decode(encodeTrustState(state), { roots: rootsOf(state) });
    expect(again(states[19]!)).toBe(decoded[19]);
    expect(again(states[0]!)).not.toBe(decoded[0]);
  });
});
