import { expect } from 'vitest';
import { Rejection, type RejectionCode } from '../../protocol/errors.ts';

/** The Rejection that `act` throws: never another error, and with this code and, where given, this place. */
export function expectRejection(act: () => unknown, code: RejectionCode, at?: string): Rejection {
  let thrown: unknown;
  try {
    act();
  } catch (error) {
    thrown = error;
  }
  if (thrown !== undefined && !(thrown instanceof Rejection)) throw thrown;
  expect(thrown, 'expected a Rejection, nothing was thrown').toBeInstanceOf(Rejection);
  const rejection = thrown as Rejection;
  expect({ code: rejection.code, at: at === undefined ? undefined : rejection.at }).toEqual({ code, at });
  return rejection;
}

/** What `decode` gives, or null where it refuses. Any other error is passed on: it is a crash. */
export function decodedOrRefused<T>(decode: () => T): T | null {
  try {
    return decode();
  } catch (error) {
    if (error instanceof Rejection) return null;
    throw error;
  }
}
