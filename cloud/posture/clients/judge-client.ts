/** Whether a client is ready for hybrid key exchange, by what it offers. */
import type { ClientHello } from './client-hello.ts';
import { groupName, signatureName } from './tls-names.ts';

const X25519MLKEM768 = 0x11ec;
/** SecP256r1MLKEM768, X25519MLKEM768, SecP384r1MLKEM1024 (RFC 10024). */
const HYBRID_GROUPS: readonly number[] = [0x11eb, X25519MLKEM768, 0x11ed];
const KYBER_DRAFT = 0x6399;
const TLS_13 = 0x0304;
const ML_DSA_SCHEMES: readonly number[] = [0x0904, 0x0905, 0x0906];

export interface ClientVerdict {
  /**
   * `ready`: sends a hybrid key at once. `one-more-round-trip`: names the group only. `draft`: only the Kyber draft, which
   * servers have dropped.
   */
  readonly readiness: 'ready' | 'one-more-round-trip' | 'draft' | 'classical';
  readonly tls13: boolean;
  /** Whether it would take a server certificate with ML-DSA. */
  readonly mlDsaCertificates: boolean;
  readonly groups: readonly string[];
  readonly keyShares: readonly string[];
  readonly signatureSchemes: readonly string[];
  readonly helloBytes: number;
}

export function judgeClient(hello: ClientHello): ClientVerdict {
  return {
    readiness: readinessOf(hello),
    tls13: hello.versions.includes(TLS_13),
    mlDsaCertificates: hello.signatureSchemes.some((scheme) => ML_DSA_SCHEMES.includes(scheme)),
    groups: hello.groups.map(groupName),
    keyShares: hello.keyShares.map(({ group }) => groupName(group)),
    signatureSchemes: hello.signatureSchemes.map(signatureName),
    helloBytes: hello.helloBytes,
  };
}

function readinessOf({ versions, groups, keyShares }: ClientHello): ClientVerdict['readiness'] {
  if (!versions.includes(TLS_13)) return 'classical';
  if (keyShares.some(({ group }) => HYBRID_GROUPS.includes(group))) return 'ready';
  if (groups.some((group) => HYBRID_GROUPS.includes(group))) return 'one-more-round-trip';
  return groups.includes(KYBER_DRAFT) ? 'draft' : 'classical';
}
