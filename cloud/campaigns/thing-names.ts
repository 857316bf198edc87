/** Names of many things at once: numbered ones, and those in a file. */
import { OperatorError } from '../errors.ts';

/** Digits of a number in a name: `fleet-00001`. Larger numbers have as many as they need. */
const NUMBER_DIGITS = 5;
/** Of one campaign: AWS IoT Jobs has no such limit, one transaction of ours has. */
export const MAX_THINGS = 100_000;

export interface NumberedThings {
  readonly prefix: string;
  readonly count: number;
  /** 1 where it is left out. */
  readonly first?: number;
}

/** `fleet-00001`, `fleet-00002`, …: the prefix, then the number in at least five digits. */
export const numberedThings = ({ prefix, count, first = 1 }: NumberedThings): string[] =>
  Array.from({ length: count }, (_, index) => prefix + String(first + index).padStart(NUMBER_DIGITS, '0'));

/**
 * One name a line; empty lines, and those that begin with `#`, say nothing.
 * @throws {OperatorError} `no-things` where there is no name in it
 */
export function thingsInText(text: string): string[] {
  const names = text.split('\n').map((line) => line.trim());
  const things = names.filter((name) => name !== '' && !name.startsWith('#'));
  if (things.length > 0) return things;
  throw new OperatorError('no-things', 'the file names no thing: expected one name a line');
}
