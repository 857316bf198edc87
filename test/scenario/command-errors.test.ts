/** What the command says when it cannot do what it is asked: a stable code, an exit code, and never a stack trace. */
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { refusalOf, Shell, type Up } from '../support/run-command.ts';
import { es256, image, sealed, updateManifest } from '../support/suit.ts';
import { encodeCoseKey } from '../../protocol/cose/key.ts';

const shell = new Shell();
const TIMEOUT_MS = 120_000;
const NAME = ['--version', '1.0.0', '--sequence', '1', '--vendor', 'example.com', '--class', 'hub'];
/** Nobody listens there. */
const AWAY = '127.0.0.1:9';

let up: Up;
let busy: Server;

const release = (...args: readonly string[]): readonly string[] => ['release', 'create', ...NAME, ...args];
const check = (...args: readonly string[]): readonly string[] => ['suit', 'check', ...args];

beforeAll(async () => {
  const envelope = sealed(updateManifest, [es256]);
  writeFileSync(shell.file('fw.bin'), image);
  writeFileSync(shell.file('fw.suit'), envelope);
  writeFileSync(shell.file('cut.suit'), envelope.subarray(0, 100));
  writeFileSync(shell.file('key.cose'), encodeCoseKey(es256.anchor));
  mkdirSync(shell.file('folder'));
  busy = createServer().listen(0, '127.0.0.1');
  await once(busy, 'listening');
  up = await shell.up('--kms-port', '0', '--mqtt-port', '0');
}, TIMEOUT_MS);

afterAll(() => void busy.close());

type Row = readonly [name: string, args: readonly string[], exitCode: 1 | 2, code: string];

const WRONG_CALLS: readonly Row[] = [
  ['an unknown command', ['nonsense'], 2, 'usage'],
  ['an unknown subcommand', ['key', 'lst'], 2, 'usage'],
  ['an unknown option', ['key', 'list', '--nope'], 2, 'usage'],
  ['an argument too many', ['key', 'list', 'more'], 2, 'usage'],
  ['a missing option', ['key', 'create'], 2, 'usage'],
  ['an unknown key spec', ['key', 'create', '--spec', 'ML_DSA_99'], 2, 'unknown-key-spec'],
  ['an unknown form of a key', ['key', 'public', 'release', '--format', 'xml'], 2, 'usage'],
  ['a KMS that is no URL', ['key', 'list', '--kms-endpoint', 'here'], 2, 'invalid-url'],
  ['a port that is none', ['up', '--data', 'b', '--kms-port', '70000'], 2, 'usage'],
  ['a layout that is none', release('--key', 'release', '--image', 'fw.bin', '--layout', 'c'), 2, 'usage'],
  ['neither --thing nor --all', ['campaign', 'create', '--release', 'x'], 2, 'usage'],
  ['a broker that is no URL', ['device', 'run', '--thing', 'hub-1', '--mqtt', 'here'], 2, 'usage'],
  ['a bad thing name', ['device', 'run', '--thing', 'a b'], 2, 'usage'],
  ['a device that nobody can make', ['device', 'run', '--thing', 'hub-1'], 2, 'usage'],
  ['a bad UUID', check('fw.suit', '--anchor', 'key.cose', '--vendor', '123'), 2, 'usage'],
  ['a bad sequence number', check('fw.suit', '--anchor', 'key.cose', '--sequence', '-1'), 2, 'usage'],
  ['an algorithm that is none', check('fw.suit', '--anchor', 'key.cose', '--require', 'RSA'), 2, 'usage'],
  ['a payload without a URI', check('fw.suit', '--anchor', 'key.cose', '--payload', 'fw.bin'), 2, 'usage'],
  ['no anchor', check('fw.suit'), 2, 'usage'],
];

