/**
 * The database: SQLite in one file, shared by `bristlecone up` and the commands beside it. Queries are written once,
 * with kysely, so that PostgreSQL can take over where one file is outgrown.
 *
 * Every committed write is on disk before its promise settles (WAL with synchronous=FULL): a device that was told
 * `accepted` is believed after kill -9 and power loss.
 */
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { Kysely, SqliteDialect, type SqliteDatabase, type SqliteStatement } from 'kysely';
import { Migrator } from 'kysely/migration';
import { Unavailable } from '../errors.ts';
import { GroupCommit, type Write, type WriteCounts } from './group-commit.ts';
import { MIGRATIONS, type Tables } from './tables.ts';

/** How long a write waits for another process's. Longest known: a campaign of 10,000 devices, 0.1 s. */
const BUSY_TIMEOUT_MS = 5_000;
/** Two processes may open a new database at once: the second then finds the first one's tables. */
const MIGRATION_TRIES = 3;
const MAX_PREPARED = 200;
const MAX_PREPARED_LENGTH = 2_000;

export interface Store {
  readonly db: Kysely<Tables>;
  /** All or nothing, and together with what others write at the same time: for what each device causes. */
  write<T>(write: Write<T>): Promise<T>;
  readonly writes: WriteCounts;
  close(): Promise<void>;
}

/**
 * @param path of the file, which is made where there is none; or `:memory:`
 * @throws {Unavailable} where the file cannot be opened, is no database or is one of a newer version
 */
export async function openStore(path: string): Promise<Store> {
  const sqlite = open(path);
  const db = new Kysely<Tables>({ dialect: new SqliteDialect({ database: adapter(sqlite) }) });
  try {
    await migrate(db);
  } catch (cause) {
    await db.destroy();
    throw new Unavailable(`the database ${path} cannot be brought up to date`, { cause });
  }
  const group = new GroupCommit(db);
  return {
    db,
    write: (write) => group.write(write),
    get writes() {
      return group.counts;
    },
    close: async () => {
      await group.end();
      await db.destroy();
    },
  };
}

function open(path: string): DatabaseSync {
  try {
    const sqlite = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS, enableForeignKeyConstraints: true });
    sqlite.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;');
    return sqlite;
  } catch (cause) {
    throw new Unavailable(`the database ${path} cannot be opened`, { cause });
  }
}

async function migrate(db: Kysely<Tables>): Promise<void> {
  const provider = { getMigrations: () => Promise.resolve({ ...MIGRATIONS }) };
  const migrator = new Migrator({ db, provider });
  let failure: unknown;
  for (let attempt = 0; attempt < MIGRATION_TRIES; attempt++) {
    const { error } = await migrator.migrateToLatest();
    if (error === undefined) return;
    failure = error;
  }
  throw failure;
}

/** node:sqlite as the better-sqlite3 that kysely's dialect expects, each statement prepared once. */
function adapter(sqlite: DatabaseSync): SqliteDatabase {
  const prepared = new Map<string, SqliteStatement>();
  const prepare = (sql: string): SqliteStatement => {
    const statement = sqlite.prepare(sql);
    return {
      reader: statement.columns().length > 0,
      all: (parameters) => statement.all(...parameters.map(inputOf)),
      run: (parameters) => statement.run(...parameters.map(inputOf)),
      iterate: (parameters) => statement.iterate(...parameters.map(inputOf)),
    };
  };
  return {
    close: () => sqlite.close(),
    prepare: (sql) => {
      const statement = prepared.get(sql) ?? prepare(sql);
      // Inserts of many rows differ in length: those that come once are not kept.
      if (prepared.size < MAX_PREPARED && sql.length < MAX_PREPARED_LENGTH) prepared.set(sql, statement);
      return statement;
    },
  };
}

function inputOf(value: unknown): SQLInputValue {
  if (value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint')
    return value;
  throw new TypeError(`store: ${typeof value} has no place in a query`);
}
