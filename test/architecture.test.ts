/**
 * The dependency rules of the house, executable. The tables are the architecture: change them only together with an
 * entry in DECISIONS.md.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';

const LIBRARIES = Object.keys(JSON.parse(readFileSync('package.json', 'utf8')).dependencies);

/** What each place may import of ours (path prefixes) and from outside. The longest matching prefix decides. */
// oxfmt-ignore
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  'protocol/':                ['protocol/', '@noble/'],
  'protocol/cbor/encode.ts':  ['protocol/', 'cbor-x'],

  'cloud/':                   ['cloud/', 'protocol/', 'node:', '@noble/', ...LIBRARIES],
  'cloud/cli/':               ['cloud/', 'protocol/', 'node:', 'command-line.ts', 'commander'],

  'device-sim/':              ['device-sim/', 'protocol/', 'node:'],
  'device-sim/agent/':        ['device-sim/agent/', 'device-sim/ports.ts', 'protocol/'],
  'device-sim/hardware/':     ['device-sim/hardware/', 'device-sim/ports.ts', 'device-sim/profiles/', 'protocol/', 'node:'],
  'device-sim/metrics/':      ['device-sim/metrics/', 'device-sim/ports.ts', 'protocol/', 'node:', 'mqtt-packet'],
  'device-sim/transports/':   ['device-sim/transports/', 'device-sim/ports.ts', 'device-sim/metrics/', 'protocol/', 'node:', 'mqtt'],
  'device-sim/cli/':          ['device-sim/', 'protocol/', 'node:', 'command-line.ts', 'commander'],

  'command-line.ts':          ['protocol/', 'node:', 'commander', 'cli-progress', 'cli-table3'],
  'bristlecone.ts':           ['cloud/cli/', 'device-sim/cli/', 'command-line.ts', 'node:', 'commander'],
};

/** Where the outside world may come in: everything else is handed its clock, dice, environment and timers. */
const AMBIENT = /\b(Date\.now|new Date\(\)|performance\.now|Math\.random|randomUUID|randomBytes|process\.env|setTimeout|setInterval)\b/;
// oxfmt-ignore
const MAY_BE_AMBIENT: readonly string[] = [
  'bristlecone.ts', 'command-line.ts',
];

/** One file knows each of these; the rest of its side goes through that file. */
const ONE_FILE_PER_SIDE = ['cbor-x', 'aedes', '@aws-sdk/client-kms', 'node:sqlite', 'mqtt-packet', 'fastify'];

const sourceFiles = ['protocol', 'cloud', 'device-sim']
  .flatMap((folder) => readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)))
  .filter((name) => name.endsWith('.ts'))
  .concat('bristlecone.ts', 'command-line.ts');

const startsWithOneOf = (text: string, prefixes: readonly string[]) => prefixes.some((prefix) => text.startsWith(prefix));

/** Import specifiers of a file; relative ones as paths from the root: `protocol/bytes.ts`. */
const importsOf = (file: string): string[] =>
  [...readFileSync(file, 'utf8').matchAll(/\b(?:from|import)\s*\(?\s*'([^']+)'/g)]
    .map(([, specifier]) => specifier ?? '')
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
      const forbidden = importsOf(file).filter((target) => !startsWithOneOf(target, allowedFor(file)));
      expect(forbidden).toEqual([]);
      expect(importsOf(file).filter((target) => builtinModules.includes(target))).toEqual([]);
    });

    it('is handed its clock, dice and environment', () => {
      if (!startsWithOneOf(file, MAY_BE_AMBIENT)) expect(source).not.toMatch(AMBIENT);
    });

    it('does not reach itself', () => {
      expect([...reaches(file)]).not.toContain(file);
    });

    it('is no barrel and has no default export', () => {
      expect(source).not.toMatch(/^export \* from|^export default/m);
    });

    it('is pure and synchronous if it is protocol', () => {
      if (file.startsWith('protocol/')) expect(source).not.toMatch(/\b(async|await)\b|\bPromise\b(?!\.)/);
    });

    it('goes up at most three folders in an import', () => {
      expect(source).not.toMatch(/from '(\.\.\/){4}/);
    });
  });

  it.each(ONE_FILE_PER_SIDE)('%s is known to one file of each side', (library) => {
    const users = sourceFiles.filter((file) => importsOf(file).some((it) => it === library || it.startsWith(`${library}/`)));
    const sides = users.map((file) => file.split('/')[0]);
    expect(sides).toEqual([...new Set(sides)]);
  });
});
