/**
 * A cryptographic bill of materials: CycloneDX 1.6, one component for each algorithm and one for each key.
 *
 * The library makes the document, its ordering and its serial number; it has no model of `cryptoProperties` (10.3.0), so
 * those are put into the components that it has normalised. A test holds the whole against CycloneDX's own JSON schema.
 *
 * Source: CycloneDX 1.6 `cryptoProperties`; the guide to CBOM of OWASP.
 */
import { Contrib, Enums, Models, Serialize, Spec } from '@cyclonedx/cyclonedx-library';
import { specFacts } from '../key-classes.ts';
import type { Inventory } from './inventory.ts';
import type { RankedKey } from './rank-risk.ts';

export const randomSerialNumber = (): string => Contrib.Bom.Utils.randomSerialNumber();

/** @param serialNumber `urn:uuid:…`: handed in, since it is chance */
export function inventoryCbom(inventory: Inventory, serialNumber: string): string {
  const bom = new Models.Bom({ version: 1, serialNumber });
  bom.metadata.timestamp = new Date(inventory.takenAt);
  bom.metadata.component = new Models.Component(
    Enums.ComponentType.Platform,
    inventory.isAws ? 'AWS KMS' : 'KMS endpoint',
    {
      bomRef: `kms:${inventory.accountId}:${inventory.region}`,
      description: `keys of account ${inventory.accountId} in ${inventory.region}${inventory.partial ? ', partial' : ''}`,
    },
  );
  const properties = new Map<string, object>();
  for (const [ref, key] of algorithmsOf(inventory.keys)) {
    bom.components.add(algorithmComponent(ref, key));
    properties.set(ref, algorithmProperties(key, inventory));
  }
  for (const key of inventory.keys) {
    bom.components.add(keyComponent(key));
    properties.set(key.keyArn, keyProperties(key, inventory));
  }
  const factory = new Serialize.JSON.Normalize.Factory(Spec.Spec1dot6);
  const normalized = factory.makeForBom().normalize(bom, { sortLists: true });
  const components = (normalized.components ?? []).map((component) => ({
    ...component,
    cryptoProperties: properties.get(String(component['bom-ref'])),
  }));
  return `${JSON.stringify({ ...normalized, components }, null, 2)}\n`;
}

/** A spec used to sign is another algorithm than the same spec used to encrypt. */
const algorithmRef = ({ spec, usage }: RankedKey): string => `algorithm:${spec || 'unknown'}:${usage || 'unknown'}`;

const algorithmsOf = (keys: readonly RankedKey[]): Map<string, RankedKey> =>
  new Map(keys.map((key) => [algorithmRef(key), key]));

const algorithmComponent = (bomRef: string, { spec, usage }: RankedKey): Models.Component =>
  new Models.Component(Enums.ComponentType.CryptographicAsset, specFacts(spec)?.algorithm ?? (spec || 'unknown'), {
    bomRef,
    description: `AWS KMS key spec ${spec || 'unknown'} for ${usage || 'an unknown use'}`,
  });

function keyComponent(key: RankedKey): Models.Component {
  const component = new Models.Component(Enums.ComponentType.CryptographicAsset, key.aliases[0] ?? key.keyId, {
    bomRef: key.keyArn,
    description: key.description,
  });
  const named = { risk: key.risk, class: key.class, reasons: key.reasons.join('; '), nextStep: key.nextStep };
  for (const [name, value] of Object.entries(named))
    component.properties.add(new Models.Property(`bristlecone:posture:${name}`, value));
  return component;
}

/** CycloneDX's primitive and functions for each use of a key. */
// oxfmt-ignore
const USES: ReadonlyMap<string, { readonly primitive: string; readonly cryptoFunctions: readonly string[] }> = new Map([
  ['SIGN_VERIFY',             { primitive: 'signature', cryptoFunctions: ['keygen', 'sign', 'verify'] }],
  ['KEY_AGREEMENT',           { primitive: 'key-agree', cryptoFunctions: ['keygen', 'keyderive'] }],
  ['ENCRYPT_DECRYPT',         { primitive: 'pke',       cryptoFunctions: ['keygen', 'encrypt', 'decrypt'] }],
  ['GENERATE_VERIFY_MAC',     { primitive: 'mac',       cryptoFunctions: ['keygen', 'tag'] }],
  ['ENCAPSULATE_DECAPSULATE', { primitive: 'kem',       cryptoFunctions: ['keygen', 'encapsulate', 'decapsulate'] }],
]);

function algorithmProperties({ spec, usage }: RankedKey, { isAws }: Inventory): object {
  const facts = specFacts(spec);
  const use = USES.get(usage) ?? { primitive: 'unknown', cryptoFunctions: ['unknown'] };
  if (facts === undefined) return { assetType: 'algorithm', algorithmProperties: use };
  const { parameterSet, oid, classicalBits, quantumCategory, family } = facts;
  return {
    assetType: 'algorithm',
    algorithmProperties: {
      ...use,
      ...(family === 'aes' ? { primitive: 'ae', mode: 'gcm' } : {}),
      ...(family === 'ecc' ? { curve: parameterSet } : { parameterSetIdentifier: parameterSet }),
      executionEnvironment: isAws ? 'hardware' : 'unknown',
      classicalSecurityLevel: classicalBits,
      nistQuantumSecurityLevel: quantumCategory,
    },
    oid,
  };
}

// oxfmt-ignore
const STATES: ReadonlyMap<string, string> = new Map([
  ['Creating', 'pre-activation'], ['PendingImport', 'pre-activation'], ['Enabled', 'active'], ['Updating', 'active'],
  ['Disabled', 'suspended'], ['Unavailable', 'suspended'], ['PendingDeletion', 'deactivated'], ['PendingReplicaDeletion', 'deactivated'],
]);

function keyProperties(key: RankedKey, { isAws }: Inventory): object {
  const family = specFacts(key.spec)?.family;
  const state = STATES.get(key.state);
  return {
    assetType: 'related-crypto-material',
    relatedCryptoMaterialProperties: {
      type: family === undefined ? 'key' : family === 'aes' || family === 'hmac' ? 'secret-key' : 'private-key',
      id: key.keyArn,
      algorithmRef: algorithmRef(key),
      ...(state === undefined ? {} : { state }),
      ...(key.createdAt === '' ? {} : { creationDate: key.createdAt }),
      // An external key store keeps the material of its keys outside AWS.
      ...(isAws && key.origin !== 'EXTERNAL_KEY_STORE' ? { securedBy: { mechanism: 'HSM' } } : {}),
    },
  };
}
