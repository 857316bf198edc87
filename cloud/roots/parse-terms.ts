/** What an operator types about a root — times, thresholds, windows, floors — as the values that stand in it. */
import { fromHex } from '../../protocol/bytes.ts';
import { algorithmByName, ALGORITHMS } from '../../protocol/cose/algorithms.ts';
import type { ComponentId } from '../../protocol/suit/component-id.ts';
import { createClassId, createVendorId, parseUuid } from '../../protocol/suit/uuid.ts';
import type { Policy, Requirement, SequenceFloor, TrustRoot } from '../../protocol/trust/root.ts';
import { OperatorError } from '../errors.ts';
import { algorithmsOf } from './plan-root.ts';

const invalid = (option: string, expected: string, text: string): OperatorError =>
  new OperatorError('usage', `${option}: expected ${expected}, got ${JSON.stringify(text.slice(0, 80))}`);

const PERIOD = /^(\d{1,4})([dmy])$/;
const DATE = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2})?Z)?$/;

/**
 * `5y`, `18m`, `90d` after `nowSeconds`, by the calendar; or a date, `2031-11-22`, in UTC.
 *
 * @returns seconds since 1970
 * @throws {OperatorError} `usage`
 */
export function parseTime(option: string, text: string, nowSeconds: number): number {
  const [, count, unit] = PERIOD.exec(text) ?? [];
  if (count !== undefined) return periodAfter(nowSeconds, Number(count), unit ?? '');
  const ms = DATE.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(ms)) throw invalid(option, 'a period such as 5y, 18m, 90d or a date such as 2031-11-22', text);
  return Math.floor(ms / 1000);
}

function periodAfter(nowSeconds: number, count: number, unit: string): number {
  const date = new Date(nowSeconds * 1000);
  if (unit === 'd') date.setUTCDate(date.getUTCDate() + count);
  else date.setUTCMonth(date.getUTCMonth() + count * (unit === 'y' ? 12 : 1));
  return Math.floor(date.getTime() / 1000);
}

export interface RoleTerm<T> {
  readonly role: string;
  readonly value: T;
}

/**
 * `release=2`, where the role's keys are of one algorithm, or `release=ML-DSA-87:2,ES256:1`.
 *
 * @throws {OperatorError} `usage`
 */
export function parseThreshold(option: string, text: string, root: TrustRoot): RoleTerm<readonly Requirement[]> {
  const [role, terms] = splitRole(option, text);
  if (!/^\d+$/.test(terms)) return { role, value: parseRequirements(option, terms) };
  const algorithms = algorithmsOf(root.roles.find(({ name }) => name === role)?.keys ?? []);
  const [algorithm] = algorithms;
  if (algorithm !== undefined && algorithms.length === 1)
    return { role, value: [{ algorithm, threshold: Number(terms) }] };
  const example = algorithms.map((name) => `${name}:1`).join(',');
  throw invalid(option, `a number for each algorithm that the role has keys of, such as ${role}=${example}`, text);
}

/**
 * `release=ML-DSA-65:1,ES256:1@2028-01-01`: until then any one of these will do. `release=none`: no window any more.
 *
 * @throws {OperatorError} `usage`
 */
export function parseWindow(option: string, text: string, nowSeconds: number): RoleTerm<Policy['window']> {
  const [role, terms] = splitRole(option, text);
  if (terms === 'none') return { role, value: undefined };
  const [requirements = '', until, ...more] = terms.split('@');
  if (until === undefined || more.length > 0) throw invalid(option, 'ROLE=ALGORITHM:N,…@DATE', text);
  const untilSeconds = parseTime(option, until, nowSeconds);
  return { role, value: { any: parseRequirements(option, requirements), untilSeconds } };
}

function splitRole(option: string, text: string): readonly [role: string, terms: string] {
  const equals = text.indexOf('=');
  if (equals < 1) throw invalid(option, 'ROLE=…', text);
  return [text.slice(0, equals), text.slice(equals + 1)];
}

const parseRequirements = (option: string, text: string): readonly Requirement[] =>
  text.split(',').map((term) => {
    const [name = '', count = ''] = term.split(':');
    const algorithm = algorithmByName(name);
    if (!algorithm || !/^\d{1,3}$/.test(count)) {
      const names = ALGORITHMS.map((row) => row.name).join(', ');
      throw invalid(option, `ALGORITHM:N with one of ${names}`, term);
    }
    return { algorithm: algorithm.name, threshold: Number(count) };
  });

const FLOOR = /^(.+)=(?:(\d{1,10}):)?(\d{1,15})$/;

/**
 * `example.com/hub=7`, or with an epoch `example.com/hub=1:0`; the class may also be a UUID. Without an epoch it stays.
 *
 * @throws {OperatorError} `usage`
 */
export function parseFloor(option: string, text: string, root: TrustRoot): SequenceFloor {
  const [, name = '', epoch, sequence] = FLOOR.exec(text) ?? [];
  const slash = name.indexOf('/');
  const classId = parseUuid(name) ?? (slash < 1 ? undefined : classIdOf(name, slash));
  if (!classId || sequence === undefined) throw invalid(option, 'VENDOR/CLASS=[EPOCH:]SEQUENCE', text);
  const before = root.floors.find((floor) => floor.classId.every((byte, i) => byte === classId[i]));
  const kept = epoch === undefined ? (before?.epoch ?? 0) : Number(epoch);
  return { classId, epoch: kept, sequenceNumber: Number(sequence) };
}

const classIdOf = (name: string, slash: number): Uint8Array =>
  createClassId(createVendorId(name.slice(0, slash)), name.slice(slash + 1));

/** `6d6f64656d/00`: parts in hex, as `show` writes them. @throws {OperatorError} `usage` */
export const parseComponentId = (option: string, text: string): ComponentId =>
  text.split('/').map((part) => {
    if (/^([\da-f]{2})+$/i.test(part)) return fromHex(part);
    throw invalid(option, 'parts in hex, such as 6d6f64656d/00', text);
  });
