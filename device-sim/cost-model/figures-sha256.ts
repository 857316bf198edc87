/**
 * SHA-256 on real cores. Where a source gives KiB/s, cycles per byte = clock ÷ (KiB/s × 1024), rounded to one digit as
 * the source's own precision asks for.
 */
import type { HashFigure } from './figures.ts';

const WOLFSSL = 'wolfSSL/wolfssl IDE/STM32Cube/STM32_Benchmarks.md @0a6a8516f9b5';
const CIFRA = 'ctz/cifra README.md @00ac5952d766 (-Os): one compression of a block of 64 bytes, with start and end';
const CIFRA_NOTE = 'an upper bound: long messages have no start and end';

// oxfmt-ignore
export const SHA256_FIGURES: readonly HashFigure[] = [
  { algorithm: 'SHA-256', implementation: 'wolfCrypt sp_int no ASM build', core: 'Cortex-M4', clockMhz: 80, cyclesPerByte: 92.2, note: 'STM32L4A6Z', source: WOLFSSL },
  { algorithm: 'SHA-256', implementation: 'STM32 HASH hardware', core: 'Cortex-M4', clockMhz: 80, cyclesPerByte: 10.7, note: 'STM32L4A6Z, by its accelerator', source: WOLFSSL },
  { algorithm: 'SHA-256', implementation: 'wolfCrypt SP C32 build', core: 'Cortex-M33', clockMhz: 160, cyclesPerByte: 77.5, note: 'STM32U585', source: WOLFSSL },
  { algorithm: 'SHA-256', implementation: 'wolfCrypt ARM ASM build', core: 'Cortex-M33', clockMhz: 150, cyclesPerByte: 30.2, note: 'STM32H563ZI', source: WOLFSSL },
  { algorithm: 'SHA-256', implementation: 'wolfCrypt Thumb', core: 'Cortex-M0+', clockMhz: 64, cyclesPerByte: 134.2, note: 'STM32G071RB', source: WOLFSSL },
  { algorithm: 'SHA-256', implementation: 'wolfCrypt ARM ASM Thumb2', core: 'Cortex-M7', clockMhz: 480, cyclesPerByte: 25.4, note: 'STM32H753ZI, -O2, 5.6.6: 18.042 MiB/s', source: WOLFSSL },
  { algorithm: 'SHA-256', implementation: 'cifra', core: 'Cortex-M0', clockMhz: 48, cyclesPerByte: 341.7, note: `STM32F030, 21,866 cycles; ${CIFRA_NOTE}`, source: CIFRA },
  { algorithm: 'SHA-256', implementation: 'cifra', core: 'Cortex-M4', clockMhz: 72, cyclesPerByte: 237.6, note: `STM32F303, 15,204 cycles; ${CIFRA_NOTE}`, source: CIFRA },
  { algorithm: 'SHA-256', implementation: 'wolfCrypt in C', core: 'ESP32-C3', clockMhz: 160, cyclesPerByte: 93.2, note: '1676.529 KiB/s without its accelerator, 5.6.3', source: 'gojimmypi/wolfssl @68c4d294e30b IDE/Espressif/ESP-IDF/examples/wolfssl_benchmark/logs/ESP32C3-WOLFSSL_SP_MATH_ALL-160MHz.md' },
];
