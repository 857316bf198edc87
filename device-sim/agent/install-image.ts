/**
 * Carries out what the SUIT processor decides, on this device: the only place where a manifest's commands become flash
 * operations and requests to the network.
 *
 * The slot that runs is only ever read. Everything goes to the other one, and nothing of it takes effect before
 * `BootControl.tryNext`, so that the update procedure can be run again after a power cut at any point.
 */
import type { JobDocument } from '../../protocol/aws-iot/job-document.ts';
import { concatBytes, equalBytes, utf8 } from '../../protocol/bytes.ts';
import { Rejection } from '../../protocol/errors.ts';
import type { AuthenticatedEnvelope } from '../../protocol/suit/authenticate.ts';
import { describeDigest, equalDigests, SHA_256, type SuitDigest } from '../../protocol/suit/digest.ts';
import {
  type Operation,
  type OperationResult,
  type ProcedureOutcome,
} from '../../protocol/suit/processor/operations.ts';
import { type AgentPorts, type FlashArea, isOlder, otherSlot, type SlotImage, type SlotNumber } from '../ports.ts';
import { eraseBlockLog } from './block-store.ts';
import { SlotMap } from './components.ts';
import { download } from './download.ts';
import { fillArea } from './flash-bytes.ts';
import type { Link } from './link.ts';
import { planFetch } from './plan-fetch.ts';
import { digestInFlash, RunningDigest } from './running-digest.ts';

export interface InstallContext {
  readonly envelope: AuthenticatedEnvelope;
  /** In which its sequence number counts. */
  readonly epoch: number;
  /** Absent in the invocation procedure, which fetches nothing. */
  readonly job?: JobDocument;
  readonly link?: Link;
  readonly ports: AgentPorts;
}

type OperationOf<Name extends Operation['do']> = Extract<Operation, { readonly do: Name }>;

/** What is in the spare slot, as far as this run of the procedure knows. */
interface SpareContent {
  readonly imageBytes: number;
  /** From the bytes as they came in, good for one comparison; later ones read flash. */
  readonly arrivedAs?: SuitDigest;
  /** The digest that the manifest demanded of it, and that it had. */
  readonly matched?: SuitDigest;
}

const OK: OperationResult = { ok: true };

const failed = (
  code: 'operation-failed' | 'content-mismatch' | 'image-too-large',
  detail: string,
): OperationResult => ({
  ok: false,
  code,
  detail,
});

const unmatched = (image: string): Rejection =>
  new Rejection('parameter-missing', 'manifest.install', `expected an image-match of the ${image}`);

/** What the invocation procedure may not do here: there is nowhere to write but the image to return to. */
const WRITES: readonly Operation['do'][] = ['fetch', 'write', 'copy', 'swap'];

export class ImageInstaller {
  readonly #context: InstallContext;
  readonly #slots: SlotMap;
  #spare: SpareContent | undefined;
  /** The image that runs has the digest that the manifest demands of it. */
  #isInPlace = false;

  constructor(context: InstallContext) {
    this.#context = context;
    this.#slots = new SlotMap(context.ports.boot.running.slot);
  }

