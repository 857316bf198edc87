/** The forms of an inventory for other programs: CSV, HTML, CycloneDX. */
import { Spec, Validation } from '@cyclonedx/cyclonedx-library';
import { describe, expect, it } from 'vitest';
import { KEY_SPECS } from '../../../../cloud/kms/key-specs.ts';
import { inventoryCbom, randomSerialNumber } from '../../../../cloud/posture/inventory/cbom.ts';
import { inventoryCsv } from '../../../../cloud/posture/inventory/csv.ts';
import type { DescribedKey, Gap } from '../../../../cloud/posture/inventory/described-key.ts';
import { inventoryHtml } from '../../../../cloud/posture/inventory/html.ts';
import { createInventory } from '../../../../cloud/posture/inventory/inventory.ts';
import { arnOf, describedKey, NOW_MS } from '../../../support/described-keys.ts';

const GAP: Gap = { what: 'DescribeKey', keyArn: '', code: 'access-denied', message: '<no>' };
const SERIAL = 'urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79';

const inventoryOf = (keys: readonly DescribedKey[], { gaps = [] as readonly Gap[], isAws = true } = {}) =>
  createInventory({ keys, gaps, isAws }, NOW_MS);

const cbomParts = (isAws: boolean) => {
  const { components } = JSON.parse(
    inventoryCbom(inventoryOf([describedKey({ spec: 'ML_DSA_87' })], { isAws }), SERIAL),
  );
  const [algorithm, key] = components as { 'bom-ref': string; cryptoProperties: Record<string, object> }[];
  return { algorithm: algorithm!, key: key! };
};

describe('the CSV', () => {
  it('has a header and a row a key, quoted where it must be', () => {
    const lines = inventoryCsv(inventoryOf([describedKey({ description: 'x', tags: { note: 'a,"b"\nc' } })])).split(
      '\n',
    );
    expect(lines[0]).toBe(
      'risk,class,spec,usage,state,aliases,key ARN,created,last used,origin,manager,tags,reasons,next step',
    );
    expect(lines[1]).toContain('"note=a,""b""');
  });

  it.each(['=1+1', '+1', '-1', '@SUM(A1)', '\tx', '\r=1'])('starts no formula with the tag %j', (name) => {
    const csv = inventoryCsv(inventoryOf([describedKey({ tags: { [name]: '' } })]));
    const cell = csv.split('2026-11-20,AWS_KMS,CUSTOMER,')[1];
    expect(cell).toMatch(/^"?'/);
  });
});

describe('the HTML', () => {
  it('shows the words of others as text', () => {
    const html = inventoryHtml(inventoryOf([describedKey({ aliases: [`alias/<script>"&'`] })], { gaps: [GAP] }));
    expect(html).toContain('alias/&lt;script&gt;&quot;&amp;&#39;');
    expect(html).not.toMatch(/<script/);
    expect(html).toContain('<li>DescribeKey: &lt;no&gt; [access-denied]</li>');
    expect(html).toContain("default-src 'none'");
  });

  it('says it is partial only where it is', () => {
    expect(inventoryHtml(inventoryOf([]))).not.toContain('Partial');
  });
});

describe('the CBOM', () => {
  const validator = new Validation.JsonStrictValidator(Spec.Version.v1dot6);

  it('is valid CycloneDX 1.6 with keys of every spec, use and state', async () => {
    const keys = KEY_SPECS.flatMap(({ name, uses }) =>
      Object.keys(uses).map((usage, index) =>
        describedKey({
          keyId: `${name}-${usage}`,
          spec: name,
          usage,
          state: ['Enabled', 'Disabled', 'PendingDeletion', 'PendingImport'][index % 4]!,
        }),
      ),
    );
    const odd = [
      describedKey({ keyId: 'odd1', spec: 'SLH_DSA_128S', usage: 'TOMORROW', state: 'Melting', createdAt: '' }),
      describedKey({ keyId: 'odd2', spec: '', usage: '', state: '', origin: '' }),
      describedKey({
        keyId: 'odd3',
        spec: 'SYMMETRIC_DEFAULT',
        usage: 'ENCRYPT_DECRYPT',
        origin: 'EXTERNAL_KEY_STORE',
      }),
      describedKey({ keyId: 'odd4', spec: 'SM2', aliases: ['alias/\u0000<>"'], description: '\u{1F511}' }),
    ];
    const cbom = inventoryCbom(inventoryOf([...keys, ...odd]), SERIAL);
    expect(await validator.validate(cbom)).toBeNull();
    const { components } = JSON.parse(cbom);
    expect(keys).toHaveLength(25);
    // A component a key and one an algorithm; SYMMETRIC_DEFAULT is there twice.
    expect(components).toHaveLength(29 + 28);
  });

  it('is held against a schema that would refuse a mistake', async () => {
    const cbom = JSON.parse(inventoryCbom(inventoryOf([describedKey()]), SERIAL));
    cbom.components[0].cryptoProperties.assetType = 'key';
    expect(await validator.validate(JSON.stringify(cbom))).not.toBeNull();
  });

  it('links each key to its algorithm, and claims an HSM for AWS only', () => {
    const { algorithm, key } = cbomParts(true);
    expect(algorithm.cryptoProperties).toMatchObject({
      algorithmProperties: { primitive: 'signature', nistQuantumSecurityLevel: 5, executionEnvironment: 'hardware' },
      oid: '2.16.840.1.101.3.4.3.19',
    });
    expect(key.cryptoProperties).toMatchObject({
      relatedCryptoMaterialProperties: {
        type: 'private-key',
        id: arnOf('k1'),
        algorithmRef: algorithm['bom-ref'],
        securedBy: { mechanism: 'HSM' },
      },
    });
    expect(JSON.stringify(cbomParts(false))).not.toMatch(/HSM|hardware/);
  });

  it('is valid where there are no keys, with a serial number of its own', async () => {
    expect(await validator.validate(inventoryCbom(inventoryOf([]), randomSerialNumber()))).toBeNull();
  });
});
