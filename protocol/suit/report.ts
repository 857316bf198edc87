/**
 * SUIT_Report (draft-ietf-suit-report-18 §4): what a device says came of a manifest.
 *
 *     { 99: [ reference uri, SUIT_Digest ], ? 2: nonce, 3: [ * SUIT_Record / claims ],
 *       4: true / { 5: code, 6: SUIT_Record, 7: reason }, ? 8: capability report }
 *     SUIT_Record = [ manifest id, section, offset, component index, { parameters } ]
 *     claims      = { 0: component id, + parameters }
 *
 * The digest is that of the manifest as its envelope states it: with it, the cloud finds the manifest and follows what
 * the processor did. The report is the payload of a COSE message or of an authenticated channel; which is the caller's.
 */
import { decodeCbor } from '../cbor/decode.ts';
import { encodeCbor } from '../cbor/encode.ts';
import {
  expectArray,
  expectBytes,
  expectInteger,
  expectMap,
  expectText,
  expectUint,
  wrongShape,
} from '../cbor/expect.ts';
import type { CborValue } from '../cbor/value.ts';
import { MAX_REPORT_BYTES } from '../limits.ts';
import { capabilitiesOf, capabilitiesValue, type CapabilityReport } from './capabilities.ts';
import { type ComponentId, componentIdOf } from './component-id.ts';
import { digestValue, type SuitDigest, suitDigestOf } from './digest.ts';
import { type Parameters, parametersOf, parametersValue } from './parameters.ts';
import { reasonOfNumber, REPORT_REASONS, type ReportReason } from './report-reasons.ts';

export interface SuitReport {
  readonly reference: {
    /** The manifest's reference-uri, exactly; empty where it has none. */
    readonly uri: string;
    readonly digest: SuitDigest;
  };
  readonly nonce?: Uint8Array;
  readonly records: readonly (SuitRecord | SystemClaim)[];
  readonly result: true | ReportedFailure;
  readonly capabilities?: CapabilityReport;
}

export interface SuitRecord {
  /** The walk to the manifest through dependencies: empty, as ours have none. */
  readonly manifestId: readonly number[];
  /** Label of the manifest member; 3, common, stands for the shared sequence, and 0 for the manifest as a whole. */
  readonly section: number;
  /** bytes. */
  readonly offset: number;
  readonly componentIndex: number;
  readonly properties: Parameters;
}

/** system-property-claims. */
export interface SystemClaim {
  readonly component: ComponentId;
  readonly measured: Parameters;
}

export interface ReportedFailure {
  /** Whoever made the report means by it what they like: ours is a row of report-reasons.ts. */
  readonly code: number;
  readonly record: SuitRecord;
  readonly reason: ReportReason;
}

const LABEL = { nonce: 2, records: 3, result: 4, capabilities: 8, reference: 99 } as const;
const RESULT = { code: 5, record: 6, reason: 7 } as const;
const COMPONENT_ID = 0;

export const encodeReport = (report: SuitReport): Uint8Array => encodeCbor(reportValue(report));

function reportValue({ reference, nonce, records, result, capabilities }: SuitReport): CborValue {
  const map = new Map<CborValue, CborValue>([
    [LABEL.reference, [reference.uri, digestValue(reference.digest)]],
    [LABEL.records, records.map((entry) => ('section' in entry ? recordValue(entry) : claimValue(entry)))],
    [LABEL.result, result === true || failureValue(result)],
  ]);
  if (nonce) map.set(LABEL.nonce, nonce);
  if (capabilities) map.set(LABEL.capabilities, capabilitiesValue(capabilities));
  return map;
}

const recordValue = (record: SuitRecord): CborValue => [
  record.manifestId,
  record.section,
  record.offset,
  record.componentIndex,
  parametersValue(record.properties),
];

const claimValue = ({ component, measured }: SystemClaim): CborValue =>
  new Map<CborValue, CborValue>(parametersValue(measured)).set(COMPONENT_ID, component);

const failureValue = ({ code, record, reason }: ReportedFailure): CborValue =>
  new Map<CborValue, CborValue>([
    [RESULT.code, code],
    [RESULT.record, recordValue(record)],
    [RESULT.reason, REPORT_REASONS[reason]],
  ]);

/**
 * Map keys may stand in any order: other implementations write 99 first. A key that comes twice is refused.
 *
 * @throws {Rejection} `too-large`, `malformed`, `wrong-shape`, `limit-exceeded`, `unsupported-algorithm`
 */
export function decodeReport(bytes: Uint8Array): SuitReport {
  const at = 'report';
  const map = expectMap(decodeCbor(bytes, { at, maxBytes: MAX_REPORT_BYTES, keyOrder: 'any' }), at);
  const [uri, digest] = expectArray(map.get(LABEL.reference), `${at}.reference`, 2);
  const nonce = map.get(LABEL.nonce);
  const capabilities = map.get(LABEL.capabilities);
  return {
    reference: {
      uri: expectText(uri, `${at}.reference.uri`),
      digest: suitDigestOf(digest, `${at}.reference.digest`),
    },
    ...(nonce !== undefined && { nonce: expectBytes(nonce, `${at}.nonce`) }),
    records: expectArray(map.get(LABEL.records), `${at}.records`).map((item, i) =>
      Array.isArray(item) ? recordOf(item, `${at}.records[${i}]`) : claimOf(item, `${at}.records[${i}]`),
    ),
    result: resultOf(map.get(LABEL.result), `${at}.result`),
    ...(capabilities !== undefined && { capabilities: capabilitiesOf(capabilities, `${at}.capabilities`) }),
  };
}

function recordOf(value: CborValue | undefined, at: string): SuitRecord {
  const [id, section, offset, componentIndex, properties] = expectArray(value, at, 5);
  return {
    manifestId: expectArray(id, `${at}.manifest-id`).map((step) => expectUint(step, `${at}.manifest-id`)),
    section: expectInteger(section, `${at}.section`),
    offset: expectUint(offset, `${at}.offset`),
    componentIndex: expectUint(componentIndex, `${at}.component-index`),
    properties: parametersOf(properties, `${at}.properties`),
  };
}

function claimOf(value: CborValue, at: string): SystemClaim {
  const parameters = new Map(expectMap(value, at));
  const component = componentIdOf(parameters.get(COMPONENT_ID), `${at}.component-id`);
  parameters.delete(COMPONENT_ID);
  if (parameters.size === 0) throw wrongShape(at, 'at least one parameter', value);
  return { component, measured: parametersOf(parameters, at) };
}

function resultOf(value: CborValue | undefined, at: string): SuitReport['result'] {
  if (value === true) return true;
  const map = expectMap(value, at);
  const number = expectInteger(map.get(RESULT.reason), `${at}.reason`);
  const reason = reasonOfNumber(number);
  if (!reason) throw wrongShape(`${at}.reason`, 'a reason of the draft', number);
  return {
    code: expectInteger(map.get(RESULT.code), `${at}.code`),
    record: recordOf(map.get(RESULT.record), `${at}.record`),
    reason,
  };
}
