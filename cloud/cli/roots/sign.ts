/** `bristlecone root sign`: one holder reads what changes, compares the digest, and signs. */
import type { Command } from 'commander';
import { type Io, run, subcommand, UsageError } from '../../../command-line.ts';
import { toHex } from '../../../protocol/bytes.ts';
import type { PublicKey } from '../../../protocol/cose/algorithms.ts';
import { diffRoots } from '../../../protocol/trust/diff-roots.ts';
import { isSameKey } from '../../../protocol/trust/revoked.ts';
import { OperatorError } from '../../errors.ts';
import { type Ceremony, openCeremony } from '../../roots/ceremony.ts';
import { expectCurrent } from '../../roots/clock.ts';
import { expectUnfinished } from '../../roots/finalize.ts';
import { MAX_KEY_FILE_BYTES, readPublicHalf } from '../../roots/key-file.ts';
import { openOfflineSigner } from '../../roots/offline-signer.ts';
import { checkSignature, signDraft, signerIn } from '../../roots/signatures.ts';
import { demandsOn, openDemands } from '../../roots/standing.ts';
import { sha384Hex } from '../../roots/transcript.ts';
import type { Signer } from '../../signing/signer.ts';
import { readCeremony, signatureName, writeSignature } from './ceremony-folder.ts';
import { readInput } from '../files.ts';
import { type KmsOptions, withKmsOptions } from '../kms-option.ts';
import { type PassphraseOptions, readPassphrase, withPassphraseOption } from '../passphrase.ts';
import {
  type ByOptions,
  entryFor,
  expectName,
  isKeyFile,
  isKmsName,
  nowSecondsOf,
  openKms,
  VERIFICATION,
  withByOption,
} from './options.ts';
import { adviceOn, changesText, rootText } from './text.ts';
import type { RootTools } from './tools.ts';

interface SignOptions extends KmsOptions, PassphraseOptions, ByOptions {
  readonly key: string;
  readonly digest?: string;
  readonly yes?: true;
}

/** Of the digest, when it is typed: 64 bits. A second root for fewer is found in an afternoon. */
const MIN_DIGEST_CHARACTERS = 16;

export function registerSign(parent: Command, tools: RootTools): void {
  const command = withPassphraseOption(
    withByOption(
      withKmsOptions(
        subcommand(parent, {
          name: 'sign',
          summary: 'read what changes, compare the digest, and sign the draft with your key',
          examples: [
            'root sign ceremony-1 --key alice.key --by "Alice"',
            'root sign ceremony-1 --key kms:root-a --by "Operations" --digest 5c1d20ab77f3e6d0',
          ],
        }),
      ),
    ),
  )
    .argument('<folder>', 'folder of the ceremony')
    .requiredOption('--key <key>', 'your key: FILE.key, or kms:ALIAS')
    .option('--digest <hex>', 'digest that you were told, or its beginning; without it you are asked to type it')
    .option('--yes', 'sign without comparing the digest: for rehearsals');
  run<SignOptions>(command, async ({ args: [folder = ''], options, io }) => {
    expectName(options);
    const ceremony = openCeremony(readCeremony(folder), VERIFICATION);
    expectUnfinished(ceremony);
    expectCurrent(ceremony.root, { nowSeconds: nowSecondsOf(io), lines: ceremony.lines });
    const key = await findSigner(options, { io, tools });
    expectNewSigner(ceremony, key.public, options.key);
    for (const line of describeDraft(ceremony, nowSecondsOf(io))) io.note(line);
    await expectDigest(ceremony, { options, tools });
    const { file, keyId } = await key.use((signer) => signDraft(ceremony, signer));
    const name = signatureName(keyId);
    // As finalize will look at it: what would be refused there is better not carried around.
    const checked = checkSignature(file, ceremony, { ...VERIFICATION, at: name });
    const entry = {
      ...entryFor('sign', { options, io, command, digest: ceremony.digest }),
      signer: toHex(keyId),
      file: sha384Hex(file),
    };
    writeSignature(folder, { name, bytes: file }, { lines: ceremony.lines, entry });
    const signatures = [...ceremony.signatures, checked];
    const open = openDemands(demandsOn(ceremony, signatures));
    return {
      json: {
        folder,
        version: ceremony.root.version,
        digest: ceremony.digest,
        signer: toHex(keyId),
        algorithm: checked.algorithm.name,
        signatures: signatures.length,
        changes: diffRoots(ceremony.before?.root, ceremony.root),
        missing: open,
      },
      text: [
        `Signed version ${ceremony.root.version} with ${checked.algorithm.name} key ${toHex(keyId).slice(0, 16)}… (${name} in ${folder}/signatures)`,
        ...open.map((line) => `  still needed: ${line}`),
        open.length === 0
          ? `Next: bristlecone root finalize ${folder} --by NAME`
          : `Next: hand ${folder} to the next signer`,
      ].join('\n'),
    };
  });
}

