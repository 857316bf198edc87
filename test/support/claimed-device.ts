/** Devices as a factory leaves them: with a claim, and no certificate of their own. */
import { manufacture } from '../../device-sim/factory.ts';
import { boardNamed } from '../../device-sim/profiles/boards.ts';
import { encodeClaim } from '../../device-sim/provisioning/claim.ts';
import { decodePem } from '../../device-sim/provisioning/pem.ts';
import { OLD_IMAGE, ROOT } from './device-world.ts';
import { classId, vendorId } from './suit.ts';

export interface ClaimPem {
  readonly certificatePem: string;
  readonly privateKeyPem: string;
}

export function makeClaimedDevice(
  stateFolder: string,
  thing: string,
  claim: ClaimPem & { readonly board?: string },
): string {
  const flashed = encodeClaim({
    certificate: decodePem('CERTIFICATE', claim.certificatePem, 'claim'),
    privateKey: decodePem('PRIVATE KEY', claim.privateKeyPem, 'claim'),
  });
  manufacture({
    stateFolder,
    board: boardNamed(claim.board ?? 'nrf52840')!,
    ...{ thing, vendorId, classId, root: ROOT, claim: flashed, image: OLD_IMAGE, sequenceNumber: 1 },
  });
  return stateFolder;
}
