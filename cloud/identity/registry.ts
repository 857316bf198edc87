/**
 * What a broker asks of the certificate registry: who is this, and may it come in. The broker has proven, by TLS, that
 * the peer holds the key of the certificate and that a trusted device CA (or a registered manufacturer CA) issued it;
 * whether that certificate counts today stands in the registry alone.
 *
 *   TLS handshake ──▶ CONNECT ──▶ authorizeConnection(certificate, client id) ──▶ device | claim | refused
 *                                                                  onRevoked ──▶ cut the live connection
 */

/**
 * A provisioned device. Its client id is its thing. Beside the topics of its thing it may use those of provisioning
 * with `templates`, to replace its own certificate before that expires.
 */
export interface DevicePrincipal {
  readonly kind: 'device';
  /** SHA-256 of the certificate's DER in hex: AWS's certificate id. */
  readonly certificateId: string;
  readonly thing: string;
  readonly templates: readonly string[];
}

/**
 * Whoever holds a claim credential, which many devices share: it may use the topics of provisioning with `templates`,
 * and nothing else. Its client id proves nothing, so the broker must not let it take over the session of a device.
 */
export interface ClaimPrincipal {
  readonly kind: 'claim';
  readonly certificateId: string;
  readonly templates: readonly string[];
}

export type Principal = DevicePrincipal | ClaimPrincipal;

/** Stable, for logs and tests: add, never rename. */
export type ConnectionRefusal =
  | 'unknown-certificate'
  | 'pending-activation'
  | 'inactive'
  | 'revoked'
  | 'expired'
  | 'not-attached'
  | 'wrong-client-id'
  | 'registration-refused';

export interface RefusedConnection {
  readonly kind: 'refused';
  readonly code: ConnectionRefusal;
  /** A sentence for the log; never for the peer, who learns only that it is not authorized. */
  readonly reason: string;
}

export type Authorization = Principal | RefusedConnection;

export interface CertificateRegistry {
  /**
   * May the holder of this certificate connect under this client id? Asked once for each CONNECT, after the handshake;
   * an accepted device counts as connected, which ends the life of the certificates that this one replaces. The first
   * connection with a certificate of a registered manufacturer CA registers it.
   *
   * @param certificateDer of the peer, as the handshake proved it
   */
  authorizeConnection(certificateDer: Uint8Array, clientId: string): Promise<Authorization>;

  /** Whether this thing has ever connected with a certificate: from then on nobody without one is it. */
  hasProvenItself(thing: string): Promise<boolean>;

  /** Called with the id of each certificate that no longer admits anybody: cut what is connected with it. */
  onRevoked(handler: (certificateId: string) => void): void;

  /**
   * PEM of every CA whose certificates a handshake should let through: the device CA first, then registered
   * manufacturer CAs.
   */
  trustedAuthorities(): Promise<readonly string[]>;

  /** Called when that list has changed. */
  onAuthoritiesChanged(handler: () => void): void;
}
