/**
 * What a fleet run needs before its first device: keys, a release with a signed envelope, a second one that somebody has
 * tampered with, and the campaigns. All through Bristlecone's own commands, as an operator would.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { toHex } from '../../protocol/bytes.ts';
import { digestOfImage } from '../../protocol/suit/digest.ts';
import { seededRandom } from '../links/seeded-random.ts';
import { forgeEnvelope } from '../measure/forge-envelope.ts';
import { listAt, numberAt, textAt } from '../measure/json.ts';
import { CommandProcess } from '../measure/run/command-process.ts';
import { BOARDS, layoutOf } from '../profiles/boards.ts';
import { type CloudCounts, ROGUE_CODE } from './checks.ts';
import { type FleetFactory, thingName, type ThingRange } from './devices/worker-protocol.ts';
import type { FleetSettings } from './result.ts';

const VENDOR = 'fleet.example';
const CLASS = 'sensor';
const FACTORY_SEQUENCE = 1;
const FACTORY_IMAGE_BYTES = 4_096;
const RELEASE_SEQUENCE = 2;
/** `campaign create --thing-prefix` numbers with five digits. */
const NAMES = { prefix: 'fleet-', digits: 5 } as const;

export const KEY_SPECS: Readonly<Record<string, string>> = {
  ES256: 'ECC_NIST_P256',
  'ML-DSA-44': 'ML_DSA_44',
  'ML-DSA-65': 'ML_DSA_65',
  'ML-DSA-87': 'ML_DSA_87',
};

export interface Prepared {
  readonly factory: FleetFactory;
  readonly expects: { readonly imageBytes: number; readonly digestHex: string };
  readonly envelopeBytes: number;
  /** Numbers of the things whose envelope is tampered with. */
  readonly rogues: readonly number[];
}

/** The devices of worker `index` of `workers`. */
export function thingsOf(index: number, { devices, workers }: Pick<FleetSettings, 'devices' | 'workers'>): ThingRange {
  const before = Math.floor((devices * index) / workers);
  return { ...NAMES, first: before + 1, count: Math.floor((devices * (index + 1)) / workers) - before };
}

/** Spread evenly, so that every worker and every moment has some; at least one where the share is above 0. */
export function rogueNumbers({
  devices,
  rogueShare,
}: Pick<FleetSettings, 'devices' | 'rogueShare'>): readonly number[] {
  const count = rogueShare === 0 ? 0 : Math.max(1, Math.round(devices * rogueShare));
  return Array.from({ length: count }, (_, index) => 1 + Math.floor(((index + 0.5) * devices) / count));
}

/** The first that has a slot for it. @returns undefined where none has */
export const boardFor = (imageBytes: number): string | undefined =>
  ['nrf52840', 'esp32-c3'].find((name) => {
    const board = BOARDS.find((it) => it.name === name);
    return board && layoutOf(board).slots[0].sectors * board.sectorBytes >= imageBytes;
  });

/** The operator's side of one run: a cloud's data folder, and a folder for images and envelopes. */
export class Operator {
  readonly #folder: string;
  readonly #data: string;
  readonly #settings: FleetSettings;
  readonly #releases = new Map<Kind, string>();
  readonly #campaigns = new Map<Kind, string>();

  constructor(settings: FleetSettings, { folder, data }: { readonly folder: string; readonly data: string }) {
    this.#settings = settings;
    this.#folder = folder;
    this.#data = data;
    mkdirSync(folder, { recursive: true });
  }

