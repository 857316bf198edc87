/** Fields of what a subcommand printed: from `unknown` to a type, or an error that names the field. */

function fieldAt(value: unknown, name: string): unknown {
  if (typeof value === 'object' && value !== null) {
    const found = Object.entries(value).find(([key]) => key === name);
    if (found) return found[1];
  }
  throw new TypeError(`expected a field ${name} in what a subcommand printed`);
}

export function textAt(value: unknown, name: string): string {
  const field = fieldAt(value, name);
  if (typeof field !== 'string') throw new TypeError(`expected a text as ${name}, got ${typeof field}`);
  return field;
}

export function numberAt(value: unknown, name: string): number {
  const field = fieldAt(value, name);
  if (typeof field !== 'number') throw new TypeError(`expected a number as ${name}, got ${typeof field}`);
  return field;
}

export function listAt(value: unknown, name: string): readonly unknown[] {
  const field = fieldAt(value, name);
  if (!Array.isArray(field)) throw new TypeError(`expected a list as ${name}, got ${typeof field}`);
  return field;
}
