/**
 * Events in the shape of AWS CloudTrail, so that what reads an account's trail can be tried on the embedded KMS.
 *
 *   <folder>/<account>_CloudTrail_<region>_<YYYYMMDD>.jsonl      one event a line, in UTC days
 *
 * As on AWS, messages, signatures, key material and tokens are left out, and Sign says nothing of the key spec: it has to
 * be joined from CreateKey by the key's ARN. Not as on AWS: there is no `tlsDetails`, since there is no TLS, and a request
 * whose signature is wrong leaves no event.
 *
 * Source: AWS KMS Developer Guide, "Examples of AWS KMS log entries"; CloudTrail record contents, eventVersion 1.11.
 */
import { appendFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { JsonObject } from './kms.ts';
import type { Account } from './names.ts';

/** One call of the API, answered or refused. */
export interface ApiCall {
  readonly operation: string;
  readonly eventId: string;
  readonly requestId: string;
  readonly atMs: number;
  /** Undefined where nobody said. */
  readonly accessKeyId: string | undefined;
  readonly userName: string | undefined;
  readonly sourceAddress: string;
  readonly userAgent: string;
  /** The members of the request. */
  readonly request: JsonObject;
  readonly response: JsonObject | undefined;
  readonly refusal: { readonly type: string; readonly message: string } | undefined;
  /** ARNs of the keys and aliases that it was about. */
  readonly resources: readonly string[];
}

/** Never in an event. */
// oxfmt-ignore
const SECRETS: readonly string[] = ['Message', 'Signature', 'GrantTokens', 'GrantToken', 'EncryptedKeyMaterial', 'ImportToken', 'PublicKey'];
const READ_ONLY = /^(Describe|Get|List|Sign$|Verify$)/;

export function eventOf(call: ApiCall, account: Account): JsonObject {
  const { accountId, region } = account;
  const readOnly = READ_ONLY.test(call.operation);
  const request = withSmallNames(call.request);
  return {
    eventVersion: '1.11',
    userIdentity: identityOf(call, accountId),
    eventTime: `${new Date(call.atMs).toISOString().slice(0, 19)}Z`,
    eventSource: 'kms.amazonaws.com',
    eventName: call.operation,
    awsRegion: region,
    sourceIPAddress: call.sourceAddress,
    userAgent: call.userAgent,
    ...(call.refusal ? { errorCode: call.refusal.type, errorMessage: call.refusal.message } : {}),
    requestParameters: Object.keys(request).length === 0 ? null : request,
    responseElements: readOnly || call.refusal ? null : responseElementsOf(call),
    requestID: call.requestId,
    eventID: call.eventId,
    readOnly,
    resources: call.resources.map((ARN) => ({ accountId, type: typeOf(ARN), ARN })),
    eventType: 'AwsApiCall',
    managementEvent: true,
    recipientAccountId: accountId,
    eventCategory: 'Management',
  };
}

function identityOf({ accessKeyId, userName }: ApiCall, accountId: string): JsonObject {
  if (accessKeyId === undefined) return { type: 'Unknown', accountId };
  const name = userName ?? accessKeyId;
  const arn = `arn:aws:iam::${accountId}:user/${name}`;
  return { type: 'IAMUser', principalId: accessKeyId, arn, accountId, accessKeyId, userName: name };
}

/** An operation that answers nothing shows the key it changed. */
function responseElementsOf({ response, resources }: ApiCall): JsonObject | null {
  if (response) return withSmallNames(response);
  const keyId = resources.find((arn) => typeOf(arn) === 'AWS::KMS::Key');
  return keyId === undefined ? null : { keyId };
}

const typeOf = (arn: string): string => (arn.includes(':alias/') ? 'AWS::KMS::Alias' : 'AWS::KMS::Key');

const withSmallNames = (value: JsonObject): JsonObject =>
  Object.fromEntries(
    Object.entries(value)
      .filter(([name, item]) => item !== undefined && item !== null && !SECRETS.includes(name))
      .map(([name, item]) => [smallName(name), name.endsWith('Date') ? dateText(item) : withSmallNamesInside(item)]),
  );

function withSmallNamesInside(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withSmallNamesInside);
  return typeof value === 'object' && value !== null ? withSmallNames({ ...value }) : value;
}

const smallName = (name: string): string =>
  name === 'AWSAccountId' ? name : name.charAt(0).toLowerCase() + name.slice(1);

const DATE_FORM = new Intl.DateTimeFormat('en-US', { dateStyle: 'medium', timeStyle: 'medium', timeZone: 'UTC' });

/** `Aug 10, 2022, 10:38:27 PM`, as CloudTrail shows the times of KMS. */
const dateText = (seconds: unknown): unknown =>
  typeof seconds === 'number' ? DATE_FORM.format(seconds * 1000).replaceAll('\u202F', ' ') : seconds;

/** The files. Lines that come while others are being written go out together. */
export class TrailFolder {
  readonly #folder: string;
  readonly #account: Account;
  readonly #onError: (error: unknown) => void;
  #waiting: ApiCall[] = [];
  #writing: Promise<void> | undefined;

  private constructor(folder: string, account: Account, onError: (error: unknown) => void) {
    this.#folder = folder;
    this.#account = account;
    this.#onError = onError;
  }

  /** @param onError told of a file that cannot be written; the call that it is about was answered all the same */
  static async open(folder: string, account: Account, onError: (error: unknown) => void): Promise<TrailFolder> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    return new TrailFolder(folder, account, onError);
  }

  add(call: ApiCall): void {
    this.#waiting.push(call);
    this.#writing ??= this.#writeAll();
  }

  /** When it is done, everything added before is in the files. */
  async close(): Promise<void> {
    await this.#writing;
  }

  async #writeAll(): Promise<void> {
    // Once round the loop of events, so that calls answered together are written together.
    await new Promise(setImmediate);
    while (this.#waiting.length > 0) {
      const calls = this.#waiting;
      this.#waiting = [];
      try {
        await this.#write(calls);
      } catch (error) {
        this.#onError(error);
      }
    }
    this.#writing = undefined;
  }

  async #write(calls: readonly ApiCall[]): Promise<void> {
    for (const [day, ofDay] of Map.groupBy(calls, ({ atMs }) => new Date(atMs).toISOString().slice(0, 10))) {
      const { accountId, region } = this.#account;
      const file = `${accountId}_CloudTrail_${region}_${day.replaceAll('-', '')}.jsonl`;
      const lines = ofDay.map((call) => `${JSON.stringify(eventOf(call, this.#account))}\n`);
      await appendFile(join(this.#folder, file), lines.join(''), { mode: 0o600 });
    }
  }
}