  /** Runs a procedure to its end. @throws {Rejection}, @throws {Unavailable} */
  async run(procedure: Generator<Operation, ProcedureOutcome, OperationResult>): Promise<ProcedureOutcome> {
    let step = procedure.next();
    while (!step.done) step = procedure.next(await this.#carryOut(step.value));
    return step.value;
  }

  /**
   * The image to start next; undefined where it is the running one.
   *
   * @throws {Rejection} `parameter-missing`: the manifest never said what the image must be. Whoever may not speak for the
   *   primary component cannot say it, and so neither starts an image nor gives the running one another number.
   */
  newImage(): SlotImage | undefined {
    const { envelope, epoch } = this.#context;
    if (this.#slots.primary !== this.#slots.spare) {
      if (this.#isInPlace) return undefined;
      throw unmatched('image that runs, or a new one');
    }
    if (!this.#spare?.matched) throw unmatched('new image');
    return {
      slot: this.#slots.spare,
      imageBytes: this.#spare.imageBytes,
      digest: this.#spare.matched,
      epoch,
      sequenceNumber: envelope.manifest.sequenceNumber,
    };
  }

  async #carryOut(operation: Operation): Promise<OperationResult> {
    if (!this.#context.job && WRITES.includes(operation.do)) {
      return failed('operation-failed', `expected no ${operation.do} while the image is being started`);
    }
    switch (operation.do) {
      case 'fetch':
        return this.#fetch(operation);
      case 'write':
        return this.#write(operation);
      case 'copy':
        return this.#copy(operation);
      case 'swap':
        // A slot may have two names: to exchange it with itself changes nothing, least of all what is primary.
        if (this.#slots.slotOf(operation.from) !== this.#slots.slotOf(operation.to)) this.#slots.swap();
        return OK;
      case 'invoke':
        // The boot loader has done it: this runs in the image that the manifest starts.
        return OK;
      case 'match-image':
        return this.#matchImage(operation);
      case 'check-content':
        return this.#checkContent(operation);
      case 'check-slot':
        break;
    }
    return this.#checkSlot(operation);
  }

  async #fetch({ component, uri, imageBytes, digest }: OperationOf<'fetch'>): Promise<OperationResult> {
    const { envelope, job, link, ports } = this.#context;
    if (!job || !link) throw new TypeError('fetch without a job');
    if (digest && imageBytes === ports.boot.running.imageBytes && equalDigests(digest, ports.boot.running.digest)) {
      // §8.4.10.4: the target matches already.
      if (this.#slots.slotOf(component) === ports.boot.running.slot) {
        this.#isInPlace = true;
        return OK;
      }
    }
    const slot = this.#slotToWrite(component);
    const area = ports.slots[slot];
    const plan = planFetch(
      { uri, ...(imageBytes !== undefined && { imageBytes }) },
      { files: job.files, slotBytes: area.areaBytes },
    );
    if (!plan.ok) return plan;
    const { fileId, bytes: fileBytes } = plan.file;
    const { ram, createDigest } = ports;
    const algorithmId = digest?.algorithmId ?? SHA_256;
    const hash = new RunningDigest({ area, ram, fileBytes, algorithmId, createDigest });
    const file = {
      streamId: job.stream,
      fileId,
      fileBytes,
      key: concatBytes(envelope.digest.bytes, Uint8Array.of(slot), utf8(uri)),
      area,
      log: ports.blockLogs.image,
      digest: hash,
    };
    await download(link, file, ports);
    this.#spare = { imageBytes: fileBytes, arrivedAs: hash.digest() };
    return OK;
  }

  #write({ component, content }: OperationOf<'write'>): OperationResult {
    const area = this.#context.ports.slots[this.#slotToWrite(component)];
    if (content.length > area.areaBytes) return failed('image-too-large', `${content.length} bytes do not fit a slot`);
    this.#fill(area, content.length, (offset, target) => target.set(content.subarray(offset, offset + target.length)));
    return OK;
  }

  #copy({ from, to, imageBytes }: OperationOf<'copy'>): OperationResult {
    const source = this.#slots.slotOf(from);
    const bytes = imageBytes ?? this.#contentBytes(source);
    const target = this.#slotToWrite(to);
    // What waits becomes what will run: it is there already, or the boot loader puts it there, and keeps what it finds.
    if (source === target) return OK;
    const { slots } = this.#context.ports;
    if (bytes > slots[target].areaBytes) return failed('image-too-large', `${bytes} bytes do not fit a slot`);
    this.#fill(slots[target], bytes, (offset, piece) => slots[source].read(offset, piece));
    return OK;
  }

