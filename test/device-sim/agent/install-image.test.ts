/** The commands of manifests that our own releases do not use, on a device with two slots. */
import { describe, expect, it } from 'vitest';
import { PowerCut } from '../../../device-sim/hardware/flash.ts';
import type { AgentEvent, Message } from '../../../device-sim/ports.ts';
import { decodeDataBlock, encodeDataBlock } from '../../../protocol/aws-iot/streams.ts';
import type { RejectionCode } from '../../../protocol/errors.ts';
import type { Sequence } from '../../../protocol/suit/commands.ts';
import { digestOfImage } from '../../../protocol/suit/digest.ts';
import type { SectionName } from '../../../protocol/suit/labels.ts';
import { DeviceWorld, IMAGE_URI, imageOf, NEW_IMAGE, OLD_IMAGE } from '../../support/device-world.ts';
import { es256, manifestWith, sealed } from '../../support/suit.ts';

const PRIMARY = 0;
const STAGING = 1;

const select = (index: number): Sequence => [{ name: 'set-component-index', index }];
const set = (parameters: Extract<Sequence[number], { name: 'override-parameters' }>['parameters']): Sequence => [
  { name: 'override-parameters', parameters },
];
const fetchInto = (index: number, uri = IMAGE_URI): Sequence => [
  ...select(index),
  ...set({ uri }),
  { name: 'fetch', policy: 0 },
];
const matches = (index: number, image: Uint8Array): Sequence => [
  ...select(index),
  ...set({ imageDigest: digestOfImage(image), imageBytes: image.length }),
  { name: 'image-match', policy: 0 },
];
const swap: Sequence = [...select(PRIMARY), ...set({ sourceComponent: STAGING }), { name: 'swap', policy: 0 }];

/** Only where the image that runs begins so. */
const fetchWhere = (content: Uint8Array): Sequence => [
  ...select(PRIMARY),
  ...set({ content }),
  { name: 'check-content', policy: 0 },
  ...fetchInto(STAGING),
  ...matches(STAGING, NEW_IMAGE),
  ...swap,
];

interface Options {
  readonly sections: Partial<Record<SectionName, Sequence>>;
  readonly image?: Uint8Array;
  readonly integrated?: ReadonlyMap<string, Uint8Array>;
  readonly blockBytes?: number;
}

async function installed({
  sections,
  image = NEW_IMAGE,
  integrated,
  blockBytes = 1_024,
}: Options): Promise<DeviceWorld> {
  const manifest = { ...manifestWith(sections, { components: 2 }), sequenceNumber: 2 };
  const world = new DeviceWorld({ settings: { blockBytes } });
  const envelope = sealed(manifest, [es256], integrated && { integrated });
  world.cloud.addJob('job-1', { envelope, image, uri: IMAGE_URI });
  await world.run();
  return world;
}

const codeOf = (world: DeviceWorld): string | undefined => world.cloud.jobs[0]?.statusDetails?.['code'];

