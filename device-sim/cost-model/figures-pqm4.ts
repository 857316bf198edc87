/**
 * Verification of signatures on a Cortex-M4 as pqm4 measured it, row by row: mean of `executions`, the clock at 24 MHz
 * so that flash needs no wait states. Code is without Keccak and SHA-2, which pqm4 shares between schemes.
 */
import type { VerifyFigure } from './figures.ts';

const SOURCE =
  'mupq/pqm4@cc2c1b992b60 benchmarks.csv (Nucleo-L4R5ZI, Cortex-M4F at 24 MHz without wait states, gcc 11.3)';

interface Pqm4Row {
  readonly algorithm: string;
  readonly variant: string;
  readonly executions: number;
  readonly cycles: number;
  readonly stackBytes: number;
  readonly codeBytes: number;
}

// oxfmt-ignore
const ROWS: readonly Pqm4Row[] = [
  { algorithm: 'fndsa_provisional-1024',   variant: 'm4f',      executions: 10,    cycles: 793_856,     stackBytes: 5_024, codeBytes: 103_801 },
  { algorithm: 'fndsa_provisional-1024',   variant: 'ref',      executions: 10,    cycles: 1_461_795,   stackBytes: 5_308, codeBytes: 103_089 },
  { algorithm: 'fndsa_provisional-512',    variant: 'm4f',      executions: 10,    cycles: 396_949,     stackBytes: 2_976, codeBytes: 103_789 },
  { algorithm: 'fndsa_provisional-512',    variant: 'ref',      executions: 10,    cycles: 731_387,     stackBytes: 3_260, codeBytes: 103_077 },
  { algorithm: 'ML-DSA-44',                variant: 'clean',    executions: 1_000, cycles: 2_063_096,   stackBytes: 36_308, codeBytes: 8_212 },
  { algorithm: 'ML-DSA-44',                variant: 'm4f',      executions: 1_000, cycles: 1_421_623,   stackBytes: 8_912, codeBytes: 19_592 },
  { algorithm: 'ML-DSA-44',                variant: 'm4fstack', executions: 1_000, cycles: 3_242_333,   stackBytes: 2_712, codeBytes: 24_844 },
  { algorithm: 'ML-DSA-65',                variant: 'clean',    executions: 1_000, cycles: 3_377_305,   stackBytes: 57_736, codeBytes: 7_724 },
  { algorithm: 'ML-DSA-65',                variant: 'm4f',      executions: 1_000, cycles: 2_415_944,   stackBytes: 9_888, codeBytes: 19_328 },
  { algorithm: 'ML-DSA-65',                variant: 'm4fstack', executions: 1_000, cycles: 5_732_397,   stackBytes: 2_712, codeBytes: 24_120 },
  { algorithm: 'ML-DSA-87',                variant: 'clean',    executions: 1_000, cycles: 5_610_203,   stackBytes: 92_948, codeBytes: 8_036 },
  { algorithm: 'ML-DSA-87',                variant: 'm4f',      executions: 1_000, cycles: 4_193_104,   stackBytes: 12_060, codeBytes: 19_500 },
  { algorithm: 'ML-DSA-87',                variant: 'm4fstack', executions: 1_000, cycles: 9_911_514,   stackBytes: 2_720, codeBytes: 24_516 },
  { algorithm: 'sphincs-sha2-128f-simple', variant: 'clean',    executions: 10,    cycles: 21_923_628,  stackBytes: 2_664, codeBytes: 4_956 },
  { algorithm: 'sphincs-sha2-128s-simple', variant: 'clean',    executions: 10,    cycles: 7_471_794,   stackBytes: 1_968, codeBytes: 5_264 },
  { algorithm: 'sphincs-sha2-192f-simple', variant: 'clean',    executions: 10,    cycles: 35_457_937,  stackBytes: 4_356, codeBytes: 5_444 },
  { algorithm: 'sphincs-sha2-192s-simple', variant: 'clean',    executions: 10,    cycles: 13_494_855,  stackBytes: 3_700, codeBytes: 5_968 },
  { algorithm: 'sphincs-sha2-256f-simple', variant: 'clean',    executions: 10,    cycles: 37_302_611,  stackBytes: 5_980, codeBytes: 5_728 },
  { algorithm: 'sphincs-sha2-256s-simple', variant: 'clean',    executions: 10,    cycles: 19_637_153,  stackBytes: 5_580, codeBytes: 6_084 },
  { algorithm: 'sphincs-shake-128f-simple', variant: 'clean',    executions: 10,    cycles: 70_501_834,  stackBytes: 2_568, codeBytes: 4_184 },
  { algorithm: 'sphincs-shake-128s-simple', variant: 'clean',    executions: 10,    cycles: 24_366_771,  stackBytes: 1_872, codeBytes: 4_492 },
  { algorithm: 'sphincs-shake-192f-simple', variant: 'clean',    executions: 10,    cycles: 103_305_801, stackBytes: 3_816, codeBytes: 4_472 },
  { algorithm: 'sphincs-shake-192s-simple', variant: 'clean',    executions: 10,    cycles: 35_026_412,  stackBytes: 3_160, codeBytes: 4_984 },
  { algorithm: 'sphincs-shake-256f-simple', variant: 'clean',    executions: 10,    cycles: 108_394_619, stackBytes: 5_448, codeBytes: 4_720 },
  { algorithm: 'sphincs-shake-256s-simple', variant: 'clean',    executions: 10,    cycles: 52_912_174,  stackBytes: 5_048, codeBytes: 5_076 },
];

export const PQM4_FIGURES: readonly VerifyFigure[] = ROWS.map(({ executions, ...row }) => ({
  ...row,
  implementation: `pqm4 ${row.variant}`,
  core: 'Cortex-M4',
  clockMhz: 24,
  cyclesBy: 'counted',
  note: `mean of ${executions}; code without Keccak and SHA-2`,
  source: SOURCE,
}));
