/**
 * The folder that holds everything of an embedded cloud, and how the commands of one machine find each other in it.
 *
 *     .bristlecone/
 *       endpoints.json   where `bristlecone up` listens, while it runs
 *       kms/             one file a key
 *       identity/        certificates of the CAs and of the MQTT server, and its key
 *       parameters/      one file a parameter or secret
 *       cloudtrail/      what the KMS was asked, one file a day
 *       cloud.sqlite     releases, campaigns, jobs
 *       artifacts/       envelopes and images by digest
 */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { OperatorError } from '../errors.ts';

export const DEFAULT_DATA_FOLDER = '.bristlecone';

export interface Endpoints {
  readonly pid: number;
  readonly kms: string;
  readonly mqtt: string;
  /** Undefined of one that was started without TLS. */
  readonly mqtts?: string | undefined;
  readonly data: string;
}

export interface DataFolder {
  readonly root: string;
  readonly kms: string;
  readonly database: string;
  readonly artifacts: string;
  readonly identity: string;
}

export function openDataFolder(path: string): DataFolder {
  const root = resolve(path);
  mkdirSync(root, { recursive: true, mode: 0o700 });
  return {
    root,
    kms: join(root, 'kms'),
    database: join(root, 'cloud.sqlite'),
    artifacts: join(root, 'artifacts'),
    identity: join(root, 'identity'),
  };
}

const endpointsFile = ({ root }: DataFolder): string => join(root, 'endpoints.json');

/** Whole or not at all: another command may be reading it. */
export function writeEndpoints(folder: DataFolder, endpoints: Endpoints): void {
  const file = endpointsFile(folder);
  writeFileSync(`${file}.${endpoints.pid}`, `${JSON.stringify(endpoints)}\n`, { mode: 0o600 });
  renameSync(`${file}.${endpoints.pid}`, file);
}

export const removeEndpoints = (folder: DataFolder): void => rmSync(endpointsFile(folder), { force: true });

/** Where the embedded cloud of this folder listens; undefined where none runs (a killed one leaves its file behind). */
export function readEndpoints(folder: DataFolder): Endpoints | undefined {
  let text: string;
  try {
    text = readFileSync(endpointsFile(folder), 'utf8');
  } catch {
    return undefined;
  }
  const endpoints = parseEndpoints(text);
  return endpoints && isAlive(endpoints.pid) ? endpoints : undefined;
}

function parseEndpoints(text: string): Endpoints | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isEndpoints(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

const isEndpoints = (value: unknown): value is Endpoints =>
  typeof value === 'object' &&
  value !== null &&
  ['kms', 'mqtt', 'data'].every(
    (name) => name in value && typeof Object.entries(value).find(([key]) => key === name)?.[1] === 'string',
  ) &&
  'pid' in value &&
  typeof value.pid === 'number';

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: there, and somebody else's.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** One embedded cloud a folder: two would hand out the same jobs twice. */
export function expectNoneRunning(folder: DataFolder): void {
  const running = readEndpoints(folder);
  if (running && running.pid !== process.pid) {
    throw new OperatorError(
      'already-running',
      `an embedded cloud with the data in ${folder.root} already runs (process ${running.pid}, MQTT at ${running.mqtt}). ` +
        'Stop it, or give another folder with --data.',
    );
  }
}
