import { describe, expect, it } from 'vitest';
import { decideTimeout } from '../../../cloud/jobs/decide.ts';
import type { Execution } from '../../../cloud/jobs/execution.ts';
import { inProgress, NOW_MS } from '../../support/decide-jobs.ts';

describe('a step timer', () => {
  const running = { ...inProgress, stepDeadlineMs: NOW_MS };

  it('ends a job when it has run out', () => {
    expect(decideTimeout(running, NOW_MS)).toEqual({
      ...running,
      status: 'TIMED_OUT',
      versionNumber: 3,
      lastUpdatedAtMs: NOW_MS,
      stepDeadlineMs: undefined,
    });
  });

  it.each<[name: string, execution: Execution]>([
    ['that has not run out', { ...running, stepDeadlineMs: NOW_MS + 1 }],
    ['that is not set', { ...running, stepDeadlineMs: undefined }],
    ['of a job that has ended', { ...running, status: 'SUCCEEDED' }],
  ])('%s ends nothing', (_name, execution) => {
    expect(decideTimeout(execution, NOW_MS)).toBeUndefined();
  });
});
