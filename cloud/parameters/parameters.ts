/**
 * What a deployment looks up at run time, beside the embedded KMS and on its port: parameters and secrets in one folder.
 *
 *     parameters/ssm/<SHA-256 of the name>.json      parameters/secrets/<SHA-256 of the name>.json
 */
import { join } from 'node:path';
import { lockFolder } from '../kms/folder-lock.ts';
import type { Neighbour } from '../kms/neighbour.ts';
import { openParameterStore } from './parameter-store.ts';
import { openSecretStore, type SecretSurroundings } from './secret-store.ts';

export interface Parameters {
  readonly neighbours: readonly Neighbour[];
  close(): void;
}

/** @throws {OperatorError} `folder-in-use` */
export async function openParameters(folder: string, surroundings: SecretSurroundings): Promise<Parameters> {
  const lock = lockFolder(folder);
  try {
    const ssm = await openParameterStore(join(folder, 'ssm'), surroundings);
    const secrets = await openSecretStore(join(folder, 'secrets'), surroundings);
    return { neighbours: [ssm, secrets], close: () => lock.release() };
  } catch (error) {
    lock.release();
    throw error;
  }
}
