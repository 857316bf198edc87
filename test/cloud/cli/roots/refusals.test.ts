/** What the commands of a ceremony refuse, each after the same step was seen to work, and with the folder as it was. */
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { answers, RootCli } from '../../../support/root-cli.ts';

const cli = new RootCli();
const DAY_MS = 86_400_000;
let keys: readonly string[] = [];
let publics: readonly string[] = [];
let release = '';
/** A finished first root, and a draft of the second that one holder has signed. */
const [one, two] = [cli.at('ceremony-1'), cli.at('ceremony-2')];

beforeAll(async () => {
  keys = [
    await cli.keygen('alice'),
    await cli.keygen('bob'),
    await cli.keygen('carol'),
    await cli.keygen('dave', 'ES256'),
  ];
  publics = keys.map((key) => key.replace(/key$/, 'pub'));
  release = (await cli.keygen('release')).replace(/key$/, 'pub');
  await cli.json(...init(one));
  for (const key of keys.slice(0, 2)) await cli.sign(one, key);
  await cli.json('finalize', one, '--by', 'Alice');
  await cli.json('rotate', two, '--by', 'Alice', '--from', join(one, 'root-1.cose'));
  await cli.sign(two, keys[0]!);
});
afterEach(() => vi.restoreAllMocks());

const init = (folder: string, ...more: readonly string[]) =>
  ['init', folder, '--by', 'Alice', '--root-key', ...publics.slice(0, 3), '--release-key', release, ...more] as const;

/** A copy of a ceremony that a test may spoil. */
function copyOf(folder: string, name: string): string {
  cpSync(folder, cli.at(name), { recursive: true });
  return cli.at(name);
}

const snapshot = (folder: string) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.includes('.'))
    .map((name) => [name, readFileSync(join(folder, name)).toString('hex')]);

const signing = (folder: string, key: string, ...more: readonly string[]) =>
  ['sign', folder, '--key', key, '--by', 'X', '--yes', ...cli.unlock, ...more] as const;

describe('a step in the wrong order, or done twice', () => {
  // oxfmt-ignore
  it.each<[name: string, code: string, args: () => readonly string[]]>([
    ['init in the folder of a ceremony', 'already-exists', () => init(one)],
    ['a draft changed after it was signed', 'draft-signed', () => ['rotate', two, '--by', 'A']],
    ['a draft changed after the end', 'already-finalized', () => ['add-key', one, '--by', 'A', '--role', 'root', '--key', publics[3]!]],
    ['--from in the folder of a ceremony', 'usage', () => ['rotate', two, '--by', 'A', '--from', join(one, 'root-1.cose')]],
    ['a ceremony from nothing', 'no-ceremony', () => ['rotate', cli.at('nowhere'), '--by', 'A']],
    ['from a draft, not a root', 'wrong-shape', () => ['rotate', cli.at('nowhere'), '--by', 'A', '--from', join(two, 'draft.cbor')]],
    ['a signature before there is a draft', 'no-ceremony', () => signing(cli.at('nowhere'), keys[0]!)],
    ['a signature after the end', 'already-finalized', () => signing(one, keys[2]!)],
    ['a second signature of one key', 'duplicate-signer', () => signing(two, keys[0]!)],
    ['a signature of a stranger', 'not-a-signer', () => signing(two, keys[3]!)],
    ['a signature with a public key', 'not-a-key-file', () => signing(two, publics[1]!)],
    ['the end with too few signatures', 'threshold-not-met', () => ['finalize', two, '--by', 'A']],
    ['the end twice', 'already-finalized', () => ['finalize', one, '--by', 'A']],
    ['the audit of what is not finished', 'not-finalized', () => ['verify-ceremony', two]],
    ['the second root published before the first', 'wrong-shape', () => ['publish', join(two, 'draft.cbor'), '--data', cli.at('cloud')]],
    ['a name that is none', 'usage', () => ['finalize', two, '--by', ' ']],
    ['a name of two lines', 'usage', () => ['finalize', two, '--by', 'Alice\nBob']],
  ])('%s: %s', async (_name, code, args) => {
    const before = [snapshot(one), snapshot(two)];
    expect((await cli.refusal(...args())).code).toBe(code);
    expect([snapshot(one), snapshot(two)]).toEqual(before);
    expect(readdirSync(cli.folder)).not.toContain('nowhere');
  });
});

const change = (...more: readonly string[]) => [
  'add-key',
  cli.at('new'),
  '--by',
  'A',
  '--from',
  join(one, 'root-1.cose'),
  ...more,
];

const idOf = async (role: number, key = 0): Promise<string> =>
  (await cli.json('show', one)).roles[role].keys[key].keyId;

