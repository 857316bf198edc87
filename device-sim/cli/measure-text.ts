/** An experiment in words: what would be run, and what came of it. */
import { type CommandResult, textTable } from '../../command-line.ts';
import { bytesOnTheWire, sumOf } from '../metrics/cost.ts';
import type { Experiment } from '../measure/experiment/experiment.ts';
import { IMAGE_NAMES, knownImage } from '../measure/experiment/images.ts';
import { differences, type Matrix } from '../measure/experiment/matrix.ts';
import { algorithmNames, SCHEMES, signatureSize } from '../measure/experiment/schemes.ts';
import type { CaseRun, LeftOut, MeasureResults } from '../measure/results/results.ts';
import { estimateMs, SETUP_MS } from '../measure/run/estimate.ts';
import type { PlannedRun } from '../measure/run/plan-runs.ts';

export function describePlan(
  experiment: Experiment,
  { cases, leftOut }: Matrix,
  runs: readonly PlannedRun[],
): CommandResult {
  const estimatedMs = SETUP_MS + runs.reduce((sum, { spec }) => sum + estimateMs(spec), 0);
  const { name, repetitions, links, boards, runsOn, base, description } = experiment;
  const rows = cases.map((spec) => [
    spec.id,
    spec.image.imageBytes,
    spec.signatureBytes,
    differences(spec, base).join(', ') || 'the base case',
  ]);
  const text = [
    `${name}: ${description}`,
    '',
    textTable(['case', 'image, B', 'signatures, B', 'other than the base case'], rows),
    ...describeLeftOut(leftOut),
    '',
    `${cases.length} cases × ${repetitions} = ${runs.length} runs on a simulated ${runsOn}; about ${describeTime(estimatedMs)}.`,
    `Each is replayed over ${links.length} links and put on ${boards.length} boards: ${[...links, ...boards].join(', ')}.`,
  ].join('\n');
  return {
    json: { experiment, cases, leftOut, runs: runs.length, estimatedSeconds: Math.round(estimatedMs / 1_000) },
    text,
  };
}

/** What an experiment can name beside what its file brings. */
export function describeChoices(): CommandResult {
  const algorithms = algorithmNames(SCHEMES).map((name) => {
    const source = SCHEMES.find((scheme) => scheme.name === name)?.source ?? 'implemented here';
    return { name, ...signatureSize(name, SCHEMES), source };
  });
  const images = IMAGE_NAMES.map(knownImage);
  const rows = algorithms.map(({ name, signature, signatureBytes, publicKeyBytes, source }) => [
    ...[name, signatureBytes ?? '', publicKeyBytes ?? '', signature ?? '', source],
  ]);
  const text = [
    textTable(['algorithm', 'signature, B', 'public key, B', 'on the device', 'source'], rows),
    '',
    'Several with + are a hybrid: ES256+ML-DSA-65. `size-only` is carried over the wire, and verified by nobody.',
    '',
    textTable(
      ['image', 'bytes'],
      images.flatMap((image) => (image ? [[image.name, image.imageBytes]] : [])),
    ),
    '',
    'Links and boards: bristlecone device links, bristlecone device boards.',
  ].join('\n');
  return { json: { algorithms, images }, text };
}

const describeLeftOut = (leftOut: readonly LeftOut[]): readonly string[] =>
  leftOut.length === 0
    ? []
    : ['', 'Left out, because it cannot be:', ...leftOut.map(({ id, why }) => `  ${id}: ${why}`)];

interface Where {
  readonly folder: string;
  readonly files: readonly string[];
  readonly seconds: number;
}

export function describeResults(results: MeasureResults, { folder, files, seconds }: Where): string {
  const { runs, failed, leftOut, plannedRuns, experiment } = results;
  const isWhole = runs.length + failed.length === plannedRuns;
  return [
    `${experiment.name}: ${runs.length} of ${plannedRuns} runs in ${describeTime(seconds * 1_000)}${failed.length > 0 ? `, ${failed.length} failed` : ''}.`,
    ...failed.map(({ spec, code, detail }) => `  failed: ${spec.id}: ${detail} [${code}]`),
    ...describeLeftOut(leftOut),
    ...describeAlgorithms(results),
    '',
    ...files.map((file) => `  ${file}`),
    ...(isWhole ? [] : ['', `Interrupted; what was measured is kept. Next: bristlecone measure --resume ${folder}`]),
  ].join('\n');
}

const HEAD = ['signature', 'bytes of it', 'bytes of the update', 'over the least', 'blocks', 'round trips'];

/** The base case with each algorithm that was run. */
function describeAlgorithms({ runs, experiment: { base } }: MeasureResults): readonly string[] {
  const isBase = ({ spec }: CaseRun): boolean => differences(spec, base).every((axis) => axis === 'algorithm');
  const first = new Map(runs.filter(isBase).map((run) => [run.spec.algorithm, run]));
  const rows = [...first.values()]
    .map(({ spec, rows: costs }) => ({ spec, costs, bytes: bytesOnTheWire(costs) }))
    .toSorted((a, b) => a.bytes - b.bytes);
  const [least] = rows;
  if (!least || rows.length < 2) return [];
  const cells = rows.map(({ spec, costs, bytes }) => [
    `${spec.algorithm}${spec.signature === 'size-only' ? ' (by size)' : ''}`,
    ...[spec.signatureBytes, bytes, `${((100 * (bytes - least.bytes)) / least.bytes).toFixed(1)} %`],
    ...[sumOf(costs, 'blocks'), sumOf(costs, 'round-trips')],
  ]);
  const { image, blockBytes } = least.spec;
  const title = `${image.name}, ${image.imageBytes} bytes, in blocks of ${blockBytes}; measured at the device’s socket, both directions:`;
  return ['', title, '', textTable(HEAD, cells)];
}

/** `2 min 05 s`. */
export function describeTime(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  if (hours > 0) return `${hours} h ${two(minutes % 60)} min`;
  return minutes > 0 ? `${minutes} min ${two(seconds % 60)} s` : `${seconds} s`;
}

const two = (value: number): string => String(value).padStart(2, '0');
