/**
 * What a device keeps of its own credentials, in one record that is replaced whole or not at all.
 *
 *     { ? 1: operational, ? 2: pending }
 *     operational = { 1: key slot, 2: certificate (DER), 3: thing, 4: device configuration (JSON) }
 *     pending     = { 1: key slot }                                                a key is made
 *                 / { 1: key slot, 2: certificate, 5: ownership token }            ... certified
 *                 / { 1: key slot, 2: certificate, 3: thing, 4: configuration }    ... registered, and not yet used
 *
 * The pending one never touches the operational one, which stays in use until the other has connected.
 */
import { decodeCbor } from '../../protocol/cbor/decode.ts';
import { encodeCbor } from '../../protocol/cbor/encode.ts';
import { expectBytes, expectMap, expectText, expectUint } from '../../protocol/cbor/expect.ts';
import type { CborValue } from '../../protocol/cbor/value.ts';
import { Rejection } from '../../protocol/errors.ts';
import { decodeJsonObject, encodeJson, type JsonObject } from '../../protocol/aws-iot/json.ts';
import type { KeySlot } from './ports.ts';

/** A certificate that RegisterThing has taken. */
export interface Registered {
  readonly slot: KeySlot;
  /** DER. */
  readonly certificate: Uint8Array;
  readonly thing: string;
  /** What the template has for devices: anything. */
  readonly configuration: JsonObject;
}

export type Pending =
  | { readonly stage: 'keyed'; readonly slot: KeySlot }
  | {
      readonly stage: 'certified';
      readonly slot: KeySlot;
      readonly certificate: Uint8Array;
      /** Proves to RegisterThing whose the certificate is; good for an hour. */
      readonly token: string;
    }
  | ({ readonly stage: 'registered' } & Registered);

export interface Credentials {
  readonly operational?: Registered | undefined;
  readonly pending?: Pending | undefined;
}

const KEY = { operational: 1, pending: 2 } as const;
const FIELD = { slot: 1, certificate: 2, thing: 3, configuration: 4, token: 5 } as const;

/** bytes. Two ML-DSA-87 certificates of 7.5 KB and what comes with them; half of the flash that there is for it. */
const MAX_BYTES = 16_000;

type Fields = ReadonlyMap<CborValue, CborValue>;

/** @throws {Rejection} `too-large`: the cloud sent more than this device keeps */
export function encodeCredentials({ operational, pending }: Credentials): Uint8Array {
  const record = new Map<CborValue, CborValue>();
  if (operational) record.set(KEY.operational, registeredValue(operational));
  if (pending) record.set(KEY.pending, pendingValue(pending));
  const bytes = encodeCbor(record);
  if (bytes.length <= MAX_BYTES) return bytes;
  throw new Rejection('too-large', 'credentials', `expected at most ${MAX_BYTES} bytes, got ${bytes.length}`);
}

/**
 * @param bytes absent: of a device that has none yet
 * @throws {Rejection} `too-large`, `malformed`, `not-json`, `wrong-shape`
 */
export function decodeCredentials(bytes: Uint8Array | undefined): Credentials {
  if (!bytes) return {};
  const at = 'credentials';
  const record = expectMap(decodeCbor(bytes, { at, maxBytes: MAX_BYTES }), at);
  const operational = record.get(KEY.operational);
  const pending = record.get(KEY.pending);
  return {
    ...(operational !== undefined && { operational: registeredOf(expectMap(operational, `${at}.operational`)) }),
    ...(pending !== undefined && { pending: pendingOf(expectMap(pending, `${at}.pending`)) }),
  };
}

const registeredValue = ({ slot, certificate, thing, configuration }: Registered): CborValue =>
  new Map<CborValue, CborValue>([
    [FIELD.slot, slot],
    [FIELD.certificate, certificate],
    [FIELD.thing, thing],
    [FIELD.configuration, encodeJson(configuration)],
  ]);

function pendingValue(pending: Pending): CborValue {
  if (pending.stage === 'registered') return registeredValue(pending);
  const fields = new Map<CborValue, CborValue>([[FIELD.slot, pending.slot]]);
  if (pending.stage === 'certified') {
    fields.set(FIELD.certificate, pending.certificate).set(FIELD.token, pending.token);
  }
  return fields;
}

const registeredOf = (fields: Fields): Registered => ({
  slot: slotOf(fields),
  certificate: certificateOf(fields),
  thing: expectText(fields.get(FIELD.thing), 'credentials.thing'),
  configuration: decodeJsonObject(expectBytes(fields.get(FIELD.configuration), 'credentials.configuration'), {
    at: 'credentials.configuration',
    maxBytes: MAX_BYTES,
  }),
});

function pendingOf(fields: Fields): Pending {
  if (fields.has(FIELD.thing)) return { stage: 'registered', ...registeredOf(fields) };
  const slot = slotOf(fields);
  const token = fields.get(FIELD.token);
  if (token === undefined) return { stage: 'keyed', slot };
  return {
    stage: 'certified',
    slot,
    certificate: certificateOf(fields),
    token: expectText(token, 'credentials.token'),
  };
}

const slotOf = (fields: Fields): KeySlot => (expectUint(fields.get(FIELD.slot), 'credentials.slot') === 0 ? 0 : 1);

const certificateOf = (fields: Fields): Uint8Array =>
  expectBytes(fields.get(FIELD.certificate), 'credentials.certificate');
