import { describe, expect, it } from 'vitest';
import { DEFAULT_BASE, type Experiment } from '../../../../device-sim/measure/experiment/experiment.ts';
import { BadRunFolder, differencesOf, RunFolder } from '../../../../device-sim/measure/run/run-folder.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

const experiment: Experiment = {
  ...{ name: 'x', description: '', seed: 1, repetitions: 1, runsOn: 'esp32-c3', base: DEFAULT_BASE, sweeps: [] },
  ...{ links: [], boards: [], schemes: [], images: [], handshakes: false },
};
const machine = {
  ...{ cpu: 'c', cores: 1, memoryBytes: 1, os: 'o', node: 'v', bristlecone: '0', commit: 'c', startedAt: 'now' },
};
const made = { experiment, machine, surroundings: { mosquitto: false, awsSdk: false } };

function codeOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof BadRunFolder) return error.code;
    throw error;
  }
  return 'none';
}

describe('the folder of an experiment', () => {
  it('is found again as it was made', () => {
    const path = temporaryFolder();
    const { started } = RunFolder.create(path, made);

    expect(RunFolder.open(path).started).toEqual(started);
  });

  it('is not used twice', () => {
    const path = temporaryFolder();
    expect(codeOf(() => RunFolder.create(path, made))).toBe('none');

    expect(codeOf(() => RunFolder.create(path, made))).toBe('results-exist');
  });

  it('is missing where there is none', () => {
    expect(codeOf(() => RunFolder.open(temporaryFolder()))).toBe('no-experiment');
  });
});

describe('experiments differ', () => {
  it.each<[name: string, other: object, differences: readonly string[]]>([
    ['in nothing', {}, []],
    ['in the seed', { seed: 2 }, ['seed: 1 there, 2 here']],
    ['in the base case', { base: { ...DEFAULT_BASE, qos: 0 } }, ['base.qos: 1 there, 0 here']],
    ['in a sweep', { sweeps: [{ qos: [0] }] }, ['sweeps: [] there, [{"qos":[0]}] here']],
    ['in what only one of them has', { extra: true }, ['extra: nothing there, true here']],
  ])('%s', (_name, other, differences) => {
    expect(differencesOf(experiment, { ...experiment, ...other })).toEqual(differences);
  });
});
