/** One device with a claim and the cloud that provisions it, in virtual time. A power cut is one more call of `run`. */
import { claimArea } from '../../device-sim/hardware/claim-area.ts';
import { Flash } from '../../device-sim/hardware/flash.ts';
import { RamBudget } from '../../device-sim/hardware/ram.ts';
import { RecordLog } from '../../device-sim/hardware/record-log.ts';
import { SimulatedSecureElement } from '../../device-sim/hardware/secure-element.ts';
import { encodeClaim } from '../../device-sim/provisioning/claim.ts';
import { type Credentials, decodeCredentials } from '../../device-sim/provisioning/credentials.ts';
import type {
  ProvisioningEvent,
  ProvisioningPorts,
  ProvisioningSettings,
} from '../../device-sim/provisioning/ports.ts';
import { provision } from '../../device-sim/provisioning/provision.ts';
import type { DeviceCa } from './device-ca.ts';
import { FakeProvisioning, TEMPLATE } from './fake-provisioning.ts';
import { keyMemory } from './key-memory.ts';

const FLASH = { flashBytes: 16 * 4_096, sectorBytes: 4_096, writeBytes: 4 };
const CLAIM = { firstSector: 0, sectors: 4 };
const CREDENTIALS = { firstSector: 4, sectors: 8 };
export const CLAIM_KEY = new Uint8Array(138).fill(0x5a);

export const SETTINGS: ProvisioningSettings = {
  template: TEMPLATE,
  format: 'cbor',
  algorithm: 'P-256',
  keysFrom: 'device',
  answerBytes: 12_288,
  parameters: { SerialNumber: '1' },
  answerTimeoutMs: 5_000,
  attempts: 3,
  connections: 6,
  backoffMs: { first: 500, longest: 30_000 },
  certificates: 3,
  refusals: 2,
};

export class ProvisioningWorld {
  readonly flash = new Flash(FLASH);
  readonly keys = new SimulatedSecureElement(keyMemory());
  readonly claim = claimArea(this.flash.area(CLAIM));
  readonly cloud: FakeProvisioning;
  readonly events: ProvisioningEvent[] = [];

  constructor(ca: DeviceCa) {
    this.cloud = new FakeProvisioning(ca);
    const claim = encodeClaim({ certificate: new Uint8Array(600).fill(0x48), privateKey: CLAIM_KEY });
    new RecordLog(this.flash.area(CLAIM)).write(claim);
  }

  /** Power on, until it has what it needs. Nothing of an earlier run is in RAM. */
  run(options: Partial<ProvisioningPorts> & { settings?: ProvisioningSettings } = {}) {
    return provision({
      deviceId: 'device-1',
      settings: SETTINGS,
      keys: this.keys,
      credentials: new RecordLog(this.flash.area(CREDENTIALS)),
      claim: this.claim,
      connectAs: this.cloud.connectAs,
      clock: this.cloud.clock,
      random: () => 0.5,
      ram: new RamBudget(65_536, 'provisioning'),
      observe: (event) => void this.events.push(event),
      ...options,
    });
  }

  get credentials(): Credentials {
    return decodeCredentials(new RecordLog(this.flash.area(CREDENTIALS)).read());
  }

  get steps(): readonly string[] {
    return this.events.flatMap((event) => (event.kind === 'step' ? [event.step] : []));
  }

  /** Every cell of the flash, to look for what must not be there. */
  get cells(): Buffer {
    const cells = new Uint8Array(FLASH.flashBytes);
    this.flash.area({ firstSector: 0, sectors: 16 }).read(0, cells);
    return Buffer.from(cells);
  }
}
