/** What four handshakes say about an endpoint: what it prefers, what it falls back to, and what it can do without. */
import type { Handshake, Offer } from './handshake.ts';

const HYBRID_GROUPS = ['X25519MLKEM768', 'SecP256r1MLKEM768', 'SecP384r1MLKEM1024'];
const CLASSICAL_GROUPS = ['X25519', 'P-256', 'P-384', 'P-521'];
const ANY_VERSION = { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.3' } as const;

export const OFFERS = {
  /** What a client of today should offer. */
  best: { groups: [...HYBRID_GROUPS, ...CLASSICAL_GROUPS], ...ANY_VERSION },
  /** Classical groups blocked: hybrid key exchange is defined for TLS 1.3 only. */
  hybridOnly: { groups: HYBRID_GROUPS, minVersion: 'TLSv1.3', maxVersion: 'TLSv1.3' },
  /** A client that was not upgraded. */
  classicalOnly: { groups: CLASSICAL_GROUPS, ...ANY_VERSION },
  /** One that knows nothing newer. */
  tls12: { groups: CLASSICAL_GROUPS, minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' },
} as const satisfies Readonly<Record<string, Offer>>;

export type Handshakes = Readonly<Record<keyof typeof OFFERS, Handshake>>;

export interface EndpointVerdict {
  /** `hybrid`: negotiated. `hybrid-available`: it can, and prefers not to. */
  readonly keyExchange: 'hybrid' | 'hybrid-available' | 'classical' | 'unknown';
  readonly certificate: 'post-quantum' | 'classical' | 'unknown';
  readonly worksWithClassicalBlocked: boolean;
  /** What a client without hybrid groups gets; undefined where it gets nothing. */
  readonly fallback: string | undefined;
  readonly advice: readonly string[];
}

export function judgeEndpoint({ best, hybridOnly, classicalOnly, tls12 }: Handshakes): EndpointVerdict {
  const keyExchange = keyExchangeOf(best, hybridOnly);
  const certificate = certificateOf(best.ok ? best : hybridOnly);
  return {
    keyExchange,
    certificate,
    worksWithClassicalBlocked: hybridOnly.ok,
    fallback: classicalOnly.ok ? `${classicalOnly.keyExchange}, ${classicalOnly.version}` : undefined,
    advice: ADVICE.filter(({ when }) => when({ keyExchange, certificate, best, tls12 })).map(({ say }) => say),
  };
}

function keyExchangeOf(best: Handshake, hybridOnly: Handshake): EndpointVerdict['keyExchange'] {
  if (best.ok && isHybrid(best.keyExchange)) return 'hybrid';
  if (hybridOnly.ok) return 'hybrid-available';
  return best.ok ? 'classical' : 'unknown';
}

const isHybrid = (group: string): boolean => /MLKEM/i.test(group);

function certificateOf(handshake: Handshake): EndpointVerdict['certificate'] {
  const [leaf] = handshake.ok ? handshake.chain : [];
  if (leaf === undefined) return 'unknown';
  return /^(ML-DSA|SLH-DSA)/.test(leaf.key) ? 'post-quantum' : 'classical';
}

interface Findings extends Pick<EndpointVerdict, 'keyExchange' | 'certificate'> {
  readonly best: Handshake;
  readonly tls12: Handshake;
}

// oxfmt-ignore
const ADVICE: readonly { readonly say: string; readonly when: (it: Findings) => boolean }[] = [
  { say: 'Enable X25519MLKEM768: what is recorded today can be decrypted later.', when: ({ keyExchange, best }) => keyExchange === 'classical' && best.ok && best.version === 'TLSv1.3' },
  { say: 'Enable TLS 1.3, then X25519MLKEM768: hybrid key exchange is defined for TLS 1.3 only.', when: ({ keyExchange, best }) => keyExchange === 'classical' && best.ok && best.version !== 'TLSv1.3' },
  { say: 'Let the server prefer X25519MLKEM768 to the group it chooses now.', when: ({ keyExchange }) => keyExchange === 'hybrid-available' },
  { say: 'No forward secrecy: the key of the certificate opens every recorded session.', when: ({ best }) => best.ok && best.keyExchange === 'RSA' },
  { say: 'TLS 1.2 is accepted: clients that use it get a classical key exchange.', when: ({ keyExchange, tls12 }) => keyExchange === 'hybrid' && tls12.ok },
  { say: 'The certificate is classical: no danger to what is recorded, and to be replaced before quantum computers are there.', when: ({ keyExchange, certificate }) => keyExchange === 'hybrid' && certificate === 'classical' },
];
