import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { registerFactoryCommands } from '../../../device-sim/cli/factory.ts';
import { openDevice } from '../../../device-sim/factory.ts';
import { decodeClaim } from '../../../device-sim/provisioning/claim.ts';
import { encodePem } from '../../../device-sim/provisioning/pem.ts';
import { createClassId, createVendorId } from '../../../protocol/suit/uuid.ts';
import { runCli } from '../../support/cli.ts';
import { firstRoot, rootRole, successorOf } from '../../support/device-roots.ts';
import { imageOf } from '../../support/device-world.ts';
import { es256 } from '../../support/suit.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { signers } from '../../support/trust.ts';

const ROOT = firstRoot([es256]);
const certificate = imageOf(700, 1);
const privateKey = imageOf(140, 2);
const image = imageOf(50_000, 3);

/** A folder with what manufacturing is handed. */
function handedOver(): { folder: string; files: Record<'root' | 'image' | 'claim' | 'key', string> } {
  const folder = temporaryFolder();
  const write = (name: string, content: Uint8Array | string): string => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };
  const files = {
    root: write('root-1.cose', ROOT.bytes),
    image: write('fw.bin', image),
    claim: write('claim.pem', encodePem('CERTIFICATE', certificate)),
    key: write('claim-key.pem', encodePem('PRIVATE KEY', privateKey)),
  };
  return { folder, files };
}

const make = (root: string, out: string, ...more: readonly string[]) =>
  runCli(
    [registerFactoryCommands],
    ...['factory', 'make', '--root', root, '--vendor', 'example.com', '--class', 'hub', '--out', out],
    ...['--count', '3', '--json', ...more],
  );

describe('factory make', () => {
  it('divides the flash of each as it is told', async () => {
    const { folder, files } = handedOver();
    const out = join(folder, 'batch');
    const made = await make(files.root, out, '--layout', 'swap');
    expect(JSON.parse(made.stdout)).toMatchObject({ board: 'nrf52840', layout: 'swap' });
    using device = openDevice(join(out, 'hub-0003'));
    expect(device.parts.boot.swap).toBeDefined();
  });

  it('flashes root, claim, ids and image into each of them, and says what room they take', async () => {
    const { folder, files } = handedOver();
    const out = join(folder, 'batch');
    const made = await make(
      files.root,
      out,
      '--image',
      files.image,
      '--sequence',
      '4',
      '--claim',
      files.claim,
      files.key,
    );
    expect(made.exitCode).toBe(0);
    expect(JSON.parse(made.stdout)).toMatchObject({
      made: 3,
      there: 0,
      first: 'hub-0001',
      last: 'hub-0003',
      root: { version: 1, development: false },
      budget: [
        { what: 'trust root', bytes: ROOT.bytes.length },
        { what: 'trust root in RAM' },
        { what: 'image', bytes: 50_000 },
        { what: 'claim credential' },
      ],
    });
    const vendorId = createVendorId('example.com');
    for (const thing of ['hub-0001', 'hub-0002', 'hub-0003']) {
      using device = openDevice(join(out, thing));
      expect(device.identity).toEqual({ thing, vendorId, classId: createClassId(vendorId, 'hub') });
      expect(device.installed).toMatchObject({ slot: 0, imageBytes: 50_000, sequenceNumber: 4 });
      expect(device.rootVersions).toEqual({ newest: 1, proven: 1 });
      expect(decodeClaim(device.parts.credentials.claim.read()!)).toEqual({ certificate, privateKey });
    }
    // A megabyte of flash, most of it erased.
    const { size, blocks } = statSync(join(out, 'hub-0001/flash.sparse'));
    expect(size).toBeGreaterThan(1_048_576);
    expect(blocks * 512).toBeLessThan(150_000);
  });

  it('goes on where it was stopped, and makes nothing twice', async () => {
    const { folder, files } = handedOver();
    const out = join(folder, 'batch');
    await make(files.root, out, '--count', '2');
    const more = await make(files.root, out, '--prefix', 'hub', '--first', '1');
    expect(JSON.parse(more.stdout)).toMatchObject({ made: 1, there: 2 });
    const next = await make(files.root, out, '--first', '9999', '--count', '2');
    expect(JSON.parse(next.stdout)).toMatchObject({ first: 'hub-09999', last: 'hub-10000' });
  });

  it('takes a root of any version: what a device is made with is where its chain begins', async () => {
    const { folder } = handedOver();
    const file = join(folder, 'root-2.cose');
    writeFileSync(file, successorOf(ROOT).bytes);
    expect(JSON.parse((await make(file, join(folder, 'batch'))).stdout)).toMatchObject({ root: { version: 2 } });
    using device = openDevice(join(folder, 'batch/hub-0001'));
    expect(device.rootVersions).toEqual({ newest: 2, proven: 2 });
  });

  it.each<[name: string, more: readonly string[], message: RegExp]>([
    ['no board of this name', ['--board', 'abacus'], /--board: expected one of nrf52840, .*, got "abacus"/],
    ['no number', ['--count', 'many'], /--count: expected a whole number/],
    ['none', ['--count', '0'], /--count: expected 1 to 1000000, got 0/],
    ['a name that is none', ['--prefix', 'a b'], /--prefix: expected/],
    ['half a claim', ['--claim', 'claim.pem'], /--claim: expected a certificate and its key, got 1 files/],
  ])('refuses %s', async (_name, more, message) => {
    const { folder, files } = handedOver();
    const { exitCode, stdout } = await make(files.root, join(folder, 'batch'), ...more);
    expect([exitCode, JSON.parse(stdout).error.message]).toEqual([2, expect.stringMatching(message)]);
  });

  it.each<[name: string, root: Uint8Array, imageBytes: number, board: string, message: RegExp]>([
    ['an image', ROOT.bytes, 400_000, 'nrf52840', /at most \d+ bytes of image on nrf52840, got 400000/],
    [
      'a root, for its flash',
      firstRoot(signers('ML-DSA-87', 14, 100), {}, rootRole(signers('ML-DSA-87', 8, 120))).bytes,
      1_000,
      'nrf52840',
      /at most 49152 bytes of trust root on nrf52840, got 5\d{4}/,
    ],
    [
      'a root, for its RAM',
      firstRoot(signers('ML-DSA-87', 4, 100)).bytes,
      1_000,
      'stm32f070rb',
      /at most 8192 bytes of trust root in RAM on stm32f070rb, got 1\d{4}/,
    ],
  ])(
    'refuses, before the first device, %s that does not fit the board',
    async (_name, root, imageBytes, board, message) => {
      const { folder, files } = handedOver();
      writeFileSync(files.root, root);
      writeFileSync(files.image, imageOf(imageBytes, 1));
      const out = join(folder, 'batch');
      const { exitCode, stdout } = await make(files.root, out, '--image', files.image, '--board', board);
      expect([exitCode, JSON.parse(stdout).error.message]).toEqual([2, expect.stringMatching(message)]);
      expect(() => statSync(out)).toThrow('ENOENT');
    },
  );

  it('refuses a root that nobody has signed', async () => {
    const { folder, files } = handedOver();
    writeFileSync(files.root, ROOT.bytes.with(ROOT.bytes.length - 5, ROOT.bytes.at(-5)! ^ 1));
    const { exitCode, stdout } = await make(files.root, join(folder, 'batch'));
    expect([exitCode, JSON.parse(stdout).error.message]).toEqual([2, expect.stringMatching(/^root.*expected/)]);
  });
});