describe('a draft that no device would take', () => {
  // oxfmt-ignore
  it.each<[name: string, code: string, args: () => readonly string[] | Promise<readonly string[]>]>([
    ['one root key', 'too-few-root-keys', () => ['init', cli.at('new'), '--by', 'A', '--root-key', publics[0]!, '--release-key', release]],
    ['a key with two purposes', 'key-duplicate', () => ['init', cli.at('new'), '--by', 'A', '--root-key', publics[0]!, publics[1]!, '--release-key', publics[0]!]],
    ['a threshold that nobody can meet', 'threshold-unreachable', () => init(cli.at('new'), '--root-threshold', '4')],
    ['ECDSA under CNSA 2.0', 'profile-violated', () => init(cli.at('new'), '--profile', 'cnsa-2.0')],
    ['an end before its beginning', 'wrong-shape', () => init(cli.at('new'), '--expires', '2020-01-01')],
    ['a window for the root role', 'policy-forbidden', () => init(cli.at('new'), '--window', 'root=ML-DSA-44:1@1y')],
    ['a key that is there already', 'key-duplicate', () => change('--role', 'root', '--key', release)],
    ['a role of nothing', 'unknown-role', () => change('--role', 'modem', '--key', publics[3]!)],
    ['a key of no file', 'file-not-found', () => change('--role', 'root', '--key', cli.at('nobody.pub'))],
    ['a key of another file', 'wrong-shape', () => change('--role', 'root', '--key', cli.at('passphrase.txt'))],
    ['no release key left', 'role-empty', async () => ['revoke', cli.at('new'), '--by', 'A', '--from', join(one, 'root-1.cose'), '--reason', 'retired', '--key', await idOf(1)]],
    ['more keys gone than the bridge can spare', 'bridge-impossible', async () => ['revoke', cli.at('new'), '--by', 'A', '--from', join(one, 'root-1.cose'), '--reason', 'retired', '--key', await idOf(0, 0), await idOf(0, 1), '--new', publics[3]!, cli.at('carol2.pub'), '--threshold', 'root=ML-DSA-44:1,ES256:1']],
    ['a key that the root does not have', 'unknown-key', () => ['rotate', cli.at('new'), '--by', 'A', '--from', join(one, 'root-1.cose'), '--old', publics[3]!, '--new', cli.at('carol2.pub')]],
    ['old and new that do not pair', 'usage', () => ['rotate', cli.at('new'), '--by', 'A', '--from', join(one, 'root-1.cose'), '--new', publics[3]!]],
  ])('%s: %s', async (_name, code, args) => {
    cpSync(await carol2(), cli.at('carol2.pub'));
    expect((await cli.refusal(...(await args()))).code).toBe(code);
    expect(readdirSync(cli.folder)).not.toContain('new');
  });

  let made: string | undefined;
  const carol2 = async (): Promise<string> => (made ??= (await cli.keygen('other')).replace(/key$/, 'pub'));
});

const spoil = (name: string, file: string, change: (bytes: Buffer) => Uint8Array | string) => {
  const folder = copyOf(two, name);
  const path = file === '*' ? join('signatures', readdirSync(join(folder, 'signatures'))[0]!) : file;
  writeFileSync(join(folder, path), change(readFileSync(join(folder, path))));
  return folder;
};

const flip = (at: number) => (bytes: Buffer) => {
  bytes[at < 0 ? bytes.length + at : at]! ^= 1;
  return bytes;
};

const lines = (edit: (all: string[]) => readonly string[]) => (bytes: Buffer) =>
  `${edit(bytes.toString().trimEnd().split('\n')).join('\n')}\n`;

describe('a folder that was changed on its way', () => {
  it.each<[name: string, code: string, file: string, change: (bytes: Buffer) => Uint8Array | string]>([
    ['a bit of the draft', 'draft-changed', 'draft.cbor', (bytes) => withExpiry(bytes)],
    ['the end of the draft', 'malformed', 'draft.cbor', (bytes) => bytes.subarray(0, -1)],
    ['a bit of a signature', 'signature-invalid', '*', flip(-1)],
    ['a bit of what was signed', 'draft-changed', '*', (bytes) => withExpiry(bytes)],
    ['the root before', 'threshold-not-met', 'previous/root-1.cose', (bytes) => flip(-1)(bytes)],
    [
      'a name in the transcript',
      'wrong-shape',
      'transcript.jsonl',
      lines((all) => all.map((line) => line.replace('Alice', 'Mallory'))),
    ],
    ['the first line of the transcript', 'wrong-shape', 'transcript.jsonl', lines(([, ...rest]) => rest)],
    ['the last line of the transcript', 'threshold-not-met', 'transcript.jsonl', lines((all) => all.slice(0, -1))],
    ['the order of the transcript', 'wrong-shape', 'transcript.jsonl', lines((all) => all.toReversed())],
  ])('%s: %s', async (name, code, file, change) => {
    const folder = spoil(`spoilt ${name}`, file, change);
    expect((await cli.refusal('finalize', folder, '--by', 'A')).code).toBe(code);
    // As it was it goes on.
    expect((await cli.json('show', two)).signers).toHaveLength(1);
  });

  /** The last byte of the first `expires` (label 5) of a document, one second later. */
  function withExpiry(bytes: Buffer): Uint8Array {
    const at = bytes.indexOf(Buffer.from('051a', 'hex'), bytes.indexOf(Buffer.from('041a', 'hex')));
    expect(at).toBeGreaterThan(0);
    return flip(at + 5)(bytes);
  }
});

