/**
 * Who may connect, and with which rights.
 *
 *   certificate ──▶ registry ──▶ a device: its client id is its thing
 *                            └─▶ a claim credential: an own name, so that it meets no device's session
 *   none ──▶ whoever names a thing is that thing, unless it has ever proven who it is
 *
 * The will is known only before, and the answer only after, aedes has named the client.
 */
import type { AedesOptions, AuthenticateError, Client } from 'aedes';
import type { Authorization, CertificateRegistry, Principal } from '../identity/registry.ts';
import type { Log } from '../ports.ts';
import type { Denials } from './denials.ts';
import { MAX_KEEP_ALIVE_SECONDS, refuseClientId, refuseConnect, refusePublish, type Rights } from './policy.ts';
import type { Session, Sessions } from './sessions.ts';

export interface ConnectingDevice {
  readonly thing: string;
  /** What the AWS device SDKs send here, `?SDK=…&Version=…`, names the library and nobody. */
  readonly username: string | undefined;
  readonly password: Uint8Array | undefined;
}

/** What the handshake proved of a peer. */
export interface PeerCertificate {
  readonly der: Uint8Array;
  /** SHA-256 of it in hex: AWS's certificate id. */
  readonly id: string;
  readonly expiresAtMs: number;
}

export interface AdmissionParts {
  readonly log: Log;
  readonly denials: Denials;
  readonly sessions: Sessions;
  /** Asked of whoever comes with a certificate. */
  readonly registry: CertificateRegistry | undefined;
  readonly certificateOf: (client: Client) => PeerCertificate | undefined;
  /** Asked of whoever comes without. */
  readonly authorize: (device: ConnectingDevice) => boolean | Promise<boolean>;
}

interface Refusal {
  readonly code: string;
  readonly reason: string;
  readonly returnCode: number;
}

type Connect = Parameters<NonNullable<AedesOptions['preConnect']>>[1];

const RETURN_IDENTIFIER_REJECTED = 2;
const RETURN_NOT_AUTHORIZED = 5;

const notAuthorized = (code: string, reason: string): Refusal => ({ code, reason, returnCode: RETURN_NOT_AUTHORIZED });

export function admission(parts: AdmissionParts): AedesOptions {
  const refusals = new WeakMap<Client, Refusal>();
  return {
    preConnect: (client, packet, done) => {
      limitKeepAlive(packet);
      const { clientId } = packet;
      void admit(parts, client, packet)
        .catch((error: unknown) => cannotTell(parts.log, clientId, error))
        .then((refusal) => {
          if (refusal) refusals.set(client, refusal);
          if (refusal) parts.denials.note('connect', { ...whoAsked(parts, client, clientId), ...reasonOf(refusal) });
          done(null, true);
        });
    },
    authenticate: (client, username, password, done) => {
      const refuse = ({ reason, returnCode }: Pick<Refusal, 'reason' | 'returnCode'>): void =>
        done(Object.assign<Error, Pick<AuthenticateError, 'returnCode'>>(new Error(reason), { returnCode }), false);
      const refusal = refusals.get(client);
      if (refusal) return refuse(refusal);
      if (parts.certificateOf(client)) return done(null, true);
      void askOperator(parts, { thing: client.id, username, password }).then((refused) => {
        if (!refused) return done(null, true);
        parts.denials.note('connect', { thing: client.id, ...reasonOf(refused) });
        refuse(refused);
      });
    },
  };
}

async function askOperator({ authorize, log }: AdmissionParts, device: ConnectingDevice): Promise<Refusal | undefined> {
  try {
    return (await authorize(device)) ? undefined : notAuthorized('not-authorized', 'not authorized');
  } catch (error) {
    return cannotTell(log, device.thing, error);
  }
}

async function admit(parts: AdmissionParts, client: Client, packet: Connect): Promise<Refusal | undefined> {
  const { clientId, will } = packet;
  const badId = refuseClientId(clientId);
  if (badId !== undefined) return { code: 'bad-client-id', reason: badId, returnCode: RETURN_IDENTIFIER_REJECTED };
  const session = await identify(parts, client, clientId);
  if ('returnCode' in session) return session;
  const badWill = will && refuseWill(session.rights, will);
  if (badWill !== undefined) return notAuthorized('bad-will', badWill);
  if (session.rights.thing === undefined) renameClaim(packet, session);
  parts.sessions.open(client, session);
  return undefined;
}

async function identify(parts: AdmissionParts, client: Client, clientId: string): Promise<Session | Refusal> {
  const { registry, sessions } = parts;
  const certificate = parts.certificateOf(client);
  if (!certificate) {
    return (await registry?.hasProvenItself(clientId))
      ? notAuthorized('certificate-needed', 'this thing has a certificate, and is nobody without it')
      : { clientId, rights: { thing: clientId, templates: [] } };
  }
  if (!registry) return notAuthorized('no-registry', 'nobody here knows certificates');
  sessions.watch(client, certificate.id);
  return sessionOf(await registry.authorizeConnection(certificate.der, clientId), clientId);
}

function sessionOf(authorization: Authorization, clientId: string): Session | Refusal {
  if (authorization.kind === 'refused') return notAuthorized(authorization.code, authorization.reason);
  const rights = rightsOf(authorization);
  // The registry has compared them; it is this comparison that keeps devices apart, so it is made here too.
  const badName = refuseConnect(rights, clientId);
  if (badName !== undefined) return notAuthorized('wrong-client-id', badName);
  return { clientId, certificateId: authorization.certificateId, rights };
}

const rightsOf = (principal: Principal): Rights =>
  principal.kind === 'device'
    ? { thing: principal.thing, templates: principal.templates }
    : { templates: principal.templates };

/**
 * Many devices share a claim credential, and its client id proves nothing. So it gets a name that no thing can have, and
 * takes over, resumes and wipes no session of a device; nor does it leave one behind.
 */
function renameClaim(packet: Connect, { certificateId, clientId }: Session): void {
  packet.clientId = `claim/${certificateId}/${clientId}`;
  packet.clean = true;
  if (packet.properties) packet.properties.sessionExpiryInterval = 0;
}

/** MQTT 5 is told of the longest keep-alive; 3.1.1 cannot be, so as on AWS it is only held to it. */
function limitKeepAlive(packet: Connect): void {
  const { protocolVersion, keepalive = 0 } = packet;
  if (protocolVersion !== 5) packet.keepalive = Math.min(keepalive || MAX_KEEP_ALIVE_SECONDS, MAX_KEEP_ALIVE_SECONDS);
}

const refuseWill = (
  rights: Rights,
  { topic, qos = 0, retain = false, payload }: NonNullable<Connect['will']>,
): string | undefined => refusePublish(rights, { topic, qos, retain, payloadBytes: payload.length });

function cannotTell(log: Log, thing: string, error: unknown): Refusal {
  log.error({ thing, error }, 'could not tell whether a device may connect');
  return notAuthorized('cannot-tell', 'not authorized');
}

const whoAsked = ({ certificateOf }: AdmissionParts, client: Client, clientId: string): object => ({
  // As long as it likes, in 3.1.1 and 5.
  thing: clientId.slice(0, 128),
  certificateId: certificateOf(client)?.id,
});

/** The reason for the log; the peer of a certificate learns only that it is not authorized. */
const reasonOf = ({ code, reason }: Refusal): object => ({ code, reason });
