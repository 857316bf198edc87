/** A trail from files to counts. A file that cannot be read to its end is named, and what it gave is kept. */
import { OperatorError } from '../../errors.ts';
import { isLines, openTrail, trailFiles } from './open-trail.ts';
import { recordsOfDocument, recordsOfLines } from './trail-records.ts';
import type { TrailSummary } from './trail-summary.ts';

export interface TrailProblem {
  readonly file: string;
  readonly code: string;
  readonly message: string;
  /** Events that were read before it. */
  readonly events: number;
}

export interface ReadTrail {
  readonly files: number;
  readonly problems: readonly TrailProblem[];
  readonly isInterrupted: boolean;
}

/** @throws what the file system says of a path that is not there */
export async function readTrail(
  paths: readonly string[],
  summary: TrailSummary,
  { signal, onFile }: { signal: AbortSignal; onFile: (files: number) => void },
): Promise<ReadTrail> {
  const problems: TrailProblem[] = [];
  let files = 0;
  for (const path of paths) {
    for await (const file of trailFiles(path)) {
      if (signal.aborted) return { files, problems, isInterrupted: true };
      const problem = await readFile(file, summary, signal);
      if (problem) problems.push(problem);
      onFile(++files);
    }
  }
  return { files, problems, isInterrupted: signal.aborted };
}

async function readFile(file: string, summary: TrailSummary, signal: AbortSignal): Promise<TrailProblem | undefined> {
  let events = 0;
  try {
    const chunks = openTrail(file);
    for await (const record of isLines(file) ? recordsOfLines(chunks) : recordsOfDocument(chunks)) {
      summary.add(record);
      events++;
      if (signal.aborted) return undefined;
    }
    return undefined;
  } catch (error) {
    return { file, ...describeProblem(error), events };
  }
}

/** Errors of zlib and of the file system, by their code. */
const PROBLEMS: ReadonlyMap<string, readonly [code: string, message: string]> = new Map([
  ['Z_BUF_ERROR', ['gzip-cut-short', 'the gzip file is cut short. Copy it again (aws s3 cp).']],
  ['Z_DATA_ERROR', ['gzip-damaged', 'the gzip file is damaged. Copy it again (aws s3 cp).']],
  ['EACCES', ['permission-denied', 'it may not be read']],
  ['ENOENT', ['file-not-found', 'it went away while the trail was read']],
]);

function describeProblem(error: unknown): { code: string; message: string } {
  if (error instanceof OperatorError) return { code: error.code, message: error.message };
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
  const known = PROBLEMS.get(code);
  if (known === undefined) throw error;
  return { code: known[0], message: known[1] };
}
