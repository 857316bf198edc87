import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type LoggedRun, RunLog } from '../../../../device-sim/measure/run/run-log.ts';
import type { CaseSpec } from '../../../../device-sim/measure/results/results.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

const spec = { id: 'a case – with ümlauts' } as CaseSpec;

const failedAt = (position: number): LoggedRun => ({
  kind: 'failed',
  run: { spec, repetition: 0, position, code: 'offline', detail: 'away' },
});

function logOf(...positions: readonly number[]): string {
  const file = join(temporaryFolder(), 'runs.jsonl');
  using log = new RunLog(file);
  for (const position of positions) log.append(failedAt(position));
  return file;
}

const positionsIn = (file: string): readonly number[] => {
  using log = new RunLog(file);
  return log.runs.map(({ run }) => run.position);
};

describe('the log of runs', () => {
  it('has what was appended, also by an earlier process', () => {
    const file = logOf(0, 1);
    using log = new RunLog(file);
    log.append(failedAt(2));

    expect(log.runs.map(({ run }) => run.position)).toEqual([0, 1, 2]);
    expect(positionsIn(file)).toEqual([0, 1, 2]);
  });

  it('drops a last line that is torn at any byte, and goes on behind the line before it', () => {
    const whole = readFileSync(logOf(0, 1));
    const lastLine = whole.lastIndexOf(0x0a, whole.length - 2) + 1;
    let cuts = 0;
    for (let bytes = lastLine; bytes < whole.length; bytes++, cuts++) {
      const file = logOf();
      writeFileSync(file, whole.subarray(0, bytes));
      using log = new RunLog(file);
      expect(log.runs.map(({ run }) => run.position)).toEqual([0]);
      log.append(failedAt(7));
      expect(positionsIn(file)).toEqual([0, 7]);
    }

    expect(cuts).toBeGreaterThan(100);
  });

  it.each([
    ['{"kind":"run"}'],
    ['{"kind":"walk","run":{"position":1}}'],
    ['[]'],
    ['{"kind":"run","run":{}}'],
    ['x'],
    [''],
  ])('refuses a whole line that is no run: %s', (line) => {
    const file = logOf(0);
    writeFileSync(file, `${line}\n`, { flag: 'a' });

    expect(() => new RunLog(file)).toThrow(`${file} line 2: expected a run of an experiment`);
  });
});
