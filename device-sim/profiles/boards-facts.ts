/**
 * What costs on a board are computed from, beside its flash geometry (boards.ts): core, clock, what a verification may
 * take of the stack, flash times, power. What we found no readable document for is left out, and whatever needs it is
 * unavailable then: nothing is guessed.
 */

export type Core = 'Cortex-M0' | 'Cortex-M0+' | 'Cortex-M4' | 'Cortex-M7' | 'Cortex-M33' | 'ESP32-C3';

/** Drawn from the supply while the core works. */
export interface CorePower {
  readonly milliamps: number;
  readonly volts: number;
  /** What else is in the figure, if anything. */
  readonly of: string;
}

/** What a row must give a source for, or say why it has none. */
export type BoardFact = 'core' | 'clock' | 'stack' | 'flashTimes' | 'power';

export interface BoardFacts {
  /** As in boards.ts. */
  readonly board: string;
  readonly title: string;
  readonly core: Core;
  readonly clockMhz: number;
  /** bytes. What a verification may take, beside what the agent reserves and the application holds. */
  readonly stackBytes: number;
  /** To erase one sector of the slots. */
  readonly sectorEraseMs?: { readonly value: number; readonly is: 'typical' | 'longest' };
  readonly power?: CorePower;
  readonly sources: Readonly<Record<BoardFact, string>>;
}

const ZEPHYR = 'zephyrproject-rtos/zephyr';
const NO_POWER = 'left out: no figure whose document we could read';
const STACK = 'our choice, so that the agent and an application have the rest';

export const BOARD_FACTS: readonly BoardFacts[] = [
  {
    board: 'nrf52840',
    title: 'Nordic nRF52840',
    core: 'Cortex-M4',
    clockMhz: 64,
    stackBytes: 65_536,
    sectorEraseMs: { value: 85, is: 'typical' },
    power: { milliamps: 3.3, volts: 3, of: 'the chip without its radio, DC/DC converter on' },
    sources: {
      core: 'Nordic Semiconductor, nRF52840 Product Specification, chapter CPU',
      clock: 'Nordic Semiconductor, nRF52840 Product Specification, chapter CPU: 64 MHz',
      stack: STACK,
      flashTimes: 'nrf-rs/nrf-hal pull request 385: a page takes 85 ms. The time of a word: left out',
      power:
        'nRF52840 Product Specification, chapter Current consumption, CPU running: CoreMark from flash, 52 µA/MHz, ' +
        '3.3 mA at 64 MHz, 3 V, DC/DC (as others quote it; its Compounded table gives 8.1 mA with the radio sending)',
    },
  },
  {
    board: 'stm32f070rb',
    title: 'STM32F070RB, as in the LEGO BOOST Move Hub, with a serial NOR flash added',
    core: 'Cortex-M0',
    clockMhz: 48,
    stackBytes: 8_192,
    sectorEraseMs: { value: 40, is: 'longest' },
    sources: {
      core: `${ZEPHYR} dts/arm/st/f0/stm32f0.dtsi @013c13502: arm,cortex-m0; pybricks/pybricks-micropython bricks/MOVEHUB`,
      clock: 'mpg/p256-m README.md @44af59e0cff5: 48 MHz, of the STM32F091 of the same series',
      stack: STACK,
      flashTimes: `${ZEPHYR} dts/arm/st/f0/stm32f0.dtsi @013c13502: max-erase-time 40 ms of a 2 KB page`,
      power: NO_POWER,
    },
  },
  {
    board: 'rp2040',
    title: 'RP2040, Raspberry Pi Pico',
    core: 'Cortex-M0+',
    clockMhz: 133,
    stackBytes: 131_072,
    power: { milliamps: 24, volts: 3.3, of: 'the chip, one core working' },
    sources: {
      core: `${ZEPHYR} dts/arm/rpi_pico/rp2040.dtsi @0345722ab: two of arm,cortex-m0+`,
      clock: 'arXiv 2603.19340: 133 MHz',
      stack: `${STACK}; the benchmark's linker script gives up to 189,768 bytes`,
      flashTimes: 'left out: no table of the W25Q16JV that we could read',
      power:
        'arXiv 2603.19340, energy model (scripts/add_energy.py): 24 mA at 3.3 V, from RP2040 Datasheet §5.4; ' +
        'its authors call it an estimate, not a measurement',
    },
  },
  {
    board: 'stm32l4r5',
    title: 'STM32L4R5ZI, the board of pqm4',
    core: 'Cortex-M4',
    clockMhz: 120,
    stackBytes: 262_144,
    sectorEraseMs: { value: 25, is: 'longest' },
    sources: {
      core: `${ZEPHYR} dts/arm/st/l4/stm32l4.dtsi @0071cd3e0: arm,cortex-m4f`,
      clock: 'ST AN4621 Rev 4, introduction: STM32L4+ up to 120 MHz (pqm4 runs it at 24 MHz)',
      stack: STACK,
      flashTimes: `${ZEPHYR} dts/arm/st/l4/stm32l4.dtsi @0071cd3e0: max-erase-time 25 ms, said of a 2 KB page`,
      power: NO_POWER,
    },
  },
  {
    board: 'stm32h743',
    title: 'STM32H743VI, WeAct MiniSTM32H743 with its 8 MB QSPI NOR flash',
    core: 'Cortex-M7',
    clockMhz: 480,
    stackBytes: 262_144,
    sectorEraseMs: { value: 4_000, is: 'longest' },
    sources: {
      core: 'docs.zephyrproject.org 4.0.0, boards/weact/mini_stm32h743: Cortex-M7 with FPU',
      clock: 'docs.zephyrproject.org 4.0.0, boards/weact/mini_stm32h743: 480 MHz at most',
      stack: STACK,
      flashTimes: `${ZEPHYR}, device tree of the STM32H7: max-erase-time 4000 ms of a 128 KB sector`,
      power: NO_POWER,
    },
  },
  {
    board: 'esp32-c3',
    title: 'ESP32-C3FH4, ESP32-C3-DevKitM-1',
    core: 'ESP32-C3',
    clockMhz: 160,
    stackBytes: 131_072,
    power: { milliamps: 40.7, volts: 5, of: 'the whole ESP32-C3-DevKitM-1, radios off' },
    sources: {
      core: `${ZEPHYR} dts/riscv/espressif/esp32c3/esp32c3_common.dtsi @08be3fb16: rv32imc`,
      clock: `${ZEPHYR} dts/riscv/espressif/esp32c3/esp32c3_common.dtsi @08be3fb16: 160 MHz`,
      stack: STACK,
      flashTimes: 'left out: no table of the flash in its package that we could read',
      power:
        'gist.github.com/fabianoriccardi/83fd33797cfb301d6c7f5c4db4b5616d: 40.7 mA at 5 V in a busy loop at 160 MHz',
    },
  },
];

export const boardFacts = (board: string): BoardFacts | undefined => BOARD_FACTS.find((facts) => facts.board === board);
