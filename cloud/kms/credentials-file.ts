/**
 * Who may call the embedded KMS: a file in the form of ~/.aws/credentials, so that the same file serves the KMS that checks
 * and, as AWS_SHARED_CREDENTIALS_FILE, the clients that sign.
 *
 *     [alice]
 *     aws_access_key_id = AKIDALICE
 *     aws_secret_access_key = …
 *     aws_session_token = …            where it is a temporary one
 */
import { loadSharedConfigFiles } from '@smithy/core/config';
import { accessSync, constants } from 'node:fs';
import { OperatorError } from '../errors.ts';
import type { KmsCredential } from './sigv4.ts';

/**
 * @throws {OperatorError} `invalid-credentials-file`
 * @throws what node:fs throws for a file that cannot be read
 */
export async function readKmsCredentials(file: string): Promise<readonly KmsCredential[]> {
  // AWS's library takes a file that is not there for an empty one.
  accessSync(file, constants.R_OK);
  const { credentialsFile } = await loadSharedConfigFiles({ filepath: file, configFilepath: file, ignoreCache: true });
  const credentials = Object.entries(credentialsFile).map(([userName, values]) => credentialOf(file, userName, values));
  if (credentials.length === 0) throw invalid(file, 'expected at least one [name] with its keys');
  const ids = credentials.map(({ accessKeyId }) => accessKeyId);
  const twice = ids.find((id, i) => ids.indexOf(id) !== i);
  if (twice !== undefined) throw invalid(file, `aws_access_key_id ${twice} is there twice`);
  return credentials;
}

function credentialOf(
  file: string,
  userName: string,
  values: Readonly<Record<string, string | undefined>>,
): KmsCredential {
  const { aws_access_key_id: accessKeyId, aws_secret_access_key: secretAccessKey, aws_session_token: token } = values;
  if (!accessKeyId || !secretAccessKey)
    throw invalid(file, `[${userName}]: expected aws_access_key_id and aws_secret_access_key`);
  return { userName, accessKeyId, secretAccessKey, ...(token ? { sessionToken: token } : {}) };
}

const invalid = (file: string, what: string): OperatorError =>
  new OperatorError('invalid-credentials-file', `${file}: ${what}, as in ~/.aws/credentials`);
