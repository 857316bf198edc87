/** `bristlecone root finalize | verify-ceremony`: the end of a ceremony, and its audit. */
import { writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { run, subcommand } from '../../../command-line.ts';
import { toHex } from '../../../protocol/bytes.ts';
import { OperatorError } from '../../errors.ts';
import { type Ceremony, openCeremony } from '../../roots/ceremony.ts';
import { expectCurrent } from '../../roots/clock.ts';
import { expectUnfinished, finalizeRoot } from '../../roots/finalize.ts';
import { sha384Hex, type TranscriptEntry } from '../../roots/transcript.ts';
import { type CeremonyReport, verifyCeremony } from '../../roots/verify-ceremony.ts';
import { appendToTranscript, readCeremony, writeFinal } from './ceremony-folder.ts';
import { type ByOptions, entryFor, expectName, nowSecondsOf, VERIFICATION, withByOption } from './options.ts';

export function registerFinalize(parent: Command): void {
  const command = withByOption(
    subcommand(parent, {
      name: 'finalize',
      summary: 'put all signatures into the root and verify it as a device will',
      examples: [
        'root finalize ceremony-1 --by "Alice"',
        'root finalize ceremony-2 --by "Alice" --out acme-root-2.cose',
      ],
    }),
  )
    .argument('<folder>', 'folder of the ceremony')
    .option('--out <file>', 'write the finished root there too');
  run<ByOptions & { out?: string }>(command, async ({ args: [folder = ''], options, io }) => {
    expectName(options);
    const opened = openCeremony(readCeremony(folder), VERIFICATION);
    expectUnfinished(opened);
    expectCurrent(opened.root, { nowSeconds: nowSecondsOf(io), lines: opened.lines });
    const root = finalizeRoot(opened, VERIFICATION);
    const lineOf = (step: TranscriptEntry['step']) => entryFor(step, { options, io, command, digest: opened.digest });
    const ceremony = receive(folder, opened, lineOf('receive'));
    const { version } = root.root;
    const entry = { ...lineOf('finalize'), file: sha384Hex(root.bytes) };
    const file = writeFinal(folder, version, root.bytes, { lines: ceremony.lines, entry });
    if (options.out !== undefined) writeFileSync(options.out, root.bytes);
    // Read back and recomputed as an auditor will.
    const report = verifyCeremony(readCeremony(folder), VERIFICATION);
    return {
      json: { ...report, file, bytes: root.bytes.length, ...(options.out !== undefined && { out: options.out }) },
      text: [
        `Version ${version} is finished: ${file} (${root.bytes.length} bytes, ${report.signers.length} signatures)`,
        ...reportLines(report),
        `Next: bristlecone root publish ${file} --data FOLDER`,
      ].join('\n'),
    };
  });
}

/** Signatures that came another way than with the folder: written down before they count. */
function receive(folder: string, ceremony: Ceremony, entry: TranscriptEntry): Ceremony {
  const unrecorded = ceremony.signatures.find(({ line }) => line === undefined);
  if (!unrecorded) return ceremony;
  const { keyId, file } = unrecorded;
  appendToTranscript(folder, { lines: ceremony.lines, entry: { ...entry, signer: toHex(keyId), file } });
  return receive(folder, openCeremony(readCeremony(folder), VERIFICATION), entry);
}

export function registerVerifyCeremony(parent: Command): void {
  const command = subcommand(parent, {
    name: 'verify-ceremony',
    summary: 'recompute a finished ceremony from its folder, and say what witnesses must compare',
    examples: [
      'root verify-ceremony ceremony-1',
      'root verify-ceremony ceremony-1 --transcript-hash 3f9a0c1b22d4e5f6 --json',
    ],
  })
    .argument('<folder>', 'folder of the ceremony')
    .option('--digest <hex>', 'digest that you noted, or its beginning: refuse another')
    .option('--transcript-hash <hex>', 'hash of the last line that you noted, or its beginning: refuse another');
  run<{ digest?: string; transcriptHash?: string }>(command, async ({ args: [folder = ''], options }) => {
    const report = verifyCeremony(readCeremony(folder), VERIFICATION);
    expectNoted('--digest', options.digest, report.digest);
    expectNoted('--transcript-hash', options.transcriptHash, report.transcriptHash);
    return {
      json: report,
      text: [
        `Everything that files can show holds: ${report.steps} steps, ${report.signers.length} signatures, done with ${report.tools.join(', ')}`,
        ...reportLines(report),
      ].join('\n'),
    };
  });
}

const MIN_NOTED_CHARACTERS = 16;

/** @throws {OperatorError} `not-as-noted` */
function expectNoted(option: string, noted: string | undefined, found: string): void {
  if (noted === undefined) return;
  const typed = noted.replaceAll(/\s/g, '').toLowerCase();
  if (typed.length >= MIN_NOTED_CHARACTERS && found.startsWith(typed)) return;
  throw new OperatorError(
    'not-as-noted',
    `${option}: expected ${JSON.stringify(noted.slice(0, 100))} (at least ${MIN_NOTED_CHARACTERS} characters), got ${found}. ` +
      'These are not the files that were on the table, or the note is wrong.',
  );
}

const reportLines = (report: CeremonyReport): readonly string[] => [
  `  digest ${report.digest}`,
  ...report.signers.map(
    ({ keyId, algorithm, by, at }) => `  signed by ${by}, ${algorithm} key ${keyId.slice(0, 16)}…, ${at}`,
  ),
  'Witnesses compare with their own notes:',
  ...report.compare.map((line) => `  - ${line}`),
];
