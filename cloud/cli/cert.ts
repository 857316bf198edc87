/** `bristlecone cert`: X.509 certificates whose private keys stay in KMS, or beyond an air gap. */
import type { Command } from 'commander';
import { type CommandResult, type Io, run, subcommand, UsageError } from '../../command-line.ts';
import type { PublicKey } from '../../protocol/cose/algorithms.ts';
import { verifyWithNoble } from '../../protocol/cose/reference-verifier.ts';
import { readOne } from '../formats/documents.ts';
import { planCertificate } from '../formats/issue.ts';
import { MAX_CERTIFICATES_BYTES } from '../formats/limits.ts';
import { prepareCsr, type Profile, type VerifiedCsr, verifyCsr } from '../formats/x509.ts';
import { fetchSigningKey } from '../signing/fetch-signing-key.ts';
import { keyReference } from '../signing/keys.ts';
import { readInput } from './files.ts';
import { kmsClientOf, withKmsOptions } from './kms-option.ts';
import { openSigner, readPublicKey, type SigningOptions, signOrExport, withSigningOptions } from './signing-options.ts';

interface CertOptions extends SigningOptions {
  readonly subject?: string;
  readonly key?: string;
  readonly public?: string;
  readonly csr?: string;
  readonly issuer?: string;
  readonly issuerKey?: string;
  readonly days: string;
  readonly pathLength?: string;
}

export function registerCertCommands(program: Command): void {
  const cert = program.command('cert').description('X.509 certificates and requests; private keys stay in KMS');
  registerCa(cert);
  registerIssued(cert, 'intermediate');
  registerIssued(cert, 'leaf');
  registerCsr(cert);
}

const certCommand = (parent: Command, name: string, summary: string, examples: readonly string[]): Command =>
  withSigningOptions(withKmsOptions(subcommand(parent, { name, summary, examples })))
    .option('--subject <name>', 'whose it is: "CN=Release CA, O=Example"')
    .option('--key <key>', 'alias, id or ARN of the KMS key that it is for')
    .option('--public <file>', 'public key that it is for, where that is not in KMS');

function registerCa(parent: Command): void {
  const command = certCommand(parent, 'ca', 'a root that signs itself', [
    'cert ca --key root --subject "CN=Root, O=Example" --out root.pem',
    'cert ca --public offline.pem --subject "CN=Root, O=Example" --export request/',
  ])
    .option('--days <n>', 'how long it is valid', '3650')
    .option('--path-length <n>', 'CA certificates that may stand below it', '1');
  run<CertOptions>(command, async ({ options, io }) => {
    const signer = options.key === undefined ? undefined : await openSigner(options.key, options, io.env);
    const subjectKey = signer?.key ?? readExportedKey(options);
    const unsigned = planCertificate({ profile: 'ca', subjectKey, ...contentOf(options, io) });
    return signOrExport(unsigned, { options, what: 'a root certificate', ...(signer && { signer }) });
  });
}

type Issued = Extract<Profile, 'intermediate' | 'leaf'>;

const ISSUED: Readonly<Record<Issued, { summary: string; days: string; examples: readonly string[] }>> = {
  intermediate: {
    summary: 'a CA below another, for daily use',
    days: '1825',
    examples: [
      'cert intermediate --key issuing --subject "CN=Issuing CA" --issuer root.pem --issuer-key root --out issuing.pem',
    ],
  },
  leaf: {
    summary: 'for a key that signs code',
    days: '365',
    examples: [
      'cert leaf --key release --subject "CN=Code signing" --issuer issuing.pem --issuer-key issuing --out leaf.pem',
      'cert leaf --csr release.csr --issuer issuing.pem --issuer-key issuing --out leaf.pem',
    ],
  },
};

