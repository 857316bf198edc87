/** `results.csv`: every quantity of every run in long format, beside the case that it is of (RFC 4180). */
import { csvLine } from '../../metrics/cost-files.ts';
import { COST_COLUMNS } from '../../metrics/cost.ts';
import type { CaseRun, CaseSpec } from './results.ts';

const SPEC_COLUMNS = [
  ...(['id', 'signature', 'signatureBytes', 'publicKeyBytes', 'qos', 'encoding', 'mqttVersion'] as const),
  ...(['security', 'certificate', 'transport', 'broker'] as const),
] satisfies readonly (keyof CaseSpec)[];

const HEAD = ['image', 'imageBytes', ...SPEC_COLUMNS, 'repetition', 'position', ...COST_COLUMNS];

/** Piece by piece: all together can be larger than a string may be. */
export function* csvOf(runs: readonly CaseRun[]): Generator<string> {
  yield `${csvLine(HEAD)}\r\n`;
  for (const run of runs) yield csvOfRun(run);
}

function csvOfRun({ spec, repetition, position, rows, modelled }: CaseRun): string {
  const { image } = spec;
  const ofRun = [
    ...[image.name, image.imageBytes],
    ...SPEC_COLUMNS.map((name) => spec[name] ?? ''),
    ...[repetition, position],
  ];
  const lines = [...rows, ...modelled].map((row) => csvLine([...ofRun, ...COST_COLUMNS.map((name) => row[name])]));
  return lines.map((line) => `${line}\r\n`).join('');
}
