/** A fleet run in the terminal: a few lines that are drawn anew where somebody watches, a line now and then elsewhere. */
import { clearScreenDown, moveCursor } from 'node:readline';
import { sumOf } from './progress.ts';
import type { FaultEvent, FleetResult, FleetSettings, Sample } from './result.ts';
import type { FleetView, Moment, Phase } from './view.ts';
import { byteRate, bytes, count, duration, milliseconds } from './words.ts';

/** The part of a terminal that is drawn on. */
export interface Screen {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): boolean;
}

/** Between lines where nothing can be drawn anew. */
const LINE_EVERY_SECONDS = 5;
const BAR_CELLS = 30;

/** @param screen as process.stderr is: results have standard output for themselves */
export const terminalView = (screen: Screen & NodeJS.WritableStream): FleetView =>
  screen.isTTY ? new DrawnView(screen) : new LineView((line) => void screen.write(`${line}\n`));

class LineView implements FleetView {
  readonly #print: (line: string) => void;
  #phase: Phase | undefined;
  #nextSeconds = 0;
  #devices = 0;

  constructor(print: (line: string) => void) {
    this.#print = print;
  }

  begin({ devices, broker }: FleetSettings): void {
    this.#devices = devices;
    this.#nextSeconds = 0;
    this.#print(`fleet of ${count(devices)} devices, ${broker} broker`);
  }

  phase(phase: Phase, detail: string): void {
    if (phase === this.#phase) return;
    this.#phase = phase;
    this.#print(`${phase}: ${detail}`);
  }

  sample(sample: Sample, { secondsLeft }: Moment): void {
    if (sample.atSeconds < this.#nextSeconds) return;
    this.#nextSeconds = sample.atSeconds + LINE_EVERY_SECONDS;
    const left = secondsLeft === undefined ? '' : `, ${duration(secondsLeft)} left`;
    this.#print(
      `  ${duration(sample.atSeconds)}: ${count(sample.done)} of ${count(this.#devices)} done, ${count(sample.connected)} connected, ${sample.refused} refused, ${sample.failed} failed; ` +
        `${count(sample.blocksPerSecond)} blocks/s, ${byteRate(sample.receivedBytesPerSecond)}, block p99 ${milliseconds(sample.blockP99Ms)}${left}`,
    );
  }

  fault({ atSeconds, fault, detail }: FaultEvent): void {
    this.#print(`  ${duration(atSeconds)}: ${fault} (${detail})`);
  }

  end(_result: FleetResult): void {}
}

class DrawnView implements FleetView {
  readonly #screen: Screen & NodeJS.WritableStream;
  #drawn = 0;
  #devices = 0;
  #phase = '';

  constructor(screen: Screen & NodeJS.WritableStream) {
    this.#screen = screen;
  }

  begin({ devices, broker, imageBytes, algorithm }: FleetSettings): void {
    this.#devices = devices;
    this.#keep(`Fleet of ${count(devices)} devices: ${bytes(imageBytes)} image, ${algorithm}, ${broker} broker`);
  }

  phase(phase: Phase, detail: string): void {
    this.#phase = `${phase}: ${detail}`;
    this.#draw([this.#phase]);
  }

  sample(sample: Sample, moment: Moment): void {
    this.#draw([this.#phase, ...liveLines(sample, moment, this.#devices)]);
  }

  fault({ atSeconds, fault, detail }: FaultEvent): void {
    this.#keep(`${duration(atSeconds)}: ${fault} (${detail})`);
  }

  end(): void {
    this.#draw([]);
  }

  /** A line that stays, above what is drawn. */
  #keep(line: string): void {
    this.#draw([]);
    this.#screen.write(`${line}\n`);
  }

  #draw(lines: readonly string[]): void {
    const { columns = 80 } = this.#screen;
    if (this.#drawn > 0) moveCursor(this.#screen, 0, -this.#drawn);
    clearScreenDown(this.#screen);
    // A line that wraps would take two, and the next drawing would start too low.
    this.#screen.write(lines.map((line) => `${line.slice(0, columns - 1)}\n`).join(''));
    this.#drawn = lines.length;
  }
}

/** What changes, one subject a line. */
function liveLines(sample: Sample, { progress, share, secondsLeft }: Moment, devices: number): readonly string[] {
  const filled = Math.round(share * BAR_CELLS);
  const bar = '█'.repeat(filled) + '░'.repeat(BAR_CELLS - filled);
  const left = secondsLeft === undefined ? '' : `, ${duration(secondsLeft)} left`;
  const codes = [
    ...Object.entries(progress.refused),
    ...Object.entries(progress.failed),
    ...Object.entries(progress.lost),
  ];
  const others = sumOf(progress.refused) + sumOf(progress.failed) + sumOf(progress.lost);
  return [
    `  ${bar} ${Math.floor(share * 100)} %  ${duration(sample.atSeconds)}${left}`,
    `  devices   ${count(sample.done)} of ${count(devices)} done, ${count(others)} refused or failed${codes.length === 0 ? '' : ` (${codes.map(([code, number]) => `${count(number)} ${code}`).join(', ')})`}, ${count(sample.connected)} connected`,
    `  rate      ${count(sample.blocksPerSecond)} blocks/s, ${byteRate(sample.receivedBytesPerSecond)}, ${count(sample.verificationsPerSecond)} signatures verified/s`,
    `  latency   block p50 ${milliseconds(sample.blockP50Ms)}, p99 ${milliseconds(sample.blockP99Ms)}; cloud's event loop p99 ${milliseconds(sample.cloudEventLoopP99Ms)}`,
    `  memory    cloud ${bytes(sample.cloudRssBytes)}, devices ${bytes(sample.fleetRssBytes)}: ${bytes(Math.max(0, progress.rssBytes - progress.idleRssBytes) / devices)} each`,
  ];
}
