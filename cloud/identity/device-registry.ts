/**
 * The certificate registry over the store. What it answers a broker is decided by decide-connection.ts; what it tells
 * brokers comes from the outbox, in which whichever process changed something has left a note with the change itself.
 */
import type { Clock, Log } from '../ports.ts';
import { listAuthorities } from '../store/authorities.ts';
import {
  certificateById,
  dropIdentityNotices,
  listCertificates,
  noteFirstConnection,
  takeIdentityNotices,
} from '../store/certificates.ts';
import { usableTemplates } from '../store/provisioning-templates.ts';
import type { Store } from '../store/store.ts';
import { certificateIdOf } from './authority.ts';
import { decideConnection, refused } from './decide-connection.ts';
import type { Authorization, CertificateRegistry } from './registry.ts';

export interface DeviceRegistry extends CertificateRegistry {
  /** Tell the brokers what has changed, whoever changed it. Several times a second. */
  tick(): Promise<void>;
}

/** What becomes of the first connection with a certificate that nobody knows: `unknown` where no registered CA made it. */
export type RegisterManufactured = (certificateDer: Uint8Array) => Promise<'registered' | 'refused' | 'unknown'>;

export interface RegistryOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  /** PEM. */
  readonly deviceCa: string;
  /** Left out: nobody registers himself. */
  readonly registerManufactured?: RegisterManufactured;
}

export function createDeviceRegistry(options: RegistryOptions): DeviceRegistry {
  return new Registry(options);
}

class Registry implements DeviceRegistry {
  readonly #options: RegistryOptions;
  readonly #onRevoked: ((certificateId: string) => void)[] = [];
  readonly #onAuthoritiesChanged: (() => void)[] = [];

  constructor(options: RegistryOptions) {
    this.#options = options;
  }

  async authorizeConnection(certificateDer: Uint8Array, clientId: string): Promise<Authorization> {
    const { store, clock, registerManufactured } = this.#options;
    const id = certificateIdOf(certificateDer);
    let certificate = await certificateById(store, id);
    if (!certificate && registerManufactured) {
      const outcome = await registerManufactured(certificateDer);
      if (outcome === 'refused') return refused('registration-refused', 'its template did not let it register');
      if (outcome === 'registered') certificate = await certificateById(store, id);
    }
    const templates = certificate ? (await usableTemplates(store, certificate)).map(({ name }) => name) : [];
    const decided = decideConnection({ certificate, clientId, templates, nowMs: clock() });
    if (certificate && decided.kind !== 'refused' && certificate.firstConnectedAtMs === undefined) {
      await noteFirstConnection(store, certificate, clock());
    }
    return decided;
  }

  async hasProvenItself(thing: string): Promise<boolean> {
    const certificates = await listCertificates(this.#options.store, { thing });
    return certificates.some(({ firstConnectedAtMs }) => firstConnectedAtMs !== undefined);
  }

  onRevoked(handler: (certificateId: string) => void): void {
    this.#onRevoked.push(handler);
  }

  async trustedAuthorities(): Promise<readonly string[]> {
    const manufacturers = await listAuthorities(this.#options.store);
    return [this.#options.deviceCa, ...manufacturers.map(({ pem }) => pem)];
  }

  onAuthoritiesChanged(handler: () => void): void {
    this.#onAuthoritiesChanged.push(handler);
  }

  async tick(): Promise<void> {
    const notices = await takeIdentityNotices(this.#options.store);
    const last = notices.at(-1);
    if (!last) return;
    for (const { certificateId } of notices) {
      if (certificateId !== null) for (const handler of this.#onRevoked) handler(certificateId);
    }
    if (notices.some(({ certificateId }) => certificateId === null)) {
      for (const handler of this.#onAuthoritiesChanged) handler();
    }
    // Told twice where the process dies here, and by then nobody is connected.
    await dropIdentityNotices(this.#options.store, last.ordinal);
  }
}