const setClock = (offsetMs: number) => vi.spyOn(Date, 'now').mockReturnValue(new Date().getTime() + offsetMs);

describe('a clock that cannot be right', () => {
  it.each<[name: string, code: string, offsetMs: number, args: () => readonly string[]]>([
    ['a day behind, to sign', 'clock-behind', -DAY_MS, () => signing(two, keys[1]!)],
    ['months ahead, to sign', 'draft-stale', 61 * DAY_MS, () => signing(two, keys[1]!)],
    ['years ahead, to sign', 'draft-expired', 6 * 366 * DAY_MS, () => signing(two, keys[1]!)],
    ['a day behind, to finalize', 'clock-behind', -DAY_MS, () => ['finalize', two, '--by', 'A']],
    [
      'a day behind, to begin the next root',
      'clock-behind',
      -DAY_MS,
      () => ['rotate', cli.at('new'), '--by', 'A', '--from', join(one, 'root-1.cose')],
    ],
    [
      'years ahead, to publish',
      'root-expired',
      6 * 366 * DAY_MS,
      () => ['publish', join(one, 'root-1.cose'), '--data', cli.at('cloud')],
    ],
  ])('%s: %s', async (_name, code, offsetMs, args) => {
    setClock(offsetMs);
    expect((await cli.refusal(...args())).code).toBe(code);
  });

  it('shows in verify, which then says no', async () => {
    setClock(6 * 366 * DAY_MS);
    const run = await cli.root('verify', join(one, 'root-1.cose'));
    expect(run.exitCode).toBe(1);
    expect(run.stdout).toMatch(/version 1 expired on .*devices keep running and refuse new releases/);
  });

  it('stops a ceremony at its end too', async () => {
    const folder = copyOf(two, 'late');
    await cli.sign(folder, keys[1]!);
    setClock(-DAY_MS);
    expect((await cli.refusal('finalize', folder, '--by', 'A')).code).toBe('clock-behind');
    vi.restoreAllMocks();
    expect((await cli.json('finalize', folder, '--by', 'A')).version).toBe(2);
  });
});

describe('what a system lays beside the files of a stick', () => {
  it('is not taken for a signature', async () => {
    const folder = copyOf(two, 'stick');
    writeFileSync(join(folder, 'signatures', '._0123456789abcdef.cose'), 'resource fork');
    expect((await cli.json('show', folder)).signers).toHaveLength(1);
  });
});

describe('the digest that a signer confirms', () => {
  it('is typed by somebody at a terminal, who may leave blanks', async () => {
    const digest: string = (await cli.json('show', two)).digest;
    const person = answers(`${digest.slice(0, 8)} ${digest.slice(8, 16)}`);
    const terminal = cli.with({ ask: person.ask });
    const folder = copyOf(two, 'typed');
    const run = await terminal.root('sign', folder, '--key', keys[1]!, '--by', 'Bob', ...cli.unlock);
    expect(run).toMatchObject({ exitCode: 0 });
    expect(person.questions).toEqual([expect.stringContaining('first 16 characters')]);
  });

  it.each(['deadbeefdeadbeef', '', 'abc'])('is not %j', async (typed) => {
    const folder = copyOf(two, `typed ${typed || 'nothing'}`);
    const terminal = cli.with({ ask: answers(typed).ask });
    expect(await terminal.refusal('sign', folder, '--key', keys[1]!, '--by', 'Bob', ...cli.unlock)).toMatchObject({
      code: 'digest-not-confirmed',
    });
    expect((await cli.refusal('sign', folder, '--key', keys[1]!, '--by', 'Bob', '--digest', typed)).code).toBe(
      'digest-not-confirmed',
    );
    expect((await cli.json('show', folder)).signers).toHaveLength(1);
  });

  it('is wanted where nobody can be asked', async () => {
    const args = ['sign', two, '--key', keys[1]!, '--by', 'Bob', ...cli.unlock];
    expect(await cli.refusal(...args)).toMatchObject({ code: 'usage', exitCode: 2 });
  });
});

describe('what was printed and written all the while', () => {
  it('holds no passphrase and no private key', () => {
    const { found, searched } = cli.secretsFound();
    expect(found).toBe(0);
    expect(searched).toBeGreaterThan(100);
  });
});