  /** Needs a cloud that runs. With its campaign, unless devices connect first. @throws {Unavailable} where a command refuses */
  async prepare(): Promise<Prepared> {
    await using commands = new CommandProcess();
    const done: Done = (args) => commands.run([...args, '--data', this.#data]);
    const { imageBytes, seed } = this.#settings;
    const image = seededBytes(imageBytes, seed);
    writeFileSync(this.#file('image.bin'), image);
    const algorithms = this.#settings.algorithm.split('+');
    for (const algorithm of algorithms)
      await done(['key', 'create', '--spec', KEY_SPECS[algorithm] ?? algorithm, '--alias', algorithm]);
    const release = await done([
      ...['release', 'create', '--out', this.#file('release.suit'), ...this.#named('image.bin')],
      ...['--key', ...algorithms],
    ]);
    this.#releases.set('good', textAt(release, 'id'));
    const rogues = rogueNumbers(this.#settings);
    if (rogues.length > 0) this.#releases.set('rogue', await this.#addForgery(done));
    if (!this.#settings.connectFirst) await this.#createCampaigns(done);
    return {
      factory: this.#factory(),
      expects: { imageBytes, digestHex: toHex(digestOfImage(image).bytes) },
      envelopeBytes: numberAt(release, 'envelopeBytes'),
      rogues,
    };
  }

  /** Where devices connect first: that of good devices, and then that of rogues. @throws {Unavailable} */
  async beginCampaigns(): Promise<void> {
    await using commands = new CommandProcess();
    await this.#createCampaigns((args) => commands.run([...args, '--data', this.#data]));
  }

  /** What its books say, device by device. */
  async counts(): Promise<CloudCounts> {
    await using commands = new CommandProcess();
    const status = async (kind: Kind): Promise<unknown> => {
      const id = this.#campaigns.get(kind);
      if (id === undefined) return { counts: {}, refusals: [], total: 0 };
      return commands.run(['campaign', 'status', id, '--data', this.#data]);
    };
    const good = await status('good');
    const rogue = await status('rogue');
    return {
      good: { done: countAt(good, 'SUCCEEDED'), total: totalOf(good) },
      rogue: { refused: refusedWith(ROGUE_CODE, rogue), total: totalOf(rogue) },
    };
  }

  async #createCampaigns(done: Done): Promise<void> {
    const { devices } = this.#settings;
    const rogues = rogueNumbers(this.#settings);
    const create = async (kind: Kind, things: readonly string[]): Promise<void> => {
      const args = ['campaign', 'create', '--release', this.#releases.get(kind) ?? '', ...things];
      this.#campaigns.set(kind, textAt(await done(args), 'id'));
    };
    if (rogues.length === 0) return create('good', ['--thing-prefix', NAMES.prefix, '--count', String(devices)]);
    const isRogue = new Set(rogues);
    const good = Array.from({ length: devices }, (_, index) => index + 1).filter((number) => !isRogue.has(number));
    await create('good', this.#thingsFile('good.txt', good));
    await create('rogue', this.#thingsFile('rogue.txt', rogues));
  }

  /** An authentic envelope in which somebody has replaced the image, and mended every digest. */
  async #addForgery(done: Done): Promise<string> {
    const envelope = readBytes(this.#file('release.suit'));
    const forged = forgeEnvelope({ envelope, image: readBytes(this.#file('image.bin')) });
    writeFileSync(this.#file('forged.suit'), forged.envelope);
    writeFileSync(this.#file('forged.bin'), forged.image);
    const added = await done([
      ...['release', 'add', '--unchecked', '--envelope', this.#file('forged.suit')],
      ...this.#named('forged.bin'),
    ]);
    return textAt(added, 'id');
  }

  /** What `release create` handed to manufacturing. */
  #factory(): FleetFactory {
    const folder = join(this.#data, 'factory');
    const order: unknown = JSON.parse(readFileSync(join(folder, 'device.json'), 'utf8'));
    const { imageBytes, seed } = this.#settings;
    return {
      board: boardFor(imageBytes) ?? 'none',
      vendorIdHex: textAt(order, 'vendorId').replaceAll('-', ''),
      classIdHex: textAt(order, 'classId').replaceAll('-', ''),
      rootBase64: readBytes(join(folder, 'root.cose')).toBase64(),
      imageBase64: seededBytes(FACTORY_IMAGE_BYTES, seed + 1).toBase64(),
      sequenceNumber: FACTORY_SEQUENCE,
    };
  }

  #thingsFile(name: string, numbers: readonly number[]): readonly string[] {
    writeFileSync(this.#file(name), numbers.map((number) => thingName(NAMES, number)).join('\n'));
    return ['--things-file', this.#file(name)];
  }

  #named(image: string): readonly string[] {
    return [
      ...['--image', this.#file(image), '--version', `${RELEASE_SEQUENCE}.0.0`],
      ...['--sequence', String(RELEASE_SEQUENCE), '--vendor', VENDOR, '--class', CLASS],
    ];
  }

  #file(name: string): string {
    return join(this.#folder, name);
  }
}

type Kind = 'good' | 'rogue';

/** Runs one of our commands on the data of the run. */
type Done = (args: readonly string[]) => Promise<unknown>;

const readBytes = (file: string): Uint8Array => new Uint8Array(readFileSync(file));

/** An image like any other to those who carry it: it does not compress, and its blocks differ. */
function seededBytes(count: number, seed: number): Uint8Array {
  const random = seededRandom(seed);
  return Uint8Array.from({ length: count }, () => Math.floor(random() * 256));
}

const totalOf = (status: unknown): number => numberAt(status, 'total');

const refusedWith = (code: string, status: unknown): number =>
  listAt(status, 'refusals').filter((refusal) => textAt(refusal, 'code') === code).length;

function countAt(status: unknown, state: string): number {
  if (typeof status !== 'object' || status === null || !('counts' in status)) return 0;
  const { counts } = status;
  const found = typeof counts === 'object' && counts !== null ? Object.entries(counts) : [];
  const count: unknown = found.find(([name]) => name === state)?.[1];
  return typeof count === 'number' ? count : 0;
}
