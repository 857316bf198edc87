/** Queries that each device causes, compiled once: building one anew costs several times what SQLite needs to answer it. */
import type { Compilable, CompiledQuery, Kysely } from 'kysely';
import type { Tables } from './tables.ts';

/** A query with other parameters each time, in the order of its text. All databases of a process speak one dialect. */
export type QueryOf<R> = (db: Kysely<Tables>, parameters: readonly (string | number | null)[]) => Promise<readonly R[]>;

/** @param build with any values in the places of the parameters */
export function compiledQuery<R>(build: (db: Kysely<Tables>) => Compilable<R>): QueryOf<R> {
  let compiled: CompiledQuery | undefined;
  return async (db, parameters) => {
    compiled ??= build(db).compile();
    if (compiled.parameters.length !== parameters.length) {
      throw new TypeError(`store: expected ${compiled.parameters.length} parameters, got ${parameters.length}`);
    }
    const { rows } = await db.executeQuery<R>({ ...compiled, parameters });
    return rows;
  };
}
