/** Verification of signatures as everyone but pqm4 measured it. Where only a time is published, cycles are time × clock. */
import type { Core } from '../profiles/boards-facts.ts';
import type { StackFigure, VerifyFigure } from './figures.ts';

const P256_M = 'mpg/p256-m README.md @44af59e0cff5';
const WOLFSSL = 'wolfSSL/wolfssl IDE/STM32Cube/STM32_Benchmarks.md @0a6a8516f9b5';
const WOLFCOSE = 'wolfSSL/wolfCOSE docs/Footprint.md @22946c5bbd61';
const WOLFSSL_7676 = 'wolfSSL/wolfssl pull request 7676, review of 2024-06-24, of a draft of FIPS 204';
const RP2040 =
  'arXiv 2603.19340 and rojinc/pqc-cortex-m0-benchmark @4dc5f3d, README.md and results/stack_mldsa.txt (RP2040, -Os)';
const ESP32_C3 = 'avlk/pqc-esp32-c3 @d305644622dc README.md, without acceleration of hashes (2 to 4 executions, -O2)';

interface Timed {
  readonly algorithm: string;
  readonly variant: string;
  readonly implementation: string;
  readonly core: Core;
  readonly clockMhz: number;
  readonly ms: number;
  readonly stackBytes?: number;
  readonly codeBytes?: number;
  readonly note: string;
  readonly source: string;
}

// oxfmt-ignore
const TIMED: readonly Timed[] = [
  { algorithm: 'ECDSA-P256', variant: 'p256-m', implementation: 'p256-m (min size)', core: 'Cortex-M0', clockMhz: 48, ms: 1976, stackBytes: 752, codeBytes: 2_988, note: 'STM32F091', source: P256_M },
  { algorithm: 'ECDSA-P256', variant: 'p256-m', implementation: 'p256-m (min size)', core: 'Cortex-M4', clockMhz: 100, ms: 309, stackBytes: 700, codeBytes: 2_900, note: 'STM32F411', source: P256_M },
  { algorithm: 'ECDSA-P256', variant: 'tinycrypt', implementation: 'TinyCrypt (micro-ecc)', core: 'Cortex-M0', clockMhz: 48, ms: 1130, stackBytes: 824, codeBytes: 6_134, note: 'STM32F091', source: P256_M },
  { algorithm: 'ECDSA-P256', variant: 'tinycrypt', implementation: 'TinyCrypt (micro-ecc)', core: 'Cortex-M4', clockMhz: 100, ms: 210, stackBytes: 808, codeBytes: 5_934, note: 'STM32F411', source: P256_M },
  { algorithm: 'ECDSA-P256', variant: 'wolfcrypt-asm-small', implementation: 'wolfCrypt SP Cortex-M ASM small', core: 'Cortex-M4', clockMhz: 80, ms: 94.417, note: 'STM32L4A6Z, -Os, 5.6.4', source: WOLFSSL },
  { algorithm: 'ECDSA-P256', variant: 'wolfcrypt-sp-int', implementation: 'wolfCrypt sp_int no ASM', core: 'Cortex-M4', clockMhz: 80, ms: 306, note: 'STM32L4A6Z, -Os, 5.6.4', source: WOLFSSL },
  { algorithm: 'ECDSA-P384', variant: 'wolfcrypt-asm-small', implementation: 'wolfCrypt SP Cortex-M ASM small', core: 'Cortex-M4', clockMhz: 80, ms: 347, note: 'STM32L4A6Z, -Os, 5.6.4', source: WOLFSSL },
  { algorithm: 'Ed25519', variant: 'wolfcrypt-asm', implementation: 'wolfCrypt ARM ASM Thumb', core: 'Cortex-M4', clockMhz: 80, ms: 36.571, note: 'STM32L4A6Z, -Os, 5.6.4', source: WOLFSSL },
  { algorithm: 'Ed25519', variant: 'wolfcrypt-small', implementation: 'wolfCrypt CURVED25519_SMALL no ASM', core: 'Cortex-M4', clockMhz: 80, ms: 1474.5, note: 'STM32L4A6Z, -Os, 5.6.4', source: WOLFSSL },
  { algorithm: 'ECDSA-P256', variant: 'wolfcrypt-asm', implementation: 'wolfCrypt SP Cortex-M ASM', core: 'Cortex-M33', clockMhz: 150, ms: 15.333, note: 'STM32H563ZI, 5.6.0', source: WOLFSSL },
  { algorithm: 'ECDSA-P256', variant: 'wolfcrypt-asm', implementation: 'wolfCrypt SP Cortex-M ASM', core: 'Cortex-M33', clockMhz: 160, ms: 28.306, note: 'STM32U585, 5.3.1', source: WOLFSSL },
  { algorithm: 'ECDSA-P256', variant: 'wolfcrypt-asm', implementation: 'wolfCrypt SP Cortex-M ASM', core: 'Cortex-M33', clockMhz: 110, ms: 94.417, note: 'STM32L562E, -Os, 4.4.1', source: WOLFSSL },
  { algorithm: 'ECDSA-P256', variant: 'wolfcrypt-c32', implementation: 'wolfCrypt SP C32 (no ASM)', core: 'Cortex-M33', clockMhz: 160, ms: 299, note: 'STM32U585, 5.3.1', source: WOLFSSL },
  { algorithm: 'ECDSA-P256', variant: 'stm32-pka', implementation: 'STM32 PKA hardware via wolfCrypt', core: 'Cortex-M33', clockMhz: 160, ms: 18, note: 'STM32U585, by its accelerator', source: WOLFSSL },
  { algorithm: 'ECDSA-P256', variant: 'wolfcrypt-thumb-small', implementation: 'wolfCrypt SP Thumb ASM small', core: 'Cortex-M0+', clockMhz: 64, ms: 349, note: 'STM32G071RB, 5.6.0', source: WOLFSSL },

  { algorithm: 'ML-DSA-44', variant: 'clean', implementation: 'PQClean 3730b32a', core: 'Cortex-M0+', clockMhz: 133, ms: 43.977, stackBytes: 36_072, note: 'mean of 30', source: RP2040 },
  { algorithm: 'ML-DSA-65', variant: 'clean', implementation: 'PQClean 3730b32a', core: 'Cortex-M0+', clockMhz: 133, ms: 72.206, stackBytes: 57_608, note: 'mean of 30', source: RP2040 },
  { algorithm: 'ML-DSA-87', variant: 'clean', implementation: 'PQClean 3730b32a', core: 'Cortex-M0+', clockMhz: 133, ms: 120.226, stackBytes: 92_712, note: 'mean of 30', source: RP2040 },
  { algorithm: 'ECDSA-P256', variant: 'mbedtls', implementation: 'Mbed TLS of the Pico SDK 2.2.0', core: 'Cortex-M0+', clockMhz: 133, ms: 321.359, note: 'mean of 30', source: RP2040 },

  { algorithm: 'ML-DSA-44', variant: 'wolfcrypt-c', implementation: 'wolfCrypt ML-DSA in C', core: 'Cortex-M7', clockMhz: 280, ms: 13.662, note: 'STM32H7A3', source: WOLFSSL_7676 },
  { algorithm: 'ML-DSA-65', variant: 'wolfcrypt-c', implementation: 'wolfCrypt ML-DSA in C', core: 'Cortex-M7', clockMhz: 280, ms: 22.727, note: 'STM32H7A3', source: WOLFSSL_7676 },
  { algorithm: 'ML-DSA-87', variant: 'wolfcrypt-c', implementation: 'wolfCrypt ML-DSA in C', core: 'Cortex-M7', clockMhz: 280, ms: 38.615, note: 'STM32H7A3', source: WOLFSSL_7676 },
  { algorithm: 'ECDSA-P256', variant: 'wolfcrypt-asm-small', implementation: 'wolfCrypt SP Cortex-M ASM small', core: 'Cortex-M7', clockMhz: 480, ms: 3.486, note: 'STM32H753ZI, -O2, 5.6.6', source: WOLFSSL },
  { algorithm: 'Ed25519', variant: 'wolfcrypt-asm', implementation: 'wolfCrypt ARM ASM Thumb', core: 'Cortex-M7', clockMhz: 480, ms: 1.16, note: 'STM32H753ZI, -O2, 5.6.6', source: WOLFSSL },

  { algorithm: 'ML-DSA-44', variant: 'liboqs', implementation: 'liboqs', core: 'ESP32-C3', clockMhz: 160, ms: 400, note: 'ESP32-C3', source: ESP32_C3 },
  { algorithm: 'ML-DSA-65', variant: 'liboqs', implementation: 'liboqs', core: 'ESP32-C3', clockMhz: 160, ms: 690, note: 'ESP32-C3', source: ESP32_C3 },
  { algorithm: 'ML-DSA-87', variant: 'liboqs', implementation: 'liboqs', core: 'ESP32-C3', clockMhz: 160, ms: 1215, note: 'ESP32-C3', source: ESP32_C3 },
  { algorithm: 'ECDSA-P256', variant: 'wolfcrypt-c', implementation: 'wolfCrypt', core: 'ESP32-C3', clockMhz: 160, ms: 290, note: 'ESP32-C3', source: ESP32_C3 },
  { algorithm: 'Ed25519', variant: 'wolfcrypt-c', implementation: 'wolfCrypt', core: 'ESP32-C3', clockMhz: 160, ms: 26.316, note: 'ESP32-C3', source: ESP32_C3 },
];