const REFUSALS: readonly Row[] = [
  ['a missing image', release('--key', 'release', '--image', 'none.bin'), 1, 'file-not-found'],
  ['a folder for an image', release('--key', 'release', '--image', 'folder'), 1, 'not-a-file'],
  ['a file for the data folder', ['up', '--data', 'fw.bin'], 1, 'file-exists'],
  ['a key that is not there', release('--key', 'nobody', '--image', 'fw.bin'), 1, 'key-not-found'],
  ['a KMS that is away', ['key', 'list', '--kms-endpoint', `http://${AWAY}`], 1, 'not-reachable'],
  ['no KMS at all', ['key', 'list', '--data', 'empty'], 1, 'no-kms'],
  ['a release that is not there', ['campaign', 'create', '--release', 'x', '--thing', 'a'], 1, 'release-not-found'],
  ['a campaign that is not there', ['campaign', 'status', 'x'], 1, 'campaign-not-found'],
  ['a second cloud over the same data', ['up', '--kms-port', '0', '--mqtt-port', '0'], 1, 'already-running'],
  ['an anchor that is none', check('fw.suit', '--anchor', 'fw.bin'), 1, 'wrong-shape'],
  ['a missing envelope', check('none.suit', '--anchor', 'key.cose'), 1, 'file-not-found'],
  ['garbage to explain', ['explain', 'fw.bin'], 1, 'malformed'],
  ['a cut envelope to explain', ['explain', 'cut.suit'], 1, 'malformed'],
  ['nothing to explain', ['explain', 'none.suit'], 1, 'file-not-found'],
];

describe.concurrent('called wrongly', { timeout: TIMEOUT_MS }, () => {
  it.each(WRONG_CALLS)('%s', async (_name, args, exitCode, code) => {
    expect(await refusalOf(shell.run(...args, '--json'))).toEqual({ exitCode, code });
  });
});

describe.concurrent('refused', { timeout: TIMEOUT_MS }, () => {
  it.each(REFUSALS)('%s', async (_name, args, exitCode, code) => {
    expect(await refusalOf(shell.run(...args, '--json'))).toEqual({ exitCode, code });
  });

  it.each(['--kms-port', '--mqtt-port'])('a %s that another program has, and the process ends', async (option) => {
    const address = busy.address();
    const port = typeof address === 'object' ? String(address?.port) : '';
    const others = ['--kms-port', '0', '--mqtt-port', '0'].filter(
      (it, i, all) => it !== option && all[i - 1] !== option,
    );
    const run = shell.run('up', '--data', `busy${option}`, ...others, option, port, '--json');
    expect(await refusalOf(run)).toEqual({ exitCode: 1, code: 'port-in-use' });
  });

  it('a cut envelope to check, as a verdict', async () => {
    const { exitCode, stdout } = await shell.run(...check('cut.suit', '--anchor', 'key.cose'), '--json');
    expect(exitCode).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ result: 'reject', code: 'malformed', at: 'envelope' });
  });

  it('a device that another process runs, until Ctrl-C ends that one', async () => {
    const made = ['--anchor', 'key.cose', '--vendor', 'example.com', '--class', 'hub'];
    await shell.json('device', 'make', '--thing', 'twin', ...made);
    const first = shell.start(['device', 'run', '--thing', 'twin']);
    const lines = createInterface({ input: first.stderr! });
    expect(await once(lines, 'line')).toEqual(['idle']);
    const again = ['device', 'run', '--thing', 'twin', '--timeout', '0', '--json'];
    expect(await refusalOf(shell.run(...again))).toEqual({ exitCode: 1, code: 'unavailable' });

    const last = once(lines, 'line');
    first.kill('SIGINT');
    expect(await last).toEqual([expect.stringMatching(/\[interrupted\]$/)]);
    await once(first, 'close');
    expect(JSON.parse((await shell.run(...again)).stdout)).toMatchObject({ result: 'no-job' });
  });
});

describe.concurrent('for people', { timeout: TIMEOUT_MS }, () => {
  it('says it in a line on standard error, with the code at its end and where help is', async () => {
    const { exitCode, stdout, stderr } = await shell.run('key', 'create');
    expect({ exitCode, stdout, stderr }).toEqual({
      exitCode: 2,
      stdout: '',
      stderr:
        "bristlecone: required option '--spec <spec>' not specified (try bristlecone key create --help) [usage]\n",
    });
  });

  it('says what to do next where the data folder is new', async () => {
    expect((await shell.run('release', 'list')).stdout).toMatch(/bristlecone release create/);
  });

  it('is still up after all this', async () => {
    // The keys of its own identity, and none that any of this made.
    const keys = (await shell.json('key', 'list', '--kms-endpoint', up.endpoints.kms)) as { aliases: string[] }[];
    const names = keys.flatMap(({ aliases }) => aliases).toSorted();
    expect(names).toEqual(['alias/bristlecone-device-ca', 'alias/bristlecone-server-ca']);
  });
});
