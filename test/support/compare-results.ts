/** Results of one case, as small as they can be: for what compares them. */
import type { Experiment } from '../../device-sim/measure/experiment/experiment.ts';
import type { CaseRun, MeasureResults } from '../../device-sim/measure/results/results.ts';
import type { CostRow } from '../../device-sim/metrics/cost.ts';

export interface RunFacts {
  readonly received: number;
  readonly blockMs: number;
}

const BASE = {
  algorithm: 'ML-DSA-65',
  image: 'movehub',
  blockBytes: 4_096,
  qos: 1,
  encoding: 'cbor',
  mqttVersion: 5,
  security: 'plain',
  certificate: 'P-256',
  transport: 'mqttjs',
  broker: 'embedded',
} as const;

const MACHINE = { cpu: 'a core', cores: 2, memoryBytes: 1, os: 'an os', node: 'v26', bristlecone: '1', commit: 'c' };

export function resultsOf(repetitions: readonly RunFacts[], id = 'a case'): MeasureResults {
  const experiment: Experiment = {
    ...{
      name: 'n',
      description: '',
      seed: 1,
      repetitions: repetitions.length,
      base: BASE,
      sweeps: [],
      handshakes: false,
    },
    ...{ runsOn: 'esp32-c3', links: [], boards: [], schemes: [], images: [] },
  };
  return {
    ...{ format: 'bristlecone-measure', version: 1, experiment, machine: { ...MACHINE, startedAt: '' } },
    runs: repetitions.map((facts, repetition) => runOf(facts, { id, repetition })),
    ...{ failed: [], leftOut: [], notKnown: [], handshakes: [], sources: {}, plannedRuns: repetitions.length },
  };
}

function runOf({ received, blockMs }: RunFacts, { id, repetition }: { id: string; repetition: number }): CaseRun {
  const context = {
    run: id,
    seed: '1',
    commit: 'c',
    algorithm: 'ML-DSA-65',
    blockBytes: 4_096,
    phase: 'image',
    n: 1,
  } as const;
  const row: CostRow = {
    ...{ ...context, profile: 'nrf52840', link: 'unshaped', quantity: 'received', unit: 'B', how: 'measured' },
    value: received,
  };
  const onAir: CostRow = {
    ...row,
    link: 'nb-iot',
    quantity: 'time-on-air',
    unit: 's',
    how: 'modelled',
    value: received / 25_000,
  };
  return {
    spec: {
      ...{ ...BASE, id, signatureBytes: 3_309, publicKeyBytes: 1_952, signature: 'verified' },
      image: { name: 'movehub', imageBytes: 100_000 },
    },
    ...{ repetition, position: repetition, rows: [row], modelled: [onAir], wallMs: blockMs * 10 },
    blockMs: [blockMs / 2, blockMs, blockMs * 2],
  };
}
