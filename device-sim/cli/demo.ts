/** `bristlecone demo`, which is `npm start`: the main job, end to end, on this machine. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import type { Command } from 'commander';
import { type Progress, run, subcommand, textTable } from '../../command-line.ts';
import { costsToCsv, costsToJson } from '../metrics/cost-files.ts';
import { type MainJobResult, runMainJob } from '../measure/main-job.ts';
import { MAIN_JOB_HEAD, mainJobCells, type MainJobRow, mainJobRows } from '../measure/main-job-table.ts';

export function registerDemoCommand(program: Command): void {
  const command = subcommand(program, {
    name: 'demo',
    summary: 'sign a real firmware update five ways, install it on simulated devices, show what it cost',
    examples: ['demo', 'demo --out results --json'],
  }).option('--out <dir>', 'where the cost records go', 'results');
  run<{ out: string }>(command, async ({ options, io }) => {
    // Asked for at once: Ctrl-C reaches the cloud and the devices too, and what they leave is then cleared away here.
    const { signal } = io;
    const workFolder = mkdtempSync(join(tmpdir(), 'bristlecone-demo-'));
    try {
      let bar: Progress | undefined;
      const result = await runMainJob({
        workFolder,
        note: (line) => io.note(line),
        progress: (done, total) => (bar ??= io.progress('Updating devices', total)).update(done),
      }).finally(() => bar?.stop());
      const rows = mainJobRows(result.installations);
      const files = writeResults(options.out, result);
      return { json: { ...result, installations: undefined, rows, files }, text: render(result, rows, files) };
    } catch (error) {
      signal.throwIfAborted();
      throw error;
    } finally {
      rmSync(workFolder, { recursive: true, force: true });
    }
  });
}

function writeResults(folder: string, { installations }: MainJobResult): string[] {
  mkdirSync(folder, { recursive: true });
  const costs = installations.flatMap((installation) => installation.costs);
  const files = [
    ['main-job.csv', costsToCsv(costs)],
    ['main-job.json', costsToJson(costs)],
  ] as const;
  return files.map(([name, text]) => {
    writeFileSync(join(folder, name), text);
    return relative('.', resolve(folder, name));
  });
}

function render({ firmware, attack }: MainJobResult, rows: readonly MainJobRow[], files: readonly string[]): string {
  return [
    `${firmware.from} → ${firmware.to}: ${firmware.imageBytes.toLocaleString('en-US')} bytes of firmware, one device a row.`,
    'Bytes as counted at the device’s TCP socket, both directions, MQTT included, TLS not:',
    '',
    textTable(MAIN_JOB_HEAD, rows.map(mainJobCells)),
    '',
    `Attack: another image in a signed envelope, all digests mended. The device refused: ${attack.code}`,
    `        (${attack.detail}), before it asked for an image block (${attack.imageBlocks} asked for).`,
    '',
    `Cost records: ${files.join(', ')} (long format: every quantity of every phase, measured)`,
  ].join('\n');
}
