import { describe, expect, it } from 'vitest';
import { utf8 } from '../../../protocol/bytes.ts';
import { encodeSequence } from '../../../protocol/suit/commands.ts';
import { digestOfWrapped } from '../../../protocol/suit/digest.ts';
import { decodeEnvelope } from '../../../protocol/suit/envelope.ts';
import { encodeManifest, type Manifest } from '../../../protocol/suit/manifest.ts';
import { dropSevered, severMembers } from '../../../protocol/suit/sever.ts';
import { mlDsa44, opened, sealed, updateManifest } from '../../support/suit.ts';

const withText = (bytes: Uint8Array): Manifest => ({ ...updateManifest, text: { severed: false, value: bytes } });

describe('severMembers', () => {
  it('moves the members out and leaves the digests of their wrapped bytes', () => {
    const whole = withText(utf8('x'.repeat(100)));
    const { manifest, severed } = severMembers(whole, ['payload-fetch', 'text']);
    expect([...severed.keys()]).toEqual(['payload-fetch', 'text']);
    expect(manifest.text).toEqual({ severed: true, digest: digestOfWrapped(utf8('x'.repeat(100))) });
    expect(manifest.sections.get('payload-fetch')).toEqual({
      severed: true,
      digest: digestOfWrapped(severed.get('payload-fetch')!),
    });
    expect(manifest.sections.get('validate')).toEqual(whole.sections.get('validate'));
  });

  it.each([
    [32, false],
    [33, false],
    [34, true],
    [35, true],
  ])('of %i bytes and their head: %o, by the 36 bytes of §8.6', (bytes, isSevered) => {
    const { manifest, severed } = severMembers(withText(new Uint8Array(bytes)), ['text']);
    expect([manifest.text?.severed, severed.size]).toEqual([isSevered, isSevered ? 1 : 0]);
  });

  it('hashes by the algorithm asked for, which also moves the border', () => {
    expect(severMembers(withText(new Uint8Array(49)), ['text'], -43).severed.size).toBe(0);
    expect(severMembers(withText(new Uint8Array(50)), ['text'], -43).manifest.text).toMatchObject({
      digest: { algorithmId: -43 },
    });
  });

  it('leaves alone what is absent or severed already', () => {
    const once = severMembers(updateManifest, ['payload-fetch', 'text']);
    const twice = severMembers(once.manifest, ['payload-fetch', 'text']);
    expect(twice.severed.size).toBe(0);
    expect(encodeManifest(twice.manifest)).toEqual(encodeManifest(once.manifest));
  });
});

describe('dropSevered', () => {
  const { manifest, severed } = severMembers(withText(utf8('for people '.repeat(9))), ['payload-fetch', 'text']);
  const whole = sealed(manifest, [mlDsa44], { severed });

  it('drops one member and nothing else, and the signature still holds', () => {
    const bare = dropSevered(decodeEnvelope(whole), 'text');
    expect(opened(bare).text).toBeUndefined();
    expect(opened(whole).text).toEqual(utf8('for people '.repeat(9)));
    expect(encodeSequence(opened(bare).sequence('payload-fetch')!)).toEqual(severed.get('payload-fetch'));
    // Key 23, the head of a byte string of 99, and its bytes.
    expect(whole.length - bare.length).toBe(1 + 2 + 99);
  });
});
