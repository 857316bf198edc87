/**
 * The attacker of the main job: on the path between cloud and device, with everything but the signing keys. Takes an
 * authentic envelope, puts another image in, and mends every digest to fit it, also the one that was signed. Only the
 * signatures give it away.
 */
import { digestOfImage } from '../../protocol/suit/digest.ts';
import { decodeEnvelope, encodeEnvelope } from '../../protocol/suit/envelope.ts';

export interface Forgery {
  readonly envelope: Uint8Array;
  readonly image: Uint8Array;
}

/** @throws {RangeError} where the manifest does not name the image */
export function forgeEnvelope({ envelope, image }: Forgery): Forgery {
  const otherImage = image.slice();
  otherImage[image.length >> 1]! ^= 0xff;
  const { manifestBytes, blocks, severed, integrated } = decodeEnvelope(envelope);
  const otherManifest = replaceAll(manifestBytes, digestOfImage(image).bytes, digestOfImage(otherImage).bytes);
  return { image: otherImage, envelope: encodeEnvelope({ manifestBytes: otherManifest, blocks, severed, integrated }) };
}

function replaceAll(bytes: Uint8Array, from: Uint8Array, to: Uint8Array): Uint8Array {
  const patched = Buffer.from(bytes);
  let at = patched.indexOf(from);
  if (at < 0) throw new RangeError('forge: the manifest does not name this image');
  for (; at >= 0; at = patched.indexOf(from, at + to.length)) patched.set(to, at);
  return new Uint8Array(patched);
}
