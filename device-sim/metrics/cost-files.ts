/** Cost records as CSV (RFC 4180) and JSON. */
import { COST_COLUMNS, type CostRow } from './cost.ts';

/** With a header line; lines end in CRLF. */
export function costsToCsv(rows: readonly CostRow[]): string {
  const lines = [COST_COLUMNS.join(','), ...rows.map((row) => csvLine(COST_COLUMNS.map((name) => row[name])))];
  return lines.map((line) => `${line}\r\n`).join('');
}

/** Without its end. */
export const csvLine = (fields: readonly (string | number)[]): string => fields.map(csvField).join(',');

export const costsToJson = (rows: readonly CostRow[]): string => `${JSON.stringify(rows, COST_COLUMNS.slice(), 1)}\n`;

function csvField(value: string | number): string {
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