  /** The spare slot anew, `read` giving its content piece by piece. */
  #fill(area: FlashArea, imageBytes: number, read: (offset: number, target: Uint8Array) => void): void {
    const { ram, blockLogs } = this.#context.ports;
    eraseBlockLog(blockLogs.image);
    fillArea(area, { bytes: imageBytes, ram, read });
    this.#spare = { imageBytes };
  }

  #matchImage({ component, digest, imageBytes }: OperationOf<'match-image'>): OperationResult {
    const { ports } = this.#context;
    const slot = this.#slots.slotOf(component);
    const bytes = imageBytes ?? this.#contentBytes(slot);
    const isSpare = slot === this.#slots.spare;
    const found = (isSpare && this.#takeArrived(bytes)) || this.#hash(slot, bytes, digest.algorithmId);
    if (!equalDigests(found, digest)) {
      if (isSpare && this.#spare) eraseBlockLog(ports.blockLogs.image);
      const detail = `expected ${describeDigest(digest)}, got ${describeDigest(found)}`;
      return { ok: false, code: 'image-mismatch', detail, measured: { imageDigest: found } };
    }
    if (isSpare && this.#spare?.imageBytes === bytes) this.#spare = { ...this.#spare, matched: digest };
    if (slot === ports.boot.running.slot && bytes === ports.boot.running.imageBytes) this.#isInPlace = true;
    return OK;
  }

  /** The digest that was made on the way in, once: whatever asks again gets what flash holds. */
  #takeArrived(imageBytes: number): SuitDigest | undefined {
    const spare = this.#spare;
    if (!spare?.arrivedAs || spare.imageBytes !== imageBytes) return undefined;
    this.#spare = { imageBytes };
    return spare.arrivedAs;
  }

  #hash(slot: SlotNumber, fileBytes: number, algorithmId: number): SuitDigest {
    const { slots, ram, createDigest } = this.#context.ports;
    const area = slots[slot];
    return digestInFlash({ area, ram, fileBytes: Math.min(fileBytes, area.areaBytes), algorithmId, createDigest });
  }

  #checkContent({ component, content }: OperationOf<'check-content'>): OperationResult {
    const { slots, ram } = this.#context.ports;
    using found = ram.allocate('content', content.length);
    const area = slots[this.#slots.slotOf(component)];
    if (content.length <= area.areaBytes) area.read(0, found.bytes);
    return equalBytes(found.bytes, content) ? OK : failed('content-mismatch', `expected other ${content.length} bytes`);
  }

  /** Which slot an image for this component must be built for: the one that it will be started from. */
  #checkSlot({ slot }: OperationOf<'check-slot'>): OperationResult {
    const { job, ports } = this.#context;
    const whereItIs = job ? this.#slots.spare : this.#slots.primary;
    const actual = ports.layout === 'a/b' ? whereItIs : 0;
    if (slot === actual) return OK;
    return { ok: false, code: 'wrong-slot', detail: `expected slot ${actual}, got ${slot}` };
  }

  /**
   * @throws {Rejection} `sequence-rollback`: the installed manifest may be applied again, but another image needs a
   *   higher number; otherwise two manifests of one number could undo each other for ever
   */
  #slotToWrite(component: OperationOf<'write'>['component']): SlotNumber {
    const { envelope, epoch, ports } = this.#context;
    const installed = ports.boot.confirmed();
    const { sequenceNumber } = envelope.manifest;
    if (!isOlder(installed, { epoch, sequenceNumber })) {
      const detail = `expected more than ${installed.sequenceNumber} for another image, got ${sequenceNumber}`;
      throw new Rejection('sequence-rollback', 'manifest.sequence-number', detail);
    }
    const slot = this.#slots.slotToWrite(component);
    if (slot !== otherSlot(installed.slot)) throw new RangeError(`slot ${slot} holds the image to return to`);
    return slot;
  }

  #contentBytes(slot: SlotNumber): number {
    const { running } = this.#context.ports.boot;
    if (slot === running.slot) return running.imageBytes;
    return this.#spare?.imageBytes ?? 0;
  }
}
