/** `bristlecone root show | verify | diff`: read roots, drafts and keys; change nothing. */
import { statSync } from 'node:fs';
import type { Command } from 'commander';
import { type CommandResult, run, subcommand, UsageError } from '../../../command-line.ts';
import { fromHex, toHex } from '../../../protocol/bytes.ts';
import type { PublicKey } from '../../../protocol/cose/algorithms.ts';
import { COSE_SIGN_TAG } from '../../../protocol/cose/sign.ts';
import { decodePublicKey } from '../../../protocol/cose/spki.ts';
import { Rejection } from '../../../protocol/errors.ts';
import { MAX_TRUST_ROOT_BYTES } from '../../../protocol/limits.ts';
import { decodeTrustRoot } from '../../../protocol/trust/decode-root.ts';
import { diffRoots } from '../../../protocol/trust/diff-roots.ts';
import { decodeSignedRoot } from '../../../protocol/trust/signed-root.ts';
import { type CeremonyFiles, openCeremony } from '../../roots/ceremony.ts';
import { verifyChain } from '../../roots/chain.ts';
import { readPublicHalf } from '../../roots/key-file.ts';
import { demandsOn, describeDemands, isMet } from '../../roots/standing.ts';
import { readCeremony } from './ceremony-folder.ts';
import { readInput } from '../files.ts';
import { isKeyFile, keyIdLines, nowSecondsOf, rootKeyIds, VERIFICATION } from './options.ts';
import type { RootTools } from './tools.ts';
import { changesText, expiryWarning, type ReadRoot, rootJson, rootText } from './text.ts';

/** Sigstore's root signing begins 46 days before the end. */
const WARN_DAYS = '46';

interface WarnOptions {
  readonly warnDays: string;
}

const withWarnOption = (command: Command): Command =>
  command.option('--warn-days <n>', 'warn so many days before the root expires', WARN_DAYS);

export function registerShow(parent: Command, tools: RootTools): void {
  const command = withWarnOption(
    subcommand(parent, {
      name: 'show',
      summary: 'what a root or a key is, or how far a ceremony is; verifies nothing of a single file',
      examples: [
        'root show root-1.cose',
        'root show ceremony-2',
        'root show alice.pub',
        'root show root-1.cose --json',
      ],
    }),
  ).argument('<file>', 'root, draft, folder of a ceremony, or key (.pub, .key, PEM)');
  run<WarnOptions>(command, async ({ args: [name = ''], options, io }) => {
    const nowSeconds = nowSecondsOf(io);
    if (statSync(name).isDirectory()) return showCeremony(name, nowSeconds);
    const read = readRootOrKey(name, tools);
    if (!('root' in read)) return showKey(name, read);
    const warning = expiryWarning(read.root, { nowSeconds, warnDays: expectDays(options) });
    const what =
      read.signers === undefined ? 'draft of a root' : `root with ${read.signers.length} signatures, not verified here`;
    const signers = (read.signers ?? []).map((keyId) => `  signature of ${keyId.slice(0, 16)}`);
    return {
      json: { ...rootJson(read), signers: read.signers ?? [], warning: warning ?? null },
      text: [
        rootText(read, { what, nowSeconds }),
        ...signers,
        ...(warning === undefined ? [] : [`warning: ${warning}`]),
      ].join('\n'),
    };
  });
}

/** A root first: a raw key is told by its size alone. What is neither is no root, as the reader of roots says it. */
function readRootOrKey(file: string, tools: RootTools): FoundRoot | PublicKey {
  const bytes = readInput(file, MAX_TRUST_ROOT_BYTES);
  if (isKeyFile(bytes)) return readPublicHalf(bytes, file, tools.kdfFloor);
  try {
    return decodeRoot(bytes, file);
  } catch (noRoot) {
    const key = noRoot instanceof Rejection && publicKeyIn(bytes, file);
    if (key) return key;
    throw noRoot;
  }
}

function publicKeyIn(bytes: Uint8Array, file: string): PublicKey | undefined {
  try {
    return decodePublicKey(bytes, file);
  } catch (error) {
    if (error instanceof Rejection) return undefined;
    throw error;
  }
}

function showKey(file: string, key: PublicKey): CommandResult {
  const ids = rootKeyIds(key);
  return {
    json: { algorithm: key.algorithm.name, ...ids },
    text: `${file}: ${key.algorithm.name} key\n${keyIdLines(ids).join('\n')}`,
  };
}

function showCeremony(folder: string, nowSeconds: number): CommandResult {
  const ceremony = openCeremony(readCeremony(folder), VERIFICATION);
  const { signatures, lines, finished, before, root } = ceremony;
  const demands = demandsOn(ceremony, signatures);
  const next = finished
    ? 'Finished: bristlecone root verify-ceremony recomputes it.'
    : `Next: bristlecone root ${demands.every(isMet) ? 'finalize' : 'sign'} ${folder}`;
  const changes = diffRoots(before?.root, root);
  return {
    json: {
      ...rootJson(ceremony),
      changes,
      signers: signatures.map(({ keyId }) => toHex(keyId)),
      steps: lines.map(({ step, at, by }) => ({ step, at, by })),
      needed: demands.map(({ open, ...demand }) => ({ ...demand, maySign: open.map(({ keyId }) => toHex(keyId)) })),
      finished,
    },
    text: [
      rootText(ceremony, { what: finished ? 'finished' : 'draft of a root', nowSeconds }),
      ...(before ? ['', `Changes since version ${before.root.version}:`, changesText(changes)] : []),
      '',
      ...lines.map(
        ({ line, step, at, by, signer }) =>
          `  ${line}. ${at}  ${step}${signer === undefined ? '' : ` ${signer.slice(0, 16)}`}  ${by}`,
      ),
      '',
      ...describeDemands(demands).map((line) => `  ${line}`),
      next,
    ].join('\n'),
  };
}

