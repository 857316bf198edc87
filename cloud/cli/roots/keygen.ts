/** `bristlecone root keygen`: a key that never sees a network. */
import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { type Io, run, subcommand } from '../../../command-line.ts';
import { equalBytes, fromHex } from '../../../protocol/bytes.ts';
import { type Algorithm, algorithmByName, ALGORITHMS } from '../../../protocol/cose/algorithms.ts';
import { encodeCoseKey } from '../../../protocol/cose/key.ts';
import { OperatorError } from '../../errors.ts';
import { createFile } from '../../roots/durable-file.ts';
import { encodeKeyFile, MAX_KEY_FILE_BYTES, NONCE_BYTES, openKeyFile, SALT_BYTES } from '../../roots/key-file.ts';
import { derivePublicKey, generatePrivateKey } from '../../roots/private-key.ts';
import { readInput } from '../files.ts';
import { type PassphraseOptions, readNewPassphrase, withPassphraseOption } from '../passphrase.ts';
import { keyIdLines, rootKeyIds } from './options.ts';
import type { RootTools } from './tools.ts';

interface KeygenOptions extends PassphraseOptions {
  readonly out: string;
  readonly algorithm: string;
}

export function registerKeygen(parent: Command, tools: RootTools): void {
  const command = withPassphraseOption(
    subcommand(parent, {
      name: 'keygen',
      summary: 'make an offline key: its private half in a file under your passphrase, its public half beside it',
      examples: [
        'root keygen --out alice.key',
        'root keygen --out bob.key --algorithm ES256 --passphrase-file bob.txt',
      ],
    }),
  )
    .requiredOption('--out <file>', 'file of the private half; the public half goes to the same name with .pub')
    .option('--algorithm <name>', ALGORITHMS.map(({ name }) => name).join(', '), 'ML-DSA-87');
  run<KeygenOptions>(command, async ({ options, io }) => {
    const algorithm = expectAlgorithm(options.algorithm);
    const files = { key: options.out, public: publicFileOf(options.out) };
    for (const file of Object.values(files)) expectNone(file);
    const passphrase = await readNewPassphrase(files.key, { options, env: io.env, ask: tools.ask });
    try {
      const anchor = createKeyFile(files.key, { algorithm, passphrase, tools, io });
      createFile(files.public, encodeCoseKey(anchor));
      const ids = rootKeyIds(anchor);
      return {
        json: { ...ids, algorithm: algorithm.name, keyFile: files.key, publicFile: files.public },
        text: [
          `Made an ${algorithm.name} key`,
          ...keyIdLines(ids),
          `  ${files.key}  private half under your passphrase: keep two copies in two places, and no copy of the passphrase with them`,
          `  ${files.public}  public half: hand it to whoever makes the root`,
        ].join('\n'),
      };
    } finally {
      passphrase.fill(0);
    }
  });
}

function expectAlgorithm(name: string): Algorithm {
  const algorithm = algorithmByName(name);
  if (algorithm) return algorithm;
  const known = ALGORITHMS.map((row) => row.name).join(', ');
  throw new OperatorError(
    'unknown-algorithm',
    `--algorithm: expected ${known}, got ${JSON.stringify(name.slice(0, 40))}`,
  );
}

/** Said before the passphrase is asked for. */
function expectNone(file: string): void {
  if (existsSync(file))
    throw new OperatorError(
      'file-exists',
      `${file}: there is a file of this name already. A key is never overwritten: name another.`,
    );
}

const publicFileOf = (file: string): string => `${file.replace(/\.key$/, '')}.pub`;

/** What was written is read back and opened: a key that cannot be is better missed now than in ten years. */
function createKeyFile(
  file: string,
  {
    algorithm,
    passphrase,
    tools,
    io,
  }: { readonly algorithm: Algorithm; readonly passphrase: Uint8Array; readonly tools: RootTools; readonly io: Io },
) {
  const privateKey = generatePrivateKey(algorithm);
  try {
    const secrets = { passphrase, salt: fromHex(io.randomHex(SALT_BYTES)), nonce: fromHex(io.randomHex(NONCE_BYTES)) };
    createFile(file, encodeKeyFile({ algorithm, privateKey }, secrets, tools.kdfCost), { mode: 0o600 });
    const written = readInput(file, MAX_KEY_FILE_BYTES);
    const opened = openKeyFile(written, { passphrase, at: file, floor: tools.kdfFloor });
    const same = equalBytes(opened.privateKey, privateKey);
    opened.privateKey.fill(0);
    if (same) return derivePublicKey(algorithm, privateKey);
    throw new OperatorError(
      'key-file-damaged',
      `${file}: expected the key that was written, got another. Use another disk.`,
    );
  } finally {
    privateKey.fill(0);
  }
}
