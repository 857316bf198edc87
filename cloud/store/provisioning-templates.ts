/** Provisioning templates, and the values that their allow-lists let through. */
import type { Selectable } from 'kysely';
import { OperatorError } from '../errors.ts';
import { decodeSettings, encodeSettings, type ProvisioningTemplate } from '../provisioning/settings.ts';
import { parseTemplate } from '../provisioning/template.ts';
import type { Certificate } from './certificates.ts';
import type { Store } from './store.ts';
import type { Tables } from './tables.ts';
import { ROWS_PER_STATEMENT } from './things.ts';

type Database = Pick<Store, 'db'>;

/** @returns its version: 1 where it is new */
export async function putTemplate(
  { db }: Database,
  template: Pick<ProvisioningTemplate, 'name' | 'text' | 'settings'>,
  nowMs: number,
): Promise<number> {
  const content = { body: template.text, settings: encodeSettings(template.settings), changedAtMs: nowMs };
  const { version } = await db
    .insertInto('provisioningTemplates')
    .values({ name: template.name, ...content, version: 1, createdAtMs: nowMs })
    .onConflict((it) =>
      it.column('name').doUpdateSet((old) => ({ ...content, version: old('provisioningTemplates.version', '+', 1) })),
    )
    .returning('version')
    .executeTakeFirstOrThrow();
  return version;
}

/** By name. */
export async function listTemplates({ db }: Database): Promise<ProvisioningTemplate[]> {
  const rows = await db.selectFrom('provisioningTemplates').selectAll().orderBy('name').execute();
  return rows.map(templateOf);
}

export async function templateByName({ db }: Database, name: string): Promise<ProvisioningTemplate | undefined> {
  const row = await db.selectFrom('provisioningTemplates').selectAll().where('name', '=', name).executeTakeFirst();
  return row && templateOf(row);
}

/** @throws {OperatorError} `unknown-template` */
export async function expectTemplate(store: Database, name: string): Promise<ProvisioningTemplate> {
  const template = await templateByName(store, name);
  if (template) return template;
  throw new OperatorError(
    'unknown-template',
    `there is no template ${name}: see \`bristlecone provisioning template list\``,
  );
}

/** With its allow-list. @throws {OperatorError} `unknown-template` */
export async function deleteTemplate({ db }: Database, name: string): Promise<void> {
  const { numDeletedRows } = await db.deleteFrom('provisioningTemplates').where('name', '=', name).executeTakeFirst();
  if (numDeletedRows !== 1n) throw new OperatorError('unknown-template', `there is no template ${name}`);
}

/** Of `certificate`, those that it may register with now: of a claim all its own, of a device the one that lets it. */
export async function usableTemplates(
  { db }: Database,
  certificate: Pick<Certificate, 'kind' | 'templates'>,
): Promise<readonly Pick<ProvisioningTemplate, 'name' | 'settings'>[]> {
  if (certificate.templates.length === 0) return [];
  const rows = await db
    .selectFrom('provisioningTemplates')
    .select(['name', 'settings'])
    .where('name', 'in', certificate.templates)
    .orderBy('name')
    .execute();
  return rows
    .map(({ name, settings }) => ({ name, settings: decodeSettings(settings) }))
    .filter(({ settings }) => settings.enabled && (certificate.kind === 'claim' || settings.rotation));
}

/** Those that are there already stay. @returns how many were new */
export async function allowValues(store: Store, template: string, values: readonly string[]): Promise<number> {
  return store.db.transaction().execute(async (db) => {
    let added = 0;
    for (let start = 0; start < values.length; start += ROWS_PER_STATEMENT) {
      const rows = values.slice(start, start + ROWS_PER_STATEMENT).map((value) => ({ template, value }));
      const { numInsertedOrUpdatedRows } = await db
        .insertInto('allowedValues')
        .values(rows)
        .onConflict((it) => it.doNothing())
        .executeTakeFirst();
      added += Number(numInsertedOrUpdatedRows ?? 0);
    }
    return added;
  });
}

/** @returns how many were there */
export async function disallowValues({ db }: Database, template: string, values: readonly string[]): Promise<number> {
  let removed = 0;
  for (let start = 0; start < values.length; start += ROWS_PER_STATEMENT) {
    const { numDeletedRows } = await db
      .deleteFrom('allowedValues')
      .where('template', '=', template)
      .where('value', 'in', values.slice(start, start + ROWS_PER_STATEMENT))
      .executeTakeFirst();
    removed += Number(numDeletedRows);
  }
  return removed;
}

/** In order. */
export async function allowedValues({ db }: Database, template: string): Promise<string[]> {
  const rows = await db
    .selectFrom('allowedValues')
    .select('value')
    .where('template', '=', template)
    .orderBy('value')
    .execute();
  return rows.map(({ value }) => value);
}

export async function isAllowed({ db }: Database, template: string, value: string): Promise<boolean> {
  const row = await db
    .selectFrom('allowedValues')
    .select('value')
    .where('template', '=', template)
    .where('value', '=', value)
    .executeTakeFirst();
  return row !== undefined;
}

const templateOf = ({
  body: text,
  settings,
  ...row
}: Selectable<Tables['provisioningTemplates']>): ProvisioningTemplate => ({
  ...row,
  text,
  body: parseTemplate(text),
  settings: decodeSettings(settings),
});
