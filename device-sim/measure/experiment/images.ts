/** The images of an experiment: one is real firmware, and the others are as many bytes as their names say, from the seed. */
import { createCipheriv, createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { MAX_STREAM_FILE_BYTES } from '../../../protocol/limits.ts';
import { type FirmwareImage, readMoveHubFirmware } from '../firmware.ts';
import type { ExperimentImage } from './experiment.ts';

/** Real, and as large as its maker made it. */
const MOVE_HUB = 'movehub';

/** That an experiment can name without saying what they are. */
const SIZED_IMAGES: readonly ExperimentImage[] = [
  { name: 'config-4k', imageBytes: 4_096 },
  { name: 'delta-8k', imageBytes: 8_192 },
  { name: '256k', imageBytes: 262_144 },
  { name: '1m', imageBytes: 1_048_576 },
];

export const IMAGE_NAMES: readonly string[] = [MOVE_HUB, ...SIZED_IMAGES.map(({ name }) => name)];

/** What runs before the update, and what it brings. */
export const readMoveHub = (): { readonly from: FirmwareImage; readonly to: FirmwareImage } => ({
  from: readMoveHubFirmware('pybricks-727'),
  to: readMoveHubFirmware('pybricks-728'),
});

/** One of IMAGE_NAMES. */
export const knownImage = (name: string): ExperimentImage | undefined =>
  name === MOVE_HUB
    ? { name, imageBytes: readMoveHub().to.bytes.length }
    : SIZED_IMAGES.find((image) => image.name === name);

/** @throws where the file cannot be read, and @throws {RangeError} where it is no file, or not one that a stream can have */
export function imageOfFile(name: string, file: string): ExperimentImage {
  const stats = statSync(file);
  // A device or a pipe may have no end.
  if (!stats.isFile()) throw new RangeError(`image ${name}: ${file} is no file`);
  if (stats.size < 1 || stats.size > MAX_STREAM_FILE_BYTES)
    throw new RangeError(`image ${name}: expected 1 to ${MAX_STREAM_FILE_BYTES} bytes, got ${stats.size}`);
  const bytes = readFileSync(file);
  return { name, imageBytes: bytes.length, sha256: sha256(bytes), file };
}

/** The bytes themselves, the same for the same seed. @throws {RangeError} where its file has changed */
export function readImage({ name, imageBytes, sha256: expected, file }: ExperimentImage, seed: number): Uint8Array {
  if (name === MOVE_HUB) return readMoveHub().to.bytes;
  if (file === undefined) return seededBytes(`${name} ${seed}`, imageBytes);
  const bytes = new Uint8Array(readFileSync(file));
  if (sha256(bytes) === expected) return bytes;
  throw new RangeError(`image ${name}: ${file} has changed since the experiment was read`);
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Incompressible, as firmware is that was encrypted or compressed. */
function seededBytes(seed: string, bytes: number): Uint8Array {
  const key = createHash('sha256').update(seed).digest();
  return new Uint8Array(createCipheriv('chacha20', key, new Uint8Array(16)).update(new Uint8Array(bytes)));
}
