/** All that the runs of an experiment need: clouds that run, and a job for the thing of each run. It is gone afterwards. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TlsCredential } from '../../device-credentials.ts';
import { type Board, boardNamed } from '../../profiles/boards.ts';
import type { Experiment } from '../experiment/experiment.ts';
import type { VariantWorld } from '../variants/run-variant.ts';
import { type Cloud, cloudKey, Clouds } from './clouds.ts';
import { CommandProcess } from './command-process.ts';
import { provisionThings } from './credentials.ts';
import { type PlannedRun, thingOf } from './plan-runs.ts';
import { Releases } from './releases.ts';

export type RunWorld = Pick<VariantWorld, 'mqttUrl' | 'tls' | 'thing' | 'board' | 'factory'>;

export class ExperimentWorld implements AsyncDisposable {
  readonly #clouds: Clouds;
  readonly #releases: Releases;
  readonly #board: Board;
  readonly #credentials: ReadonlyMap<string, TlsCredential>;
  readonly #resources: AsyncDisposableStack;

  private constructor(made: {
    readonly clouds: Clouds;
    readonly releases: Releases;
    readonly board: Board;
    readonly credentials: ReadonlyMap<string, TlsCredential>;
    readonly resources: AsyncDisposableStack;
  }) {
    this.#clouds = made.clouds;
    this.#releases = made.releases;
    this.#board = made.board;
    this.#credentials = made.credentials;
    this.#resources = made.resources;
  }

  static async open(experiment: Experiment, runs: readonly PlannedRun[]): Promise<ExperimentWorld> {
    await using resources = new AsyncDisposableStack();
    const folder = resources.adopt(mkdtempSync(join(tmpdir(), 'bristlecone-measure-')), (it) =>
      rmSync(it, { recursive: true, force: true }),
    );
    const commands = resources.use(new CommandProcess());
    const clouds = resources.use(
      await Clouds.start(
        runs.map(({ spec }) => spec),
        folder,
      ),
    );
    const releases = new Releases(experiment, { folder: join(folder, 'releases'), commands, signing: clouds.first });
    const board = boardNamed(experiment.runsOn);
    if (!board) throw new RangeError(`experiment: no board ${experiment.runsOn}`);
    const possible = runs.filter(({ spec }) => clouds.isStarted(spec));
    for (const { cloud, first, things } of campaignsOf(possible, clouds)) {
      const id = await releases.idIn(cloud, first.spec);
      await commands.run(['campaign', 'create', '--release', id, '--data', cloud.data, '--thing', ...things]);
    }
    const credentials = await credentialsOf(possible, { clouds, releases, board, commands });
    return new ExperimentWorld({ clouds, releases, board, credentials, resources: resources.move() });
  }

  async of({ spec, position }: PlannedRun): Promise<RunWorld> {
    const { mqttUrl, tls } = this.#clouds.of(spec);
    const thing = thingOf(position);
    const credential = this.#credentials.get(thing);
    const factory = await this.#releases.factory(spec);
    return { mqttUrl, ...(tls && { tls: { ...tls, credential } }), thing, board: this.#board, factory };
  }

  /** Whether a process that runs need is gone: then none of them can succeed any more. */
  get hasEnded(): boolean {
    return this.#clouds.hasEnded;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources.disposeAsync();
  }
}

/** Of the things that come in by certificate. */
async function credentialsOf(
  runs: readonly PlannedRun[],
  world: {
    readonly clouds: Clouds;
    readonly releases: Releases;
    readonly board: Board;
    readonly commands: CommandProcess;
  },
): Promise<ReadonlyMap<string, TlsCredential>> {
  const { clouds, releases, board, commands } = world;
  const all = new Map<string, TlsCredential>();
  for (const group of Map.groupBy(runs, ({ spec }) => cloudKey(spec)).values()) {
    const [first] = group;
    const certificate = first?.spec.certificate;
    if (first?.spec.security !== 'mtls' || certificate === undefined) continue;
    const things = group.map(({ position }) => thingOf(position));
    const factory = await releases.factory(first.spec);
    const cloud = clouds.of(first.spec);
    const credentials = await provisionThings({ cloud, things, certificate, board, factory, commands });
    for (const [thing, credential] of credentials) all.set(thing, credential);
  }
  return all;
}

interface CampaignPlan {
  readonly cloud: Cloud;
  readonly first: PlannedRun;
  readonly things: readonly string[];
}

/** One for each cloud, algorithm and image. */
function campaignsOf(runs: readonly PlannedRun[], clouds: Clouds): readonly CampaignPlan[] {
  const grouped = Map.groupBy(runs, ({ spec }) => [cloudKey(spec), spec.algorithm, spec.image.name].join(' '));
  return [...grouped.values()].flatMap((group) => {
    const [first] = group;
    return first
      ? [{ cloud: clouds.of(first.spec), first, things: group.map(({ position }) => thingOf(position)) }]
      : [];
  });
}
