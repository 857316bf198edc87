/**
 * The cost sheet of one update: what a run measured, and what that means for a board, a link, a battery and a bill. A
 * pure function: the same run gives the sheet of any board and link.
 */
import type { AlgorithmName } from '../../protocol/cose/algorithms.ts';
import type { CostRow } from '../metrics/cost.ts';
import { type BoardFacts } from '../profiles/boards-facts.ts';
import type { Board } from '../profiles/boards.ts';
import type { Cell } from '../profiles/cells.ts';
import type { LinkProfile } from '../profiles/links.ts';
import { type AwsPrices, awsBill } from './aws-bill.ts';
import { coreEnergy, hashValues, type Values, verifyValues } from './core-values.ts';
import { type LinkUse, linkValues } from './link-values.ts';
import { type PhaseLayers, phaseLayers } from './phase-layers.ts';
import { type CostValue, computed, given, measured, type Unavailable } from './value.ts';
import type { VerifyCost } from './verify-cost.ts';

export interface SheetInput {
  /** Of one run. */
  readonly rows: readonly CostRow[];
  readonly board: Board;
  readonly facts: BoardFacts;
  /** One for each signature that the board verified, as often as it did. */
  readonly verifications: readonly { readonly cost: VerifyCost; readonly times: number }[];
  /** bytes that the board hashed: an image as it arrives, and at each start of it. */
  readonly hashed: CostValue;
  readonly link?: { readonly profile: LinkProfile; readonly use: LinkUse };
  readonly cell: Cell;
  readonly prices: AwsPrices;
}

export interface CostSheet {
  readonly board: string;
  /** Empty where the run was over no link in particular. */
  readonly link: string;
  readonly algorithms: readonly AlgorithmName[];
  /** In the order in which the run went through them; empty without a link. */
  readonly phases: readonly PhaseLayers[];
  readonly values: readonly CostValue[];
  readonly unavailable: readonly Unavailable[];
}

export function costSheet(input: SheetInput): CostSheet {
  const { board, facts, verifications, link } = input;
  const counted = countedValues(input.rows);
  const core = coreValues(input);
  const onLink = link ? linkValues(link.profile, link.use) : NO_LINK;
  const energy = energyValues([...core.values, ...onLink.values], input.cell);
  const units = named(counted, 'aws-units');
  const minutes = onLink.values.find(({ quantity }) => quantity === 'connected');
  const all = [
    { values: counted, unavailable: [] },
    core,
    flashValues(counted, board, facts),
    onLink,
    energy,
    { values: units ? awsBill(units, minutes, input.prices) : [], unavailable: [] },
  ];
  return {
    board: board.name,
    link: link?.profile.name ?? '',
    algorithms: [...new Set(verifications.map(({ cost }) => cost.algorithm))],
    phases: link ? phaseLayers(input.rows, link.use.phases) : [],
    values: all.flatMap(({ values }) => values),
    unavailable: all.flatMap(({ unavailable }) => unavailable),
  };
}

const NO_LINK: Values = {
  values: [],
  unavailable: [{ quantity: 'link-time', why: 'no link was named: --link says which' }],
};

/** Quantities of the cost record that add up over phases. */
const SUMMED = [
  ...['sent', 'received', 'sent-payload', 'received-payload', 'blocks', 'block-repeats', 'round-trips', 'aws-units'],
  ...['envelope', 'signature', 'key-id', 'manifest', 'flash-erases', 'flash-writes', 'flash-written', 'connections'],
  ...['starts', 'swapped'],
  ...['tls-handshakes', 'tls-handshake-sent', 'tls-handshake-received', 'tls-records-sent', 'tls-records-received'],
];
/** Those of which the largest phase counts. */
const LARGEST = ['ram-peak', 'flash-wear-max'];

function countedValues(rows: readonly CostRow[]): readonly CostValue[] {
  return [...SUMMED, ...LARGEST].flatMap((quantity) => {
    const of = rows.filter((row) => row.quantity === quantity);
    const [first] = of;
    if (!first) return [];
    const values = of.map(({ value }) => value);
    const value = LARGEST.includes(quantity) ? Math.max(...values) : values.reduce((sum, it) => sum + it, 0);
    const phases = of.map((row) => `${row.phase} ${row.value}`).join(', ');
    return [measured({ quantity, value, unit: first.unit, source: `counted in this run: ${phases}` })];
  });
}

