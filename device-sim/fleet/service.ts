/**
 * A server that a fleet run starts, meters, kills where a fault says so, starts again, and stops at the end: the cloud, or a
 * broker. Where it ends on its own, the run does.
 */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { FleetError, type FleetErrorCode } from './fleet-error.ts';
import { lastWordsOf } from './last-words.ts';
import { type ProcessReading, readProcess } from './machine-facts.ts';
import type { ProcessCost } from './result.ts';

export interface ServiceSpec {
  /** As errors call it: `the cloud`. */
  readonly name: string;
  readonly diedCode: FleetErrorCode;
  readonly spawn: () => ChildProcess;
  /** Resolves once it serves. */
  readonly isReady: (child: ChildProcess) => Promise<void>;
}

export class Service implements AsyncDisposable {
  /** Rejects when it ends without being asked to; never resolves. */
  readonly died: Promise<never>;
  readonly #spec: ServiceSpec;
  readonly #death = Promise.withResolvers<never>();
  #child: ChildProcess | undefined;
  #isWanted = false;
  #lastWords = (): string => '';
  #reading: ProcessReading = { rssBytes: 0, cpuMs: 0 };
  #peakRssBytes = 0;
  #idle: ProcessReading = { rssBytes: 0, cpuMs: 0 };
  /** Of those that were killed. */
  #formerCpuMs = 0;

  constructor(spec: ServiceSpec) {
    this.#spec = spec;
    this.died = this.#death.promise;
    // Whoever races against it sees it; nobody else has to.
    this.died.catch(() => undefined);
  }

  /** @throws {FleetError} where it ends before it serves */
  async start(): Promise<void> {
    const child = this.#spec.spawn();
    this.#child = child;
    this.#isWanted = true;
    this.#lastWords = lastWordsOf(child);
    child.on('error', (error) => this.#death.reject(this.#obituary(error.message)));
    child.on('exit', (code, signal) => {
      if (this.#isWanted && child === this.#child) this.#death.reject(this.#obituary(signal ?? `exit code ${code}`));
    });
    await Promise.race([this.#spec.isReady(child), this.died]);
  }

  /** SIGKILL: what power and kernels do, without a chance to say goodbye. */
  async kill(): Promise<void> {
    this.read();
    this.#formerCpuMs += this.#reading.cpuMs;
    this.#reading = { rssBytes: 0, cpuMs: 0 };
    await this.#end('SIGKILL');
  }

  /** Counting begins: what it has now is what it needs without devices. */
  markIdle(): void {
    this.read();
    this.#idle = { ...this.#reading, cpuMs: this.#cpuMs };
    this.#peakRssBytes = this.#reading.rssBytes;
  }

  /** Takes a reading. */
  read(): void {
    const reading = this.#child?.pid === undefined ? undefined : readProcess(this.#child.pid);
    if (!reading) return;
    this.#reading = reading;
    this.#peakRssBytes = Math.max(this.#peakRssBytes, reading.rssBytes);
  }

  get rssBytes(): number {
    return this.#reading.rssBytes;
  }

  /** Since `markIdle`. */
  get cost(): ProcessCost {
    return {
      rssBytes: this.#peakRssBytes,
      idleRssBytes: this.#idle.rssBytes,
      cpuMs: this.#cpuMs - this.#idle.cpuMs,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end('SIGTERM');
  }

  get #cpuMs(): number {
    return this.#formerCpuMs + this.#reading.cpuMs;
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    this.#isWanted = false;
    const child = this.#child;
    if (!child?.pid || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  }

  #obituary(how: string): FleetError {
    const { name, diedCode } = this.#spec;
    return new FleetError(diedCode, `${name} ended during the run (${how})${this.#lastWords()}`);
  }
}
