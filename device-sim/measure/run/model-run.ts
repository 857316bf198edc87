/**
 * What one measured run would have cost elsewhere: over each link, by a replay of what was said; on each board, by figures
 * that others published; on AWS's bill. None of it is measured, and what is not known is said and not guessed.
 */
import { AWS_PRICES, awsBill } from '../../cost-model/aws-bill.ts';
import { type CostValue, measured } from '../../cost-model/value.ts';
import { type CostContext, type CostRow, sumOf } from '../../metrics/cost.ts';
import type { NotKnown } from '../results/results.ts';
import { type BoardModel, modelBoard } from './model-board.ts';
import type { ModelInput } from './model-input.ts';
import { type LinkModel, modelLink } from './model-link.ts';

export interface Modelled {
  /** As CaseRun.modelled has them. */
  readonly rows: readonly CostRow[];
  readonly notKnown: readonly NotKnown[];
  /** By what they are of: `verify-time ML-DSA-65 on rp2040`. */
  readonly sources: Readonly<Record<string, string>>;
}

export function modelRun(input: ModelInput): Modelled {
  const links = input.links.map((name) => modelLink(name, input));
  // What nobody verifies takes no board any time.
  const boards = input.spec.signature === 'verified' ? input.boards.map((name) => modelBoard(name, input)) : [];
  const units = unitsOf(input.rows);
  const row = rowMaker(input);
  return {
    rows: [
      ...awsBill(units, undefined, AWS_PRICES).map((value) => row(value, {})),
      ...links.flatMap((link) => linkRows(link, units, row)),
      ...boards.flatMap(({ board, values }) => values.map((value) => row(value, { profile: board, phase: 'verify' }))),
      ...boards.flatMap((board) => links.flatMap((link) => energyRows(board, link, row))),
    ],
    notKnown: [...links, ...boards].flatMap((it) => it.notKnown),
    sources: Object.fromEntries(boards.flatMap(({ sources }) => Object.entries(sources))),
  };
}

/** Of a run that is there already over the same link: only what loss and jitter change. */
export function modelAgain(input: ModelInput): readonly CostRow[] {
  const row = rowMaker(input);
  return input.links
    .map((name) => modelLink(name, input))
    .flatMap(({ profile, values }) => values.filter(isTime).map((value) => row(value, { link: profile.name })));
}

const isTime = ({ quantity }: CostValue): boolean => quantity === 'link-time';

type MakeRow = (
  value: Pick<CostValue, 'quantity' | 'unit' | 'value'>,
  where: Partial<Pick<CostRow, 'profile' | 'link' | 'phase'>>,
) => CostRow;

/** With run, seed and commit of the rows that were measured. */
function rowMaker({ rows, spec }: ModelInput): MakeRow {
  const { run = '', seed = '', commit = '', algorithm = spec.algorithm }: Partial<CostContext> = rows[0] ?? {};
  return ({ quantity, unit, value }, { profile = '', link = '', phase = 'all' }) => ({
    ...{ run, seed, commit, profile, link, algorithm, blockBytes: spec.blockBytes },
    ...{ phase, quantity, unit, value, how: 'modelled', n: 1 },
  });
}

const unitsOf = (rows: readonly CostRow[]): CostValue =>
  measured({ quantity: 'aws-units', value: sumOf(rows, 'aws-units'), unit: '1', source: 'counted in this run' });

function linkRows({ profile, values, layers }: LinkModel, units: CostValue, row: MakeRow): readonly CostRow[] {
  const link = profile.name;
  const minutes = values.find(({ quantity }) => quantity === 'connected');
  return [
    ...values.filter(({ how }) => how === 'modelled').map((value) => row(value, { link })),
    ...layers.map(({ phase, quantity, value }) =>
      row({ quantity, unit: quantity === 'seconds' ? 's' : 'B', value }, { link, phase }),
    ),
    ...awsBill(units, minutes, AWS_PRICES).map((value) => row(value, { link })),
  ];
}

/** Of core and radio together: a sum without one of them would say too little, and look whole. */
function energyRows({ board, values }: BoardModel, link: LinkModel, row: MakeRow): readonly CostRow[] {
  const core = values.find(({ quantity }) => quantity === 'core-energy');
  const radio = link.values.find(({ quantity }) => quantity === 'radio-energy');
  if (!core || !radio) return [];
  const energy = { quantity: 'energy', unit: 'mJ', value: core.value + radio.value };
  return [row(energy, { profile: board, link: link.profile.name })];
}
