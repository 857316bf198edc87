/**
 * Who the cloud is, and who says who its devices are: two CAs with keys in KMS, and the certificate of its MQTT server.
 *
 *     identity/
 *       device-ca.pem    issues the certificates of devices and claims     key: alias/bristlecone-device-ca
 *       server-ca.pem    issues that of the server; what a device trusts   key: alias/bristlecone-server-ca
 *       server.pem       the server's, for its names
 *       server-key.pem   its private key: TLS needs it here, in this process
 *
 * Two CAs, since OpenSSL would send the root along with each certificate that the same file trusts: with ML-DSA-44 that
 * is 3.9 KB in each handshake. All of it is made once. A start that was cut off anywhere goes on at the next one: a key
 * without a certificate gets one, and a server key without its certificate is made anew.
 */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import type { KMSClient } from '@aws-sdk/client-kms';
import { equalBytes } from '../../protocol/bytes.ts';
import { encodeSpki } from '../../protocol/cose/spki.ts';
import { OperatorError } from '../errors.ts';
import { readOne } from '../formats/documents.ts';
import { planCertificate } from '../formats/issue.ts';
import { encodePem } from '../formats/pem.ts';
import { completeCertificate } from '../formats/x509.ts';
import { replaceFile } from '../roots/durable-file.ts';
import { createKmsSigner } from '../signing/kms-signer.ts';
import { createKey, keyReference } from '../signing/keys.ts';
import { verifyNatively } from '../signing/native-verifier.ts';
import type { Signer } from '../signing/signer.ts';
import { type Authority, createAuthority, serialNumberFrom } from './authority.ts';
import { createKeyPair, type KeyAlgorithm, kmsSpecOf } from './key-pairs.ts';

/** A device sold today trusts the server CA for as long. */
const CA_DAYS = 9_131;
const SERVER_DAYS = 3_650;
/** A server that starts with less has its certificate made anew. */
const SERVER_DAYS_LEFT = 365;
const DAY_MS = 86_400_000;

export interface IdentityOptions {
  /** Of these files; made where there is none. */
  readonly folder: string;
  readonly client: KMSClient;
  /** Of what is not there yet. */
  readonly algorithm: KeyAlgorithm;
  /** Names and addresses that devices call the server by. */
  readonly serverNames: readonly string[];
  readonly nowMs: () => number;
  /** So many random bytes. */
  readonly random: (bytes: number) => Uint8Array;
}

/** PEM. */
export interface ServerCredential {
  readonly certificate: string;
  readonly privateKey: string;
}

export interface Identity {
  readonly deviceCa: Authority;
  readonly serverCa: Authority;
  readonly server: ServerCredential;
}

/**
 * @throws {Unavailable} where the KMS does not answer
 * @throws {OperatorError} `identity-mismatch`: a certificate of the folder is not that of the key in this KMS
 */
export async function openIdentity(options: IdentityOptions): Promise<Identity> {
  mkdirSync(options.folder, { recursive: true, mode: 0o700 });
  const deviceCa = await openDeviceCa(options);
  const serverCa = await openAuthority('server', options);
  return { deviceCa, serverCa, server: await openServer(serverCa, options) };
}

/** The CA of devices alone, for who needs no server. @throws those of `openIdentity` */
export async function openDeviceCa(options: Omit<IdentityOptions, 'serverNames'>): Promise<Authority> {
  mkdirSync(options.folder, { recursive: true, mode: 0o700 });
  return openAuthority('device', options);
}

const NAMES = { device: 'CN=Bristlecone Device CA', server: 'CN=Bristlecone Server CA' } as const;

type AuthorityOptions = Omit<IdentityOptions, 'serverNames'>;

