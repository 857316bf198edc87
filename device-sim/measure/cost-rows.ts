/** The cost record of a device, read back from what `bristlecone device run --json` printed. */
import type { CostRow } from '../metrics/cost.ts';
import { PHASES } from '../metrics/phases.ts';
import { listAt, numberAt, textAt } from './json.ts';

const PHASE_NAMES = [...PHASES, 'all'] as const;

export const costRowsOf = (answer: unknown): CostRow[] => listAt(answer, 'costs').map(costRowOf);

function costRowOf(row: unknown): CostRow {
  const phase = PHASE_NAMES.find((name) => name === textAt(row, 'phase'));
  if (phase === undefined) throw new TypeError(`expected one of ${PHASE_NAMES.join(', ')} as phase`);
  return {
    run: textAt(row, 'run'),
    seed: textAt(row, 'seed'),
    commit: textAt(row, 'commit'),
    profile: textAt(row, 'profile'),
    link: textAt(row, 'link'),
    algorithm: textAt(row, 'algorithm'),
    blockBytes: numberAt(row, 'blockBytes'),
    phase,
    quantity: textAt(row, 'quantity'),
    unit: textAt(row, 'unit'),
    value: numberAt(row, 'value'),
    how: textAt(row, 'how') === 'modelled' ? 'modelled' : 'measured',
    n: numberAt(row, 'n'),
  };
}
