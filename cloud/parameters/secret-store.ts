/**
 * AWS Secrets Manager, embedded: CreateSecret, PutSecretValue and GetSecretValue, for text.
 *
 * It is no safe: a secret is a file that whoever can read the folder can read. The current version of each is kept and
 * the one before it, as AWS labels them. What would promise more than is done here is refused and not ignored.
 *
 * Sources: AWS Secrets Manager API Reference; sentences as AWS's users report them.
 */
import { hash } from 'node:crypto';
import { type Codec, DurableFolder } from '../kms/durable-folder.ts';
import { KmsFault } from '../kms/faults.ts';
import type { JsonObject } from '../kms/kms.ts';
import { Members } from '../kms/members.ts';
import type { Account } from '../kms/names.ts';
import type { Neighbour } from '../kms/neighbour.ts';
import type { Surroundings } from './parameter-store.ts';

interface SecretVersion {
  /** The caller's token: a call that is made again makes nothing new. */
  readonly versionId: string;
  readonly text: string;
  readonly createdAtMs: number;
}

interface SecretRecord {
  readonly name: string;
  /** Six characters at the end of its ARN. */
  readonly suffix: string;
  /** AWSCURRENT, then AWSPREVIOUS. */
  readonly versions: readonly SecretVersion[];
}

const STAGES = ['AWSCURRENT', 'AWSPREVIOUS'] as const;
const NAME = { min: 1, max: 512, pattern: /[a-zA-Z0-9/_+=.@-]+/ };
const SECRET_ID = { min: 1, max: 2048 };
const TOKEN = { min: 32, max: 64 };
const TEXT = { min: 1, max: 65_536 };
const NOT_HERE = ['SecretBinary', 'KmsKeyId', 'Tags', 'AddReplicaRegions', 'VersionStages', 'RotationToken', 'Type'];

const FORMAT = 'bristlecone-secret-1';

const codec: Codec<SecretRecord> = {
  fileName: ({ name }) => hash('sha256', name),
  encode: (record) => ({
    format: FORMAT,
    warning: 'This is no safe: whoever can read this file has the secret.',
    ...record,
  }),
  decode: (json) => {
    const members = Members.of(json);
    members.oneOf('format', [FORMAT]);
    return {
      name: members.text('name', NAME),
      suffix: members.text('suffix', { min: 6, max: 6 }),
      versions: members.list('versions', { min: 1, max: STAGES.length }).map(decodeVersion),
    };
  },
};

function decodeVersion(json: unknown): SecretVersion {
  const members = Members.of(json);
  return {
    versionId: members.text('versionId', TOKEN),
    text: members.text('text', TEXT),
    createdAtMs: members.integer('createdAtMs', { min: 1, max: Number.MAX_SAFE_INTEGER }),
  };
}

export interface SecretSurroundings extends Surroundings {
  /** A fresh random UUID. */
  readonly newId: () => string;
}

export async function openSecretStore(
  folder: string,
  { account, nowMs, newId }: SecretSurroundings,
): Promise<Neighbour> {
  const secrets = await DurableFolder.open(folder, codec);

  const create = async (members: Members): Promise<JsonObject> => {
    const name = members.text('Name', NAME);
    const version = readVersion(members, { nowMs: nowMs(), newId });
    expectUndamaged(name, secrets);
    const record = await secrets.change(hash('sha256', name), (current) => {
      if (current && !isRepeated(current, version))
        throw new KmsFault(
          'ResourceExistsException',
          `The operation failed because the secret ${name} already exists.`,
        );
      return current ?? { name, suffix: newId().slice(0, 6), versions: [version] };
    });
    return { ARN: arnOf(record, account), Name: name, VersionId: version.versionId };
  };

  const put = async (members: Members): Promise<JsonObject> => {
    const name = nameOf(members, account);
    const version = readVersion(members, { nowMs: nowMs(), newId });
    const record = await secrets.change(hash('sha256', name), (current) => {
      if (!current) throw notThere(name, secrets);
      return isRepeated(current, version)
        ? current
        : { ...current, versions: [version, ...current.versions].slice(0, 2) };
    });
    return { ARN: arnOf(record, account), Name: name, VersionId: version.versionId, VersionStages: [STAGES[0]] };
  };

  const get = (members: Members): JsonObject => {
    const name = nameOf(members, account);
    const record = secrets.get(hash('sha256', name));
    if (!record) throw notThere(name, secrets);
    const { version, stage } = findVersion(record, members);
    return {
      ARN: arnOf(record, account),
      Name: name,
      VersionId: version.versionId,
      SecretString: version.text,
      VersionStages: [stage],
      CreatedDate: version.createdAtMs / 1000,
    };
  };

  return {
    targetPrefix: 'secretsmanager.',
    signingName: 'secretsmanager',
    operations: new Map<string, (members: Members) => JsonObject | Promise<JsonObject>>([
      ['CreateSecret', create],
      ['PutSecretValue', put],
      ['GetSecretValue', get],
    ]),
  };
}

