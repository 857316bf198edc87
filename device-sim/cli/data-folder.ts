/**
 * What a device's commands find in the data folder of an embedded cloud on the same machine: where its broker listens,
 * what the operator handed to manufacturing, and the devices themselves.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { UsageError } from '../../command-line.ts';
import type { Anchor } from '../../protocol/cose/algorithms.ts';
import { textAt } from '../measure/json.ts';
import { Unavailable } from '../ports.ts';
import { readAnchors } from './files.ts';

const DEFAULT_DATA_FOLDER = '.bristlecone';

export const dataFolder = (option: string | undefined): string => resolve(option ?? DEFAULT_DATA_FOLDER);

export const deviceFolder = (data: string, thing: string): string => join(data, 'devices', thing);

/** @throws {Unavailable} where no broker is named and none is known here */
export function brokerUrl(data: string, named: string | undefined): string {
  if (named !== undefined) return expectBrokerUrl(named);
  const file = join(data, 'endpoints.json');
  if (existsSync(file)) return textAt(JSON.parse(readFileSync(file, 'utf8')), 'mqtt');
  throw new Unavailable(
    `no MQTT broker: no embedded cloud runs with the data in ${data}. Start one with \`bristlecone up\`, or give --mqtt URL`,
  );
}

function expectBrokerUrl(text: string): string {
  if (URL.canParse(text) && new URL(text).protocol === 'mqtt:') return text;
  throw new UsageError(`--mqtt: expected mqtt://host:port, got ${JSON.stringify(text.slice(0, 100))}`);
}

/** What the operator wrote for manufacturing (`release create` does). */
export interface FactoryOrder {
  readonly vendor: string;
  readonly className: string;
  /** Keys that sign releases. */
  readonly anchors: readonly Anchor[];
  /** The trust root that new devices get; absent where the operator has none yet. */
  readonly rootFile: string | undefined;
}

const ROOT_FILE = 'root.cose';

export function readFactoryOrder(data: string): FactoryOrder | undefined {
  const folder = join(data, 'factory');
  const file = join(folder, 'device.json');
  if (!existsSync(file)) return undefined;
  const order: unknown = JSON.parse(readFileSync(file, 'utf8'));
  const rootFile = join(folder, ROOT_FILE);
  const keys = readdirSync(folder).filter((name) => name.endsWith('.cose') && name !== ROOT_FILE);
  return {
    vendor: textAt(order, 'vendor'),
    className: textAt(order, 'class'),
    anchors: readAnchors(keys.map((name) => join(folder, name))),
    rootFile: existsSync(rootFile) ? rootFile : undefined,
  };
}
