/**
 * AWS Signature Version 4, checked: the signature is made again with AWS's own library and compared.
 *
 * Sentences: as AWS's services say them in public reports; they were not captured on KMS. The order is theirs too: the
 * form of the header, its scope, the key, the clock, the signature.
 *
 * Source: AWS IAM User Guide, "AWS Signature Version 4 for API requests". Stricter in one point: every x-amz- header must
 * be signed, so that nobody on the way can turn a DescribeKey into a ScheduleKeyDeletion.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { SignatureV4 } from '@smithy/signature-v4';
import { utf8 } from '../../protocol/bytes.ts';
import { KmsFault } from './faults.ts';

const ALGORITHM = 'AWS4-HMAC-SHA256';
const TERMINATOR = 'aws4_request';
const MAX_SKEW_MS = 5 * 60_000;
const PARAMETERS = ['Credential', 'Signature', 'SignedHeaders'] as const;

/** Who may call. */
export interface KmsCredential {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  /** Whom events name. The access key id where it is left out. */
  readonly userName?: string;
}

export interface SignedRequest {
  readonly method: string;
  /** Lower-case names. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Uint8Array;
}

interface Authorization {
  readonly accessKeyId: string;
  /** `20261121`, `us-east-1`, `kms`, `aws4_request`. */
  readonly scope: readonly string[];
  readonly signedHeaders: readonly string[];
  /** Hexadecimal. */
  readonly signature: string;
  /** `20261121T000000Z` */
  readonly longDate: string;
  readonly dateMs: number;
}

export interface AuthenticationRules {
  readonly credentials: readonly KmsCredential[];
  readonly region: string;
  readonly nowMs: number;
  /** The service that is called, as a scope names it: `kms`. */
  readonly service: string;
}

/**
 * @throws {KmsFault} MissingAuthenticationTokenException, IncompleteSignatureException, InvalidSignatureException,
 *   UnrecognizedClientException
 */
export async function authenticate(
  request: SignedRequest,
  { credentials, region, nowMs, service }: AuthenticationRules,
): Promise<KmsCredential> {
  const authorization = parseAuthorization(request.headers);
  expectScope(authorization, { region, service });
  expectSignedHeaders(authorization, request.headers);
  const credential = credentials.find(({ accessKeyId }) => accessKeyId === authorization.accessKeyId);
  if (!credential || (request.headers.get('x-amz-security-token') ?? '') !== (credential.sessionToken ?? ''))
    throw new KmsFault('UnrecognizedClientException', 'The security token included in the request is invalid.');
  expectCurrent(authorization, nowMs);
  expectBodyHash(request);
  const expected = await signatureOf(request, authorization, credential);
  if (!isSame(expected, authorization.signature)) throw mismatch();
  return credential;
}

/** The access key id that a request claims, whether it proves it or not. */
export const claimedAccessKeyId = (headers: ReadonlyMap<string, string>): string | undefined =>
  /Credential=([^/,\s]{1,128})\//.exec(headers.get('authorization') ?? '')?.[1];

function parseAuthorization(headers: ReadonlyMap<string, string>): Authorization {
  const header = headers.get('authorization');
  if (header === undefined || header === '')
    throw new KmsFault('MissingAuthenticationTokenException', 'Missing Authentication Token');
  const [algorithm = ''] = header.split(' ', 1);
  if (algorithm !== ALGORITHM) throw incomplete(`Unsupported AWS 'algorithm': '${algorithm.slice(0, 64)}'.`);
  const values = new Map(
    [...header.slice(algorithm.length).matchAll(/([A-Za-z]+)=([^,\s]*)/g)].map(([, name = '', value = '']) => [
      name,
      value,
    ]),
  );
  const longDate = headers.get('x-amz-date') ?? '';
  const missing = PARAMETERS.filter((name) => !values.get(name)).map(
    (name) => `Authorization header requires '${name}' parameter.`,
  );
  if (longDate === '')
    missing.push(`Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.`);
  if (missing.length > 0) throw incomplete(missing.join(' '));

  const credential = values.get('Credential') ?? '';
  const [accessKeyId = '', ...scope] = credential.split('/');
  if (scope.length !== 4) {
    const form = 'Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term';
    throw incomplete(`${form}, got '${credential.slice(0, 128)}'`);
  }
  return {
    accessKeyId,
    scope,
    signedHeaders: (values.get('SignedHeaders') ?? '').split(';'),
    signature: values.get('Signature') ?? '',
    longDate,
    dateMs: parseLongDate(longDate),
  };
}

function parseLongDate(longDate: string): number {
  const [, ...parts] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(longDate) ?? [];
  const [year, month, day, hour, minute, second] = parts;
  const dateMs = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  if (!Number.isNaN(dateMs)) return dateMs;
  throw incomplete(`Date must be in ISO-8601 'basic format'. Got '${longDate.slice(0, 64)}'.`);
}

