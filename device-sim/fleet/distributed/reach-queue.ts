/** What is wrong with a queue, before anybody depends on it. */
import { type QueueAddress, QueueError } from './queue-address.ts';
import { touchQueue } from './share-queue.ts';

/** @throws {QueueError} `queue-unreachable`, `queue-refused` or `queue-unsuitable` */
export async function expectQueue(address: QueueAddress): Promise<void> {
  try {
    await touchQueue(address);
  } catch (error) {
    throw troubleOf(error, address);
  }
}

/** Never with the error as its cause: the drivers' errors carry the commands they sent, passwords included. */
function troubleOf(error: unknown, { engine, shown }: QueueAddress): QueueError {
  const { code, message } = wordsOf(error);
  if (/^(WRONGPASS|NOAUTH|NOPERM)|^ERR invalid password/.test(message) || code.startsWith('28'))
    return new QueueError(
      'queue-refused',
      `queue: ${shown} refuses this name and password. Expected them in the URL, as in ${engine}://name:password@host ` +
        '(best in the environment variable BRISTLECONE_QUEUE, where no list of processes shows them).',
    );
  if (message.includes("optional 'pg' package"))
    return new QueueError('queue-unsuitable', 'queue: PostgreSQL needs the package pg, once: npm install pg@8');
  if (/^E[A-Z_]+$/.test(code) || message.startsWith('Connection'))
    return new QueueError(
      'queue-unreachable',
      `queue: expected a server at ${shown}, got ${code || message}. Start one (redis-server), or give its URL with --queue.`,
    );
  return new QueueError('queue-unsuitable', `queue: ${shown} answers, and cannot be used: ${message.slice(0, 200)}`);
}

const wordsOf = (error: unknown): { readonly code: string; readonly message: string } =>
  error instanceof Error
    ? { code: 'code' in error && typeof error.code === 'string' ? error.code : '', message: error.message }
    : { code: '', message: String(error) };
