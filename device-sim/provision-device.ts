/**
 * Provisioning of one simulated device as a process: a folder with its flash and its keys, connections over TLS, and
 * meters on both. Killed at any point and run again, it goes on from there.
 */
import { Rejection } from '../protocol/errors.ts';
import { formatUuid } from '../protocol/suit/uuid.ts';
import { openCredentials } from './device-credentials.ts';
import { type Device, openDevice } from './factory.ts';
import { RamBudget } from './hardware/ram.ts';
import { systemClock, systemRandom } from './hardware/system-clock.ts';
import { BoardMeter } from './metrics/board-meter.ts';
import { type CostContext, type CostRow, costRows } from './metrics/cost.ts';
import { WireMeter } from './metrics/wire-meter.ts';
import { Unavailable } from './ports.ts';
import { connectToProvision, type SecureBroker } from './provision-connect.ts';
import type { KeyAlgorithm, ProvisioningEvent, ProvisioningSettings, Renewal } from './provisioning/ports.ts';
import { provision, type Provisioned } from './provisioning/provision.ts';
import { ProvisioningRefused } from './provisioning/refusals.ts';

export interface ProvisionDeviceOptions {
  /** Made by `manufacture`. */
  readonly stateFolder: string;
  readonly broker: SecureBroker;
  readonly template: string;
  /** For RegisterThing, beside what every device says of itself. */
  readonly parameters?: Readonly<Record<string, string>>;
  readonly settings?: Partial<Omit<ProvisioningSettings, 'template' | 'parameters' | 'answerBytes'>>;
  readonly renewal?: Renewal | undefined;
  readonly onEvent?: (event: ProvisioningEvent) => void;
  readonly signal?: AbortSignal | undefined;
  readonly costs?: Partial<Pick<CostContext, 'run' | 'seed' | 'commit' | 'link'>>;
}

export interface ProvisionOutcome {
  /** Who it left the factory as. */
  readonly device: string;
  /** `unchanged`: it has its certificate, and that one is not near its end. `offline`: it goes on at the next run. */
  readonly result: 'provisioned' | 'unchanged' | 'refused' | 'offline';
  /** Of `refusals.ts`, or of a `Rejection`; `ok`, `offline`. */
  readonly code: string;
  /** What the service said: `AccessDenied`. */
  readonly errorCode?: string;
  readonly detail: string;
  readonly thing?: string;
  /** None where it failed. */
  readonly costs: readonly CostRow[];
}

const SETTINGS: Omit<ProvisioningSettings, 'template' | 'parameters' | 'answerBytes'> = {
  format: 'cbor',
  algorithm: 'P-256',
  keysFrom: 'device',
  answerTimeoutMs: 10_000,
  attempts: 5,
  connections: 8,
  backoffMs: { first: 500, longest: 30_000 },
  certificates: 3,
  refusals: 3,
};

/**
 * bytes. Its issuer may sign with ML-DSA whatever the certificate's own key is; with ML-DSA-65 or 87 in both places it
 * has 10 KB in PEM.
 */
// oxfmt-ignore
const ANSWER_BYTES: Readonly<Record<KeyAlgorithm, number>> = {
  'P-256': 8_192, 'ML-DSA-44': 8_192, 'ML-DSA-65': 12_288, 'ML-DSA-87': 12_288,
};

/** bytes. What comes around an answer, and a request: on the smallest boards, answers have the rest. */
const OTHER_BUFFERS_BYTES = 2_048;

/**
 * @throws {RangeError} where there is no device in the folder
 * @throws {Unavailable} where another process runs it
 * @throws whatever `signal` is aborted with
 */
export async function provisionDevice(options: ProvisionDeviceOptions): Promise<ProvisionOutcome> {
  using device = openDevice(options.stateFolder);
  const settings = settingsOf(options, device);
  const meters = new ProvisioningMeters(device);
  const { signal, renewal } = options;
  const credentials = openCredentials(device, options.stateFolder);
  const { keys, claim, record } = credentials;
  const ending = await endingOf(
    provision({
      deviceId: device.identity.thing,
      settings,
      keys,
      credentials: record,
      claim,
      connectAs: connectToProvision({ ...options, credentials, wire: meters.wire }),
      clock: systemClock(signal),
      random: systemRandom,
      ram: meters.ram,
      renewal,
      observe: (event) => options.onEvent?.(event),
    }),
  );
  const context = { run: device.identity.thing, ...options.costs, algorithm: settings.algorithm };
  // What failed is not what provisioning costs.
  const costs = ending.code === 'ok' ? meters.costs(context) : [];
  return { device: device.identity.thing, ...ending, costs };
}

function settingsOf({ settings, template, parameters }: ProvisionDeviceOptions, device: Device): ProvisioningSettings {
  const chosen = { ...SETTINGS, ...settings };
  const answerBytes = Math.min(ANSWER_BYTES[chosen.algorithm], device.board.agentRamBytes - OTHER_BUFFERS_BYTES);
  return { ...chosen, template, parameters: parametersOf(device, parameters), answerBytes };
}

/** What every device says of itself, unless it is told to say otherwise. */
const parametersOf = ({ identity }: Device, parameters: Readonly<Record<string, string>> = {}) => ({
  SerialNumber: identity.thing,
  VendorId: formatUuid(identity.vendorId),
  ClassId: formatUuid(identity.classId),
  ...parameters,
});

type Ending = Pick<ProvisionOutcome, 'result' | 'code' | 'errorCode' | 'detail' | 'thing'>;

async function endingOf(provisioning: Promise<Provisioned>): Promise<Ending> {
  try {
    const { thing, isNew } = await provisioning;
    return { result: isNew ? 'provisioned' : 'unchanged', code: 'ok', detail: '', thing };
  } catch (error) {
    const detail = error instanceof Error ? error.message : '';
    if (error instanceof Unavailable) return { result: 'offline', code: 'offline', detail };
    if (error instanceof Rejection) return { result: 'refused', code: error.code, detail };
    if (!(error instanceof ProvisioningRefused)) throw error;
    const { code, errorCode } = error;
    return { result: 'refused', code, detail, ...(errorCode !== undefined && { errorCode }) };
  }
}

class ProvisioningMeters {
  readonly wire = new WireMeter();
  readonly ram: RamBudget;
  readonly #device: Device;
  readonly #board: BoardMeter;

  constructor(device: Device) {
    this.#device = device;
    this.ram = new RamBudget(device.board.agentRamBytes, 'provision');
    this.#board = new BoardMeter({ flashCounters: () => device.flash.counts, ram: this.ram });
    this.#board.enterState('provisioning');
  }

  costs(context: Partial<CostContext> & Pick<CostContext, 'run' | 'algorithm'>): readonly CostRow[] {
    const { board, flash } = this.#device;
    this.#board.settle();
    return costRows(
      { seed: '', commit: '', link: 'unshaped', ...context, profile: board.name, blockBytes: 0 },
      {
        wire: this.wire,
        board: this.#board,
        ramPeaks: this.ram.peakBytes,
        maxSectorErases: Math.max(...flash.erases),
        envelope: undefined,
      },
    );
  }
}
