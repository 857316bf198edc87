/**
 * The device's trust, in flash: two roots as they were signed, and the record that says which of them holds. The record
 * is replaced whole or not at all, and every change of trust is one replacement of it:
 *
 *     accept    staging area ─▶ record names the new root there ─▶ copied to its root area ─▶ record names it there
 *     confirm   record names the newer root alone: the older one is burned
 *
 * So after a power cut at any point the device has one root that is proven, and at most one that is accepted. A copy that
 * was cut is made again before anything else is (`settle`), since it is the staging area that the next download erases.
 *
 *     record = { 1: trust state (protocol/trust/state-bytes.ts), 2: place of current, ? 3: place of next }
 *     place  = [ where: root area 0 or 1, or 2 for staging; bytes; offset of the document; its bytes; version ]
 *
 * Into RAM goes the document of a root and never its signatures: they were verified when it was accepted, and the digest
 * in the record has their place since. Of a root of ML-DSA-87 that is less than half.
 */
import { decodeCbor } from '../../protocol/cbor/decode.ts';
import { encodeCbor } from '../../protocol/cbor/encode.ts';
import { expectArray, expectBytes, expectMap, expectUint } from '../../protocol/cbor/expect.ts';
import type { CborValue } from '../../protocol/cbor/value.ts';
import { algorithmByName, type VerifySignature } from '../../protocol/cose/algorithms.ts';
import { Rejection } from '../../protocol/errors.ts';
import { MAX_TRUST_STATE_BYTES } from '../../protocol/limits.ts';
import type { VerifiedRoot } from '../../protocol/trust/advance.ts';
import type { AuthenticatedRelease } from '../../protocol/trust/release.ts';
import { encodeSignedRoot } from '../../protocol/trust/signed-root.ts';
import {
  acceptRoot,
  confirmRelease,
  initialTrust,
  noteTime,
  stageRelease,
  type TrustState,
} from '../../protocol/trust/state.ts';
import { decodeTrustState, encodeTrustState } from '../../protocol/trust/state-bytes.ts';
import type { DecodeTrust, FlashArea, Ram, TrustFlash } from '../ports.ts';
import { fillArea, padded } from './flash-bytes.ts';

export interface TrustPorts {
  readonly trust: TrustFlash;
  /** The staging area. */
  readonly envelopeArea: FlashArea;
  readonly ram: Ram;
  readonly decodeTrust?: DecodeTrust;
}

const STAGING = 2;
type Where = 0 | 1 | typeof STAGING;

interface Place {
  readonly where: Where;
  readonly bytes: number;
  readonly documentOffset: number;
  readonly documentBytes: number;
  readonly version: number;
}

interface TrustRecord {
  readonly state: Uint8Array;
  readonly current: Place;
  readonly next: Place | undefined;
}

/** A trust state in RAM. */
export interface OpenTrust extends Disposable {
  readonly state: TrustState;
}

type ConfirmedRelease = Pick<AuthenticatedRelease, 'staged' | 'signers'>;

/** Versions of the roots that count. */
export interface RootVersions {
  /** The newest that was accepted. */
  readonly newest: number;
  /** The newest under which an image was confirmed. */
  readonly proven: number;
}

const KEY = { state: 1, current: 2, next: 3 } as const;

/** bytes. The places and the heads around the state. */
const RECORD_OVERHEAD_BYTES = 64;

export class TrustStore {
  readonly #ports: TrustPorts;

  constructor(ports: TrustPorts) {
    this.#ports = ports;
  }

  get versions(): RootVersions {
    return rootVersionsIn(this.#ports.trust);
  }

  /** Finishes what a power cut interrupted. Before anything else is written to the staging area. */
  settle(): void {
    const record = this.#read();
    const { current, next } = record;
    if (next?.where !== STAGING) return;
    const where = current.where === 0 ? 1 : 0;
    const { trust, envelopeArea, ram } = this.#ports;
    const read = (offset: number, target: Uint8Array): void => envelopeArea.read(offset, target);
    fillArea(trust.roots[where], { bytes: next.bytes, ram, read });
    this.#write({ ...record, next: { ...next, where } });
  }

  /**
   * Verifies the root in the staging area; from then on it counts.
   *
   * @throws {Rejection} those of acceptRoot; `too-large`, where the board does not hold it beside the one before
   */
  accept(rootBytes: number, verify: VerifySignature): void {
    this.#write(this.#verified(rootBytes, verify));
    // Only now that the roots are out of the RAM: what counts must not be reported as refused for want of it.
    this.settle();
  }

  /**
   * The release runs and is healthy: its number counts from now on, and where the newer root vouched for it, that one is
   * proven and the older one burned. Again without effect.
   */
  confirm({ staged, signers }: ConfirmedRelease): void {
    using open = this.open();
    this.#save(open.state, confirmRelease(stageRelease(open.state, { staged, signers })));
  }

  /**
   * Before anything is installed that could then not be confirmed.
   *
   * @throws {Rejection} `too-large`: the board cannot remember the keys that came with the release
   */
  expectRoomFor({ staged, signers }: ConfirmedRelease): void {
    using open = this.open();
    const state = confirmRelease(stageRelease(open.state, { staged, signers }));
    this.#encode({ ...this.#read(), state: encodeTrustState(state) });
  }

  /** Remembers which migration windows are over by now. */
  noteTime(nowSeconds: number | undefined): void {
    if (nowSeconds === undefined) return;
    using open = this.open();
    this.#save(open.state, noteTime(open.state, nowSeconds));
  }

  /** @throws {Rejection} `too-large`, where the RAM does not hold it */
  open(): OpenTrust {
    const { ram, decodeTrust = decodeTrustState } = this.#ports;
    const { state, current, next } = this.#read();
    const buffers = new DisposableStack();
    try {
      buffers.use(ram.allocate('trust state', state.length));
      const roots = [current, ...(next ? [next] : [])].map((place) => {
        const { bytes } = buffers.use(ram.allocate('trust root', place.documentBytes));
        this.#area(place).read(place.documentOffset, bytes);
        return unsigned(bytes);
      });
      const decoded = decodeTrust(state, { roots });
      const held = buffers.move();
      return { state: decoded, [Symbol.dispose]: () => held.dispose() };
    } finally {
      buffers.dispose();
    }
  }

  #verified(rootBytes: number, verify: VerifySignature): TrustRecord {
    using open = this.open();
    using staged = this.#ports.ram.allocate('root', rootBytes);
    this.#ports.envelopeArea.read(0, staged.bytes);
    const state = acceptRoot(open.state, staged.bytes, { verify });
    if (!state.next) throw new TypeError('trust: a root was accepted, and is not there');
    const next = placeOf(state.next, STAGING);
    return { state: encodeTrustState(state), current: this.#read().current, next };
  }

  #save(before: TrustState, after: TrustState): void {
    const record = this.#read();
    const isBurned = before.next !== undefined && after.next === undefined;
    const current = isBurned && record.next ? record.next : record.current;
    this.#write({ state: encodeTrustState(after), current, next: isBurned ? undefined : record.next });
  }

