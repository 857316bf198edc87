/** The things (devices) that the cloud knows by name: those that connected, and those that a campaign named. */
import type { Store } from './store.ts';

export interface Thing {
  readonly name: string;
  readonly createdAtMs: number;
}

/** Rows in one statement: SQLite takes 32,766 parameters, PostgreSQL 65,535. */
export const ROWS_PER_STATEMENT = 1_000;

/** Those that are known already stay as they are. */
export async function rememberThings(store: Pick<Store, 'db'>, names: readonly string[], nowMs: number): Promise<void> {
  for (let start = 0; start < names.length; start += ROWS_PER_STATEMENT) {
    const rows = names.slice(start, start + ROWS_PER_STATEMENT).map((name) => ({
      name,
      createdAtMs: nowMs,
      announcedJob: '',
    }));
    await store.db
      .insertInto('things')
      .values(rows)
      .onConflict((it) => it.doNothing())
      .execute();
  }
}

/** By name. */
export const listThings = (store: Store): Promise<Thing[]> =>
  store.db.selectFrom('things').select(['name', 'createdAtMs']).orderBy('name').execute();
