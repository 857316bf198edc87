/** `bristlecone device faults`: cut the power and spoil a message at every place of an update, and see what is left. */
import { availableParallelism } from 'node:os';
import type { Command } from 'commander';
import { type CommandResult, type Io, run, subcommand, textTable, UsageError } from '../../command-line.ts';
import { LAYOUT_KINDS } from '../../protocol/suit/layouts.ts';
import {
  describeScenario,
  oneOf,
  parseCase,
  type Scenario,
  SCENARIO_ALGORITHMS,
  TRUST_CASES,
} from '../faults/fault.ts';
import { INVARIANTS } from '../faults/invariants.ts';
import { runSweep } from '../faults/run-sweep.ts';
import { casesIn, type ScenarioTally, type SweepPlan, type Tally } from '../faults/sweep.ts';
import { traceCase } from '../faults/trace-case.ts';
import { parseCount } from './files.ts';

interface FaultsOptions {
  readonly single?: true;
  readonly double?: string;
  readonly seed: string;
  readonly algorithm?: string;
  readonly layout?: string;
  readonly trust?: string;
  readonly threads?: string;
  readonly trace?: string;
}

const DEFAULT_DOUBLES = 100_000;
/** Failing cases that are printed; `--json` has them all. */
const SHOWN_FAILURES = 10;

const HOW_LONG =
  'Without options it runs 63,619 single faults and 100,000 pairs, at 100 to 250 cases a second and core: minutes. The n-th\n' +
  'pair of a seed is the same on every machine; Ctrl-C ends with what was found until then.';

/** Adds it to the group `device`. */
export function registerFaults(device: Command): void {
  const command = subcommand(device, {
    name: 'faults',
    summary: 'cut power and spoil messages at every place of an update, in virtual time; 1 where anything breaks',
    examples: [
      'device faults                                     # every single fault, and 100,000 pairs of them',
      'device faults --single --algorithm hybrid --layout swap',
      'device faults --double 5000 --seed 7 --trust two-roots,revoked-key',
      "device faults --trace '7 ES256 a/b two-roots flash:12:torn down:4:lost'",
    ],
  })
    .option('--single', 'every flash operation and every message, each in every way that it can fail')
    .option(
      '--double <n>',
      `so many pairs of faults, drawn by the seed (default, without --single: ${DEFAULT_DOUBLES})`,
    )
    .option('--seed <n>', 'of the pairs', '1')
    .option('--algorithm <names>', `only these, with commas between: ${SCENARIO_ALGORITHMS.join(', ')}`)
    .option('--layout <names>', `only these: ${LAYOUT_KINDS.join(', ')}`)
    .option('--trust <names>', `only these states of the trust root: ${TRUST_CASES.join(', ')}`)
    .option('--threads <n>', 'how many to run on (default: one for each core)')
    .option('--trace <case>', 'run only this case, as a failure prints it, and tell it step by step')
    .addHelpText('after', `\nWhat must hold after every fault:\n${describeInvariants()}\n\n${HOW_LONG}`);
  run<FaultsOptions>(command, async ({ options, io }) =>
    options.trace === undefined ? sweep(options, io) : trace(options.trace),
  );
}

const describeInvariants = (): string =>
  Object.entries(INVARIANTS)
    .map(([name, meaning]) => `  ${name.padEnd(18)}  ${meaning}`)
    .join('\n');

async function sweep(options: FaultsOptions, io: Io): Promise<CommandResult> {
  const plan = planOf(options);
  const threads = parseCount(options.threads, '--threads') ?? availableParallelism();
  const cases = await casesIn(plan);
  io.note(`${cases} cases: ${plan.scenarios.length} scenarios, ${plan.doubles} double faults, seed ${plan.seed}`);
  const bar = io.progress('cases', cases);
  const startMs = io.nowMs();
  const onProgress = (casesDone: number): void => bar.update(casesDone);
  const tally = await runSweep(plan, { threads, signal: io.signal, onProgress }).finally(() => bar.stop());
  const seconds = (io.nowMs() - startMs) / 1_000;
  return resultOf(tally, { plan, seconds, isWhole: !io.signal.aborted });
}

function planOf(options: FaultsOptions): SweepPlan {
  const scenarios = scenariosOf(options);
  const isSingle = options.single === true || options.double === undefined;
  const doubles = options.double === undefined && options.single ? 0 : undefined;
  return {
    scenarios,
    isSingle,
    doubles: doubles ?? parseCount(options.double, '--double') ?? DEFAULT_DOUBLES,
    seed: parseCount(options.seed, '--seed') ?? 1,
  };
}

