/** What a model is told of one measured run. */
import type { Trace } from '../../links/trace.ts';
import type { CostRow } from '../../metrics/cost.ts';
import type { CaseSpec } from '../results/results.ts';

export interface ModelInput {
  readonly spec: CaseSpec;
  readonly rows: readonly CostRow[];
  readonly trace: Trace;
  readonly links: readonly string[];
  readonly boards: readonly string[];
  /** Of losses and jitter. */
  readonly seed: number;
}
