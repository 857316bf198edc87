/** How long a run takes on a machine of two cores, to plan by. What it really took is in its results, as `wallMs`. */
import type { CaseSpec } from '../results/results.ts';

/** Clouds, keys, releases, jobs. */
export const SETUP_MS = 6_000;

const RUN_MS = 150;
const BLOCK_MS = 0.7;
const KILOBYTE_MS = 0.15;

export function estimateMs({ image, signatureBytes, blockBytes }: CaseSpec): number {
  const blocks = Math.ceil(image.imageBytes / blockBytes) + Math.ceil(signatureBytes / blockBytes);
  return RUN_MS + blocks * BLOCK_MS + (image.imageBytes / 1_024) * KILOBYTE_MS;
}
