/**
 * The dependency rules of the house, executable. The tables are the architecture: change them only together with an
 * entry in DECISIONS.md.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';

const NODE_AND_OURS = (...ours: readonly string[]) => [...ours, 'protocol/', 'node:'];
const CLOUD = NODE_AND_OURS('cloud/');
const DEVICE = NODE_AND_OURS('device-sim/');
const COMMANDS = ['command-line.ts', 'commander'];

/**
 * What each place may import of ours (path prefixes) and from outside; a `/` at the end of a library stands for all
 * packages of its scope. The longest matching prefix decides, so a library is known to the places that name it here.
 */
// oxfmt-ignore
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  'protocol/':                ['protocol/', '@noble/'],
  'protocol/cbor/encode.ts':  ['protocol/', 'cbor-x'],

  'cloud/':                   CLOUD,
  'cloud/identity/':          [...CLOUD, '@aws-sdk/client-kms'],
  'cloud/provisioning/expressions.ts': ['protocol/'],
  'cloud/provisioning/plan-registration.ts': ['cloud/provisioning/', 'protocol/'],
  'cloud/jobs/decide.ts':     ['cloud/jobs/execution.ts', 'protocol/'],
  'cloud/streams/plan-blocks.ts': ['protocol/'],
  'cloud/broker/':            [...CLOUD, 'aedes', 'mqtt'],
  'cloud/formats/':           [...CLOUD, '@peculiar/', 'reflect-metadata', '@noble/'],
  'cloud/kms/':               [...CLOUD, 'fastify', '@noble/', '@smithy/signature-v4', '@smithy/core/config'],
  'cloud/signing/':           [...CLOUD, '@aws-sdk/client-kms', '@noble/'],
  'cloud/posture/':           CLOUD,
  'cloud/posture/inventory/': [...CLOUD, '@aws-sdk/client-kms', '@cyclonedx/cyclonedx-library', 'csv-stringify'],
  'cloud/posture/audit/':     [...CLOUD, '@streamparser/json'],
  'cloud/posture/clients/aws-crt-child.ts': [...CLOUD, 'aws-iot-device-sdk-v2'],
  'cloud/profiles/':          [...CLOUD, '@aws-sdk/client-ssm', '@aws-sdk/client-secrets-manager'],
  'cloud/store/':             [...CLOUD, 'kysely'],
  'cloud/cli/':               [...CLOUD, ...COMMANDS, 'pino'],

  'device-sim/':              DEVICE,
  'device-sim/agent/':        ['device-sim/agent/', 'device-sim/ports.ts', 'protocol/'],
  'device-sim/provisioning/': ['device-sim/provisioning/', 'device-sim/agent/', 'device-sim/ports.ts', 'protocol/'],
  'device-sim/hardware/':     NODE_AND_OURS('device-sim/hardware/', 'device-sim/ports.ts', 'device-sim/profiles/'),
  'device-sim/hardware/secure-element.ts': ['device-sim/provisioning/ports.ts', '@peculiar/', 'protocol/', 'node:'],
  'device-sim/hardware/claim-area.ts': ['device-sim/hardware/', 'device-sim/provisioning/', 'device-sim/ports.ts'],
  'device-sim/hardware/key-file.ts': NODE_AND_OURS('device-sim/hardware/', 'device-sim/provisioning/ports.ts'),
  'device-sim/metrics/':      [...NODE_AND_OURS('device-sim/metrics/', 'device-sim/ports.ts'), 'mqtt-packet'],
  'device-sim/links/':        [...DEVICE, 'mqtt-packet'],
  'device-sim/transports/':   [...NODE_AND_OURS('device-sim/transports/', 'device-sim/ports.ts', 'device-sim/metrics/'), 'mqtt'],
  'device-sim/transports/acknowledgements.ts': [...NODE_AND_OURS('device-sim/metrics/'), 'mqtt-packet'],
  'device-sim/transports/aws-sdk': [...NODE_AND_OURS('device-sim/transports/', 'device-sim/ports.ts', 'device-sim/metrics/'), 'aws-iot-device-sdk-v2'],
  'device-sim/cost-model/':   ['device-sim/cost-model/', 'device-sim/profiles/', 'device-sim/metrics/', 'protocol/'],
  'device-sim/measure/':      [...DEVICE, 'fflate'],
  'device-sim/measure/experiment/': [...DEVICE, 'ajv', 'yaml'],
  'device-sim/measure/results/': [...DEVICE, 'ajv'],
  'device-sim/measure/report/chart.ts': [...DEVICE, '@observablehq/plot', 'linkedom'],
  'device-sim/measure/compare/': ['device-sim/measure/', 'device-sim/links/seeded-random.ts', 'simple-statistics'],
  'device-sim/measure/advise/': [...DEVICE, 'mqtt-packet'],
  'device-sim/fleet/devices/': [...DEVICE, 'mqtt-packet'],
  'device-sim/fleet/distributed/share-queue.ts': [...DEVICE, 'bullmq'],
  'device-sim/fleet/machine-facts.ts': [...DEVICE, 'package.json'],
  'device-sim/fleet/live/':   [...DEVICE, 'fastify'],
  'device-sim/cli/':          [...DEVICE, ...COMMANDS],

  'command-line.ts':          ['node:', 'commander', 'cli-progress', 'cli-table3'],
  'batch.ts':                 ['node:', 'commander', 'command-line.ts'],
  'bristlecone.ts':           ['cloud/cli/', 'device-sim/cli/', 'command-line.ts', 'batch.ts', 'package.json', 'node:', 'commander'],
};

