import { describe, expect, it } from 'vitest';
import { openCeremony, openDraft } from '../../../cloud/roots/ceremony.ts';
import { demandsOn, describeDemands, expectPossible, isMet, openDemands } from '../../../cloud/roots/standing.ts';
import { toHex } from '../../../protocol/bytes.ts';
import { encodeTrustRoot } from '../../../protocol/trust/encode-root.ts';
import { expectOperatorError } from '../../support/expect-operator-error.ts';
import { type CeremonySpec, ceremonyFiles } from '../../support/roots.ts';
import {
  eitherRelease,
  FIRST,
  firstRoot,
  HOLDERS,
  revoked,
  ROOT_KEYS,
  rolesOf,
  signer,
  signers,
  successor,
  threeOfFive,
  verifiedFirst,
  verify,
} from '../../support/trust.ts';

const v1 = verifiedFirst(FIRST, HOLDERS);

function demands(spec: CeremonySpec) {
  const ceremony = openCeremony(ceremonyFiles({ finalized: false, ...spec }), { verify });
  return demandsOn(ceremony, ceremony.signatures);
}

describe('demandsOn', () => {
  it('counts distinct keys of each algorithm', () => {
    const keys = [...signers('ML-DSA-44', 3, 1), signer('ES256', 8)];
    const all = [
      { algorithm: 'ML-DSA-44', threshold: 2 },
      { algorithm: 'ES256', threshold: 1 },
    ] as const;
    const found = demands({ draft: firstRoot({ keys, all }, eitherRelease), by: [keys[0]!, keys[3]!] });
    expect(found.map(({ algorithm, signed, threshold }) => [algorithm, signed, threshold])).toEqual([
      ['ML-DSA-44', 1, 2],
      ['ES256', 1, 1],
    ]);
    expect(found.map(isMet)).toEqual([false, true]);
    expect(openDemands(found)).toEqual([
      `1 of 2 ML-DSA-44 (root keys of version 1); may sign: ${keys
        .slice(1, 3)
        .map(({ anchor }) => `${toHex(anchor.keyId).slice(0, 16)}…`)
        .join(', ')}`,
    ]);
  });

  it('says once what two versions demand alike', () => {
    const [line, ...more] = describeDemands(demands({ draft: successor(v1), previous: [v1], by: HOLDERS }));
    expect(line).toBe('3 of 3 ML-DSA-44 (root keys of version 1 and 2): enough');
    expect(more).toEqual([]);
  });
});

const draftWith = (left: number) => {
  const keys = [...ROOT_KEYS.slice(0, left), ...signers('ML-DSA-44', 5 - left, 60)];
  const roles = rolesOf({ ...threeOfFive, keys }, eitherRelease);
  return openDraft(encodeTrustRoot(successor(v1, { roles, revoked: revoked(ROOT_KEYS.slice(left), 'retired') })), v1);
};

describe('expectPossible', () => {
  it('lets so many keys go at once as the threshold can spare', () => {
    expectPossible(openDraft(encodeTrustRoot(FIRST), undefined));
    expectPossible(draftWith(3));
    expectOperatorError(
      () => expectPossible(draftWith(2)),
      'bridge-impossible',
      'version 1',
      '3 ML-DSA-44',
      'two versions',
    );
  });
});
