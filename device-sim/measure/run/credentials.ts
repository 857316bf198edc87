/** Certificates for the devices of an experiment: each is provisioned by claim, as a product's devices are. */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openCredentials, operationalCredential, type TlsCredential } from '../../device-credentials.ts';
import { type FactoryContent, manufacture, openDevice } from '../../factory.ts';
import type { Board } from '../../profiles/boards.ts';
import { encodeClaim } from '../../provisioning/claim.ts';
import { decodePem } from '../../provisioning/pem.ts';
import type { CertificateName } from '../experiment/experiment.ts';
import type { Cloud } from './clouds.ts';
import type { CommandProcess } from './command-process.ts';

const TEMPLATE = 'measured';

export interface Provisioning {
  readonly cloud: Cloud;
  readonly things: readonly string[];
  readonly certificate: CertificateName;
  readonly board: Board;
  readonly factory: Omit<FactoryContent, 'thing' | 'claim'>;
  readonly commands: CommandProcess;
}

/** By thing. */
export async function provisionThings(provisioning: Provisioning): Promise<ReadonlyMap<string, TlsCredential>> {
  const { cloud, things, certificate, board, factory, commands } = provisioning;
  const data = ['--data', cloud.data];
  const algorithm = ['--algorithm', certificate];
  const claimFolder = join(cloud.data, 'claim');
  const devices = join(cloud.data, 'provisioned');
  await commands.run(['provisioning', 'template', 'put', TEMPLATE, ...data]);
  const create = ['provisioning', 'claim', 'create', '--template', TEMPLATE, '--out', claimFolder];
  await commands.run([...create, ...algorithm, ...data]);
  const claim = encodeClaim({
    certificate: decodePem('CERTIFICATE', readFileSync(join(claimFolder, 'claim.pem'), 'utf8'), 'claim'),
    privateKey: decodePem('PRIVATE KEY', readFileSync(join(claimFolder, 'claim-key.pem'), 'utf8'), 'claim'),
  });
  for (const thing of things) {
    mkdirSync(join(devices, thing), { recursive: true });
    manufacture({ ...factory, thing, claim, board, stateFolder: join(devices, thing) });
  }
  const provision = ['device', 'provision', '--devices', devices, '--template', TEMPLATE];
  await commands.run([...provision, '--mqtts', cloud.mqttUrl, ...algorithm, ...data]);
  return new Map(things.map((thing) => [thing, credentialOf(thing, join(devices, thing))]));
}

function credentialOf(thing: string, folder: string): TlsCredential {
  using device = openDevice(folder);
  const own = operationalCredential(openCredentials(device, folder));
  if (own?.thing === thing) return own.credential;
  throw new RangeError(`experiment: ${thing} was provisioned as ${own?.thing ?? 'nothing'}`);
}
