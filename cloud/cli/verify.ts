/** `bristlecone verify`: is this document signed by whom we trust? Here, without KMS, or by KMS itself. */
import { writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { type Io, run, subcommand, UsageError } from '../../command-line.ts';
import { anchorOf } from '../../protocol/cose/key.ts';
import { verifyWithNoble } from '../../protocol/cose/reference-verifier.ts';
import type { Trust } from '../../protocol/cose/verify-signature.ts';
import { type Purpose, type TrustedChain, verifyChain } from '../formats/chain.ts';
import { decodeCertificate } from '../formats/certificate.ts';
import { decodeCms } from '../formats/cms-verify.ts';
import { type ContentFormat, detectFormat, readOne, verifyDocument } from '../formats/documents.ts';
import { MAX_CONTENT_BYTES, MAX_DOCUMENT_BYTES } from '../formats/limits.ts';
import { FORMATS, type Format } from '../formats/unsigned.ts';
import type { Verified } from '../formats/verify-claim.ts';
import { verifyCsr } from '../formats/x509.ts';
import { fetchSigningKey } from '../signing/fetch-signing-key.ts';
import { keyReference } from '../signing/keys.ts';
import { createKmsVerifier } from '../signing/kms-verifier.ts';
import { verifyWithKms } from '../signing/verify-with-kms.ts';
import { readCertificateFile, readCertificates } from './certificate-files.ts';
import { readInput } from './files.ts';
import { kmsClientOf, type KmsOptions, withKmsOptions } from './kms-option.ts';
import { expectMode, readPublicKey } from './signing-options.ts';
import { describeChain, describeDocument, describeRequest, type Outcome } from './verify-report.ts';

interface VerifyOptions extends KmsOptions {
  readonly format?: string;
  readonly content?: string;
  readonly public?: readonly string[];
  readonly key?: string;
  readonly root?: readonly string[];
  readonly chain?: string;
  readonly at?: string;
  readonly via: string;
  readonly mode: string;
  readonly out?: string;
}

export function registerVerifyCommand(program: Command): void {
  const command = withKmsOptions(
    subcommand(program, {
      name: 'verify',
      summary: 'verify a signed document with a public key, a certificate chain or KMS',
      examples: [
        'verify fw.cose --public release.pem --out fw.bin',
        'verify fw.sig --format raw --content fw.bin --public release.pem',
        'verify token.jwt --format jwt --public release.pem',
        'verify fw.p7m --root root.pem                              # its certificates are inside',
        'verify fw.cose --content fw.bin --root root.pem --chain leaf-and-intermediate.pem',
        'verify leaf-and-intermediate.pem --root root.pem',
        'verify fw.sig --format raw --content fw.bin --key release --via kms --mode mu',
      ],
    }),
  )
    .argument('<file>', 'the signed document; - for standard input')
    .option('--format <format>', `${FORMATS.join(', ')} (default: seen from the document)`)
    .option('--content <file>', 'what a raw signature or a detached document is over')
    .option('--public <file...>', 'public keys, one of which must have signed')
    .option('--root <file...>', 'trusted root certificates; the signer must have a chain to one of them')
    .option('--chain <file>', 'with --root: certificates of the signer, the leaf first (CMS carries its own)')
    .option('--at <time>', 'verify certificates and tokens as of this time: 2030-01-01T00:00:00Z')
    .option('--key <key>', 'alias, id or ARN of the KMS key that must have signed')
    .option('--via <where>', 'local, or kms: let KMS verify with --key', 'local')
    .option('--mode <mode>', 'with --via kms: what it is sent, raw, mu or auto', 'auto')
    .option('--out <file>', 'write the verified content there');
  run<VerifyOptions>(command, async ({ args: [file = ''], options, io }) => {
    const bytes = readInput(file, MAX_DOCUMENT_BYTES);
    const format = formatOf(bytes, options.format);
    const atMs = timeOf(options.at, io);
    expectOneTrust(format, options);
    if (format === 'csr') return describeRequest(verifyCsr(readOne(bytes, 'CERTIFICATE REQUEST'), verifyWithNoble));
    if (format === 'certificate') return describeChain(chainOfFile(bytes, file, { options, atMs }));
    const content = options.content === undefined ? undefined : readInput(options.content, MAX_CONTENT_BYTES);
    const check = (trust: Trust): Verified =>
      verifyDocument(format, bytes, { ...trust, ...(content && { content }), nowMs: atMs });
    const outcome = await verifyUnder(check, { format, bytes, options, io, atMs });
    if (options.out !== undefined) writeFileSync(options.out, outcome.verified.content);
    return describeDocument(format, outcome, options);
  });
}

interface Question {
  readonly format: ContentFormat;
  readonly bytes: Uint8Array;
  readonly options: VerifyOptions;
  readonly io: Io;
  readonly atMs: number;
}

async function verifyUnder(check: (trust: Trust) => Verified, question: Question): Promise<Outcome> {
  const { options, io } = question;
  const verify = verifyWithNoble;
  if (options.public) {
    const anchors = options.public.map((file) => anchorOf(readPublicKey(file)));
    return { verified: check({ anchors, verify }), how: 'Verified here: no KMS request, where `--via kms` makes two.' };
  }
  if (options.root) {
    const chain = verifyChain(chainOf(question), chainOptions(options, question.atMs, 'code-signing'));
    const how = 'Verified here, with the key of the leaf after its chain: no KMS request.';
    return { verified: check({ anchors: [chain.signer], verify }), chain, how };
  }
  const request = { client: kmsClientOf(options, io.env), keyId: keyReference(options.key ?? '') };
  if (options.via === 'kms') {
    const kms = await createKmsVerifier({ ...request, mode: expectMode(options.mode) });
    return { verified: await verifyWithKms(check, kms), how: `Verified by KMS, with ${kms.key.keyArn}.` };
  }
  const key = await fetchSigningKey(request.client, request.keyId);
  const how =
    'Verified here: one KMS request (GetPublicKey) instead of two. ' +
    'With the public key in a file (`bristlecone key public`) and --public it needs none.';
  return { verified: check({ anchors: [anchorOf(key)], verify }), how };
}

function formatOf(bytes: Uint8Array, named: string | undefined): Format {
  if (named === undefined) {
    const seen = detectFormat(bytes);
    if (seen) return seen;
    throw new UsageError(
      `--format: the document has no marks of a format (a raw signature has none): expected one of ${FORMATS.join(', ')}`,
    );
  }
  const format = FORMATS.find((it) => it === named);
  if (format) return format;
  throw new UsageError(`--format: expected one of ${FORMATS.join(', ')}, got ${JSON.stringify(named.slice(0, 40))}`);
}

function timeOf(at: string | undefined, io: Io): number {
  if (at === undefined) return io.nowMs();
  const ms = Date.parse(at);
  if (!Number.isNaN(ms)) return ms;
  throw new UsageError(`--at: expected a time such as 2030-01-01T00:00:00Z, got ${JSON.stringify(at.slice(0, 40))}`);
}

/** Trust comes from one place, said by whoever asks; a document cannot bring its own. */
function expectOneTrust(format: Format, { public: keys, root, key, chain, via }: VerifyOptions): void {
  const given = [keys && '--public', root && '--root', key !== undefined && '--key'].filter((it) => it);
  if (via !== 'local' && via !== 'kms') throw new UsageError(`--via: expected local or kms, got ${via.slice(0, 40)}`);
  if (via === 'kms' && key === undefined) throw new UsageError('--via kms: expected --key, the KMS key to verify with');
  if (chain !== undefined && !root) throw new UsageError('--chain: expected --root, the certificates that are trusted');
  if (format === 'csr' && given.length > 0)
    throw new UsageError(`a certification request is signed by the key in it: expected none of ${given.join(', ')}`);
  if (format === 'certificate' && !root) throw new UsageError('a certificate: expected --root to verify it with');
  if (format === 'csr' || given.length === 1) return;
  throw new UsageError(`expected one of --public, --root and --key, got ${given.join(' and ') || 'none'}`);
}

const chainOptions = ({ root = [] }: VerifyOptions, atMs: number, purpose: Purpose) => ({
  roots: root.flatMap(readCertificateFile),
  atMs,
  purpose,
});

function chainOf({ format, bytes, options }: Question): readonly Uint8Array[] {
  const given = options.chain === undefined ? [] : readCertificateFile(options.chain);
  if (given.length > 0) return given;
  const inside = format === 'cms' ? decodeCms(readOne(bytes, 'CMS')).certificates : [];
  if (inside.length > 0) return inside;
  throw new UsageError('--chain: expected the certificates of the signer, the leaf first; the document carries none');
}

/** A file of certificates: a CA's says what it may sign, any other must be for signing code. */
function chainOfFile(
  bytes: Uint8Array,
  file: string,
  { options, atMs }: { options: VerifyOptions; atMs: number },
): TrustedChain & { readonly purpose: Purpose } {
  const more = options.chain === undefined ? [] : readCertificateFile(options.chain);
  const chain = [...readCertificates(bytes, file), ...more];
  const [first] = chain;
  const purpose = first && decodeCertificate(first, file).isCa ? 'ca' : 'code-signing';
  return { ...verifyChain(chain, chainOptions(options, atMs, purpose)), purpose };
}
