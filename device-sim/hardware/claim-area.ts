/**
 * The part of the flash that the factory put the claim credential into. Its key is in every device of a batch, so nothing
 * of it may stay: erased means that every cell reads as erased, also after a power cut in the middle.
 */
import type { FlashArea } from '../ports.ts';
import { type ClaimCredential, decodeClaim } from '../provisioning/claim.ts';
import type { Claim } from '../provisioning/ports.ts';
import { RecordLog } from './record-log.ts';

const ERASED = 0xff;

export interface ClaimArea extends Claim {
  /** @throws {Rejection} where the flash holds something else */
  credential(): ClaimCredential | undefined;
}

export function claimArea(area: FlashArea): ClaimArea {
  const sectors = Array.from({ length: area.areaBytes / area.sectorBytes }, (_, sector) => sector);
  const isUsed = (sector: number): boolean => {
    const cells = new Uint8Array(area.sectorBytes);
    area.read(sector * area.sectorBytes, cells);
    return !isErased(cells);
  };
  return {
    isThere: () => sectors.some(isUsed),
    erase: () => sectors.filter(isUsed).forEach((sector) => area.eraseSector(sector)),
    credential: () => {
      const record = new RecordLog(area).read();
      return record && decodeClaim(record);
    },
  };
}

/** Without a function for each cell: a device looks at 32 KB of them after each of its steps. */
function isErased(cells: Uint8Array): boolean {
  for (const cell of cells) if (cell !== ERASED) return false;
  return true;
}
