/**
 * What one update will cost, before there is any device: the agent itself runs, on the board's flash and RAM, against a
 * cloud in the same process and over the link in virtual time (links/virtual-link.ts, level 1). Nothing waits, so an
 * update that takes an hour is predicted in milliseconds; and nothing is a formula of its own, so what the agent does on
 * that link (waits, gives up, asks again) is in the prediction.
 */
import { encodeJobDocument } from '../../../protocol/aws-iot/job-document.ts';
import { FakeCloud } from '../../faults/fake-cloud.ts';
import { flashDevice } from '../../factory.ts';
import { boardParts } from '../../hardware/board-parts.ts';
import { Flash } from '../../hardware/flash.ts';
import { RamBudget } from '../../hardware/ram.ts';
import type { LinkTraffic } from '../../links/channel.ts';
import { seededRandom } from '../../links/seeded-random.ts';
import { type Trace, teeTaps, TraceRecorder } from '../../links/trace.ts';
import { virtualLink } from '../../links/virtual-link.ts';
import { type MachineResult, runMachine } from '../../machine.ts';
import { BoardMeter } from '../../metrics/board-meter.ts';
import { type CostRow, costRows } from '../../metrics/cost.ts';
import { measureEnvelope } from '../../metrics/envelope-parts.ts';
import { WireMeter } from '../../metrics/wire-meter.ts';
import type { AgentEvent, AgentSettings, Connect } from '../../ports.ts';
import { type Board, layoutOf } from '../../profiles/boards.ts';
import type { LinkProfile } from '../../profiles/links.ts';
import { type Exchange, MeteredLink } from './metered-link.ts';
import {
  CLASS_ID,
  createSignedUpdate,
  FACTORY_SEQUENCE,
  imageOf,
  type UpdateContent,
  VENDOR_ID,
  verifyPredicted,
} from './signed-update.ts';

export interface UpdateChoice extends UpdateContent {
  readonly blockBytes: number;
  /** How much one request asks for; at least one block is. */
  readonly requestBytes: number;
  readonly qos: 0 | 1;
}

export interface Surroundings {
  readonly board: Board;
  /** Without it messages take no time at all. */
  readonly link: LinkProfile | undefined;
  /** Of losses and jitter. */
  readonly seed: number;
  /** Longest wait for an answer: as `device run` has it, unless told otherwise. */
  readonly answerTimeoutMs?: number;
}

export interface PredictedUpdate {
  readonly choice: UpdateChoice;
  /** `ok`, or why the device does not get to the end. */
  readonly code: string;
  readonly detail: string;
  /** As a meter counts them; how: `modelled`, since no socket carried them. */
  readonly rows: readonly CostRow[];
  readonly trace: Trace;
  readonly exchanges: readonly Exchange[];
  readonly durationMs: number;
  readonly traffic: LinkTraffic | undefined;
  readonly envelopeBytes: number;
  /** How often the envelope's signatures are verified. */
  readonly authentications: number;
  /** By the boot loader, over all starts. */
  readonly bootHashedBytes: number;
}

/** As long as names of the demonstration: topics are part of every message. */
const THING = 'hub-1';
const CAMPAIGN = 'c-20260101T000000-0123';
/** bytes. What runs before; nothing depends on it but what a swap moves. */
const OLD_IMAGE_BYTES = 4_096;

const SETTINGS: Omit<AgentSettings, 'blockBytes' | 'requestBytes'> = {
  answerTimeoutMs: 10_000,
  attempts: 5,
  connections: 8,
  backoffMs: { first: 500, longest: 30_000 },
  idleTimeoutMs: 60_000,
};

