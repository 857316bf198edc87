/** Where the hosts of a fleet meet: a Redis or a PostgreSQL, by its URL. */

/** The hosts cannot meet, or do not fit together: why, under a code that programs can rely on, and what to do about it. */
export type QueueErrorCode =
  | 'invalid-url'
  | 'queue-unreachable'
  | 'queue-refused'
  | 'queue-unsuitable'
  | 'queue-busy'
  | 'version-mismatch'
  | 'too-few-hosts'
  | 'host-failed';

export class QueueError extends Error {
  override readonly name = 'QueueError';
  readonly code: QueueErrorCode;

  /** @param message never with the URL itself, which holds a password: `QueueAddress.shown` */
  constructor(code: QueueErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

export interface QueueAddress {
  readonly engine: 'redis' | 'postgres';
  /** With name and password: for the driver's eyes only. */
  readonly url: string;
  /** Without them. */
  readonly shown: string;
}

const ENGINES: Readonly<Record<string, QueueAddress['engine']>> = {
  'redis:': 'redis',
  'rediss:': 'redis',
  'postgres:': 'postgres',
  'postgresql:': 'postgres',
};

/** @throws {QueueError} `invalid-url` */
export function parseQueueAddress(text: string): QueueAddress {
  const url = URL.parse(text);
  const engine = url && ENGINES[url.protocol];
  if (!engine || url.hostname === '')
    throw new QueueError(
      'invalid-url',
      `queue: expected redis://host:6379, rediss://host:6379 or postgres://host/database, got ${url ? `${url.protocol}//${url.hostname}` : 'no URL'}`,
    );
  return { engine, url: text, shown: shownOf(url) };
}

const shownOf = ({ protocol, host, pathname }: URL): string =>
  `${protocol}//${host}${pathname === '/' ? '' : pathname}`;
