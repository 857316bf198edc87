/** What is decided before anything is started; whole experiments are in cli/measure.test.ts. */
import { describe, expect, it } from 'vitest';
import { planMatrix } from '../../../../device-sim/measure/experiment/matrix.ts';
import { parseExperiment } from '../../../../device-sim/measure/experiment/read-experiment.ts';
import { resolveExperiment } from '../../../../device-sim/measure/experiment/resolve-experiment.ts';
import type { CaseSpec, Machine } from '../../../../device-sim/measure/results/results.ts';
import { runExperiment, type RunProgress } from '../../../../device-sim/measure/run/run-experiment.ts';
import { RunFolder } from '../../../../device-sim/measure/run/run-folder.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

const surroundings = { mosquitto: false, awsSdk: false };
const text = 'handshakes: false\nrepetitions: 2\nlinks: [nb-iot]\nboards: [rp2040]\nsweeps: [{ broker: [mosquitto] }]';
const experiment = resolveExperiment(parseExperiment(text, { file: 'x', folder: '.' }));
const [planned] = planMatrix(experiment, surroundings).cases;

const machine: Machine = {
  ...{ cpu: 'c', cores: 1, memoryBytes: 1, os: 'o', node: 'v', bristlecone: '0', commit: 'c', startedAt: 'now' },
};

function folderWith(specs: readonly CaseSpec[]): RunFolder {
  const folder = RunFolder.create(temporaryFolder(), { experiment, machine, surroundings });
  using log = folder.openLog();
  for (const [position, spec] of specs.entries()) {
    const run = { spec, repetition: position, position, rows: [], modelled: [], wallMs: 1, blockMs: [] };
    const unknown = {
      link: 'nb-iot',
      profile: '',
      algorithm: spec.algorithm,
      quantity: 'radio-energy',
      why: 'nobody says',
    };
    log.append({ kind: 'run', run, notKnown: [unknown], sources: { 'verify-time X on rp2040': 'somebody' } });
  }
  return folder;
}

const runOver = (
  folder: RunFolder,
  onProgress: (progress: RunProgress) => void = () => undefined,
  here: Partial<Machine> = {},
) =>
  runExperiment({
    ...{ folder, machine: { ...machine, ...here }, signal: new AbortController().signal, nowMs: () => 0, onProgress },
  });

describe('an experiment that is gone on with', () => {
  it('has its results, and starts nothing, where every run is there', async () => {
    const progress: RunProgress[] = [];
    const results = await runOver(folderWith([planned!, planned!]), (it) => progress.push(it));

    expect(progress).toEqual([]);
    expect(results.runs.map(({ repetition }) => repetition)).toEqual([0, 1]);
    expect(results).toMatchObject({ plannedRuns: 2, failed: [], handshakes: [], experiment: { name: 'experiment' } });
  });

  it('says once what is not known, what was left out, and who says the rest', async () => {
    const { notKnown, leftOut, sources } = await runOver(folderWith([planned!, planned!]));

    expect(notKnown).toHaveLength(1);
    expect(leftOut).toEqual([{ id: expect.stringContaining('mosquitto'), why: 'mosquitto is not installed' }]);
    expect(sources).toMatchObject({
      'verify-time X on rp2040': 'somebody',
      'link nb-iot': expect.stringContaining('rate: '),
      'board rp2040': expect.stringContaining('Raspberry Pi Pico'),
      'aws-prices': expect.stringContaining('configuration'),
    });
  });

  it('is refused where another case was run in a place than is planned for it', async () => {
    const folder = folderWith([{ ...planned!, id: 'another' }]);

    await expect(runOver(folder)).rejects.toMatchObject({
      code: 'experiment-differs',
      message: expect.stringContaining(`run 0 was another, and ${planned!.id} is planned now`),
    });
  });

  it.each([
    ['code', { commit: 'd' }, 'commit was c when it was begun, and is d now'],
    ['code that was changed', { commit: 'c-dirty' }, 'commit was c when it was begun, and is c-dirty now'],
    ['a Node', { node: 'v27' }, 'node was v when it was begun, and is v27 now'],
    ['a core', { cpu: 'faster' }, 'cpu was c when it was begun, and is faster now'],
  ])('is refused by %s other than what began it, while runs are missing', async (_name, here, said) => {
    await expect(runOver(folderWith([planned!]), undefined, here)).rejects.toMatchObject({
      code: 'machine-differs',
      message: expect.stringContaining(said),
    });
    const whole = await runOver(folderWith([planned!, planned!]), undefined, here);
    expect(whole).toMatchObject({ plannedRuns: 2, machine: { commit: 'c', node: 'v' } });
  });
});
