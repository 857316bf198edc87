/**
 * The real input: two versions of the Pybricks firmware for the LEGO move hub, an STM32F0 image. They come from npm and
 * are never committed: parts of them are licensed for use on ST parts only (their ReadMe_OSS.txt).
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { unzipSync } from 'fflate';

const IMAGE = 'firmware-base.bin';
const METADATA = 'firmware.metadata.json';

export interface FirmwareImage {
  readonly bytes: Uint8Array;
  /** As its maker names it: `ci-release-90-v4.0.0b5`. */
  readonly version: string;
}

/** @param packageName an npm alias of @pybricks/firmware: `pybricks-728` */
export function readMoveHubFirmware(packageName: string): FirmwareImage {
  const main = createRequire(import.meta.url).resolve(packageName);
  const files = unzipSync(new Uint8Array(readFileSync(join(dirname(main), 'movehub.zip'))));
  const bytes = files[IMAGE];
  const metadata = files[METADATA];
  if (!bytes || !metadata) throw new Error(`${packageName}: expected ${IMAGE} and ${METADATA} in movehub.zip`);
  return { bytes, version: versionOf(JSON.parse(new TextDecoder().decode(metadata))) };
}

function versionOf(metadata: unknown): string {
  if (typeof metadata !== 'object' || metadata === null || !('firmware-version' in metadata)) return 'unknown';
  return String(metadata['firmware-version']);
}
