import { expect } from 'vitest';
import { OperatorError } from '../../cloud/errors.ts';

/** The OperatorError that `act` throws: never another error, with this code, and saying all of `words`. */
export function expectOperatorError(act: () => unknown, code: string, ...words: readonly string[]): OperatorError {
  try {
    act();
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    expect(error.code).toBe(code);
    for (const word of words) expect(error.message).toContain(word);
    return error;
  }
  throw new Error(`expected an OperatorError with ${code}, but nothing was thrown`);
}
