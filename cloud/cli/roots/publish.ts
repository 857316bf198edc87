/** `bristlecone root publish | list`: the chain that this cloud hands to its devices. */
import type { Command } from 'commander';
import { run, subcommand, textTable } from '../../../command-line.ts';
import { MAX_TRUST_ROOT_BYTES } from '../../../protocol/limits.ts';
import { decodeSignedRoot } from '../../../protocol/trust/signed-root.ts';
import { publishedRoots, publishRoot } from '../../roots/published-roots.ts';
import { openDataFolder } from '../data-folder.ts';
import { readInput } from '../files.ts';
import { type DataOptions, withDataOption } from '../kms-option.ts';
import { digestText, nowSecondsOf, VERIFICATION } from './options.ts';
import { daysLeft, rootJson } from './text.ts';
import type { RootTools } from './tools.ts';

export function registerPublish(parent: Command, { rehearse }: RootTools): void {
  const command = withDataOption(
    subcommand(parent, {
      name: 'publish',
      summary: 'verify a finished root behind those that are published, and hand it to devices from now on',
      examples: ['root publish ceremony-1/root-1.cose', 'root publish root-2.cose --data .bristlecone --json'],
    }),
  ).argument('<file>', 'finished root');
  run<DataOptions>(command, async ({ args: [file = ''], options, io }) => {
    const folder = openDataFolder(options.data);
    const bytes = readInput(file, MAX_TRUST_ROOT_BYTES);
    const published = await publishRoot(folder.root, bytes, {
      ...VERIFICATION,
      nowSeconds: nowSecondsOf(io),
      rehearse,
    });
    const { root, already, rehearsal, setAside } = published;
    const { version } = root.root;
    return {
      json: {
        ...rootJson(root),
        already,
        rehearsed: rehearsal !== undefined,
        rehearsal: rehearsal?.summary ?? null,
        setAside,
      },
      text: [
        already ? `Version ${version} was published already.` : `Published version ${version} in ${folder.root}`,
        `  digest ${digestText(root.root, root.payload)}`,
        setAside === undefined
          ? ''
          : `  It takes the place of a development root, kept in ${setAside}: devices made with that one must be made again.`,
        already || version === 1 ? '' : `  ${rehearsal?.summary ?? 'It was not rehearsed on a twin of the fleet.'}`,
        version === 1
          ? `Next: build it into devices: bristlecone factory make --root ${file} …`
          : 'Next: the next campaign brings it to every device that is behind.',
      ]
        .filter((line) => line !== '')
        .join('\n'),
    };
  });
}

export function registerList(parent: Command): void {
  const command = withDataOption(
    subcommand(parent, {
      name: 'list',
      summary: 'the chain of roots that is published',
      examples: ['root list', 'root list --json'],
    }),
  );
  run<DataOptions>(command, async ({ options, io }) => {
    const roots = publishedRoots(openDataFolder(options.data).root).map(({ bytes }) => decodeSignedRoot(bytes));
    const nowSeconds = nowSecondsOf(io);
    const rows = roots.map(({ root, payload, bytes }) => [
      root.version,
      digestText(root, payload).slice(0, 32),
      daysLeft(root, nowSeconds),
      bytes.length,
    ]);
    return {
      json: roots.map(rootJson),
      text:
        rows.length === 0
          ? 'No root is published yet: bristlecone root init --help'
          : textTable(['version', 'digest begins', 'days left', 'bytes'], rows),
    };
  });
}
