import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { IMAGE_NAMES, imageOfFile, knownImage, readImage } from '../../../../device-sim/measure/experiment/images.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

describe('an image', () => {
  it('is as long as its row says', () => {
    const images = IMAGE_NAMES.map((name) => knownImage(name)!);

    expect(images.map((image) => readImage(image, 1).length)).toEqual(images.map(({ imageBytes }) => imageBytes));
    expect(images.map(({ imageBytes }) => imageBytes)).toEqual([102_432, 4_096, 8_192, 262_144, 1_048_576]);
  });

  it('has the same bytes for the same seed, others for another, and none that compress', () => {
    const image = knownImage('config-4k')!;

    expect(readImage(image, 1)).toEqual(readImage(image, 1));
    expect(readImage(image, 1)).not.toEqual(readImage(image, 2));
    expect(deflateRawSync(readImage(image, 1)).length).toBeGreaterThan(4_000);
  });

  it('is refused where its file has changed meanwhile', () => {
    const file = join(temporaryFolder(), 'fw.bin');
    writeFileSync(file, 'one');
    const image = imageOfFile('fw', file);
    expect(readImage(image, 1)).toEqual(new TextEncoder().encode('one'));

    writeFileSync(file, 'two');

    expect(() => readImage(image, 1)).toThrow(`image fw: ${file} has changed since the experiment was read`);
  });
});