describe('a manifest that', () => {
  it.each<[name: string, install: Sequence]>([
    ['fetches into staging and swaps', [...fetchInto(STAGING), ...matches(STAGING, NEW_IMAGE), ...swap]],
    ['fetches into the primary', [...fetchInto(PRIMARY), ...matches(PRIMARY, NEW_IMAGE)]],
    ['swaps before it looks', [...fetchInto(STAGING), ...swap, ...matches(PRIMARY, NEW_IMAGE)]],
    ['looks twice', [...fetchInto(STAGING), ...matches(STAGING, NEW_IMAGE), ...matches(STAGING, NEW_IMAGE), ...swap]],
    [
      'is for one slot of two, and finds the one that is free',
      [
        ...select(PRIMARY),
        {
          name: 'try-each',
          orNothing: false,
          alternatives: [0, 1].map((slot) => [
            ...set({ componentSlot: slot }),
            { name: 'component-slot', policy: 0 },
            ...set({ uri: slot === 1 ? IMAGE_URI : 'for the other slot' }),
          ]),
        },
        { name: 'fetch', policy: 0 },
        ...matches(PRIMARY, NEW_IMAGE),
      ],
    ],
  ])('%s installs', async (_name, install) => {
    const world = await installed({ sections: { install, validate: matches(PRIMARY, NEW_IMAGE) } });
    expect(codeOf(world)).toBe('ok');
    expect(world.installed).toMatchObject({ slot: 1, sequenceNumber: 2, image: NEW_IMAGE });
  });

  it('copies the running image installs it again, as the new number', async () => {
    const copy: Sequence = [
      ...select(STAGING),
      ...set({ sourceComponent: PRIMARY, imageBytes: OLD_IMAGE.length }),
      { name: 'copy', policy: 0 },
      ...matches(STAGING, OLD_IMAGE),
      ...swap,
    ];
    const world = await installed({ sections: { install: copy } });
    expect(world.installed).toMatchObject({ slot: 1, sequenceNumber: 2, image: OLD_IMAGE });
  });

  it('fetches the image that runs, once more, installs it again, as the new number', async () => {
    const image = OLD_IMAGE;
    const install = [...matches(PRIMARY, image), ...matches(STAGING, image).slice(0, -1), ...fetchInto(STAGING)];
    const world = await installed({ sections: { install: [...install, ...matches(STAGING, image), ...swap] }, image });
    expect(world.installed).toMatchObject({ slot: 1, sequenceNumber: 2, image });
  });

  it('brings its image along installs it without a stream', async () => {
    const small = imageOf(2_001, 6);
    const world = await installed({
      sections: { install: [...fetchInto(STAGING, '#image'), ...matches(STAGING, small), ...swap] },
      integrated: new Map([['#image', small]]),
    });
    expect(world.installed).toMatchObject({ slot: 1, image: small });
    expect(world.cloud.requests.filter((request) => request.startsWith('get 1'))).toEqual([]);
  });

  it('writes the content of its parameters installs that', async () => {
    const content = imageOf(40, 3);
    const write: Sequence = [...select(STAGING), ...set({ content }), { name: 'write', policy: 0 }];
    const world = await installed({ sections: { install: [...write, ...matches(STAGING, content), ...swap] } });
    expect(world.installed).toMatchObject({ slot: 1, image: content });
  });

  it('checks the content of what runs is for devices with that image only', async () => {
    const fits = await installed({ sections: { install: fetchWhere(OLD_IMAGE.subarray(0, 30)) } });
    expect(codeOf(fits)).toBe('ok');
    const other = await installed({ sections: { install: fetchWhere(NEW_IMAGE.subarray(0, 30)) } });
    expect(codeOf(other)).toBe('content-mismatch');
  });

  it.each<[name: string, sections: Options['sections'], code: RejectionCode]>([
    ['never says what the image must be', { install: [...fetchInto(STAGING), ...swap] }, 'parameter-missing'],
    [
      'looks at the start of the image only',
      { install: [...fetchInto(STAGING), ...matches(STAGING, NEW_IMAGE.subarray(0, 500)), ...swap] },
      'parameter-missing',
    ],
    ['swaps in what it never fetched', { install: swap }, 'parameter-missing'],
    [
      'downloads and does not swap',
      { install: [...fetchInto(STAGING), ...matches(STAGING, NEW_IMAGE)] },
      'parameter-missing',
    ],
    ['does nothing', {}, 'parameter-missing'],
    [
      'looks at the start of the image that runs only',
      { install: matches(PRIMARY, OLD_IMAGE.subarray(0, 500)) },
      'parameter-missing',
    ],
    [
      'is for the slot that runs',
      { install: [...select(0), ...set({ componentSlot: 0 }), { name: 'component-slot', policy: 0 }] },
      'wrong-slot',
    ],
  ])('%s is refused', async (_name, sections, code) => {
    const world = await installed({ sections });
    expect(codeOf(world)).toBe(code);
    expect(world.installed).toMatchObject({ slot: 0, sequenceNumber: 1, image: OLD_IMAGE });
  });

  it.each<[name: string, load: Sequence]>([
    ['copies', [...select(STAGING), ...set({ sourceComponent: PRIMARY }), { name: 'copy', policy: 0 }]],
    ['swaps', swap],
    ['writes', [...select(STAGING), ...set({ content: Uint8Array.of(1) }), { name: 'write', policy: 0 }]],
  ])('%s while it is started does not touch the image to return to', async (_name, load) => {
    const install = [...fetchInto(STAGING), ...matches(STAGING, NEW_IMAGE), ...swap];
    const world = await installed({ sections: { install, load } });
    expect(world.cloud.jobs[0]).toMatchObject({ status: 'FAILED', statusDetails: { code: 'operation-failed' } });
    expect(world.installed).toMatchObject({ slot: 0, sequenceNumber: 1, image: OLD_IMAGE });
  });
});

