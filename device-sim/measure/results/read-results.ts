/** `results.json`, read back: of ours or of somebody who sent theirs. */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { RESULTS_SCHEMA } from './results-schema.ts';
import type { MeasureResults } from './results.ts';

const RESULTS_FILE = 'results.json';

/** What was named is no results of an experiment. */
class BadResults extends Error {
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
  if (!isOfOurs(results)) {
    throw new BadResults(
      `${file}: expected the results of \`bristlecone measure\` ("format": "bristlecone-measure", "version": 1),` +
        ` got ${text.slice(0, 60)}…`,
    );
  }
  const isResults = new Ajv({ strictTypes: false }).compile<MeasureResults>(RESULTS_SCHEMA);
  if (isResults(results)) return results;
  const [problem] = isResults.errors ?? [];
  throw new BadResults(
    `${file}: ${problem?.instancePath ?? ''} ${problem?.message ?? 'is wrong'}, in results of \`bristlecone measure\``,
  );
}

function parse(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new BadResults(`${file}: expected JSON; it may have been cut short`, { cause });
  }
}

const isOfOurs = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  'format' in value &&
  value.format === 'bristlecone-measure' &&
  'version' in value &&
  value.version === 1;
