/** One case from factory to the end of its jobs, with every invariant looked at after every fault. */
import { JOB_STATUSES } from '../../protocol/aws-iot/jobs.ts';
import { windowBlocks } from '../agent/plan-request.ts';
import type { FakeJob } from './fake-cloud.ts';
import type { FaultCase, Scenario } from './fault.ts';
import { type Counts, FaultWorld, type Tap } from './fault-world.ts';
import { AT_FACTORY, checkBlocks, checkEnd, checkStanding, Violation, violationOf } from './invariants.ts';
import { fixtureOf } from './scenarios.ts';

export interface CaseResult {
  readonly violation: Violation | undefined;
  readonly counts: Counts;
  readonly powerCuts: number;
  /** Of the case's faults, those that happened. */
  readonly faults: number;
  readonly sentBlocks: number;
}

/** More than the faults of a case could need. */
const MAX_POWER_ONS = 12;

export async function runCase(faultCase: FaultCase, tap: Tap = {}): Promise<CaseResult> {
  const world = new FaultWorld(fixtureOf(faultCase.scenario), faultCase, tap);
  const run = new CaseRun(world, faultCase);
  let violation: Violation | undefined;
  try {
    await run.toTheEnd();
  } catch (error) {
    violation = violationOf(error);
  }
  const { counts, faults, sentBlocks } = world;
  return { violation, counts, powerCuts: run.powerCuts, faults, sentBlocks };
}

class CaseRun {
  powerCuts = 0;
  readonly #world: FaultWorld;
  readonly #case: FaultCase;
  #standing = AT_FACTORY;

  constructor(world: FaultWorld, faultCase: FaultCase) {
    this.#world = world;
    this.#case = faultCase;
  }

  async toTheEnd(): Promise<void> {
    const { scenario, faults } = this.#case;
    const { jobs, lastRoot, settings } = fixtureOf(scenario);
    const { parts, cloud } = this.#world;
    await this.#untilJobsAreDone();
    let good = cloud.jobs[jobs.findIndex(({ isGood }) => isGood)]!;
    let allowedBlocks = 0;
    for (let again = 1; again <= this.#clocksAhead && isExcused(good); again++) {
      allowedBlocks = this.#world.sentBlocks;
      good = this.#world.addJob(`job-again-${again}`, jobs.length - 1);
      await this.#untilJobsAreDone();
    }
    for (const [n, { isGood }] of jobs.entries()) {
      const { jobId, status } = cloud.jobs[n]!;
      if (!isGood && status === 'SUCCEEDED')
        throw new Violation('verified-image', `${jobId} of the attacker succeeded`);
    }
    checkEnd({ parts, standing: this.#standing, lastRoot, jobStatus: describeEnd(good) });
    if (faults.length === 0) return;
    const usual = await faultlessBlocks(scenario);
    checkBlocks(
      this.#world.sentBlocks - usual - allowedBlocks,
      faults.length * windowBlocks(settings.blockBytes, settings.requestBytes),
    );
  }

  async #untilJobsAreDone(): Promise<void> {
    const { cloud, parts } = this.#world;
    for (let on = 0, wasCut = false; wasCut || cloud.jobs.some(isOpen); on++) {
      if (on === MAX_POWER_ONS) throw new Violation('completes', `no end after ${on} power-ons`);
      wasCut = (await this.#world.powerOn()) === 'power-cut';
      this.powerCuts += wasCut ? 1 : 0;
      this.#standing = checkStanding(parts, this.#standing);
    }
  }

  get #clocksAhead(): number {
    return this.#case.faults.filter(({ place, how }) => place === 'clock' && how === 'ahead').length;
  }
}

/** A clock that is far ahead says that the root has expired: then, and only then, the job has to be sent again. */
const isExcused = ({ status, statusDetails }: FakeJob): boolean =>
  status === 'REJECTED' && statusDetails?.['code'] === 'root-expired';

const isOpen = ({ status }: FakeJob): boolean => !JOB_STATUSES[status].terminal;

const describeEnd = ({ status, statusDetails }: FakeJob): string =>
  status === 'SUCCEEDED'
    ? status
    : `${status} (${statusDetails?.['code'] ?? 'nothing said'}: ${statusDetails?.['detail'] ?? ''})`;

const faultless = new Map<string, Promise<CaseResult>>();

/** The run that all others are compared with: how many operations and messages there are. */
export function countsOf(scenario: Scenario): Promise<CaseResult> {
  const name = JSON.stringify(scenario);
  const known = faultless.get(name) ?? runCase({ seed: 1, scenario, faults: [] });
  faultless.set(name, known);
  return known;
}

const faultlessBlocks = async (scenario: Scenario): Promise<number> => (await countsOf(scenario)).sentBlocks;
