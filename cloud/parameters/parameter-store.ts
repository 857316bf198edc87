/**
 * AWS Systems Manager Parameter Store, embedded: GetParameter and PutParameter, as far as plain text goes.
 *
 * The current version of each parameter is kept, in one file; AWS keeps a hundred. What would promise more than is done
 * here (encryption, patterns, policies) is refused and not ignored.
 *
 * Sources: AWS Systems Manager API Reference; sentences as AWS's users report them.
 */
import { hash } from 'node:crypto';
import { KmsFault, validation } from '../kms/faults.ts';
import { type Codec, DurableFolder } from '../kms/durable-folder.ts';
import type { JsonObject } from '../kms/kms.ts';
import { Members } from '../kms/members.ts';
import type { Account } from '../kms/names.ts';
import type { Neighbour } from '../kms/neighbour.ts';

export interface Surroundings {
  readonly account: Account;
  readonly nowMs: () => number;
}

interface ParameterRecord {
  readonly name: string;
  readonly type: ParameterType;
  readonly value: string;
  /** From 1. */
  readonly version: number;
  readonly modifiedAtMs: number;
}

const TYPES = ['String', 'StringList'] as const;
type ParameterType = (typeof TYPES)[number];

/** Characters. */
const TIERS = { Standard: 4096, Advanced: 8192 } as const;
const NAME = { min: 1, max: 1011, pattern: /[a-zA-Z0-9_.\-/]+/ };
const NAME_AND_VERSION = { min: 1, max: 2048, pattern: /[a-zA-Z0-9_.\-/:]+/ };
const MAX_LEVELS = 15;
const NOT_HERE = ['AllowedPattern', 'KeyId', 'Policies', 'Tags'];

const FORMAT = 'bristlecone-parameter-1';
const WHOLE = { min: 1, max: Number.MAX_SAFE_INTEGER };

const codec: Codec<ParameterRecord> = {
  // A name may hold `/` and differ from another in case alone; no file system takes all of that.
  fileName: ({ name }) => hash('sha256', name),
  encode: (record) => ({ format: FORMAT, ...record }),
  decode: (json) => {
    const members = Members.of(json);
    members.oneOf('format', [FORMAT]);
    return {
      name: members.text('name', NAME),
      type: members.oneOf('type', TYPES),
      value: members.text('value', { min: 1, max: TIERS.Advanced }),
      version: members.integer('version', WHOLE),
      modifiedAtMs: members.integer('modifiedAtMs', WHOLE),
    };
  },
};

export async function openParameterStore(folder: string, { account, nowMs }: Surroundings): Promise<Neighbour> {
  const parameters = await DurableFolder.open(folder, codec);

  const get = (members: Members): JsonObject => {
    const [name = '', version] = members.text('Name', NAME_AND_VERSION).split(':');
    const found = parameters.get(hash('sha256', name));
    if (!found) {
      expectUndamaged(name, parameters);
      // AWS sends no sentence.
      throw new KmsFault('ParameterNotFound');
    }
    if (version !== undefined && version !== String(found.version)) {
      const sentence = `Systems Manager could not find version ${version} of ${name}. Verify the version and try again.`;
      throw new KmsFault('ParameterVersionNotFound', sentence);
    }
    return { Parameter: parameterJson(found, account) };
  };

  const put = async (members: Members): Promise<JsonObject> => {
    const wanted = readPut(members);
    expectUndamaged(wanted.name, parameters);
    const record = await parameters.change(hash('sha256', wanted.name), (current) =>
      nextRecord(wanted, current, nowMs()),
    );
    return { Version: record.version, Tier: wanted.tier };
  };

  return {
    targetPrefix: 'AmazonSSM.',
    signingName: 'ssm',
    operations: new Map<string, (members: Members) => JsonObject | Promise<JsonObject>>([
      ['GetParameter', get],
      ['PutParameter', put],
    ]),
  };
}

interface PutRequest {
  readonly name: string;
  readonly value: string;
  readonly type: ParameterType | undefined;
  readonly tier: keyof typeof TIERS;
  readonly overwrite: boolean;
}

function readPut(members: Members): PutRequest {
  const name = expectName(members.text('Name', NAME));
  const tier = members.optionalOneOf('Tier', ['Standard', 'Advanced'] as const) ?? 'Standard';
  const value = members.text('Value', { min: 1, max: 32_768 });
  if (value.length > TIERS[tier])
    throw validation(`${tier} tier parameters support a maximum parameter value of ${TIERS[tier]} characters.`);
  if (members.optionalText('Type', { min: 0, max: 32 }) === 'SecureString')
    throw validation('The embedded Parameter Store encrypts nothing: it takes String and StringList.');
  const refused = NOT_HERE.find((member) => members.has(member));
  if (refused !== undefined) throw validation(`${refused} is not implemented by the embedded Parameter Store.`);
  members.optionalOneOf('DataType', ['text']);
  return {
    name,
    tier,
    value,
    type: members.optionalOneOf('Type', TYPES),
    overwrite: members.optionalFlag('Overwrite'),
  };
}

function expectName(name: string): string {
  if (/^\/?(aws|ssm)/i.test(name))
    throw validation('Parameter name: can\'t be prefixed with "aws" or "ssm" (case-insensitive).');
  if (name.includes('/') && !name.startsWith('/')) throw validation('Parameter name must be a fully qualified name.');
  if (name.split('/').length - 1 > MAX_LEVELS)
    throw validation(`A parameter hierarchy can have a maximum of ${MAX_LEVELS} levels.`);
  return name;
}

function nextRecord(wanted: PutRequest, current: ParameterRecord | undefined, nowMs: number): ParameterRecord {
  if (current && !wanted.overwrite) {
    const sentence =
      'The parameter already exists. To overwrite this value, set the overwrite option in the request to true.';
    throw new KmsFault('ParameterAlreadyExists', sentence);
  }
  const type = wanted.type ?? current?.type;
  if (type === undefined) throw validation('A parameter type is required when you create a parameter.');
  return { name: wanted.name, type, value: wanted.value, version: (current?.version ?? 0) + 1, modifiedAtMs: nowMs };
}

/** What a file holds that cannot be read may be worth mending: it is neither missing nor overwritten. */
function expectUndamaged(name: string, parameters: DurableFolder<ParameterRecord>): void {
  const id = hash('sha256', name);
  const damage = parameters.get(id) ? undefined : parameters.damageOf(id);
  if (damage) throw validation(`The parameter ${name} is unavailable: ${damage.file}: ${damage.reason}`);
}

const parameterJson = (record: ParameterRecord, { region, accountId }: Account): JsonObject => ({
  Name: record.name,
  Type: record.type,
  Value: record.value,
  Version: record.version,
  LastModifiedDate: record.modifiedAtMs / 1000,
  ARN: `arn:aws:ssm:${region}:${accountId}:parameter${record.name.startsWith('/') ? '' : '/'}${record.name}`,
  DataType: 'text',
});
