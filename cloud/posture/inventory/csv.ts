/** An inventory for spreadsheets. Aliases, descriptions and tags are other people's words: none may start a formula. */
import { stringify } from 'csv-stringify/sync';
import type { Inventory } from './inventory.ts';
import { KEY_COLUMNS, keyRow } from './key-rows.ts';

export const inventoryCsv = ({ keys }: Inventory): string =>
  stringify(keys.map(keyRow), { header: true, columns: [...KEY_COLUMNS], escape_formulas: true });
