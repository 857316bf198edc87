import { expect } from 'vitest';
import { Rejection, type RejectionCode } from '../../protocol/errors.ts';

/** The Rejection that `act` throws: never another error, and with this code and, where given, this place. */
export function expectRejection(act: () => unknown, code: RejectionCode, at?: string): Rejection {
  try {
    act();
  } catch (error) {
    if (!(error instanceof Rejection)) throw error;
    expect({ code: error.code, at: at === undefined ? undefined : error.at }).toEqual({ code, at });
    return error;
  }
  throw new Error(`expected a Rejection with ${code}, but nothing was thrown`);
}

/** What `decode` gives, or undefined where it refuses. Any other error is passed on: it is a crash. */
export function decodedOrRefused<T>(decode: () => T): T | undefined {
  try {
    return decode();
  } catch (error) {
    if (error instanceof Rejection) return undefined;
    throw error;
  }
}
