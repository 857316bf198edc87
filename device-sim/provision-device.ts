/**
 * Provisioning of one simulated device as a process: a folder with its flash and its keys, connections over TLS, and
 * meters on both. Killed at any point and run again, it goes on from there.
 */
import type { KeyObject } from 'node:crypto';
import { join } from 'node:path';
import { Rejection } from '../protocol/errors.ts';
import { formatUuid } from '../protocol/suit/uuid.ts';
import { type Device, openDevice } from './factory.ts';
import { boardParts } from './hardware/board-parts.ts';
import { claimArea, type ClaimArea } from './hardware/claim-area.ts';
import { openKeyFile } from './hardware/key-file.ts';
import { RamBudget } from './hardware/ram.ts';
import { SimulatedSecureElement } from './hardware/secure-element.ts';
import { systemClock, systemRandom } from './hardware/system-clock.ts';
import { BoardMeter } from './metrics/board-meter.ts';
import { type CostContext, type CostRow, costRows } from './metrics/cost.ts';
import { WireMeter } from './metrics/wire-meter.ts';
import { type Transport, Unavailable } from './ports.ts';
import { layoutOf } from './profiles/boards.ts';
import { encodePem } from './provisioning/pem.ts';
import {
  type ConnectAs,
  type Credential,
  CredentialRefused,
  type KeyAlgorithm,
  type ProvisioningEvent,
  type ProvisioningSettings,
  type Renewal,
} from './provisioning/ports.ts';
import { provision, type Provisioned } from './provisioning/provision.ts';
import { ProvisioningRefused } from './provisioning/refusals.ts';
import { mqttConnect } from './transports/mqtt.ts';
import type { DeviceTls, KeyExchange } from './transports/tls-line.ts';

/** Where the broker is, and what its certificate must be. */
export interface SecureBroker {
  /** `mqtts://host:port`. */
  readonly url: string;
  /** PEM: who issued the server's certificate. */
  readonly ca: string;
  readonly keyExchange?: KeyExchange | undefined;
  /** What the certificate must be for; the host of the URL, unless told otherwise. */
  readonly serverName?: string | undefined;
}

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
  const { keys, claim, credentials } = credentialParts(device, options.stateFolder);
  const ending = await endingOf(
    provision({
      deviceId: device.identity.thing,
      settings,
      keys,
      credentials,
      claim,
      connectAs: connectOver(options, { keys, claim, wire: meters.wire }),
      clock: systemClock(signal),
      random: systemRandom,
      ram: meters.ram,
      renewal,
      observe: (event) => options.onEvent?.(event),
    }),
  );
  const context = { run: device.identity.thing, ...options.costs, algorithm: settings.algorithm };
  return { device: device.identity.thing, ...ending, costs: meters.costs(context) };
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

interface CredentialParts {
  readonly keys: SimulatedSecureElement;
  readonly claim: ClaimArea;
}

function credentialParts({ flash, board }: Device, stateFolder: string) {
  return {
    keys: new SimulatedSecureElement(openKeyFile(join(stateFolder, KEY_FILE))),
    claim: claimArea(flash.area(layoutOf(board).claimCredential)),
    credentials: boardParts(flash, board).credentials.operational,
  };
}

const KEY_FILE = 'secure-element.bin';

type Ending = Pick<ProvisionOutcome, 'result' | 'code' | 'errorCode' | 'detail' | 'thing'>;

async function endingOf(provisioning: Promise<Provisioned>): Promise<Ending> {
  try {
    const { thing, certificatesAskedFor } = await provisioning;
    return { result: certificatesAskedFor > 0 ? 'provisioned' : 'unchanged', code: 'ok', detail: '', thing };
  } catch (error) {
    const detail = error instanceof Error ? error.message : '';
    if (error instanceof Unavailable) return { result: 'offline', code: 'offline', detail };
    if (error instanceof Rejection) return { result: 'refused', code: error.code, detail };
    if (!(error instanceof ProvisioningRefused)) throw error;
    const { code, errorCode } = error;
    return { result: 'refused', code, detail, ...(errorCode !== undefined && { errorCode }) };
  }
}

function connectOver(
  { broker, signal }: ProvisionDeviceOptions,
  parts: CredentialParts & { readonly wire: WireMeter },
): ConnectAs {
  return async (credential, { clientId, receiveBytes }) => {
    const { url, ca, keyExchange, serverName } = broker;
    const tls: DeviceTls = { ca, keyExchange, serverName, credential: tlsCredential(credential, parts) };
    const connect = mqttConnect({
      url,
      tls,
      clientId,
      openTap: (version) => parts.wire.openConnection(version),
      openTlsTap: () => parts.wire.tls.openConnection(),
      signal,
    });
    return judged(connect({ receiveBytes }));
  };
}

function tlsCredential(credential: Credential, { keys, claim }: CredentialParts): DeviceTls['credential'] {
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

/** CONNACK: 2 identifier rejected, 4 bad credentials, 5 not authorized in MQTT 3.1.1; 0x85, 0x86, 0x87 in MQTT 5. */
const REFUSED_CODES: readonly unknown[] = [2, 4, 5, 0x85, 0x86, 0x87];

/** OpenSSL, of a server's certificate; `ERR_TLS_CERT_ALTNAME_INVALID` is Node's. */
const UNTRUSTED_SERVER = /^(SELF_SIGNED_CERT|DEPTH_ZERO_SELF|UNABLE_TO_(GET_ISSUER|VERIFY)|CERT_|ERR_TLS_CERT_ALTNAME)/;

async function judged(connecting: Promise<Transport>): Promise<Transport> {
  try {
    return await connecting;
  } catch (error) {
    if (!(error instanceof Unavailable) || !(error.cause instanceof Error) || !('code' in error.cause)) throw error;
    const { code } = error.cause;
    if (REFUSED_CODES.includes(code)) throw new CredentialRefused(error.message, { cause: error });
    if (UNTRUSTED_SERVER.test(String(code))) throw new ProvisioningRefused('server-untrusted', String(code));
    throw error;
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
