/** The four handshakes of an endpoint, one after another: a server under load should not see four at once. */
import { type TlsEndpoint } from './endpoint.ts';
import { type Handshake, type HandshakeCode, shakeHands } from './handshake.ts';
import { type Handshakes, OFFERS } from './judge-endpoint.ts';

/** Nothing was learnt about TLS: there is no server, or it is not one of TLS. */
// oxfmt-ignore
const UNREACHABLE: readonly HandshakeCode[] = ['connection-refused', 'no-such-host', 'timed-out', 'not-tls', 'not-reachable'];

export async function probeEndpoint(
  endpoint: TlsEndpoint,
  timeoutMs: number,
): Promise<Handshakes | Extract<Handshake, { readonly ok: false }>> {
  const best = await shakeHands(endpoint, OFFERS.best, timeoutMs);
  if (!best.ok && UNREACHABLE.includes(best.code)) return best;
  const hybridOnly = await shakeHands(endpoint, OFFERS.hybridOnly, timeoutMs);
  const classicalOnly = await shakeHands(endpoint, OFFERS.classicalOnly, timeoutMs);
  const tls12 = await shakeHands(endpoint, OFFERS.tls12, timeoutMs);
  // It hangs up on everybody: that is no TLS server either.
  if (!best.ok && [hybridOnly, classicalOnly, tls12].every((it) => !it.ok && it.code === 'connection-closed'))
    return best;
  return { best, hybridOnly, classicalOnly, tls12 };
}
