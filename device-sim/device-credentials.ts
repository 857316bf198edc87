/** The credentials of a device folder: the keys of its secure element, its claim, and the record of its own certificate. */
import type { KeyObject } from 'node:crypto';
import { join } from 'node:path';
import { boardParts } from './hardware/board-parts.ts';
import { type ClaimArea, claimArea } from './hardware/claim-area.ts';
import type { Flash } from './hardware/flash.ts';
import { openKeyFile } from './hardware/key-file.ts';
import { SimulatedSecureElement } from './hardware/secure-element.ts';
import type { Journal } from './ports.ts';
import { type Board, layoutOf } from './profiles/boards.ts';
import { decodeCredentials } from './provisioning/credentials.ts';
import { encodePem } from './provisioning/pem.ts';
import type { Credential } from './provisioning/ports.ts';
import { ProvisioningRefused } from './provisioning/refusals.ts';
import type { DeviceTls } from './transports/tls-line.ts';

export interface DeviceCredentials {
  readonly keys: SimulatedSecureElement;
  readonly claim: ClaimArea;
  /** As provisioning/credentials.ts has it. */
  readonly record: Journal;
}

/** PEM, as the TLS stack wants it. */
export type TlsCredential = NonNullable<DeviceTls['credential']>;

const KEY_FILE = 'secure-element.bin';

export const openCredentials = (
  { flash, board }: { readonly flash: Flash; readonly board: Board },
  stateFolder: string,
): DeviceCredentials => ({
  keys: new SimulatedSecureElement(openKeyFile(join(stateFolder, KEY_FILE))),
  claim: claimArea(flash.area(layoutOf(board).claimCredential)),
  record: boardParts(flash, board).credentials.operational,
});

/** What the device is to the cloud, once it is provisioned; undefined before. */
export function operationalCredential(
  credentials: DeviceCredentials,
): { readonly thing: string; readonly credential: TlsCredential } | undefined {
  const { operational } = decodeCredentials(credentials.record.read());
  return (
    operational && {
      thing: operational.thing,
      credential: tlsCredential({ kind: 'device', ...operational }, credentials),
    }
  );
}

/** @throws {ProvisioningRefused} `no-credential`: the flash has no claim that can be read */
export function tlsCredential(
  credential: Credential,
  { keys, claim }: Omit<DeviceCredentials, 'record'>,
): TlsCredential {
  if (credential.kind === 'device') {
    const { certificate, slot } = credential;
    return { certificate: encodePem('CERTIFICATE', certificate), privateKey: pemOf(keys.privateKey(slot)) };
  }
  const flashed = claim.credential();
  if (!flashed) throw new ProvisioningRefused('no-credential', 'what is left of the claim cannot be read');
  const { certificate, privateKey } = flashed;
  return { certificate: encodePem('CERTIFICATE', certificate), privateKey: encodePem('PRIVATE KEY', privateKey) };
}

const pemOf = (key: KeyObject): string => key.export({ format: 'pem', type: 'pkcs8' });