function registerIssued(parent: Command, profile: Issued): void {
  const { summary, days, examples } = ISSUED[profile];
  const command = certCommand(parent, profile, summary, examples)
    .requiredOption('--issuer <file>', 'certificate of the CA that signs it')
    .option('--issuer-key <key>', 'alias, id or ARN of the KMS key of that CA')
    .option('--csr <file>', 'certification request: its key, and its subject where --subject is not given')
    .option('--days <n>', 'how long it is valid', days);
  if (profile === 'intermediate') command.option('--path-length <n>', 'CA certificates that may stand below it', '0');
  run<CertOptions>(command, async ({ options, io }) => {
    const csr = options.csr === undefined ? undefined : readCsr(options.csr);
    const subjectKey = csr?.key ?? (await readSubjectKey(options, io));
    const issuer = readOne(readInput(options.issuer ?? '', MAX_CERTIFICATES_BYTES), 'CERTIFICATE');
    const content = contentOf({ ...(csr && { subject: csr.subject }), ...options }, io);
    const unsigned = planCertificate({ profile, subjectKey, issuer, ...content });
    const signer = options.issuerKey === undefined ? undefined : await openSigner(options.issuerKey, options, io.env);
    return signOrExport(unsigned, { options, what: `a certificate (${profile})`, ...(signer && { signer }) });
  });
}

function registerCsr(parent: Command): void {
  const command = certCommand(parent, 'csr', 'a request to somebody else’s CA', [
    'cert csr --key release --subject "CN=Code signing, O=Example" --out release.csr',
  ]);
  run<CertOptions>(command, async ({ options, io }): Promise<CommandResult> => {
    const signer = options.key === undefined ? undefined : await openSigner(options.key, options, io.env);
    const unsigned = prepareCsr(expectSubject(options), signer?.key ?? readExportedKey(options));
    return signOrExport(unsigned, { options, what: 'a certification request', ...(signer && { signer }) });
  });
}

/** What KMS does not sign must be exported, or it could not be signed at all. */
function readExportedKey({ public: file, export: folder }: CertOptions): PublicKey {
  if (file !== undefined && folder !== undefined) return readPublicKey(file);
  throw new UsageError('--key: expected the KMS key that it is for (or --public with --export, to sign elsewhere)');
}

async function readSubjectKey({ key, public: file, ...options }: CertOptions, io: Io): Promise<PublicKey> {
  if (key !== undefined && file !== undefined)
    throw new UsageError('expected one of --key, --public and --csr, got two');
  if (file !== undefined) return readPublicKey(file);
  if (key === undefined) throw new UsageError('expected --key, --public or --csr: the key that it is for');
  return fetchSigningKey(kmsClientOf(options, io.env), keyReference(key));
}

function readCsr(file: string): VerifiedCsr {
  const der = readOne(readInput(file, MAX_CERTIFICATES_BYTES), 'CERTIFICATE REQUEST');
  return verifyCsr(der, verifyWithNoble);
}

function expectSubject({ subject }: { readonly subject?: string }): string {
  if (subject !== undefined) return subject;
  throw new UsageError('--subject: expected a name such as "CN=Release CA, O=Example"');
}

function contentOf(options: CertOptions, io: Io) {
  return {
    subject: expectSubject(options),
    days: expectCount('--days', options.days, 1),
    ...(options.pathLength !== undefined && { pathLength: expectCount('--path-length', options.pathLength, 0) }),
    serialNumber: createSerialNumber(io),
    nowMs: io.nowMs(),
  };
}

function expectCount(name: string, text: string, least: number): number {
  if (/^\d{1,5}$/.test(text) && Number(text) >= least) return Number(text);
  throw new UsageError(
    `${name}: expected a whole number from ${least} to 99999, got ${JSON.stringify(text.slice(0, 40))}`,
  );
}

/** 16 bytes, 124 of their bits random; the first makes it positive and of fixed length (RFC 5280 §4.1.2.2). */
const createSerialNumber = (io: Io): string => `4${io.randomHex(16).slice(1)}`;
