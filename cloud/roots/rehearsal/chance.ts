/** Dice that fall the same way for the same seed, whoever throws first: each throw is named, and none changes another. */
import { createHash } from 'node:crypto';

/** In [0, 1), for a name made of numbers and texts. */
export type Chance = (...name: readonly (string | number)[]) => number;

const STEPS = 2 ** 48;

export const seededChance =
  (seed: string): Chance =>
  (...name) =>
    createHash('sha256')
      .update(JSON.stringify([seed, ...name]))
      .digest()
      .readUIntBE(0, 6) / STEPS;
