/** Which trust root a new release is for: what `release create` does about it, and says of it. */
import { anchorOf } from '../../protocol/cose/key.ts';
import type { PublicKey } from '../../protocol/cose/algorithms.ts';
import { isDevelopmentRoot } from '../../protocol/trust/development.ts';
import { OperatorError } from '../errors.ts';
import { type ReleaseTrust, trustForRelease } from '../releases/development-root.ts';
import { createKmsSigner } from '../signing/kms-signer.ts';
import { aliasName, createKey } from '../signing/keys.ts';
import type { Signer } from '../signing/signer.ts';
import { verifyNatively } from '../signing/native-verifier.ts';
import { type DataFolder, readEndpoints } from './data-folder.ts';
import { kmsClientOf, kmsEndpointOf, type KmsOptions } from './kms-option.ts';

export interface ReleaseTrustOptions extends KmsOptions {
  readonly developmentRoot: boolean;
}

const ROOT_ALIASES = ['bristlecone-development-root-1', 'bristlecone-development-root-2'];
const ROOT_KEY_SPEC = 'ML_DSA_65';

export function prepareTrust(
  folder: DataFolder,
  keys: readonly PublicKey[],
  call: { options: ReleaseTrustOptions; env: Readonly<Record<string, string | undefined>>; nowMs: number },
): Promise<ReleaseTrust> {
  const { options, env, nowMs } = call;
  // In an account of AWS nobody's keys are made unasked.
  const isEmbedded = kmsEndpointOf(options, env) === readEndpoints(folder)?.kms;
  return trustForRelease({
    dataFolder: folder.root,
    releaseKeys: keys.map(anchorOf),
    rootSigners: options.developmentRoot && isEmbedded ? () => openRootSigners(options, env) : undefined,
    verify: verifyNatively,
    nowSeconds: Math.floor(nowMs / 1000),
  });
}

async function openRootSigners(
  options: KmsOptions,
  env: Readonly<Record<string, string | undefined>>,
): Promise<readonly Signer[]> {
  const client = kmsClientOf(options, env);
  const signers: Signer[] = [];
  for (const alias of ROOT_ALIASES) {
    const open = () => createKmsSigner({ client, keyId: aliasName(alias), verify: verifyNatively });
    signers.push(
      await open().catch(async (error: unknown) => {
        if (!(error instanceof OperatorError && error.code === 'key-not-found')) throw error;
        await createKey(client, { spec: ROOT_KEY_SPEC, alias, description: 'Root key of a development root' });
        return open();
      }),
    );
  }
  return signers;
}

/** For people: one line, and none where there is nothing to know. */
export function describeTrust({ root, outcome }: ReleaseTrust): string | undefined {
  if (!root) {
    return outcome === 'none'
      ? 'No trust root is published: make devices with `device make --root FILE` (or --anchor KEY, for trying out)'
      : undefined;
  }
  const name = `${isDevelopmentRoot(root.root) ? 'development root' : 'trust root'} ${root.root.version}`;
  switch (outcome) {
    case 'made':
      return `Made ${name} (its root keys are in the embedded KMS: for trying out): new devices trust this release by it`;
    case 'advanced':
      return `Made ${name}, which trusts these keys: devices get it with their next job`;
    case 'refuses':
      return `warning: ${name} does not trust these keys: devices will refuse this release until a newer root does (bristlecone root rotate)`;
    case 'trusts':
    case 'none':
      break;
  }
  return undefined;
}

export const trustJson = ({ root, outcome }: ReleaseTrust) => ({
  outcome,
  ...(root && { root: { version: root.root.version, development: isDevelopmentRoot(root.root) } }),
});