/** A key whose public half is known before anything is asked for, and whose private half only while it signs. */
interface FoundKey {
  readonly public: PublicKey;
  readonly use: <T>(sign: (signer: Signer) => Promise<T>) => Promise<T>;
}

async function findSigner(
  options: SignOptions,
  { io, tools }: { readonly io: Io; readonly tools: RootTools },
): Promise<FoundKey> {
  if (isKmsName(options.key)) {
    const signer = await openKms(options.key, options, io.env);
    return { public: signer.key, use: (sign) => sign(signer) };
  }
  const file = readInput(options.key, MAX_KEY_FILE_BYTES);
  if (!isKeyFile(file)) {
    throw new OperatorError(
      'not-a-key-file',
      `--key: expected a private key made by \`bristlecone root keygen\` (FILE.key) or kms:ALIAS, got ${options.key}, which is neither.`,
    );
  }
  const anchor = readPublicHalf(file, options.key, tools.kdfFloor);
  return {
    public: anchor,
    use: async (sign) => {
      const passphrase = await readPassphrase(options.key, { options, env: io.env, ask: tools.ask });
      try {
        using signer = openOfflineSigner(file, { passphrase, at: options.key, floor: tools.kdfFloor });
        return await sign(signer);
      } finally {
        passphrase.fill(0);
      }
    },
  };
}

/** @throws {OperatorError} `not-a-signer`, `duplicate-signer` */
function expectNewSigner(ceremony: Ceremony, key: PublicKey, name: string): void {
  const as = signerIn(ceremony, key, name);
  const before = ceremony.signatures.find(({ signer }) => isSameKey({ ...key, keyId: as.keyId }, signer));
  if (!before) return;
  const who = before.line ? `${before.line.by} on ${before.line.at}` : `signatures/${before.name}`;
  throw new OperatorError(
    'duplicate-signer',
    `${name}: expected a key that has not signed yet, got ${toHex(as.keyId).slice(0, 16)}…, which has (${who}). ` +
      'A key counts once: hand the folder to another holder.',
  );
}

const describeDraft = (ceremony: Ceremony, nowSeconds: number): readonly string[] => {
  const { root, before, digest } = ceremony;
  const advice = adviceOn(root);
  return [
    before
      ? `Version ${root.version} changes of version ${before.root.version}:`
      : rootText(ceremony, { what: 'the first root, to be signed', nowSeconds }),
    ...(before ? [changesText(diffRoots(before.root, root)), ...advice.map((line) => `  advice: ${line}`)] : []),
    '',
    ...(before ? [`Digest of version ${before.root.version}, as devices have it: ${toHex(before.digest)}`] : []),
    `Digest that you sign:\n  ${grouped(digest)}`,
  ];
};

/** As it is read aloud. */
const grouped = (digest: string): string => digest.replace(/(.{8})(?=.)/g, '$1 ');

/**
 * Typed, not nodded at: whoever reads it from the room's notes notices another one.
 *
 * @throws {OperatorError} `digest-not-confirmed`
 * @throws {UsageError} nobody to ask
 */
async function expectDigest(
  { digest }: Ceremony,
  { options, tools }: { readonly options: SignOptions; readonly tools: RootTools },
): Promise<void> {
  if (options.yes && options.digest === undefined) return;
  const question = `Type at least the first ${MIN_DIGEST_CHARACTERS} characters of the digest that was read to you: `;
  const answer = options.digest ?? (await tools.ask(question, { echo: true }));
  if (answer === undefined)
    throw new UsageError('expected --digest HEX (the digest that you were told) or --yes where nobody can be asked');
  const typed = answer.replaceAll(/\s/g, '').toLowerCase();
  if (typed.length >= MIN_DIGEST_CHARACTERS && digest.startsWith(typed)) return;
  throw new OperatorError(
    'digest-not-confirmed',
    `expected at least ${MIN_DIGEST_CHARACTERS} characters of ${digest.slice(0, 16)}…, got ${JSON.stringify(typed.slice(0, 40))}. ` +
      'Nothing was signed. If you were told another digest, this is another draft: find out which one is meant.',
  );
}