function coreValues({ verifications, hashed, facts }: SheetInput): Values {
  const verified = verifications.map(({ cost, times }) => repeated(verifyValues(cost, facts), times));
  const hash = hashValues(hashed, facts);
  const times = [...verified, hash].flatMap(({ values }) => values).filter(({ unit }) => unit === 'ms');
  const all = [{ values: [hashed], unavailable: [] }, ...verified, hash, coreEnergy(times, facts)];
  return {
    values: all.flatMap(({ values }) => values),
    unavailable: all.flatMap(({ unavailable }) => unavailable),
  };
}

/** The time of several verifications; cycles and stack stay those of one. */
function repeated({ values, unavailable }: Values, times: number): Values {
  const count = measured({ quantity: 'verifications', value: times, unit: '1', source: 'counted in this run' });
  const all = values.map((value) =>
    value.unit !== 'ms' || times === 1
      ? value
      : computed({
          ...value,
          value: value.value * times,
          formula: `${value.quantity} once × verifications`,
          inputs: [{ ...value, quantity: `${value.quantity} once` }, count],
        }),
  );
  return { values: all, unavailable };
}

function flashValues(counted: readonly CostValue[], board: Board, facts: BoardFacts): Values {
  const values: CostValue[] = [];
  const unavailable: Unavailable[] = [];
  const worst = named(counted, 'flash-wear-max');
  if (worst) {
    const value = Math.min(board.enduranceCycles, board.external?.enduranceCycles ?? Number.POSITIVE_INFINITY);
    const cycles = given({ quantity: 'endurance', value, unit: 'erases', source: board.source });
    values.push(
      computed({
        quantity: 'flash-wear',
        value: (100 * worst.value) / cycles.value,
        unit: '%',
        formula: '100 × flash-wear-max ÷ endurance, of the most worn sector since the board was made',
        inputs: [worst, cycles],
      }),
    );
  }
  const erases = named(counted, 'flash-erases');
  const { sectorEraseMs, sources } = facts;
  if (erases && sectorEraseMs && !board.external) {
    const time = given({
      quantity: 'sector-erase-time',
      value: sectorEraseMs.value,
      unit: 'ms',
      source: `${sectorEraseMs.is}: ${sources.flashTimes}`,
    });
    values.push(
      computed({
        quantity: 'erase-time',
        value: (erases.value * time.value) / 1_000,
        unit: 's',
        formula: 'flash-erases × sector-erase-time',
        inputs: [erases, time],
      }),
    );
  } else {
    unavailable.push({ quantity: 'erase-time', why: erases ? whyNoEraseTime(board, facts) : 'no erase was counted' });
  }
  return { values, unavailable };
}

const whyNoEraseTime = ({ name, external }: Board, { sources }: BoardFacts): string =>
  `${name}: ${external ? 'erases of its two parts are counted together' : sources.flashTimes}`;

/** Of core and radio together: a sum without one of them would say too little, and look whole. */
function energyValues(values: readonly CostValue[], { title, milliampHours, volts, source }: Cell): Values {
  const quantities = ['core-energy', 'radio-energy'];
  const parts = values.filter(({ quantity }) => quantities.includes(quantity));
  const missing = quantities.filter((quantity) => !named(values, quantity));
  if (missing.length > 0) {
    const why = `${missing.join(' and ')} would be part of it`;
    return { values: [], unavailable: ['energy', 'battery-share'].map((quantity) => ({ quantity, why })) };
  }
  const energy = computed({
    quantity: 'energy',
    value: parts.reduce((sum, { value }) => sum + value, 0),
    unit: 'mJ',
    formula: parts.map(({ quantity }) => quantity).join(' + '),
    inputs: parts,
  });
  const capacity = given({ quantity: 'cell-charge', value: milliampHours, unit: 'mAh', source: `${title}: ${source}` });
  const voltage = given({ quantity: 'cell-voltage', value: volts, unit: 'V', source });
  const share = computed({
    quantity: 'battery-share',
    value: (100 * energy.value) / (milliampHours * 3_600 * volts),
    unit: '%',
    formula: '100 × energy ÷ (cell-charge × 3600 s × cell-voltage)',
    inputs: [energy, capacity, voltage],
  });
  return { values: [energy, share], unavailable: [] };
}

const named = (values: readonly CostValue[], quantity: string): CostValue | undefined =>
  values.find((value) => value.quantity === quantity);
