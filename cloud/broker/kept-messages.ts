/**
 * Messages that aedes keeps in memory for sessions that outlive their connection, in bounded number. aedes 2.0.0-beta.1
 * has no bound of its own, and keeps an empty list for every client that ever acknowledged anything; that is spared too.
 */
import { Readable } from 'node:stream';

/** Of one session, acknowledged by nobody: more than the services have on the way to one device at once. */
export const MAX_KEPT = 1_000;
/** Of their payloads: a device may send itself 128 KB at a time. */
export const MAX_KEPT_BYTES = 1_048_576;

interface Session {
  readonly id: string;
}

/** The part of aedes's persistence that is about them. */
interface Persistence {
  outgoingEnqueueCombi(sessions: readonly { readonly clientId: string }[], packet: unknown): Promise<unknown>;
  outgoingClearMessageId(session: Session, packet: unknown): Promise<unknown>;
  outgoingUpdate(session: Session, packet: unknown): Promise<unknown>;
  outgoingStream(session: Session): Readable;
}

export const isPersistence = (value: unknown): value is Persistence =>
  typeof value === 'object' && value !== null && 'outgoingEnqueueCombi' in value && 'outgoingStream' in value;

interface Kept {
  readonly messages: number;
  readonly bytes: number;
}

const NONE: Kept = { messages: 0, bytes: 0 };

/**
 * Of a full session further messages are not kept: it gets them now, if it is connected, or never.
 *
 * @param onFull called with that session
 */
export function boundKept(persistence: Persistence, onFull: (clientId: string) => void): void {
  const kept = new Map<string, Kept>();
  const enqueue = persistence.outgoingEnqueueCombi.bind(persistence);
  const clear = persistence.outgoingClearMessageId.bind(persistence);
  const update = persistence.outgoingUpdate.bind(persistence);
  const stream = persistence.outgoingStream.bind(persistence);
  const keptOf = (id: string): Kept => kept.get(id) ?? NONE;
  const hasRoom = (id: string, bytes: number): boolean =>
    keptOf(id).messages < MAX_KEPT && keptOf(id).bytes + bytes <= MAX_KEPT_BYTES;
  const count = (id: string, { messages, bytes }: Kept): void => {
    const before = keptOf(id);
    const now = { messages: before.messages + messages, bytes: before.bytes + bytes };
    if (now.messages > 0) kept.set(id, now);
    else kept.delete(id);
  };
  persistence.outgoingEnqueueCombi = (sessions, packet) => {
    const bytes = payloadBytes(packet);
    const taken = sessions.filter(({ clientId }) => {
      const isTaken = hasRoom(clientId, bytes);
      if (isTaken) count(clientId, { messages: 1, bytes });
      else onFull(clientId);
      return isTaken;
    });
    return taken.length === 0 ? NOTHING : enqueue(taken, packet);
  };
  persistence.outgoingClearMessageId = async (session, packet) => {
    if (!kept.has(session.id)) return undefined;
    const cleared = await clear(session, packet);
    if (cleared !== undefined) count(session.id, { messages: -1, bytes: -payloadBytes(cleared) });
    return cleared;
  };
  // Where there is no such message it is one that was not kept; aedes would cut off who is to have it.
  persistence.outgoingUpdate = (session, packet) => update(session, packet).catch(() => undefined);
  persistence.outgoingStream = (session) => (kept.has(session.id) ? stream(session) : emptyStream());
}

const payloadBytes = (packet: unknown): number =>
  typeof packet === 'object' && packet !== null && 'payload' in packet && packet.payload instanceof Uint8Array
    ? packet.payload.length
    : 0;

const NOTHING = Promise.resolve();

const emptyStream = (): Readable =>
  new Readable({
    objectMode: true,
    read() {
      this.push(null);
    },
  });
