/** The cases of an experiment: what its sweeps come to, each case once, and what cannot be, with the reason. */
import type { CaseSpec, LeftOut } from '../results/results.ts';
import { BadExperiment } from './bad-experiment.ts';
import { type Axis, type CaseChoice, DEFAULT_BASE, type Experiment, type Sweep } from './experiment.ts';
import { type Surroundings, whyNot } from './impossible.ts';
import { signatureSize } from './schemes.ts';

export interface Matrix {
  /** The base case first. */
  readonly cases: readonly CaseSpec[];
  readonly leftOut: readonly LeftOut[];
}

const AXES: readonly Axis[] = [
  ...(['algorithm', 'image', 'blockBytes', 'qos', 'encoding'] as const),
  ...(['mqttVersion', 'security', 'certificate', 'transport', 'broker'] as const),
];

/** Combinations that are looked at, those that cannot be included: as many as can be shown and run, and then some. */
const MAX_COMBINATIONS = 100_000;

/** @throws {BadExperiment} where sweeps come to more than MAX_COMBINATIONS */
export function planMatrix(experiment: Experiment, surroundings: Surroundings): Matrix {
  expectFew(experiment.sweeps);
  const choices = [experiment.base, ...experiment.sweeps.flatMap((sweep) => combine(experiment.base, sweep))];
  const all = new Map(choices.map((choice) => specOf(choice, experiment)).map((spec) => [spec.id, spec]));
  const cases: CaseSpec[] = [];
  const leftOut: LeftOut[] = [];
  for (const spec of all.values()) {
    const why = whyNot(spec, experiment.runsOn, surroundings);
    if (why === undefined) cases.push(spec);
    else leftOut.push({ id: spec.id, why });
  }
  return { cases, leftOut };
}

/** Before they are made: ten short lists come to more than fits into memory. */
function expectFew(sweeps: readonly Sweep[]): void {
  let sum = 0;
  for (const [index, sweep] of sweeps.entries()) {
    sum += AXES.reduce((product, axis) => product * (sweep[axis]?.length ?? 1), 1);
    if (sum <= MAX_COMBINATIONS) continue;
    const expected = `at most ${MAX_COMBINATIONS} combinations in all sweeps`;
    throw new BadExperiment('experiment', [{ at: `sweeps[${index}]`, expected, got: sum }]);
  }
}

/** Every combination of the axes that the sweep names. */
function combine(base: CaseChoice, sweep: Sweep): readonly CaseChoice[] {
  let choices: readonly CaseChoice[] = [base];
  for (const axis of AXES) {
    const values = sweep[axis];
    if (values) choices = choices.flatMap((choice) => values.map((value) => ({ ...choice, [axis]: value })));
  }
  return choices;
}

function specOf(choice: CaseChoice, { images, schemes }: Experiment): CaseSpec {
  const { certificate, image: name, ...rest } = choice;
  const size = signatureSize(choice.algorithm, schemes);
  const image = images.find((it) => it.name === name);
  if (!size || !image) throw new RangeError(`experiment: expected a known algorithm and image, got ${idOf(choice)}`);
  return {
    id: idOf(choice),
    ...rest,
    ...size,
    image: { name, imageBytes: image.imageBytes },
    ...(choice.security === 'plain' ? {} : { certificate }),
  };
}

/** Readable, and the same for the same choice in any experiment. */
function idOf(choice: CaseChoice): string {
  const { algorithm, image, blockBytes, qos, encoding, mqttVersion, security, certificate, transport, broker } = choice;
  const secured = security === 'plain' ? security : `${security}:${certificate}`;
  const parts = [algorithm, image, blockBytes, `qos${qos}`, encoding, `mqtt${mqttVersion}`, secured, transport, broker];
  return parts.join('/');
}

/** Which axes a case has another value on than the base case; for titles of figures and rows of a plan. */
export const differences = (spec: CaseSpec, base: CaseChoice = DEFAULT_BASE): readonly Axis[] =>
  AXES.filter((axis) => (axis === 'image' ? spec.image.name : (spec[axis] ?? base[axis])) !== base[axis]);
