/**
 * What the operator hands to manufacturing: whose signatures new devices will trust, and for which vendor and class they
 * are made. `bristlecone device run` makes a device from this folder the first time it hears its name.
 *
 *     factory/device.json     {"vendor":"example.com","class":"hub","vendorId":"…","classId":"…"}
 *     factory/root.cose       the trust root that they get: the newest that is published; absent where there is none
 *     factory/<key id>.cose   one COSE_Key for each key that signs releases
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { toHex } from '../../protocol/bytes.ts';
import type { PublicKey } from '../../protocol/cose/algorithms.ts';
import { anchorOf, encodeCoseKey } from '../../protocol/cose/key.ts';
import type { VerifiedRoot } from '../../protocol/trust/advance.ts';
import { createClassId, createVendorId, formatUuid } from '../../protocol/suit/uuid.ts';
import type { DataFolder } from './data-folder.ts';

export function writeFactoryFolder(
  { root }: DataFolder,
  order: {
    readonly vendor: string;
    readonly className: string;
    readonly keys: readonly PublicKey[];
    readonly root: VerifiedRoot | undefined;
  },
): void {
  const { vendor, className, keys } = order;
  const folder = join(root, 'factory');
  mkdirSync(folder, { recursive: true });
  const vendorId = createVendorId(vendor);
  const classId = createClassId(vendorId, className);
  const device = { vendor, class: className, vendorId: formatUuid(vendorId), classId: formatUuid(classId) };
  writeFileSync(join(folder, 'device.json'), `${JSON.stringify(device)}\n`);
  if (order.root) writeFileSync(join(folder, 'root.cose'), order.root.bytes);
  for (const key of keys.map(anchorOf)) writeFileSync(join(folder, `${toHex(key.keyId)}.cose`), encodeCoseKey(key));
}
