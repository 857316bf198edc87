/** `bristlecone mu`: what AWS KMS signs with MessageType EXTERNAL_MU, for files of any size, in constant memory. */
import { createReadStream, statSync, writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { type Io, run, subcommand, UsageError } from '../../command-line.ts';
import { concatBytes, fromHex, toBase64, toHex, utf8 } from '../../protocol/bytes.ts';
import { decodePublicKey } from '../../protocol/cose/spki.ts';
import { MAX_COSE_KEY_BYTES } from '../../protocol/limits.ts';
import { OperatorError } from '../errors.ts';
import { createNativeMu } from '../signing/native-mu.ts';
import { readInput } from './files.ts';

/** bytes. Pieces as large as this cost no more memory, and half the time of node's own 64 KB. */
const PIECE_BYTES = 1024 * 1024;
const MAX_CONTEXT_BYTES = 255;

const ENCODINGS: Readonly<Record<string, (mu: Uint8Array) => string>> = { hex: toHex, base64: toBase64 };

interface MuOptions {
  readonly public: string;
  readonly format: string;
  readonly context?: string;
  readonly contextHex?: string;
  readonly out?: string;
}

export function registerMuCommand(program: Command): void {
  const command = subcommand(program, {
    name: 'mu',
    summary: 'hash files of any size for KMS to sign with EXTERNAL_MU (FIPS 204)',
    examples: [
      'mu --public release.pem fw.bin',
      'mu --public release.pem --format binary --out fw.mu fw.bin',
      'mu --public release.pem a.bin b.bin --json',
      'mu --public release.pem - < fw.bin',
    ],
  })
    .argument('<file...>', 'files to hash; - for standard input')
    .requiredOption('--public <file>', 'public ML-DSA key: PEM, DER, COSE_Key or raw (mu is bound to it)')
    .option('--format <format>', 'hex, base64 or binary', 'hex')
    .option('--context <text>', 'ML-DSA context; COSE, JOSE, X.509 and KMS RAW have none')
    .option('--context-hex <hex>', 'the same in hex')
    .option('--out <file>', 'write it there instead of to standard output');
  run<MuOptions>(command, async ({ args, options, io }) => {
    const publicKey = readMlDsaKey(options.public);
    const context = contextOf(options);
    if (options.format !== 'binary' && !Object.hasOwn(ENCODINGS, options.format))
      throw new UsageError(
        `--format: expected hex, base64 or binary, got ${JSON.stringify(options.format.slice(0, 40))}`,
      );
    const results: { readonly file: string; readonly mu: Uint8Array }[] = [];
    for (const file of args) results.push({ file, mu: await muOfFile(file, { publicKey, context, io }) });
    const json = results.map(({ file, mu }) => ({ file, mu: toHex(mu), base64: toBase64(mu) }));
    const output = render(results, options.format);
    if (options.out === undefined) return { json, text: output };
    writeFileSync(options.out, output);
    return { json, text: `Wrote ${output.length} bytes to ${options.out}` };
  });
}

function readMlDsaKey(file: string): Uint8Array {
  const { algorithm, publicKey } = decodePublicKey(readInput(file, MAX_COSE_KEY_BYTES), file);
  if (algorithm.keyType === 'AKP') return publicKey;
  throw new OperatorError(
    'mode-not-possible',
    `${file}: expected an ML-DSA key, got ${algorithm.name}. Only ML-DSA has an external mu; KMS takes a DIGEST of others.`,
  );
}

function contextOf({ context, contextHex }: MuOptions): Uint8Array {
  if (context !== undefined && contextHex !== undefined)
    throw new UsageError('expected --context or --context-hex, got both');
  const bytes = contextHex === undefined ? utf8(context ?? '') : decodeContext(contextHex);
  if (bytes.length <= MAX_CONTEXT_BYTES) return bytes;
  throw new UsageError(`--context: expected at most ${MAX_CONTEXT_BYTES} bytes, got ${bytes.length}`);
}

function decodeContext(hex: string): Uint8Array {
  try {
    return fromHex(hex);
  } catch {
    throw new UsageError(
      `--context-hex: expected pairs of hexadecimal digits, got ${JSON.stringify(hex.slice(0, 40))}`,
    );
  }
}

async function muOfFile(
  file: string,
  { publicKey, context, io }: { publicKey: Uint8Array; context: Uint8Array; io: Io },
): Promise<Uint8Array> {
  const hasher = createNativeMu(publicKey, context);
  const progress = io.progress(file, file === '-' ? 0 : statSync(file).size);
  let bytesRead = 0;
  try {
    for await (const piece of piecesOf(file, io.signal)) {
      hasher.update(piece);
      bytesRead += piece.length;
      progress.update(bytesRead);
    }
  } finally {
    progress.stop();
  }
  return hasher.digest();
}

const piecesOf = (file: string, signal: AbortSignal): AsyncIterable<Uint8Array> =>
  file === '-' ? process.stdin : createReadStream(file, { highWaterMark: PIECE_BYTES, signal });

/** Text as sha256sum prints it, so that one mu is easily cut from its file's name. */
function render(results: readonly { file: string; mu: Uint8Array }[], format: string): string | Uint8Array {
  const encode = ENCODINGS[format];
  if (!encode) return concatBytes(...results.map(({ mu }) => mu));
  return (
    results.map(({ file, mu }) => (results.length === 1 ? encode(mu) : `${encode(mu)}  ${file}`)).join('\n') + '\n'
  );
}
