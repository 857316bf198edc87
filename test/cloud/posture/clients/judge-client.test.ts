import { describe, expect, it } from 'vitest';
import type { ClientHello } from '../../../../cloud/posture/clients/client-hello.ts';
import { type ClientVerdict, judgeClient } from '../../../../cloud/posture/clients/judge-client.ts';

const hello = (changes: Partial<ClientHello> = {}): ClientHello => ({
  versions: [0x0304, 0x0303],
  groups: [0x11ec, 0x1d],
  keyShares: [{ group: 0x11ec, keyBytes: 1216 }],
  signatureSchemes: [0x0403],
  helloBytes: 1500,
  ...changes,
});

describe('judgeClient', () => {
  it.each<[name: string, changes: Partial<ClientHello>, readiness: ClientVerdict['readiness']]>([
    ['a hybrid key share', {}, 'ready'],
    ['one of another hybrid group', { groups: [0x11eb], keyShares: [{ group: 0x11eb, keyBytes: 1249 }] }, 'ready'],
    ['a hybrid group without a key', { keyShares: [{ group: 0x1d, keyBytes: 32 }] }, 'one-more-round-trip'],
    ['the draft of Kyber', { groups: [0x6399, 0x1d], keyShares: [{ group: 0x6399, keyBytes: 1216 }] }, 'draft'],
    ['classical groups', { groups: [0x1d, 0x17], keyShares: [{ group: 0x1d, keyBytes: 32 }] }, 'classical'],
    ['hybrid groups, but TLS 1.2', { versions: [0x0303] }, 'classical'],
    ['nothing', { groups: [], keyShares: [] }, 'classical'],
  ])('takes %s for what it is', (_name, changes, readiness) => {
    expect(judgeClient(hello(changes)).readiness).toBe(readiness);
  });

  it('names what was offered, also what it does not know', () => {
    expect(judgeClient(hello({ groups: [0x11ec, 0xfefe], signatureSchemes: [0x0905, 0xabcd] }))).toMatchObject({
      tls13: true,
      mlDsaCertificates: true,
      groups: ['X25519MLKEM768', '0xfefe'],
      keyShares: ['X25519MLKEM768'],
      signatureSchemes: ['mldsa65', '0xabcd'],
    });
    expect(judgeClient(hello()).mlDsaCertificates).toBe(false);
  });
});
