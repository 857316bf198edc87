/** Cases about documents and files: test_basic, test_expiration, test_file_download. */
import { expect } from 'vitest';
import { encodeCbor } from '../../../../protocol/cbor/encode.ts';
import { type CborValue } from '../../../../protocol/cbor/value.ts';
import { decodeEnvelope, encodeEnvelope } from '../../../../protocol/suit/envelope.ts';
import { encodeManifest } from '../../../../protocol/suit/manifest.ts';
import { newestRoot, noteTime, walkRoots } from '../../../../protocol/trust/state.ts';
import { expectRejection } from '../../../support/expect-rejection.ts';
import {
  successor,
  accepted,
  authenticated,
  device,
  FIRST,
  firstBytes,
  forged,
  HOLDERS,
  ISSUED,
  manifestOf,
  release,
  signaturesIn,
  signers,
  signRoot,
  verify,
  YEAR,
} from '../../../support/trust.ts';
import {
  one,
  next,
  good,
  expectGood,
  refused,
  offer,
  offerRelease,
  first,
  envelopeOf,
  encodeEnvelopeValue,
  modemKey,
  AGENT,
  type Cases,
} from './world.ts';

export const METADATA_CASES: Cases = {
  'test_basic invalid_initial_root': () =>
    refused(
      [first(new Uint8Array(64).fill(0xff)), 'malformed'],
      [first(encodeManifest(manifestOf(1))), 'wrong-shape'],
      [first(firstBytes.slice(0, -1)), 'malformed'],
    ),
  'test_basic unsigned_initial_root': () =>
    refused(
      [first(forged(firstBytes, (fields) => (fields[3] = []))), 'wrong-shape'],
      [first(signRoot(FIRST, HOLDERS.slice(1))), 'threshold-not-met'],
      [first(signRoot(FIRST, signers('ML-DSA-44', 3, 71))), 'unknown-key'],
    ),
  'test_basic unsigned_metadata': () =>
    refused(
      [offer(next(good, {}, signers('ML-DSA-44', 3, 71))), 'unknown-key'],
      [offerRelease(8, []), 'unsigned'],
      [offerRelease(8, [modemKey]), 'unknown-key'],
    ),
  'test_basic url_and_metadata_version_mismatch': () => {
    const third = accepted(good, next(good));
    refused([offer(next(third)), 'root-version-gap'], [offer(firstBytes), 'root-downgrade']);
  },
  'test_basic timestamp_content_changes': () => {
    const another = manifestOf(7, { components: [[Uint8Array.of(9)]] });
    const secondAgain = next(device, { expiresSeconds: FIRST.expiresSeconds + YEAR });
    refused(
      [() => authenticated(good, release(another, [one])), 'sequence-equivocation'],
      [offer(secondAgain), 'root-fork'],
    );
  },
  'test_basic targets_hash_mismatch / snapshot_hash_mismatch': () => {
    const { digest, blocks } = release(manifestOf(8), [one]);
    const swapped = encodeEnvelopeValue(
      [encodeCbor([digest.algorithmId, digest.bytes]), ...blocks],
      encodeManifest(manifestOf(9)),
    );
    refused(
      [() => authenticated(good, decodeEnvelope(swapped)), 'digest-mismatch'],
      [offer(next(good, { previous: new Uint8Array(32) })), 'root-fork'],
    );
  },
  'test_basic metadata_bytes_match': () => {
    const bytes = next(good);
    const state = accepted(good, bytes);
    expect(newestRoot(state).bytes).toEqual(bytes);
    expect(newestRoot(accepted(good, newestRoot(state).bytes)).digest).toEqual(newestRoot(state).digest);
    expectGood();
  },
  'test_basic custom_fields': () => {
    const noted = accepted(good, next(good, { extensions: new Map([[-70_000, 'for people']]) }));
    expect(newestRoot(noted).root.version).toBe(3);
    refused([offer(next(good, { extensions: new Map([[12, 'for devices']]) })), 'root-format']);
  },
  'test_basic deprecated_keyid_hash_algorithms': () => {
    const misleading = new Map<CborValue, CborValue>([
      [5, new Uint8Array(8)],
      [394, 'a receipt'],
      ['x', 1],
    ]);
    const bytes = next(good);
    const dressed = forged(bytes, (fields) => {
      fields[3] = signaturesIn(bytes).map((signature) => (signature as CborValue[]).with(1, misleading));
    });
    expect(newestRoot(accepted(good, dressed)).digest).toEqual(newestRoot(accepted(good, bytes)).digest);
    expectGood();
  },
  'test_basic snapshot_404 / targets_404 / timestamp_404': () => {
    const second = accepted(good, next(good));
    const walk = walkRoots(good, [next(second)], { verify });
    expect([walk.steps, walk.refusal?.code]).toEqual([0, 'root-version-gap']);
    expect(walk.state).toBe(good);
    expect(walkRoots(walk.state, [next(good), next(second)], { verify }).steps).toBe(2);
    expect(walkRoots(good, [], { verify }).state).toBe(good);
  },
  'test_basic incorrect_metadata_type': () => {
    const { manifestBytes, blocks } = release(manifestOf(8), [one]);
    refused(
      [offer(encodeEnvelope({ manifestBytes, blocks })), 'wrong-shape'],
      [() => decodeEnvelope(next(good)), 'wrong-shape'],
      [offer(signRoot(encodeManifest(manifestOf(8)), HOLDERS)), 'wrong-shape'],
    );
  },

  'test_expiration root/timestamp/snapshot/targets_expired': () => {
    const { expiresSeconds } = good.current.root;
    refused([() => authenticated(good, release(manifestOf(8), [one]), expiresSeconds), 'root-expired']);
    const expired = accepted(good, next(good, { expiresSeconds: ISSUED + 30 * 86_400 }));
    expectRejection(() => authenticated(expired, release(manifestOf(8), [one]), ISSUED + YEAR), 'root-expired');
  },
  'test_expiration expired_local_root / expired_local_timestamp': () => {
    const later = good.current.root.expiresSeconds + YEAR;
    const away = noteTime(good, later);
    const back = accepted(away, next(away, { issuedSeconds: later, expiresSeconds: later + YEAR }));
    expectRejection(() => authenticated(away, release(manifestOf(8), [one]), later), 'root-expired');
    expect(authenticated(back, release(manifestOf(8), [one]), later).rootVersion).toBe(3);
  },

  'test_file_download client_downloads_expected_file (in sub dir)': {
    file: `${AGENT}/agent.test.ts`,
    title: 'installs a release, in the order of its states, and reports it',
  },
  'test_file_download repository_substitutes_target_file': {
    file: `${AGENT}/network.test.ts`,
    title: 'with other content are found out by the digest, once all are there',
  },
  'test_file_download multiple_changes_to_target': {
    file: `${AGENT}/agent.test.ts`,
    title: 'one with another digest; and it does not keep its blocks',
  },
  'test_file_download download_with_hash_algorithms / unknown_hash_algorithm': () =>
    refused(
      [
        () => decodeEnvelope(envelopeOf([-999, new Uint8Array(32)], encodeManifest(manifestOf(9)))),
        'unsupported-algorithm',
      ],
      [offer(signRoot({ ...successor(good.current), hashId: -18 }, HOLDERS)), 'unsupported-algorithm'],
    ),
  'test_file_download artifact_cache': {
    file: `${AGENT}/power-cut.test.ts`,
    title: 'in a row: nothing is lost for good',
  },
};