function scenariosOf({ algorithm, layout, trust }: FaultsOptions): readonly Scenario[] {
  const algorithms = someOf(SCENARIO_ALGORITHMS, algorithm, '--algorithm');
  const layouts = someOf(LAYOUT_KINDS, layout, '--layout');
  const trusts = someOf(TRUST_CASES, trust, '--trust');
  return algorithms.flatMap((algorithm) =>
    layouts.flatMap((layout) => trusts.map((trust): Scenario => ({ algorithm, layout, trust }))),
  );
}

function someOf<T extends string>(known: readonly T[], text: string | undefined, at: string): readonly T[] {
  if (text === undefined) return known;
  return asUsageOf(at, () => text.split(',').map((name) => oneOf(known, name.trim())));
}

function asUsageOf<T>(at: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new UsageError(`${at}: ${error.message}`, { cause: error });
  }
}

interface SweepEnd {
  readonly plan: SweepPlan;
  readonly seconds: number;
  readonly isWhole: boolean;
}

function resultOf(tally: Tally, { plan, seconds, isWhole }: SweepEnd): CommandResult {
  const { failures } = tally;
  const rows = plan.scenarios.map((scenario) => {
    const name = describeScenario(scenario);
    return { ...scenario, single: tally.single.get(name) ?? NONE, double: tally.double.get(name) ?? NONE };
  });
  const cases = rows.reduce((sum, { single, double }) => sum + single.cases + double.cases, 0);
  const casesPerSecond = Math.round(cases / Math.max(seconds, 0.001));
  return {
    json: {
      cases,
      seconds,
      casesPerSecond,
      isWhole,
      seed: plan.seed,
      invariants: INVARIANTS,
      scenarios: rows,
      failures,
    },
    text: [
      summaryTable(rows),
      '',
      `${cases} cases in ${seconds.toFixed(1)} s, ${casesPerSecond} a second${isWhole ? '' : ', and then interrupted'}`,
      ...describeFailures(tally),
    ].join('\n'),
    exit: failures.length === 0 && isWhole ? 'done' : 'refused',
  };
}

type Row = Scenario & { readonly single: ScenarioTally; readonly double: ScenarioTally };
const NONE: ScenarioTally = { cases: 0, powerCuts: 0, faults: 0 };

/** One line for each algorithm and layout: the trust root's states together. */
function summaryTable(rows: readonly Row[]): string {
  const groups = Map.groupBy(rows, ({ algorithm, layout }) => `${algorithm} ${layout}`);
  const head = ['algorithm', 'layout', 'trust states', 'single', 'double', 'faults', 'power cuts'];
  return textTable(
    head,
    [...groups.values()].map((group) => {
      const sum = (of: (row: Row) => number): number => group.reduce((total, row) => total + of(row), 0);
      const both = (of: keyof ScenarioTally): number => sum(({ single, double }) => single[of] + double[of]);
      const [first] = group;
      return [
        ...[first?.algorithm ?? '', first?.layout ?? '', group.length],
        ...[sum(({ single }) => single.cases), sum(({ double }) => double.cases), both('faults'), both('powerCuts')],
      ];
    }),
  );
}

function describeFailures({ failures }: Tally): readonly string[] {
  if (failures.length === 0) return ['every invariant held after every fault'];
  const shown = failures.slice(0, SHOWN_FAILURES);
  return [
    `${failures.length} cases failed${shown.length < failures.length ? `; the first ${shown.length}` : ''}:`,
    ...shown.map(({ invariant, detail, ...failure }) => `  ${failure.case}\n    ${invariant}: ${detail}`),
    `See one step by step: bristlecone device faults --trace '${shown[0]?.case ?? ''}'`,
  ];
}

async function trace(text: string): Promise<CommandResult> {
  const { lines, result } = await traceCase(asUsageOf('--trace', () => parseCase(text)));
  const { violation, counts } = result;
  const broken = violation && { invariant: violation.invariant, detail: violation.message };
  return {
    json: { case: text, lines, counts, violation: broken ?? null },
    text: [...lines, broken ? `${broken.invariant}: ${broken.detail}` : 'every invariant held'].join('\n'),
    exit: broken ? 'refused' : 'done',
  };
}
