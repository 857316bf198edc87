import { join } from 'node:path';
import { generate } from 'mqtt-packet';
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../command-line.ts';
import { CannotVerify, type CostOptions } from '../../../device-sim/cli/cost-options.ts';
import { expectVerifiableUpdates, RunCosting } from '../../../device-sim/cli/run-costing.ts';
import type { CostSheet } from '../../../device-sim/cost-model/cost-sheet.ts';
import type { DeviceOutcome } from '../../../device-sim/device.ts';
import { manufacture, openDevice } from '../../../device-sim/factory.ts';
import type { CostRow } from '../../../device-sim/metrics/cost.ts';
import { boardNamed } from '../../../device-sim/profiles/boards.ts';
import { firstRoot } from '../../support/device-roots.ts';
import { OLD_IMAGE } from '../../support/device-world.ts';
import { classId, es256, mlDsa44, mlDsa87, type TestSigner, vendorId } from '../../support/suit.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { signer } from '../../support/trust.ts';

const STM32F0 = boardNamed('stm32f070rb')!;
const NRF52840 = boardNamed('nrf52840')!;
const KEYS = [signer('ES256', 1), signer('ML-DSA-87', 2)];

const rootOf = () => firstRoot(KEYS).root;
const windowed = (algorithms: readonly ('ES256' | 'ML-DSA-87')[]) => {
  const root = rootOf();
  const any = algorithms.map((algorithm) => ({ algorithm, threshold: 1 }));
  const window = { any, untilSeconds: root.expiresSeconds };
  return { ...root, roles: root.roles.map((role) => ({ ...role, policy: { ...role.policy, window } })) };
};

describe('expectVerifiableUpdates', () => {
  it('takes a board that verifies all that its root asks for', () => {
    expect(() => expectVerifiableUpdates(NRF52840, rootOf(), [])).not.toThrow();
  });

  it('refuses one that does not, and one that would not as it was told to', () => {
    expect(() => expectVerifiableUpdates(STM32F0, rootOf(), [])).toThrow(CannotVerify);
    expect(() => expectVerifiableUpdates(NRF52840, rootOf(), ['clean'])).toThrow('--variant m4f would fit');
  });

  it('takes one that verifies what a migration window is content with', () => {
    expect(() => expectVerifiableUpdates(STM32F0, windowed(['ML-DSA-87', 'ES256']), [])).not.toThrow();
    expect(() => expectVerifiableUpdates(STM32F0, windowed(['ML-DSA-87']), [])).toThrow(CannotVerify);
  });
});

function made(signers: readonly TestSigner[]) {
  const stateFolder = join(temporaryFolder(), 'hub-1');
  const root = firstRoot(signers);
  const named = { stateFolder, thing: 'hub-1', board: NRF52840, vendorId, classId };
  manufacture({ ...named, root, image: OLD_IMAGE, sequenceNumber: 1 });
  return openDevice(stateFolder);
}

const OUTCOME: DeviceOutcome = {
  ...{ thing: 'hub-1', result: 'succeeded', code: 'ok', at: '', detail: '', reported: true, boots: 2 },
  ...{ sequenceNumber: 2, slot: 1, root: { proven: 1, newest: 1 }, costs: [] },
};

const row = (quantity: string, value: number): CostRow => ({
  ...{ run: 'hub-1', seed: '', commit: '', profile: 'nrf52840', link: 'unshaped', algorithm: '', blockBytes: 4_096 },
  ...{ phase: 'connect', quantity, unit: 'B', value, how: 'measured', n: 1 },
});

const airTime = ({ values }: CostSheet) => values.find(({ quantity }) => quantity === 'air-time up')!.value;

describe('RunCosting', () => {
  it.each([
    ['link', { link: 'pigeon' }],
    ['variant', { variant: 'abacus' }],
    ['battery', { battery: 'lemon' }],
  ])('refuses a %s that is none before anything is run', (_, options: CostOptions) => {
    expect(() => new RunCosting(options)).toThrow(UsageError);
  });

  it('reads what a made device trusts, and refuses before it connects', () => {
    using device = made([es256, mlDsa87]);
    expect(() => new RunCosting({}).inspect(device)).not.toThrow();
    expect(() => new RunCosting({ variant: 'clean' }).inspect(device)).toThrow(CannotVerify);
  });

  it('refuses a board that the device is not made of', () => {
    using device = made([es256]);
    expect(() => new RunCosting({ board: 'nrf52840' }).inspect(device)).not.toThrow();
    const message = '--board: hub-1 is made of nrf52840, got rp2040';
    expect(() => new RunCosting({ board: 'rp2040' }).inspect(device)).toThrow(message);
  });

  it('refuses a layout that the device has not', () => {
    using device = made([es256]);
    expect(() => new RunCosting({ layout: 'a/b' }).inspect(device)).not.toThrow();
    const message = '--layout: hub-1 is divided as a/b, got swap';
    expect(() => new RunCosting({ layout: 'swap' }).inspect(device)).toThrow(message);
  });

  it('has a sheet only where an option asks for one', () => {
    using device = made([mlDsa44]);
    const sheetOf = (options: CostOptions) => {
      const costing = new RunCosting(options);
      costing.inspect(device);
      return costing.sheet(OUTCOME);
    };
    expect(sheetOf({})).toBeUndefined();
    expect(sheetOf({ battery: 'cr2032' })).toMatchObject({ board: 'nrf52840', link: '' });
    expect(sheetOf({ link: 'nb-iot' })).toMatchObject({ link: 'nb-iot' });
  });

  it('puts the handshake of the run on the link', () => {
    using device = made([mlDsa44]);
    const sheetOf = (quantities: Readonly<Record<string, number>>) => {
      const costing = new RunCosting({ link: 'nb-iot' });
      costing.inspect(device);
      costing.openTap(5).sent(generate({ cmd: 'connect', protocolId: 'MQTT', protocolVersion: 5, clientId: 'hub-1' }));
      return costing.sheet({ ...OUTCOME, costs: Object.entries(quantities).map(([name, value]) => row(name, value)) })!;
    };
    const plain = sheetOf({});
    const counted = { 'tls-handshakes': 1, 'tls-group X25519': 1, 'tls-handshake-sent': 2_000 };
    const secure = sheetOf({ ...counted, 'tls-handshake-received': 3_000 });
    expect(airTime(secure)).toBeGreaterThan(2 * airTime(plain));
    expect([plain, secure].map(({ unavailable }) => unavailable.some(({ quantity }) => quantity === 'tls'))).toEqual([
      true,
      false,
    ]);
  });
});