const isImageBlock = (message: Message, blockId: number): boolean => {
  if (!message.topic.includes('/data/')) return false;
  const block = decodeDataBlock(message.payload, 'cbor');
  return block.fileId === 1 && block.blockId === blockId;
};

describe('the image of a manifest', () => {
  it('is hashed anew where a block comes again that was lost with its sector, and is another one', async () => {
    const install = [...fetchInto(STAGING), ...matches(STAGING, NEW_IMAGE), ...swap];
    const manifest = { ...manifestWith({ install }, { components: 2 }), sequenceNumber: 2 };
    const world = new DeviceWorld();
    world.cloud.addJob('job-1', { envelope: sealed(manifest, [es256]), image: NEW_IMAGE, uri: IMAGE_URI });
    // Block 1 comes first, and the power goes while it is written.
    world.cloud.toDevice = (message) => [{ ...message, delayMs: isImageBlock(message, 1) ? 0 : 10 }];
    const observe = (event: AgentEvent): void => {
      if (event.kind === 'state' && event.state === 'downloading') {
        // The log, four sectors; the slot, three; the beginning of the log; then the block.
        world.flash.cutPower({ afterOperations: 4 + 3 + 1, how: 'torn' });
      }
    };
    await expect(world.run({ observe })).rejects.toThrow(PowerCut);
    world.flash.restorePower();

    // Then block 0 comes, block 1 costs it its place, and what comes again in its stead is something else.
    let zeros = 0;
    world.cloud.toDevice = (message) => {
      if (!isImageBlock(message, 0) || ++zeros === 1) return [{ ...message, delayMs: 0 }];
      const block = decodeDataBlock(message.payload, 'cbor');
      const payload = encodeDataBlock({ ...block, payload: block.payload.map((byte) => byte ^ 1) }, 'cbor');
      return [{ ...message, payload, delayMs: 0 }];
    };
    await world.run();
    expect(zeros).toBe(2);
    expect(codeOf(world)).toBe('image-mismatch');
  });

  it('is looked for in flash each time but the first: bits that rot after the download are found', async () => {
    const install = [...fetchInto(STAGING), ...matches(STAGING, NEW_IMAGE), ...swap];
    const manifest = {
      ...manifestWith({ install, validate: matches(PRIMARY, NEW_IMAGE) }, { components: 2 }),
      sequenceNumber: 2,
    };
    const world = new DeviceWorld();
    world.cloud.addJob('job-1', { envelope: sealed(manifest, [es256]), image: NEW_IMAGE, uri: IMAGE_URI });
    await world.run({
      observe: (event) => {
        if (event.kind === 'block' && event.storedBytes === NEW_IMAGE.length) world.rot(1);
      },
    });
    expect(codeOf(world)).toBe('image-mismatch');
  });
});
