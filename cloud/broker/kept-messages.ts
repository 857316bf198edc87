/**
 * Messages that aedes keeps in memory for sessions that outlive their connection, in bounded number. aedes 2.0.0-beta.1
 * has no bound of its own, and keeps an empty list for every client that ever acknowledged anything; that is spared too.
 */
import { Readable } from 'node:stream';

/** Of one session, acknowledged by nobody: more than the services have on the way to one device at once. */
export const MAX_KEPT = 1_000;

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

/**
 * Of a full session further messages are not kept: it gets them now, if it is connected, or never.
 *
 * @param onFull called with that session
 */
export function boundKept(persistence: Persistence, onFull: (clientId: string) => void, maximum = MAX_KEPT): void {
  const kept = new Map<string, number>();
  const enqueue = persistence.outgoingEnqueueCombi.bind(persistence);
  const clear = persistence.outgoingClearMessageId.bind(persistence);
  const update = persistence.outgoingUpdate.bind(persistence);
  const stream = persistence.outgoingStream.bind(persistence);
  const count = (id: string, by: 1 | -1): void => {
    const now = (kept.get(id) ?? 0) + by;
    if (now > 0) kept.set(id, now);
    else kept.delete(id);
  };
  persistence.outgoingEnqueueCombi = (sessions, packet) => {
    const taken = sessions.filter(({ clientId }) => {
      const hasRoom = (kept.get(clientId) ?? 0) < maximum;
      if (hasRoom) count(clientId, 1);
      else onFull(clientId);
      return hasRoom;
    });
    return taken.length === 0 ? NOTHING : enqueue(taken, packet);
  };
  persistence.outgoingClearMessageId = async (session, packet) => {
    if (!kept.has(session.id)) return undefined;
    const cleared = await clear(session, packet);
    if (cleared !== undefined) count(session.id, -1);
    return cleared;
  };
  persistence.outgoingUpdate = (session, packet) =>
    update(session, packet).catch((error: unknown) => {
      // aedes would cut off who is to have a message that is not kept.
      if ((kept.get(session.id) ?? 0) < maximum) throw error;
    });
  persistence.outgoingStream = (session) => (kept.has(session.id) ? stream(session) : emptyStream());
}

const NOTHING = Promise.resolve();

const emptyStream = (): Readable =>
  new Readable({
    objectMode: true,
    read() {
      this.push(null);
    },
  });
