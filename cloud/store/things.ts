/**
 * The things (devices) that the cloud knows by name: those that connected, those that a campaign named, and those that
 * were provisioned, with what their template says of them.
 */
import type { ThingDescription } from '../provisioning/plan-registration.ts';
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

/** Those that are remembered are not asked for again; of so many, all are. */
const MAX_KNOWN = 100_000;

/** Remembers things one by one as they come. */
export function thingNotes(store: Store, clock: () => number): (thing: string) => Promise<void> {
  const known = new Set<string>();
  return async (thing) => {
    if (known.has(thing)) return;
    await store.write((db) => rememberThings({ db }, [thing], clock()));
    if (known.size >= MAX_KNOWN) known.clear();
    known.add(thing);
  };
}

/** By name. */
export const listThings = (store: Store): Promise<Thing[]> =>
  store.db.selectFrom('things').select(['name', 'createdAtMs']).orderBy('name').execute();

/** @returns undefined where nobody knows the thing; a description without anything where no template has made it */
export async function thingDescription({ db }: Pick<Store, 'db'>, name: string): Promise<ThingDescription | undefined> {
  const row = await db
    .selectFrom('things')
    .select(['attributes', 'thingType', 'thingGroups'])
    .where('name', '=', name)
    .executeTakeFirst();
  if (!row) return undefined;
  const attributes: Record<string, string> = JSON.parse(row.attributes ?? '{}');
  const thingGroups: string[] = JSON.parse(row.thingGroups ?? '[]');
  return { attributes, ...(row.thingType !== null && { thingType: row.thingType }), thingGroups };
}

export async function saveThing(
  store: Pick<Store, 'db'>,
  {
    name,
    description,
    nowMs,
  }: { readonly name: string; readonly description: ThingDescription; readonly nowMs: number },
): Promise<void> {
  await rememberThings(store, [name], nowMs);
  const { attributes, thingType, thingGroups } = description;
  await store.db
    .updateTable('things')
    .set({
      attributes: JSON.stringify(attributes),
      thingType: thingType ?? null,
      thingGroups: JSON.stringify(thingGroups),
    })
    .where('name', '=', name)
    .execute();
}
