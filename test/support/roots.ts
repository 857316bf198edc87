/** What tests of ceremonies share: a KDF that costs nothing, which no command takes. */
import type { KdfCost } from '../../cloud/roots/key-file.ts';

export const CHEAP: KdfCost = { memoryKib: 64, passes: 1, lanes: 1 };
