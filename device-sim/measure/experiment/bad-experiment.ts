/** What is wrong with an experiment, said so that it can be mended: where, what was expected, what came, what is nearest. */

export interface Problem {
  /** `sweeps[0].blockBytes[2]`, or a flag. */
  readonly at: string;
  readonly expected: string;
  readonly got: unknown;
  /** The nearest value that would do. */
  readonly nearest?: string | number | undefined;
}

const MAX_SHOWN = 5;

/** Somebody's experiment cannot be run as it is written. */
export class BadExperiment extends Error {
  override readonly name = 'BadExperiment';
  readonly code = 'bad-experiment';
  readonly at: string;
  readonly problems: readonly Problem[];

  /** @param file its name, for people */
  constructor(file: string, problems: readonly Problem[]) {
    const more = problems.length > MAX_SHOWN ? [`and ${problems.length - MAX_SHOWN} more`] : [];
    const lines = [...problems.slice(0, MAX_SHOWN).map((problem) => `${file}: ${describe(problem)}`), ...more];
    super(lines.join('\n  '));
    this.at = problems[0]?.at ?? '';
    this.problems = problems;
  }
}

function describe({ at, expected, got, nearest }: Problem): string {
  const place = at === '' ? '' : `${at}: `;
  const advice = nearest === undefined ? '' : `; did you mean ${nearest}?`;
  return `${place}expected ${expected}, got ${show(got)}${advice}`;
}

const show = (value: unknown): string => (value === undefined ? 'nothing' : JSON.stringify(value).slice(0, 80));

/** Of names: at most three letters away, or nothing like it at all. */
export function nearestName(got: string, known: readonly string[]): string | undefined {
  const [first] = known
    .map((name) => ({ name, distance: editDistance(got.toLowerCase(), name.toLowerCase()) }))
    .filter(({ name, distance }) => distance <= Math.min(3, Math.ceil(name.length / 2)))
    .toSorted((a, b) => a.distance - b.distance);
  return first?.name;
}

/** Levenshtein's: letters to add, drop or change. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, at) => at);
  for (const [line, letter] of from.split('').entries()) {
    const next = [line + 1];
    for (let column = 0; column < to.length; column++) {
      const changed = (row[column] ?? 0) + (to[column] === letter ? 0 : 1);
      next.push(Math.min(changed, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
