/** Fleets of several sizes one after the other, each with a cloud and folder of its own; or just one. */
import { join } from 'node:path';
import { growthRow } from './growth.ts';
import type { FleetResult } from './result.ts';
import { type FleetRun, runFleet } from './run-fleet.ts';

/**
 * @param sizes numbers of devices, ascending
 * @returns the last one's result; where there are several, with a row of each, and with the checks that did not hold before
 */
export async function runFleets(sizes: readonly number[], run: FleetRun): Promise<FleetResult> {
  const results: FleetResult[] = [];
  for (const devices of sizes) {
    const workers = Math.min(run.settings.workers, devices);
    results.push(await next({ ...run, settings: { ...run.settings, devices, workers } }));
    if (run.signal.aborted) break;
  }
  const last = results.at(-1);
  if (!last) throw new RangeError('fleet: expected at least one number of devices');
  if (sizes.length === 1) return last;
  const earlier = results
    .slice(0, -1)
    .flatMap(({ devices, checks }) =>
      checks.filter(({ isHeld }) => !isHeld).map((check) => ({ ...check, name: `${check.name}, of ${devices}` })),
    );
  const growth = results.map(growthRow);
  return { ...last, isWhole: !run.signal.aborted, checks: [...earlier, ...last.checks], growth };
}

const next = (run: FleetRun): Promise<FleetResult> =>
  runFleet({ ...run, folder: join(run.folder, String(run.settings.devices)) });
