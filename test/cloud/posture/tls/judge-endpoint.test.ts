import { describe, expect, it } from 'vitest';
import type { Handshake } from '../../../../cloud/posture/tls/handshake.ts';
import { judgeEndpoint, OFFERS } from '../../../../cloud/posture/tls/judge-endpoint.ts';

const done = (keyExchange: string, version = 'TLSv1.3'): Handshake => ({
  ok: true,
  version,
  cipher: 'TLS_AES_128_GCM_SHA256',
  keyExchange,
  chain: [],
  isTrusted: true,
});
const refused: Handshake = { ok: false, code: 'handshake-refused', message: 'handshake failure' };

describe('judgeEndpoint', () => {
  it('tells a server that prefers a classical group from one that has no other', () => {
    const classical = { best: done('X25519'), classicalOnly: done('X25519'), tls12: refused };
    expect(judgeEndpoint({ ...classical, hybridOnly: done('X25519MLKEM768') })).toMatchObject({
      keyExchange: 'hybrid-available',
      worksWithClassicalBlocked: true,
      advice: ['Let the server prefer X25519MLKEM768 to the group it chooses now.'],
    });
    expect(judgeEndpoint({ ...classical, hybridOnly: refused })).toMatchObject({ keyExchange: 'classical' });
  });

  it('takes an older version of TLS for the fallback that it is', () => {
    const handshakes = {
      best: done('X25519MLKEM768'),
      hybridOnly: done('X25519MLKEM768'),
      tls12: done('P-256', 'TLSv1.2'),
    };
    const { advice, fallback } = judgeEndpoint({ ...handshakes, classicalOnly: done('P-256', 'TLSv1.2') });
    expect(fallback).toBe('P-256, TLSv1.2');
    expect(advice).toEqual([expect.stringMatching(/^TLS 1.2 is accepted/)]);
  });

  it('knows nothing where every handshake was refused', () => {
    expect(judgeEndpoint({ best: refused, hybridOnly: refused, classicalOnly: refused, tls12: refused })).toEqual({
      keyExchange: 'unknown',
      certificate: 'unknown',
      worksWithClassicalBlocked: false,
      fallback: undefined,
      advice: [],
    });
  });

  it('is asked with hybrid groups first, alone, and not at all', () => {
    expect(OFFERS.best.groups[0]).toBe('X25519MLKEM768');
    expect(OFFERS.hybridOnly.groups.every((group) => group.includes('MLKEM'))).toBe(true);
    expect(OFFERS.classicalOnly.groups.some((group) => group.includes('MLKEM'))).toBe(false);
  });
});