async function openAuthority(which: keyof typeof NAMES, options: AuthorityOptions): Promise<Authority> {
  const { folder, random } = options;
  const file = join(folder, `${which}-ca.pem`);
  const alias = `bristlecone-${which}-ca`;
  const existing = readIfThere(file);
  const signer = await openKey(alias, options);
  if (existing === undefined) {
    const certificate = await signItself(signer, { subject: NAMES[which], nowMs: options.nowMs(), random });
    replaceFile(file, encodePem('CERTIFICATE', certificate));
    return createAuthority({ signer, certificate, random });
  }
  const certificate = readOne(existing, 'CERTIFICATE');
  if (!equalBytes(spkiOf(new X509Certificate(certificate).publicKey), encodeSpki(signer.key))) {
    throw new OperatorError(
      'identity-mismatch',
      `${file} is not the certificate of ${alias}, which is ${signer.key.keyArn} in this KMS. Devices trust the ` +
        'certificate: bring back the KMS that belongs to it, or move the identity folder away to begin anew.',
    );
  }
  return createAuthority({ signer, certificate, random });
}

/** The key behind the alias; made where there is none. One whose start was cut off before it had its alias is left over. */
async function openKey(alias: string, { client, algorithm }: AuthorityOptions): Promise<Signer> {
  const open = () => createKmsSigner({ client, keyId: keyReference(alias), verify: verifyNatively });
  try {
    return await open();
  } catch (error) {
    if (!(error instanceof OperatorError) || error.code !== 'key-not-found') throw error;
    await createKey(client, { spec: kmsSpecOf(algorithm), alias, description: `CA of ${alias}` });
    return open();
  }
}

async function signItself(
  signer: Signer,
  { subject, nowMs, random }: { subject: string; nowMs: number; random: IdentityOptions['random'] },
): Promise<Uint8Array> {
  const serialNumber = serialNumberFrom(random(16));
  const content = { subject, subjectKey: signer.key, serialNumber, nowMs, days: CA_DAYS, pathLength: 0 };
  const unsigned = planCertificate({ profile: 'ca', ...content });
  return completeCertificate(unsigned.document, await signer.sign(unsigned.toBeSigned), signer.key);
}

async function openServer(ca: Authority, options: IdentityOptions): Promise<ServerCredential> {
  const { folder, serverNames, algorithm, nowMs } = options;
  const files = { certificate: join(folder, 'server.pem'), key: join(folder, 'server-key.pem') };
  const existing = { certificate: readIfThere(files.certificate), key: readIfThere(files.key) };
  if (existing.certificate && existing.key) {
    const known = { certificate: textOf(existing.certificate), privateKey: textOf(existing.key) };
    if (isGood(known, { ca, serverNames, nowMs: nowMs() })) return known;
  }
  const { publicKey, privateKeyPem: privateKey } = await createKeyPair(algorithm);
  const { pem } = await ca.issue({
    profile: 'server',
    subject: 'CN=Bristlecone Server',
    subjectKey: publicKey,
    nowMs: nowMs(),
    days: SERVER_DAYS,
    alternativeNames: serverNames.map((value) => ({ type: isIP(value) ? 'ip' : 'dns', value })),
  });
  replaceFile(files.key, privateKey, { mode: 0o600 });
  replaceFile(files.certificate, pem);
  return { certificate: pem, privateKey };
}

/** The pair belongs together and to this CA, is for all these names, and has a while to go. */
function isGood(
  server: ServerCredential,
  { ca, serverNames, nowMs }: { ca: Authority; serverNames: readonly string[]; nowMs: number },
): boolean {
  const certificate = readCertificate(server.certificate);
  return (
    certificate !== undefined &&
    certificate.verify(ca.certificate.publicKey) &&
    certificate.checkPrivateKey(createPrivateKey(server.privateKey)) &&
    certificate.validToDate.getTime() > nowMs + SERVER_DAYS_LEFT * DAY_MS &&
    serverNames.every((name) => (isIP(name) ? certificate.checkIP(name) : certificate.checkHost(name)) !== undefined)
  );
}

/** Damaged is as good as gone: this one can be made anew. */
function readCertificate(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}

const spkiOf = (publicKey: KeyObject): Uint8Array => new Uint8Array(publicKey.export({ type: 'spki', format: 'der' }));

const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

function readIfThere(file: string): Uint8Array | undefined {
  try {
    return new Uint8Array(readFileSync(file));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
