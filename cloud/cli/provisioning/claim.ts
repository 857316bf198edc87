/** `bristlecone provisioning claim`: the credential that a factory puts into devices, to provision themselves with. */
import { copyFileSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { type Io, run, subcommand, UsageError } from '../../../command-line.ts';
import { fromHex } from '../../../protocol/bytes.ts';
import { OperatorError } from '../../errors.ts';
import { isKeyAlgorithm, KEY_ALGORITHM_NAMES } from '../../identity/key-pairs.ts';
import { openDeviceCa } from '../../identity/open-identity.ts';
import { createClaim } from '../../provisioning/create-claim.ts';
import { createFile } from '../../roots/durable-file.ts';
import { kmsClientOf, type KmsOptions, withKmsOptions } from '../kms-option.ts';
import { openCloudFiles } from '../open-cloud.ts';

interface ClaimOptions extends KmsOptions {
  readonly template: readonly string[];
  readonly out: string;
  readonly days?: string;
  readonly minutes?: string;
  readonly algorithm: string;
}

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
const DEFAULT_DAYS = '365';

export function registerClaimCommands(parent: Command): void {
  const claim = parent.command('claim').description('credentials that are good for provisioning and nothing else');
  const command = withKmsOptions(
    subcommand(claim, {
      name: 'create',
      summary: 'a claim certificate and its key, for a batch of devices or, with --minutes, for one person on site',
      examples: [
        'provisioning claim create --template hubs --out claim',
        'provisioning claim create --template hubs sensors --days 90 --out batch-7',
        'provisioning claim create --template hubs --minutes 5 --out on-site',
      ],
    }),
  )
    .requiredOption('--template <name...>', 'templates that it may be used with')
    .requiredOption('--out <folder>', 'where claim.pem, claim-key.pem and server-ca.pem go')
    .option('--days <n>', `how long it is good (default: ${DEFAULT_DAYS})`)
    .option('--minutes <n>', 'how long it is good, as AWS IoT’s CreateProvisioningClaim with 5')
    .option('--algorithm <name>', `of its key: ${KEY_ALGORITHM_NAMES.join(', ')}`, 'P-256');
  run<ClaimOptions>(command, async ({ options, io }) => {
    const { template: templates, algorithm } = options;
    if (!isKeyAlgorithm(algorithm)) throw new UsageError(`--algorithm: expected ${KEY_ALGORITHM_NAMES.join(', ')}`);
    const files = filesIn(options.out);
    const lifeMs = lifeOf(options);
    await using cloud = await openCloudFiles(options.data);
    const deviceCa = await openDeviceCa({
      folder: cloud.folder.identity,
      client: kmsClientOf(options, io.env),
      algorithm: 'P-256',
      nowMs: io.nowMs,
      random: randomOf(io),
    });
    const claim = await createClaim(cloud.store, { deviceCa, templates, algorithm, nowMs: io.nowMs(), lifeMs });
    createFile(files.key, claim.privateKeyPem, { mode: 0o600 });
    createFile(files.certificate, claim.certificatePem);
    const serverCa = join(cloud.folder.identity, 'server-ca.pem');
    if (existsSync(serverCa)) copyFileSync(serverCa, files.serverCa);
    const expiresAt = new Date(claim.expiresAtMs).toISOString();
    return {
      json: { certificateId: claim.certificateId, templates, expiresAt, folder: options.out },
      text:
        `Claim ${claim.certificateId} for ${templates.join(', ')}, good until ${expiresAt}\n` +
        `Wrote claim.pem, claim-key.pem and server-ca.pem to ${options.out}. Whoever has the key may register devices.\n` +
        `Revoke it with: bristlecone provisioning revoke ${claim.certificateId}`,
    };
  });
}

/** Nothing is overwritten: a claim whose key is lost would still be good. @throws {OperatorError} `claim-exists` */
function filesIn(folder: string) {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const files = {
    certificate: join(folder, 'claim.pem'),
    key: join(folder, 'claim-key.pem'),
    serverCa: join(folder, 'server-ca.pem'),
  };
  if (!existsSync(files.certificate) && !existsSync(files.key)) return files;
  throw new OperatorError('claim-exists', `there is a claim in ${folder} already. Give another folder with --out.`);
}

function lifeOf({ days, minutes }: ClaimOptions): number {
  if (days !== undefined && minutes !== undefined) throw new UsageError('expected --days or --minutes, got both');
  const [text, unitMs] = minutes === undefined ? [days ?? DEFAULT_DAYS, DAY_MS] : [minutes, MINUTE_MS];
  if (/^[1-9]\d{0,4}$/.test(text)) return Number(text) * unitMs;
  throw new UsageError(
    `--${minutes === undefined ? 'days' : 'minutes'}: expected 1 to 99999, got ${text.slice(0, 20)}`,
  );
}

const randomOf =
  (io: Io) =>
  (bytes: number): Uint8Array =>
    fromHex(io.randomHex(bytes));
