/** The results of real runs, as files. */
import { readFileSync } from 'node:fs';
import type { FleetResult } from '../result.ts';

class NotAFleet extends Error {
  override readonly name = 'NotAFleet';
  readonly code = 'not-a-fleet';
}

/** @throws {NotAFleet} where the file is no result of a whole run */
export function readFleetFile(file: string): FleetResult {
  const value = parsed(file);
  if (!isFleet(value)) throw new NotAFleet(`${file}: expected the fleet.json of \`bristlecone fleet\``);
  if (!value.isWhole || value.counts.done === 0)
    throw new NotAFleet(`${file}: expected a run that came to its end, with devices that were updated`);
  return value;
}

function parsed(file: string): unknown {
  const text = readFileSync(file, 'utf8');
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new NotAFleet(`${file}: expected JSON`, { cause });
  }
}

const NEEDED = ['options', 'machines', 'seconds', 'devices', 'counts', 'traffic', 'latencies', 'fleet', 'samples'];

const isFleet = (value: unknown): value is FleetResult =>
  typeof value === 'object' &&
  value !== null &&
  'format' in value &&
  value.format === 'bristlecone-fleet' &&
  'version' in value &&
  value.version === 1 &&
  NEEDED.every((name) => name in value);
