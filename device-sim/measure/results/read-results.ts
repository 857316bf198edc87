/** `results.json`, read back: of ours or of somebody who sent theirs. */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { MeasureResults } from './results.ts';

const RESULTS_FILE = 'results.json';

/** What was named is no results of an experiment. */
export class BadResults extends Error {
  override readonly name = 'BadResults';
  readonly code = 'bad-results';
}

/**
 * @param path of the file, or of the folder that `bristlecone measure` wrote
 * @throws {BadResults}, and what the file system has to say
 */
export function readResults(path: string): MeasureResults {
  const file = statSync(path).isDirectory() ? join(path, RESULTS_FILE) : path;
  const text = readFileSync(file, 'utf8');
  const results = parse(text, file);
  if (isResults(results)) return results;
  throw new BadResults(
    `${file}: expected the results of \`bristlecone measure\` ("format": "bristlecone-measure", "version": 1),` +
      ` got ${text.slice(0, 60)}…`,
  );
}

function parse(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new BadResults(`${file}: expected JSON; it may have been cut short`, { cause });
  }
}

/** Everything else in it is as the one who wrote it left it: the version says how. */
function isResults(value: unknown): value is MeasureResults {
  if (typeof value !== 'object' || value === null || !('format' in value && 'version' in value && 'runs' in value)) return false;
  return value.format === 'bristlecone-measure' && value.version === 1 && Array.isArray(value.runs);
}
