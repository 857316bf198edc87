/**
 * Who is behind each connection and what it may do now. Rights are held here and not in the connection, so that they end
 * at once, for what is under way too, when the certificate behind them no longer counts.
 */
import type { Client } from 'aedes';
import { NO_RIGHTS, type Rights } from './policy.ts';

export interface Session {
  /** As it called itself. */
  readonly clientId: string;
  /** Of the certificate that it came with. */
  readonly certificateId?: string;
  readonly rights: Rights;
}

/** MQTT 5 §3.14.2.1: the connection is closed due to an administrative action. */
const REASON_ADMINISTRATIVE_ACTION = 0x98;

export class Sessions {
  readonly #sessions = new WeakMap<Client, Session>();
  readonly #byCertificate = new Map<string, Set<Client>>();
  /** They keep their name, for the log and for who waits for their end, and nothing else. */
  readonly #cut = new WeakSet<Client>();

  /**
   * Before anybody is asked whether the certificate counts: it is cut also where that changes while the answer is on
   * its way.
   */
  watch(client: Client, certificateId: string): void {
    const clients = this.#byCertificate.get(certificateId) ?? new Set();
    this.#byCertificate.set(certificateId, clients.add(client));
    client.conn.once('close', () => {
      clients.delete(client);
      if (clients.size === 0 && this.#byCertificate.get(certificateId) === clients)
        this.#byCertificate.delete(certificateId);
    });
  }

  open(client: Client, session: Session): void {
    this.#sessions.set(client, session);
  }

  of(client: Client): Session | undefined {
    return this.#sessions.get(client);
  }

  rightsOf(client: Client): Rights {
    const session = this.#sessions.get(client);
    return session && !this.#cut.has(client) ? session.rights : NO_RIGHTS;
  }

  /** The connections of a certificate, each as `cut` says. @returns who that was */
  cutAll(certificateId: string): readonly Session[] {
    return [...(this.#byCertificate.get(certificateId) ?? [])].flatMap((client) => this.cut(client) ?? []);
  }

  /** It loses all rights, is told (MQTT 5: 0x98), and ends. @returns who it was, where that was known */
  cut(client: Client): Session | undefined {
    this.#cut.add(client);
    client.disconnect({ reasonCode: REASON_ADMINISTRATIVE_ACTION });
    return this.#sessions.get(client);
  }
}

/** For the log: a thing by its name, a claim credential by its certificate and what its user calls itself. */
export const describeSession = ({ clientId, certificateId, rights }: Session): object =>
  rights.thing === undefined ? { claim: certificateId, clientId } : { thing: rights.thing };