function readVersion(members: Members, { nowMs, newId }: { nowMs: number; newId: () => string }): SecretVersion {
  const refused = NOT_HERE.find((member) => members.has(member));
  if (refused !== undefined)
    throw new KmsFault('InvalidParameterException', `${refused} is not implemented by the embedded Secrets Manager.`);
  const text = members.text('SecretString', TEXT);
  return { versionId: members.optionalText('ClientRequestToken', TOKEN) ?? newId(), text, createdAtMs: nowMs };
}

/** @throws {KmsFault} ResourceExistsException: a version is never changed */
function isRepeated({ versions }: SecretRecord, { versionId, text }: SecretVersion): boolean {
  const known = versions.find((version) => version.versionId === versionId);
  if (known && known.text !== text) {
    const sentence = `You can't use ClientRequestToken ${versionId} because that value is already in use for a version of this secret.`;
    throw new KmsFault('ResourceExistsException', sentence);
  }
  return known !== undefined;
}

function findVersion({ versions }: SecretRecord, members: Members) {
  const versionId = members.optionalText('VersionId', TOKEN);
  const wantedStage = members.optionalText('VersionStage', { min: 1, max: 256 });
  for (const [i, version] of versions.entries()) {
    const stage = STAGES[i] ?? STAGES[0];
    if (versionId === undefined ? stage !== (wantedStage ?? STAGES[0]) : version.versionId !== versionId) continue;
    if (wantedStage === undefined || wantedStage === stage) return { version, stage };
  }
  const what = versionId === undefined ? `staging label: ${wantedStage ?? STAGES[0]}` : `VersionId: ${versionId}`;
  throw new KmsFault('ResourceNotFoundException', `Secrets Manager can't find the specified secret value for ${what}`);
}

/** Of a name, or of an ARN of this account, with its six characters at the end. */
function nameOf(members: Members, account: Account): string {
  const id = members.text('SecretId', SECRET_ID);
  const prefix = arnPrefix(account);
  return id.startsWith(prefix) ? id.slice(prefix.length).replace(/-[^-]{6}$/, '') : id;
}

const arnPrefix = ({ region, accountId }: Account): string => `arn:aws:secretsmanager:${region}:${accountId}:secret:`;

const arnOf = ({ name, suffix }: SecretRecord, account: Account): string => `${arnPrefix(account)}${name}-${suffix}`;

function notThere(name: string, secrets: DurableFolder<SecretRecord>): KmsFault {
  expectUndamaged(name, secrets);
  return new KmsFault('ResourceNotFoundException', "Secrets Manager can't find the specified secret.");
}

/** What a file holds that cannot be read may be worth mending: it is neither missing nor overwritten. */
function expectUndamaged(name: string, secrets: DurableFolder<SecretRecord>): void {
  const id = hash('sha256', name);
  const damage = secrets.get(id) ? undefined : secrets.damageOf(id);
  if (!damage) return;
  const sentence = `The secret ${name} is unavailable: ${damage.file}: ${damage.reason}`;
  throw new KmsFault('InvalidParameterException', sentence);
}
