/** Severed members of an authenticated envelope, and attacks on them: in brackets, the threat of RFC 9124 §4.2. */
import { describe, expect, it } from 'vitest';
import { toHex, utf8 } from '../../../protocol/bytes.ts';
import { wrapBytes } from '../../../protocol/cbor/encode.ts';
import type { RejectionCode } from '../../../protocol/errors.ts';
import type { SeverableName } from '../../../protocol/suit/labels.ts';
import type { Manifest } from '../../../protocol/suit/manifest.ts';
import { severMembers } from '../../../protocol/suit/sever.ts';
import { expectRejection } from '../../support/expect-rejection.ts';
import { mlDsa44, opened, sealed, updateManifest } from '../../support/suit.ts';
import { broken } from '../../support/authentication-blocks.ts';

describe('severed members', () => {
  const text = utf8('for people '.repeat(9));
  const whole: Manifest = { ...updateManifest, text: { severed: false, value: text } };
  const { manifest, severed } = severMembers(whole, ['payload-fetch', 'text']);
  const withMembers = (members: ReadonlyMap<SeverableName, Uint8Array>) =>
    sealed(manifest, [mlDsa44], { severed: members });
  const fetch = severed.get('payload-fetch')!;

  it('come back where they belong', () => {
    const envelope = opened(withMembers(severed));
    expect(envelope.sequence('payload-fetch')).toHaveLength(2);
    expect(envelope.sequence('load')).toBeUndefined();
    expect(toHex(envelope.text!)).toBe(toHex(text));
  });

  it('may be left out until one is needed', () => {
    const envelope = opened(withMembers(new Map()));
    expect(envelope.text).toBeUndefined();
    expectRejection(() => envelope.sequence('payload-fetch'), 'severed-missing', 'envelope.payload-fetch');
  });

  it.each<[name: string, bytes: Uint8Array, code: RejectionCode, at: string]>([
    [
      'changed [THREAT.MFST.MODIFICATION]',
      withMembers(new Map([['payload-fetch', broken(fetch)]])),
      'severed-mismatch',
      'envelope.payload-fetch',
    ],
    [
      'wrapped twice',
      withMembers(new Map([['payload-fetch', wrapBytes(fetch)]])),
      'severed-mismatch',
      'envelope.payload-fetch',
    ],
    [
      'exchanged for each other',
      withMembers(new Map([['payload-fetch', text]])),
      'severed-mismatch',
      'envelope.payload-fetch',
    ],
    ['a changed text', withMembers(new Map([['text', broken(text)]])), 'severed-mismatch', 'envelope.text'],
    [
      'one that the manifest has itself',
      withMembers(new Map([['install', fetch]])),
      'severed-mismatch',
      'envelope.install',
    ],
    [
      'one that the manifest does not know',
      sealed(updateManifest, [mlDsa44], { severed: new Map([['text', text]]) }),
      'severed-mismatch',
      'envelope.text',
    ],
  ])('are refused: %s', (_name, bytes, code, at) => {
    expectRejection(() => opened(bytes), code, at);
  });

  it('are decoded only as their digest says, but strictly all the same', () => {
    const garbage = utf8('garbage that the author pinned with its digest');
    const inner: Manifest = { ...updateManifest, text: { severed: false, value: garbage } };
    const pinned = severMembers(inner, ['text']).manifest;
    const sections = new Map(updateManifest.sections).set('install', pinned.text as never);
    const bytes = sealed({ ...updateManifest, sections }, [mlDsa44], { severed: new Map([['install', garbage]]) });
    expectRejection(() => opened(bytes), 'malformed', 'envelope.install');
  });
});