const COUNTED: readonly VerifyFigure[] = [
  {
    algorithm: 'ECDSA-P256',
    variant: 'wolfcose',
    implementation: 'wolfCOSE COSE_Sign1 verify end to end',
    core: 'Cortex-M33',
    clockMhz: 250,
    cycles: 1_510_716,
    cyclesBy: 'counted',
    stackBytes: 6_700,
    codeBytes: 44_200,
    note: 'STM32H563ZI, DWT counter, zero heap',
    source: WOLFCOSE,
  },
];

export const OTHER_FIGURES: readonly VerifyFigure[] = [
  ...TIMED.map(({ ms, ...row }): VerifyFigure => ({
    ...row,
    cycles: Math.round(ms * row.clockMhz * 1_000),
    cyclesBy: 'time × clock',
  })),
  ...COUNTED,
];

/** Portable code that was made small, whose time nobody has published for these cores. */
export const STACK_FIGURES: readonly StackFigure[] = [
  {
    algorithm: 'ML-DSA-44',
    variant: 'mldsa-native-reduced',
    implementation: 'mldsa-native 1.0.0-beta2, reduced memory',
    stackBytes: 9_120,
    note: 'its own table of memory',
    source: 'pq-code-package/mldsa-native 1.0.0-beta2',
  },
  {
    algorithm: 'ML-DSA-44',
    variant: 'libcrux-iot',
    implementation: 'libcrux-iot, release build',
    stackBytes: 7_560,
    note: 'its own table of stack',
    source: 'cryspen/libcrux-iot',
  },
  {
    algorithm: 'ML-DSA-65',
    variant: 'libcrux-iot',
    implementation: 'libcrux-iot, release build',
    stackBytes: 7_608,
    note: 'its own table of stack',
    source: 'cryspen/libcrux-iot',
  },
];