export function registerVerify(parent: Command): void {
  const command = withWarnOption(
    subcommand(parent, {
      name: 'verify',
      summary: 'verify a chain of roots as a device walks it, and say when it ends',
      examples: [
        'root verify root-1.cose root-2.cose root-3.cose',
        'root verify root-*.cose --pin 5c1d20ab… --warn-days 90 --json',
      ],
    }),
  )
    .argument('<file...>', 'finished roots, in any order; the lowest version is where the chain begins')
    .option('--pin <hex>', 'digest that the first of them must have: what your devices were made with');
  run<WarnOptions & { pin?: string }>(command, async ({ args: files, options, io }) => {
    const pin = options.pin === undefined ? undefined : expectHex(options.pin);
    const chain = verifyChain(
      files.map((file) => readInput(file, MAX_TRUST_ROOT_BYTES)),
      { ...VERIFICATION, ...(pin && { pin }) },
    );
    const newest = chain.at(-1);
    if (!newest) throw new UsageError('expected at least one root');
    const nowSeconds = nowSecondsOf(io);
    const warning = expiryWarning(newest.root, { nowSeconds, warnDays: expectDays(options) });
    const expired = newest.root.expiresSeconds <= nowSeconds;
    const roots = chain.map((it) => ({ ...rootJson(it), signers: it.signers.map(({ keyId }) => toHex(keyId)) }));
    return {
      exit: expired ? 'refused' : 'done',
      json: { verified: true, expired, pinned: pin !== undefined, warning: warning ?? null, roots },
      text: [
        ...roots.map(
          ({ version, digest, expires, signers }) =>
            `Version ${version} verified: digest ${digest}, ${signers.length} root keys signed, expires ${expires}`,
        ),
        ...(pin
          ? []
          : [
              `Not pinned: compare the digest of version ${roots[0]?.version} with what your devices were made with (--pin).`,
            ]),
        ...(warning === undefined ? [] : [`warning: ${warning}`]),
      ].join('\n'),
    };
  });
}

export function registerDiff(parent: Command): void {
  const command = subcommand(parent, {
    name: 'diff',
    summary: 'what changes from one root to another, in words',
    examples: ['root diff root-1.cose root-2.cose', 'root diff root-1.cose ceremony-2/draft.cbor --json'],
  })
    .argument('<before>', 'root, draft, or folder of a ceremony')
    .argument('<after>', 'root, draft, or folder of a ceremony');
  run(command, async ({ args: [a = '', b = ''] }) => {
    const [before, after] = [readRoot(a), readRoot(b)];
    const changes = diffRoots(before.root, after.root);
    const head = `From version ${before.root.version} (${a}) to version ${after.root.version} (${b}); neither is verified here:`;
    return {
      json: { before: rootJson(before), after: rootJson(after), changes },
      text: changes.length === 0 ? 'They say the same.' : `${head}\n${changesText(changes)}`,
    };
  });
}

interface FoundRoot extends ReadRoot {
  /** Key ids in hex; undefined of a draft, which has none. */
  readonly signers: readonly string[] | undefined;
}

const readRoot = (file: string): FoundRoot =>
  decodeRoot(statSync(file).isDirectory() ? newestOf(readCeremony(file)) : readInput(file, MAX_TRUST_ROOT_BYTES), file);

function decodeRoot(bytes: Uint8Array, file: string): FoundRoot {
  // A tag of one byte: d8 62.
  if (bytes[0] !== 0xd8 || bytes[1] !== COSE_SIGN_TAG)
    return { payload: bytes, root: decodeTrustRoot(bytes, { at: file }), signers: undefined };
  const { payload, root, sign } = decodeSignedRoot(bytes, { at: file });
  return { payload, root, signers: sign.signatures.map(({ headers }) => toHex(headers.keyId ?? new Uint8Array())) };
}

const newestOf = ({ final, draft }: CeremonyFiles): Uint8Array => final ?? draft;

function expectDays({ warnDays }: WarnOptions): number {
  if (/^\d{1,5}$/.test(warnDays)) return Number(warnDays);
  throw new UsageError(`--warn-days: expected a number of days, got ${JSON.stringify(warnDays.slice(0, 20))}`);
}

function expectHex(text: string): Uint8Array {
  if (/^([\da-f]{64}|[\da-f]{96}|[\da-f]{128})$/i.test(text)) return fromHex(text);
  throw new UsageError(`--pin: expected a digest of 64, 96 or 128 hexadecimal digits, got ${text.length} characters`);
}
