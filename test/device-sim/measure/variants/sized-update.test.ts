import { describe, expect, it } from 'vitest';
import { runVariant, type VariantRun, type VariantSpec } from '../../../../device-sim/measure/variants/run-variant.ts';
import { createSizedEnvelope } from '../../../../device-sim/measure/variants/sized-envelope.ts';
import { NEW_IMAGE, releaseOf } from '../../../support/device-world.ts';
import { es256, mlDsa65, type TestSigner } from '../../../support/suit.ts';
import { specOf, startVariantCloud, worldOf } from '../../../support/variant-world.ts';

const SIZED: Partial<VariantSpec> = { algorithm: 'SLH-DSA-SHA2-128f', signature: 'size-only' };

async function ran(
  envelope: Uint8Array,
  changes: Partial<VariantSpec>,
  signer: TestSigner = es256,
): Promise<VariantRun> {
  await using world = await startVariantCloud(envelope);
  const run = await runVariant(specOf(changes), worldOf(world.url, [signer]));
  expect(world.cloud.jobs[0]?.status).toBe('SUCCEEDED');
  return run;
}

const costsOf = ({ rows }: VariantRun, isAsked: (quantity: string) => boolean) =>
  rows.filter(({ quantity }) => isAsked(quantity)).map(({ phase, quantity, value }) => [phase, quantity, value]);

describe('an update by the size of its signature alone', () => {
  it.each([
    ['ES256', es256, 64, 1],
    ['ML-DSA-65', mlDsa65, 3_309, 2],
  ] as const)(
    'costs on the wire what that of %s does, byte for byte and packet for packet',
    async (_name, signer, signatureBytes, algorithmIdBytes) => {
      const { envelope } = releaseOf({ signers: [signer] });
      const sized = createSizedEnvelope(envelope, { signatureBytes: [signatureBytes], seed: 1, algorithmIdBytes });
      expect(sized).toHaveLength(envelope.length);
      const real = await ran(envelope, {}, signer);
      const bySize = await ran(sized, SIZED);
      expect(bySize.trace).toEqual(real.trace);
      const names = bySize.rows.map(({ quantity }) => quantity).filter((quantity) => quantity !== 'key-id');
      const isSame = (quantity: string): boolean => names.includes(quantity);
      expect(costsOf(bySize, isSame)).toEqual(costsOf(real, isSame));
      expect(names).toEqual(
        expect.arrayContaining(['sent', 'received', 'blocks', 'round-trips', 'envelope', 'aws-units']),
      );
      expect(names.some((name) => name.startsWith('flash') || name.startsWith('ram'))).toBe(false);
    },
  );

  it('is marked as such in each of its rows', async () => {
    const sized = createSizedEnvelope(releaseOf().envelope, { signatureBytes: [17_088], seed: 1 });
    const { rows, code } = await ran(sized, SIZED);
    expect(code).toBe('ok');
    expect(new Set(rows.map(({ algorithm }) => algorithm))).toEqual(new Set(['SLH-DSA-SHA2-128f (size-only)']));
  });

  it('ends where the image is not the one that the manifest demands', async () => {
    const other = NEW_IMAGE.slice();
    other[0]! ^= 1;
    const sized = createSizedEnvelope(releaseOf({ image: other }).envelope, { signatureBytes: [64], seed: 1 });
    await using world = await startVariantCloud(sized);
    expect(await runVariant(specOf(SIZED), worldOf(world.url))).toMatchObject({ code: 'aborted' });
    expect(world.cloud.jobs[0]?.status).toBe('IN_PROGRESS');
  });
});

it('an update without a signature costs what its envelope is shorter', async () => {
  const { envelope } = releaseOf();
  const unsigned = createSizedEnvelope(envelope, { signatureBytes: [], seed: 1 });
  const { rows } = await ran(unsigned, { algorithm: 'none', signature: 'none' });
  const envelopeOf = (quantity: string) =>
    rows.find((row) => row.phase === 'envelope' && row.quantity === quantity)?.value;
  expect(envelopeOf('envelope')).toBe(unsigned.length);
  expect(envelopeOf('signature')).toBe(0);
  expect(rows[0]?.algorithm).toBe('none');
});

it.each([
  ['without a signature', [], 'unsigned'],
  ['with one of chance', [64], 'unsupported-algorithm'],
] as const)(
  'an envelope %s is refused by every device that is asked to verify it',
  async (_name, signatureBytes, code) => {
    await using world = await startVariantCloud(createSizedEnvelope(releaseOf().envelope, { signatureBytes, seed: 1 }));
    expect(await runVariant(specOf(), worldOf(world.url))).toMatchObject({ code });
    expect(world.cloud.requests.some((it) => it.startsWith('get 1'))).toBe(false);
  },
);