/** Where the outside world may come in: everything else is handed its clock, dice, environment and timers. */
const AMBIENT =
  /\b(Date\.now|new Date\(\)|performance\.now|Math\.random|randomUUID|randomBytes|process\.env|setTimeout|setInterval)\b/;
// oxfmt-ignore
const MAY_BE_AMBIENT: readonly string[] = [
  'bristlecone.ts', 'command-line.ts', 'cloud/embedded.ts', 'cloud/jobs/ticker.ts', 'cloud/kms/server.ts',
  'cloud/kms/import-tokens.ts', 'device-sim/hardware/system-clock.ts', 'device-sim/transports/mqtt.ts', 'device-sim/transports/mailbox.ts', 'device-sim/transports/aws-sdk.ts', 'device-sim/transports/aws-sdk-process.ts', 'device-sim/transports/acknowledgements.ts',
  'cloud/broker/expiry.ts', 'cloud/broker/doorstep.ts', 'cloud/repeat.ts', 'cloud/load-meter.ts', 'cloud/store/group-commit.ts',
  'cloud/posture/handshakes/throwaway-pki.ts', 'device-sim/links/delivery-queue.ts', 'device-sim/links/emulator.ts', 'device-sim/links/proxy.ts',
  'device-sim/fleet/mosquitto.ts', 'device-sim/fleet/workers.ts',
  // Clock and timers of a worker's devices, which they are handed.
  'device-sim/fleet/devices/arrivals.ts', 'device-sim/fleet/devices/connections.ts', 'device-sim/fleet/devices/socket-transport.ts',
  'device-sim/fleet/devices/bare-connection.ts', 'device-sim/fleet/devices/worker.ts',
  'device-sim/fleet/distributed/within.ts',
];

const ASYNCHRONOUS = /\b(async|await|Promise)\b/;

const sourceFiles = ['protocol', 'cloud', 'device-sim']
  .flatMap((folder) => readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)))
  .filter((name) => name.endsWith('.ts'))
  .concat('bristlecone.ts', 'command-line.ts', 'batch.ts');

const startsWithOneOf = (text: string, prefixes: readonly string[]) =>
  prefixes.some((prefix) => text.startsWith(prefix));

/** `kysely` covers kysely/migration, and not kysely-codegen. */
const covers = (allowed: string, target: string): boolean =>
  target === allowed || target.startsWith(allowed.endsWith('/') || allowed.endsWith(':') ? allowed : `${allowed}/`);

const IMPORT = /^(?:import|export)\b[^;'"]*from '([^']+)'|^import '([^']+)'|\bimport\('([^']+)'\)/gm;

/** Import specifiers of a file; relative ones as paths from the root: `protocol/bytes.ts`. */
const importsOf = (file: string): string[] =>
  [...readFileSync(file, 'utf8').matchAll(IMPORT)]
    .map(([, from, bare, dynamic]) => from ?? bare ?? dynamic ?? '')
    .map((specifier) => (specifier.startsWith('.') ? normalize(join(dirname(file), specifier)) : specifier));

function allowedFor(file: string): readonly string[] {
  const [closest] = Object.keys(MAY_IMPORT)
    .filter((prefix) => file.startsWith(prefix))
    .sort((a, b) => b.length - a.length);
  return closest === undefined ? [] : (MAY_IMPORT[closest] ?? []);
}

/** The files that `file` needs at run time or for its types, followed to the end. */
function reaches(file: string, seen = new Set<string>()): Set<string> {
  for (const target of importsOf(file).filter((it) => sourceFiles.includes(it) && !seen.has(it))) {
    seen.add(target);
    reaches(target, seen);
  }
  return seen;
}

describe('architecture', () => {
  it('found the source files', () => {
    expect(sourceFiles.length).toBeGreaterThan(60);
  });

  describe.each(sourceFiles)('%s', (file) => {
    const source = readFileSync(file, 'utf8');

    it('imports only what its place may', () => {
      const allowed = allowedFor(file);
      expect(importsOf(file).filter((target) => !allowed.some((it) => covers(it, target)))).toEqual([]);
      // Builtins by their scheme, so that no package can take their place.
      const bare = importsOf(file).filter((target) => !target.startsWith('node:') && builtinModules.includes(target));
      expect(bare).toEqual([]);
    });

    it('is handed its clock, dice and environment, unless it is where they come in', () => {
      const ambient = startsWithOneOf(file, MAY_BE_AMBIENT) ? null : AMBIENT.exec(source);
      expect(ambient?.[0]).toBeUndefined();
    });

    it('does not reach itself', () => {
      expect([...reaches(file)]).not.toContain(file);
    });

    it('is no barrel and has no default export', () => {
      expect(source).not.toMatch(/^export \* from|^export default/m);
    });

    it('is synchronous if it is protocol', () => {
      const asynchronous = file.startsWith('protocol/') ? ASYNCHRONOUS.exec(source) : null;
      expect(asynchronous?.[0]).toBeUndefined();
    });

    it('goes up at most three folders in an import', () => {
      expect(source).not.toMatch(/from '(\.\.\/){4}/);
    });
  });

  it('keeps what updates without verifying in the rooms that measure', () => {
    const unverified = sourceFiles.filter((file) => file.startsWith('device-sim/measure/variants/sized-'));
    expect(unverified).toHaveLength(2);
    const users = sourceFiles.filter((file) => importsOf(file).some((target) => unverified.includes(target)));
    expect(users.length).toBeGreaterThan(0);
    expect(users.filter((file) => !file.startsWith('device-sim/measure/'))).toEqual([]);
  });
});
