/** An inventory as one page that needs nothing else: no script, no font, no request. */
import { describeGaps, type Inventory } from './inventory.ts';
import { KEY_COLUMNS, keyRow } from './key-rows.ts';
import { type RankedKey, RISKS } from './rank-risk.ts';

const STYLE = `
  body { font: 14px/1.5 system-ui, sans-serif; margin: 2rem; color: #1b1f24; background: #fff }
  table { border-collapse: collapse; width: 100% }
  th, td { text-align: left; vertical-align: top; padding: .35rem .6rem; border-bottom: 1px solid #d8dee4; overflow-wrap: anywhere }
  th { position: sticky; top: 0; background: #f6f8fa }
  .critical td:first-child { background: #b3261e; color: #fff } .high td:first-child { background: #f2b8b5 }
  .medium td:first-child { background: #fbe8b6 } .partial { border: 2px solid #b3261e; padding: .5rem 1rem }
`;

export const inventoryHtml = (inventory: Inventory): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width">
<title>KMS keys of ${escape(inventory.accountId)} in ${escape(inventory.region)}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>KMS keys of ${escape(inventory.accountId)} in ${escape(inventory.region)}</h1>
<p>${inventory.keys.length} keys on ${escape(inventory.takenAt)}: ${RISKS.map((risk) => `${inventory.byRisk[risk] ?? 0} ${risk}`).join(', ')}.</p>
${partial(inventory)}<table>
<thead><tr>${KEY_COLUMNS.map((name) => `<th scope="col">${name}</th>`).join('')}</tr></thead>
<tbody>
${inventory.keys.map(row).join('\n')}
</tbody>
</table>
</body>
</html>
`;

const row = (key: RankedKey): string =>
  `<tr class="${key.risk}">${keyRow(key)
    .map((cell) => `<td>${escape(cell)}</td>`)
    .join('')}</tr>`;

const partial = ({ partial: isPartial, gaps }: Inventory): string =>
  isPartial
    ? `<div class="partial"><p><strong>Partial.</strong> This is missing:</p><ul>${describeGaps(gaps)
        .map((line) => `<li>${escape(line)}</li>`)
        .join('')}</ul></div>\n`
    : '';

// oxfmt-ignore
const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

const escape = (text: string): string => text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
