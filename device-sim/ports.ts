/**
 * All that the agent knows of the board and the world. What is on the other side of these may be simulated
 * (hardware/, transports/) or real; the agent cannot tell.
 */
import type { StreamFormat } from '../protocol/aws-iot/topics.ts';
import { expectArray, expectUint, expectUint64 } from '../protocol/cbor/expect.ts';
import type { CborValue } from '../protocol/cbor/value.ts';
import type { VerifySignature } from '../protocol/cose/algorithms.ts';
import {
  type CreateDigest,
  digestValue,
  equalDigests,
  type SuitDigest,
  suitDigestOf,
} from '../protocol/suit/digest.ts';
import type { LayoutKind } from '../protocol/suit/layouts.ts';
import type { AuthenticatedRelease } from '../protocol/trust/release.ts';
import type { decodeTrustState } from '../protocol/trust/state-bytes.ts';

/** Our surroundings are not ready: no connection, no answer. Whoever catches it tries again later. */
export class Unavailable extends Error {
  override readonly name = 'Unavailable';
}

/** How `Power.reboot` unwinds the agent, whose RAM is gone. Only what starts the agent may catch it. */
export class Reboot extends Error {
  override readonly name = 'Reboot';
}

/** A part of NOR flash, addressed from its own start. A cell is written once after each erase. */
export interface FlashArea {
  /** A whole number of sectors. */
  readonly areaBytes: number;
  readonly sectorBytes: number;
  /** Granularity of a write: its offset and length are multiples of it. */
  readonly writeBytes: number;
  read(offset: number, target: Uint8Array): void;
  write(offset: number, bytes: Uint8Array): void;
  eraseSector(sector: number): void;
}

/** The one value that survives a reboot at any point: `write` replaces it whole or not at all. */
export interface Journal {
  /** A copy; undefined before the first write. */
  read(): Uint8Array | undefined;
  write(value: Uint8Array): void;
}

/** Where a board keeps its trust: roots as they were signed, and the small record that says which of them holds. */
export interface TrustFlash {
  readonly record: Journal & { readonly maxValueBytes: number };
  readonly roots: readonly [FlashArea, FlashArea];
}

export type SlotNumber = 0 | 1;

export const otherSlot = (slot: SlotNumber): SlotNumber => (slot === 0 ? 1 : 0);

/** The place of a release in the order of its class. A trust root may begin an epoch, which forgets the numbers before. */
export interface ReleaseNumber {
  readonly epoch: number;
  /** Of the manifest. */
  readonly sequenceNumber: number | bigint;
}

export const isOlder = (one: ReleaseNumber, other: ReleaseNumber): boolean =>
  one.epoch < other.epoch || (one.epoch === other.epoch && one.sequenceNumber < other.sequenceNumber);

/** An image in a slot, as the boot loader needs it: it starts nothing whose digest differs. */
export interface SlotImage extends ReleaseNumber {
  readonly slot: SlotNumber;
  readonly imageBytes: number;
  readonly digest: SuitDigest;
}

/** Wherever they are: a boot loader may move an image before it starts it. */
export const isSameImage = (one: SlotImage, other: SlotImage): boolean =>
  one.epoch === other.epoch &&
  BigInt(one.sequenceNumber) === BigInt(other.sequenceNumber) &&
  equalDigests(one.digest, other.digest);

/** How both the agent and the boot loader keep it in flash. */
export const slotImageValue = ({ slot, imageBytes, digest, epoch, sequenceNumber }: SlotImage): CborValue => [
  slot,
  imageBytes,
  digestValue(digest),
  sequenceNumber,
  epoch,
];

/** @throws {Rejection} `wrong-shape`, `unsupported-algorithm` */
export function slotImageOf(value: CborValue | undefined, at: string): SlotImage {
  const [slot, imageBytes, digest, sequenceNumber, epoch] = expectArray(value, at, 5);
  return {
    slot: expectUint(slot, `${at}.slot`) === 0 ? 0 : 1,
    imageBytes: expectUint(imageBytes, `${at}.imageBytes`),
    digest: suitDigestOf(digest, `${at}.digest`),
    sequenceNumber: expectUint64(sequenceNumber, `${at}.sequenceNumber`),
    epoch: expectUint(epoch, `${at}.epoch`),
  };
}

/** The boot loader's service to the image it started. Each call takes effect whole or not at all. */
export interface BootControl {
  /** The image that is running. On trial it is not the confirmed one. */
  readonly running: SlotImage;
  /** The image to return to: what was last confirmed. Its sequence number is the installed one. */
  confirmed(): SlotImage;
  /** The image that is on trial, or will be at the next boot. */
  trial(): SlotImage | undefined;
  /**
   * Start `image` at the next boot, on trial: unless it is confirmed, the boot loader returns to the confirmed one. It may
   * run from another slot than it waits in.
   */
  tryNext(image: SlotImage): void;
  /** Keep the image that is running, now as this release. */
  confirm(release: ReleaseNumber): void;
  /** Return to the confirmed image at the next boot. */
  giveUp(): void;
}

/** Memory that counts until it is freed. */
export interface RamBuffer extends Disposable {
  readonly bytes: Uint8Array;
  /** The content is not needed any more: nobody looks at it again, though it counts until it is disposed of. */
  letGo?(): void;
}

/**
 * Where the agent's buffers come from: to receive and to send, for the envelope and the job document, for the map of
 * blocks, to compare and to hash. Not counted are the stack (a verifier's above all), decoded values and the journal's
 * record of a few hundred bytes.
 */
