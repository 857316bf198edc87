import { describe, expect, it } from 'vitest';
import { changesText, expiryWarning, rootJson, rootText } from '../../../../cloud/cli/roots/text.ts';
import { diffRoots } from '../../../../protocol/trust/diff-roots.ts';
import { encodeTrustRoot } from '../../../../protocol/trust/encode-root.ts';
import { toHex } from '../../../../protocol/bytes.ts';
import type { TrustRoot } from '../../../../protocol/trust/root.ts';
import { DAY, FIRST, HOLDERS, ISSUED, role, signer, successor, verifiedFirst } from '../../../support/trust.ts';

const v1 = verifiedFirst(FIRST, HOLDERS);
const nowSeconds = ISSUED;
const textOf = (root: TrustRoot) => rootText({ root, payload: encodeTrustRoot(root) }, { what: 'a root', nowSeconds });

describe('rootText', () => {
  it('says what a signer has to know: digest, dates, who, how many', () => {
    const text = textOf(FIRST);
    for (const fact of [
      toHex(v1.digest),
      '2027-01-15',
      'root needs 3 of ML-DSA-44',
      ...HOLDERS.map(({ anchor }) => toHex(anchor.keyId).slice(0, 16)),
    ])
      expect(text).toContain(fact);
  });

  it('shows a name that would move the cursor, or look like a line of ours, as what it is', () => {
    const evil = 'modem\u001b[2J\n  root needs 1 of ML-DSA-44\u202e';
    const root = {
      ...FIRST,
      roles: [...FIRST.roles, role(evil, { keys: [signer('ES256', 70)] }, { prefixes: [[Uint8Array.of(1)]] })],
    };
    const shown = `${textOf(root)}\n${changesText(diffRoots(FIRST, root))}`;
    for (const trick of ['\u001b', '\u202e', '\n  root needs 1']) expect(shown).not.toContain(trick);
    expect(shown).toContain('modem\\u{1b}[2J\\u{a}');
  });
});

describe('rootJson', () => {
  it('gives programs the same in full', () => {
    const { root, payload } = v1;
    expect(rootJson({ root, payload })).toMatchObject({
      version: 1,
      digest: toHex(v1.digest),
      roles: [
        {
          name: 'root',
          keys: expect.arrayContaining([
            { keyId: toHex(HOLDERS[0]!.anchor.keyId), algorithm: 'ML-DSA-44', form: 'full' },
          ]),
        },
        {},
      ],
    });
  });
});

describe('changesText', () => {
  it('is a line a change', () => {
    const lines = changesText(diffRoots(FIRST, successor(v1))).split('\n');
    expect(lines).toHaveLength(3);
    expect(lines[0]).toBe('  ~ version: 1 → 2');
  });
});

const at = (daysBefore: number) =>
  expiryWarning(FIRST, { nowSeconds: FIRST.expiresSeconds - daysBefore * DAY, warnDays: 46 });

describe('expiryWarning', () => {
  it('comes with the warning window, and says what to do', () => {
    expect(at(47)).toBeUndefined();
    expect(at(46)).toMatch(/expires in 46 days.*root rotate/s);
    expect(at(0)).toMatch(/expired.*keep running and refuse new releases.*root rotate/s);
  });
});
