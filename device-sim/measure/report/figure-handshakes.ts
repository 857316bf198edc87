/** Figure: bytes of a TLS handshake by the algorithm of its certificates. */
import type { HandshakeBytes, MeasureResults } from '../results/results.ts';
import { barRows, keyOf } from './bars.ts';
import { colourOf } from './families.ts';
import type { Figure } from './figure.ts';
import { fixed, sizeText, timesText, withUnit } from './numbers.ts';

const HEAD = { id: 'handshakes', title: 'Bytes of a handshake, by certificate' };
const MISSING = 'No handshake was counted: `bristlecone measure` without --no-handshakes draws this figure.';

const INK = 'var(--ink)';
const FILLS = [
  { title: 'the device sends', fill: INK, stroke: INK },
  { title: 'the device receives', fill: 'var(--panel)', stroke: INK },
];

export const handshakeBytes = ({ sentBytes, receivedBytes }: HandshakeBytes): number => sentBytes + receivedBytes;

/** `ML-DSA-65 on both sides`. */
export function sidesOf({ serverCertificate, deviceCertificate }: HandshakeBytes): string {
  if (deviceCertificate === undefined) return `${serverCertificate} on the server`;
  if (deviceCertificate === serverCertificate) return `${serverCertificate} on both sides`;
  return `${serverCertificate} on the server and ${deviceCertificate} on the device`;
}

const nameOfHandshake = (handshake: HandshakeBytes): string => `${sidesOf(handshake)}, ${handshake.keyExchange}`;

export function handshakesFigure({ handshakes }: MeasureResults): Figure {
  if (handshakes.length === 0) return { ...HEAD, missing: MISSING };
  const sorted = handshakes.toSorted((a, b) => handshakeBytes(a) - handshakeBytes(b));
  const [least] = sorted;
  const most = sorted.at(-1);
  const isOne = !least || !most || least === most;
  return {
    ...HEAD,
    finding: isOne
      ? `A handshake with ${nameOfHandshake(sorted[0]!)} is ${sizeText(handshakeBytes(sorted[0]!))}.`
      : `A handshake with ${nameOfHandshake(most)} is ${sizeText(handshakeBytes(most))}, ${timesText(handshakeBytes(most) / handshakeBytes(least))} that with ${nameOfHandshake(least)}: ${sizeText(handshakeBytes(least))}.`,
    caption:
      'TLS 1.3, each connection anew, without resumption. Where a certificate is on the server only, the device does not say by TLS who it is.',
    how: 'Measured: bytes at the socket until the handshake was done.',
    sources: [],
    key: keyOf(FILLS),
    draw: (canvas) =>
      barRows(
        sorted.map((handshake) => ({
          name: nameOfHandshake(handshake),
          colour: colourOfHandshake(handshake),
          segments: [handshake.sentBytes, handshake.receivedBytes].map((value, at) => ({ value, ...FILLS[at]! })),
          value: withUnit(fixed(handshakeBytes(handshake), 0), 'B'),
        })),
        canvas,
        'bytes of one handshake',
      ),
    table: {
      caption: 'Bytes of one handshake',
      columns: [
        ...[{ head: 'server' }, { head: 'device' }, { head: 'key exchange' }, { head: 'sent, B', digits: 0 }],
        ...[
          { head: 'received, B', digits: 0 },
          { head: 'both, B', digits: 0 },
        ],
        ...[
          { head: 'server’s certificate, B', digits: 0 },
          { head: 'device’s, B', digits: 0 },
        ],
      ],
      rows: sorted.map((it) => [
        ...[it.serverCertificate, it.deviceCertificate ?? 'none', it.keyExchange, it.sentBytes, it.receivedBytes],
        ...[handshakeBytes(it), it.serverCertificateBytes, it.deviceCertificateBytes],
      ]),
    },
  };
}

function colourOfHandshake({ serverCertificate, deviceCertificate = serverCertificate }: HandshakeBytes): string {
  if (serverCertificate !== deviceCertificate) return INK;
  return colourOf(serverCertificate === 'P-256' ? 'ES256' : serverCertificate);
}