/** @throws {RangeError} where the image does not fit the board's slot */
export async function predictUpdate(choice: UpdateChoice, surroundings: Surroundings): Promise<PredictedUpdate> {
  const { board, link, seed, answerTimeoutMs = SETTINGS.answerTimeoutMs } = surroundings;
  expectRoom(choice.imageBytes, board);
  const update = createSignedUpdate(choice);
  const cloud = new FakeCloud(THING);
  const stream = CAMPAIGN;
  cloud.files.set(`${stream}/0`, update.envelope).set(`${stream}/1`, update.image);
  cloud.addJobWith(
    CAMPAIGN,
    encodeJobDocument({
      stream,
      roots: [],
      envelope: { fileId: 0, bytes: update.envelope.length },
      files: [{ fileId: 1, bytes: update.image.length, uri: update.uri }],
    }),
  );
  const meters = new Meters(board);
  flashDevice(boardParts(meters.flash, board), {
    thing: THING,
    vendorId: VENDOR_ID,
    classId: CLASS_ID,
    root: update.root,
    image: imageOf(OLD_IMAGE_BYTES, 1),
    sequenceNumber: FACTORY_SEQUENCE,
  });
  const linked = linkedTo(cloud, { link, seed, qos: choice.qos, timeoutMs: answerTimeoutMs });
  const metered = new MeteredLink({
    clock: cloud.clock,
    clientId: THING,
    qos: choice.qos,
    openTap: (version) => teeTaps(meters.wire.openConnection(version), meters.recorder.openConnection(version)),
  });
  const outcome = await runMachine({
    board,
    flash: meters.flash,
    ram: meters.ram,
    settings: { ...SETTINGS, answerTimeoutMs, blockBytes: choice.blockBytes, requestBytes: choice.requestBytes },
    connect: metered.around(linked.connect),
    clock: cloud.clock,
    verify: verifyPredicted,
    random: seededRandom(seed),
    isHealthy: () => true,
    observe: (event) => meters.note(event),
  });
  return {
    choice,
    ...endOf(outcome),
    rows: meters.rows(choice, { envelope: update.envelope, link }),
    trace: meters.recorder.trace,
    exchanges: metered.exchanges,
    durationMs: cloud.clock.nowMs(),
    traffic: linked.traffic?.(),
    envelopeBytes: update.envelope.length,
    authentications: meters.authentications,
    bootHashedBytes: meters.bootHashedBytes,
  };
}

function expectRoom(imageBytes: number, board: Board): void {
  const slotBytes = layoutOf(board).slots[0].sectors * board.sectorBytes;
  if (imageBytes <= slotBytes) return;
  throw new RangeError(`${board.name}: a slot holds ${slotBytes} bytes, got an image of ${imageBytes}`);
}

interface Linked {
  readonly connect: Connect;
  readonly traffic?: () => LinkTraffic;
}

function linkedTo(
  cloud: FakeCloud,
  { link, qos, ...options }: Pick<Surroundings, 'link' | 'seed'> & { readonly qos: 0 | 1; readonly timeoutMs: number },
): Linked {
  if (!link) return { connect: cloud.connect };
  return virtualLink(cloud.connect, { ...options, link, qos, clock: cloud.clock, clientId: THING });
}

const endOf = (outcome: MachineResult): Pick<PredictedUpdate, 'code' | 'detail'> => {
  if (outcome.kind === 'offline') return { code: 'offline', detail: outcome.detail };
  if (outcome.kind === 'no-job') return { code: 'no-job', detail: 'no answer of the Jobs service came in time' };
  const { code, at, detail } = outcome.report;
  return { code, detail: at === '' ? detail : `${at}: ${detail}` };
};

/** The same meters that a device over a real socket has. */
class Meters {
  readonly flash: Flash;
  readonly ram: RamBudget;
  readonly wire = new WireMeter();
  readonly recorder = new TraceRecorder();
  authentications = 0;
  bootHashedBytes = 0;
  readonly #board: Board;
  readonly #meter: BoardMeter;

  constructor(board: Board) {
    this.#board = board;
    this.flash = new Flash(board);
    this.ram = new RamBudget(board.agentRamBytes, 'boot');
    this.#meter = new BoardMeter({ flashCounters: () => this.flash.counts, ram: this.ram });
  }

  note(event: AgentEvent): void {
    if (event.kind === 'boot') this.#meter.enterBoot();
    if (event.kind === 'state') this.#meter.enterState(event.state);
    if (event.kind === 'envelope') this.authentications += 1;
    if (event.kind !== 'started') return;
    this.#meter.noteStart(event);
    this.bootHashedBytes += event.hashedBytes;
  }

  rows(
    { algorithms, blockBytes }: UpdateChoice,
    { envelope, link }: { readonly envelope: Uint8Array; readonly link: LinkProfile | undefined },
  ): readonly CostRow[] {
    this.#meter.settle();
    const context = {
      run: 'predicted',
      seed: '',
      commit: '',
      profile: this.#board.name,
      link: link?.name ?? '',
      algorithm: algorithms.join('+'),
      blockBytes,
    };
    const rows = costRows(context, {
      wire: this.wire,
      board: this.#meter,
      ramPeaks: this.ram.peakBytes,
      maxSectorErases: Math.max(...this.flash.erases),
      envelope: measureEnvelope(envelope),
    });
    return rows.map((row) => ({ ...row, how: 'modelled' }));
  }
}