  #area({ where }: Place): FlashArea {
    return where === STAGING ? this.#ports.envelopeArea : this.#ports.trust.roots[where];
  }

  /** What is there already is not written again. */
  #write(record: TrustRecord): void {
    const bytes = this.#encode(record);
    const { record: log } = this.#ports.trust;
    if (log.read()?.toHex() !== bytes.toHex()) log.write(bytes);
  }

  #encode(record: TrustRecord): Uint8Array {
    const bytes = encodeRecord(record);
    const { maxValueBytes } = this.#ports.trust.record;
    if (bytes.length <= maxValueBytes) return bytes;
    const detail = `expected at most ${maxValueBytes} bytes to remember, got ${bytes.length}`;
    throw new Rejection('too-large', 'trust.record', detail);
  }

  #read(): TrustRecord {
    return readRecord(this.#ports.trust);
  }
}

export function rootVersionsIn(trust: TrustFlash): RootVersions {
  const { current, next } = readRecord(trust);
  return { newest: (next ?? current).version, proven: current.version };
}

function readRecord({ record }: TrustFlash): TrustRecord {
  const bytes = record.read();
  if (!bytes) throw new Error('trust: none; this board has not been manufactured');
  return decodeRecord(bytes);
}

/**
 * What a factory does: the first root, into erased flash.
 *
 * @throws {RangeError} where it does not fit
 */
export function burnFirstRoot({ roots, record }: TrustFlash, root: VerifiedRoot): void {
  const [area] = roots;
  const { bytes } = root;
  if (bytes.length > area.areaBytes) {
    throw new RangeError(`trust root: expected at most ${area.areaBytes} bytes on this board, got ${bytes.length}`);
  }
  area.write(0, padded(bytes, area));
  const state = encodeTrustState(initialTrust(root));
  record.write(encodeRecord({ state, current: placeOf(root, 0), next: undefined }));
}

/** A decoder's byte strings are views of its input, so where the document stands can be seen. */
const placeOf = ({ bytes, payload, root }: VerifiedRoot, where: Where): Place => ({
  where,
  bytes: bytes.length,
  documentOffset: payload.byteOffset - bytes.byteOffset,
  documentBytes: payload.length,
  version: root.version,
});

const ANY_ALGORITHM = algorithmByName('ES256');

/** A document as `restoreRoot` takes it, which looks at no signature: COSE_Sign has room for none at all, so one without bytes. */
function unsigned(document: Uint8Array): Uint8Array {
  if (!ANY_ALGORITHM) throw new TypeError('trust: no algorithm');
  const none = new Uint8Array();
  return encodeSignedRoot(document, [{ algorithm: ANY_ALGORITHM, keyId: none, signature: none }]);
}

function encodeRecord({ state, current, next }: TrustRecord): Uint8Array {
  const map = new Map<CborValue, CborValue>([
    [KEY.state, state],
    [KEY.current, placeValue(current)],
  ]);
  if (next) map.set(KEY.next, placeValue(next));
  return encodeCbor(map);
}

function decodeRecord(bytes: Uint8Array): TrustRecord {
  const maxBytes = MAX_TRUST_STATE_BYTES + RECORD_OVERHEAD_BYTES;
  const map = expectMap(decodeCbor(bytes, { at: 'trust', maxBytes }), 'trust');
  const next = map.get(KEY.next);
  return {
    state: expectBytes(map.get(KEY.state), 'trust.state'),
    current: placeFrom(map.get(KEY.current), 'trust.current'),
    next: next === undefined ? undefined : placeFrom(next, 'trust.next'),
  };
}

const placeValue = ({ where, bytes, documentOffset, documentBytes, version }: Place): CborValue => [
  where,
  bytes,
  documentOffset,
  documentBytes,
  version,
];

function placeFrom(value: CborValue | undefined, at: string): Place {
  const [where, bytes, offset, documentBytes, version] = expectArray(value, at, 5).map((it) => expectUint(it, at));
  return {
    where: where === 0 ? 0 : where === 1 ? 1 : STAGING,
    bytes: bytes!,
    documentOffset: offset!,
    documentBytes: documentBytes!,
    version: version!,
  };
}