export interface Ram {
  /** @throws {Rejection} `too-large`, where the budget has not so many bytes left */
  allocate(what: string, bytes: number): RamBuffer;
}

export interface Clock {
  nowMs(): number;
  sleep(ms: number): Promise<void>;
}

export interface Message {
  readonly topic: string;
  readonly payload: Uint8Array;
}

/** One MQTT session, QoS 1 or 0, from connect to close. Every method throws `Unavailable` once the connection is lost. */
export interface Transport {
  /** Resolves when the broker has granted all of them. */
  subscribe(filters: readonly string[]): Promise<void>;
  /** Handed over for sending. Whether it arrived shows in the answer, never here: see `receive`. */
  publish(topic: string, payload: Uint8Array): void;
  /**
   * The next message, held back by the network until it is asked for; undefined where none came in time. It is valid
   * until the next call: there is one receive buffer.
   */
  receive(withinMs: number): Promise<Message | undefined>;
  close(): Promise<void>;
}

/**
 * @param options.receiveBytes of the receive buffer: a larger packet is refused to the broker
 * @throws {Unavailable}
 */
export type Connect = (options: { readonly receiveBytes: number }) => Promise<Transport>;

/** What a factory flashes, and no update may change. Whom the device trusts is in `TrustFlash`. */
export interface Identity {
  /** Name of the thing, and MQTT client id. */
  readonly thing: string;
  /** 16 bytes each: UUIDs (draft-ietf-suit-manifest-37 §8.4.8). */
  readonly vendorId: Uint8Array;
  readonly classId: Uint8Array;
}

export interface AgentSettings {
  /** Of the stream. A multiple of the flash's write granularity. */
  readonly blockBytes: number;
  /** How much one GetStream request asks for; at least one block. */
  readonly requestBytes: number;
  /** Of the stream's messages: CBOR, unless told otherwise. JSON carries blocks in base64. */
  readonly streamFormat?: StreamFormat;
  /** Longest wait for any one answer. */
  readonly answerTimeoutMs: number;
  /** Requests without an answer before the agent gives up the connection. */
  readonly attempts: number;
  /** Connections in a row without progress before the agent gives up. */
  readonly connections: number;
  /** First and longest pause before trying again. */
  readonly backoffMs: { readonly first: number; readonly longest: number };
  /** How long to wait for a job. */
  readonly idleTimeoutMs: number;
}

/** What happened, for whoever watches. Nothing depends on it. */
export type AgentEvent =
  | { readonly kind: 'boot' }
  /** The boot loader is done, having hashed and copied so much. */
  | {
      readonly kind: 'started';
      readonly slot: SlotNumber;
      readonly hashedBytes: number;
      readonly swappedBytes: number;
    }
  | { readonly kind: 'state'; readonly state: string }
  | { readonly kind: 'connecting'; readonly attempt: number }
  | { readonly kind: 'job'; readonly jobId: string }
  /** A trust root was verified, and counts from now on. */
  | { readonly kind: 'root'; readonly version: number }
  /** It is in the envelope area, whole, and about to be authenticated. */
  | { readonly kind: 'envelope'; readonly envelopeBytes: number }
  | { readonly kind: 'block'; readonly fileId: number; readonly storedBytes: number; readonly fileBytes: number }
  | { readonly kind: 'block-ignored'; readonly fileId: number; readonly why: 'repeat' | 'other-request' }
  | { readonly kind: 'block-refused'; readonly detail: string }
  | { readonly kind: 'retry'; readonly what: string; readonly afterMs: number };

/** @param crc of the bytes before these; 0 without any */
export type Crc32 = (bytes: Uint8Array, crc?: number) => number;

export type DecodeTrust = typeof decodeTrustState;

/** @returns the release, or one that is equal. @param bytes of its envelope, that it is a view of */
export type KeepRelease = (release: AuthenticatedRelease, bytes: Uint8Array) => AuthenticatedRelease;

export interface AgentPorts {
  readonly identity: Identity;
  readonly settings: AgentSettings;
  readonly boot: BootControl;
  readonly layout: LayoutKind;
  readonly slots: readonly [FlashArea, FlashArea];
  readonly trust: TrustFlash;
  /** Where the envelope is kept from its download until the image is confirmed; before, each new trust root. */
  readonly envelopeArea: FlashArea;
  /** Which blocks of the envelope, and of the image, are already in flash. */
  readonly blockLogs: { readonly envelope: FlashArea; readonly image: FlashArea };
  readonly journal: Journal;
  readonly connect: Connect;
  readonly verify: VerifySignature;
  /** Of images; in software, unless told otherwise. */
  readonly createDigest?: CreateDigest;
  /** CRC-32 of ISO 3309, of `crc` and what comes after it; in software, unless told otherwise. */
  readonly crc32?: Crc32;
  /** `decodeTrustState`, or what gives the same states by other means. */
  readonly decodeTrust?: DecodeTrust;
  /** What has been authenticated is kept as it is, unless told otherwise. */
  readonly keepRelease?: KeepRelease;
  readonly ram: Ram;
  readonly clock: Clock;
  /** In [0, 1). For back-off jitter and request tokens only. */
  readonly random: () => number;
  /** Starts the boot loader; never returns. */
  readonly reboot: () => never;
  /** Seconds since 1970, by a clock that may be believed; undefined on a board without one, as most are. */
  readonly nowSeconds: () => number | undefined;
  /** Whether the image that is running works, by its own tests. */
  readonly isHealthy: () => boolean;
  readonly observe: (event: AgentEvent) => void;
}