function expectScope(
  { scope, longDate }: Authorization,
  expected: { readonly region: string; readonly service: string },
): void {
  const [date = '', region = '', service = '', terminator = ''] = scope;
  const wrong: string[] = [];
  if (region !== expected.region)
    wrong.push(
      `Credential should be scoped to a valid region, not '${region.slice(0, 64)}'. Here it is '${expected.region}'.`,
    );
  if (service !== expected.service)
    wrong.push(`Credential should be scoped to correct service: '${expected.service}'.`);
  if (terminator !== TERMINATOR)
    wrong.push(
      `Credential should be scoped with a valid terminator: '${TERMINATOR}', not '${terminator.slice(0, 64)}'.`,
    );
  if (date !== longDate.slice(0, 8)) {
    const dates = `'${date.slice(0, 64)}' != '${longDate.slice(0, 8)}', from '${longDate}'`;
    wrong.push(`Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: ${dates}.`);
  }
  if (wrong.length > 0) throw invalid(wrong.join(' '));
}

function expectSignedHeaders({ signedHeaders }: Authorization, headers: ReadonlyMap<string, string>): void {
  const mustBeSigned = ['host', ...[...headers.keys()].filter((name) => name.startsWith('x-amz-'))];
  const unsigned = mustBeSigned.find((name) => !signedHeaders.includes(name));
  if (unsigned === 'host') throw invalid("'Host' must be a 'SignedHeader' in the AWS Authorization.");
  if (unsigned !== undefined) throw invalid(`'${unsigned}' must be a 'SignedHeader' in the AWS Authorization.`);
}

function expectCurrent({ longDate, dateMs }: Authorization, nowMs: number): void {
  const now = longDateOf(nowMs);
  const [earliest, latest] = [longDateOf(nowMs - MAX_SKEW_MS), longDateOf(nowMs + MAX_SKEW_MS)];
  if (dateMs < nowMs - MAX_SKEW_MS)
    throw invalid(`Signature expired: ${longDate} is now earlier than ${earliest} (${now} - 5 min.)`);
  if (dateMs > nowMs + MAX_SKEW_MS)
    throw invalid(`Signature not yet current: ${longDate} is still later than ${latest} (${now} + 5 min.)`);
}

const longDateOf = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`;

/** The library takes this header for the hash of the body; it must be that. */
function expectBodyHash({ headers, body }: SignedRequest): void {
  const claimed = headers.get('x-amz-content-sha256');
  if (claimed !== undefined && claimed !== createHash('sha256').update(body).digest('hex')) throw mismatch();
}

async function signatureOf(
  { method, headers, body }: SignedRequest,
  { scope, signedHeaders, dateMs }: Authorization,
  { accessKeyId, secretAccessKey }: KmsCredential,
): Promise<string> {
  const [, region = '', service = ''] = scope;
  const signer = new SignatureV4({
    credentials: { accessKeyId, secretAccessKey },
    region,
    service,
    sha256: Sha256,
    applyChecksum: false,
  });
  const signed = signedHeaders.map((name): [string, string] => [name, headers.get(name) ?? '']);
  const request = {
    method,
    protocol: 'http:',
    hostname: headers.get('host') ?? '',
    path: '/',
    query: {},
    headers: Object.fromEntries(signed),
    body,
  };
  const made = await signer.sign(request, { signingDate: new Date(dateMs), signableHeaders: new Set(signedHeaders) });
  return /Signature=([0-9a-f]{64})$/.exec(made.headers['authorization'] ?? '')?.[1] ?? '';
}

function isSame(expected: string, claimed: string): boolean {
  const [a, b] = [utf8(expected), utf8(claimed)];
  return a.length === b.length && a.length > 0 && timingSafeEqual(a, b);
}

/** SHA-256, or HMAC with it, as the library wants to be given it. */
class Sha256 {
  readonly #hash: ReturnType<typeof createHash> | ReturnType<typeof createHmac>;

  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', bytesOf(secret));
  }

  update(data: string | ArrayBuffer | ArrayBufferView): void {
    this.#hash.update(bytesOf(data));
  }

  async digest(): Promise<Uint8Array> {
    return new Uint8Array(this.#hash.digest());
  }

  reset(): void {
    throw new TypeError('Sha256: made for one hash');
  }
}

function bytesOf(data: string | ArrayBuffer | ArrayBufferView): Uint8Array {
  if (typeof data === 'string') return utf8(data);
  return data instanceof ArrayBuffer
    ? new Uint8Array(data)
    : new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

const incomplete = (message: string): KmsFault => new KmsFault('IncompleteSignatureException', message);

const invalid = (message: string): KmsFault => new KmsFault('InvalidSignatureException', message);

const mismatch = (): KmsFault =>
  invalid(
    'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key ' +
      'and signing method. Consult the service documentation for details.',
  );
