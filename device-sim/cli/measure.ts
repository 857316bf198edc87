/** `bristlecone measure`: what signatures cost over MQTT, measured by an experiment; and what is done with its results. */
import type { Command } from 'commander';
import { registerMeasureAdvise } from './measure-advise.ts';
import { registerMeasureCompare } from './measure-compare.ts';
import { registerMeasureReport } from './measure-report.ts';
import { registerMeasureRun } from './measure-run.ts';

/** Below the command that runs an experiment are those that read results: one `registerX(measure)` each. */
export function registerMeasureCommands(program: Command): void {
  const measure = registerMeasureRun(program);
  registerMeasureCompare(measure);
  registerMeasureReport(measure);
  registerMeasureAdvise(measure);
}
