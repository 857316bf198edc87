/** HTML that is safe by construction: whatever is put into a template is escaped, unless it is markup already. */

export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

type Part = string | number | Markup | undefined | readonly (string | number | Markup)[];

/** `html`<td>${name}</td>``. Nothing is printed for undefined, and lists are printed one after the other. */
export const html = (texts: TemplateStringsArray, ...parts: readonly Part[]): Markup =>
  new Markup(texts.map((text, index) => text + printed(parts[index])).join(''));

function printed(part: Part): string {
  if (part === undefined) return '';
  if (part instanceof Markup) return part.text;
  if (typeof part === 'object') return part.map(printed).join('');
  return escapeHtml(String(part));
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

// Control characters are no HTML at all, whatever a name in a file of results holds.
// oxlint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/g;

export const escapeHtml = (text: string): string =>
  text.replaceAll(CONTROL, '\ufffd').replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? character);

/** Commands are between backticks in texts, as in the rest of the documents. */
export const withCode = (text: string): Markup =>
  html`${text.split('`').map((part, at) => (at % 2 === 1 ? html`<code>${part}</code>` : part))}`;
