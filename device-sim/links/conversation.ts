/**
 * A connection of a device over a link, in virtual time: over TCP where the link carries IP, else frame by frame to a
 * gateway, whose own TCP costs the device nothing. TLS, where it is asked for, is on top of TCP.
 */
import type { LinkDirection, LinkProfile } from '../profiles/links.ts';
import type { Agenda } from './agenda.ts';
import type { Channels } from './channel.ts';
import { TcpEndpoint } from './tcp-endpoint.ts';
import { tlsRecordBytes, type TlsHandshake } from './tls.ts';

export interface Conversation {
  /** `onDelivered` is called when the last byte can be read at the other end. In order, as a stream is. */
  send(direction: LinkDirection, bytes: number, onDelivered: () => void): void;
  /** The device has no more to say; `onClosed` is called when it knows that the cloud has neither. */
  close(onClosed: () => void): void;
}

export interface ConversationOptions {
  readonly link: LinkProfile;
  readonly channels: Channels;
  readonly agenda: Agenda;
  readonly tls?: TlsHandshake | undefined;
}

/** bytes. Without options, which are 20 in a SYN (MSS, window scale, SACK permitted, timestamps) and 12 later (timestamps). */
const TCP_HEADER_BYTES = 20;
const SYN_OPTION_BYTES = 20;
const OPTION_BYTES = 12;

/** What TCP and IP put before each segment. */
export const segmentHeaderBytes = (ipHeaderBytes: number): number => ipHeaderBytes + TCP_HEADER_BYTES + OPTION_BYTES;

/** First pause before a SYN is sent again, doubled each time: RFC 6298 §2.1. */
const SYN_TIMEOUT_MS = 1_000;

export function openConversation(options: ConversationOptions, onOpen: (conversation: Conversation) => void): void {
  const { link, tls } = options;
  if (link.carries.kind === 'gateway') return onOpen(overFrames(options));
  openTcp(options, link.carries, (tcp) => (tls ? openTls(tcp, tls, onOpen) : onOpen(tcp)));
}

function overFrames({ channels, agenda }: ConversationOptions): Conversation {
  return {
    send: (direction, bytes, onDelivered) => {
      const { fate, atMs } = channels[direction].carry(bytes, agenda.nowMs);
      if (fate === 'arrives') agenda.at(atMs, onDelivered);
    },
    close: (onClosed) => onClosed(),
  };
}

type Ip = Extract<LinkProfile['carries'], { kind: 'ip' }>;

function openTcp(
  { channels, agenda }: ConversationOptions,
  { mtuBytes, ipHeaderBytes }: Ip,
  onOpen: (conversation: Conversation) => void,
): void {
  const headerBytes = segmentHeaderBytes(ipHeaderBytes);
  const synBytes = ipHeaderBytes + TCP_HEADER_BYTES + SYN_OPTION_BYTES;
  const endOf = (direction: LinkDirection, peer: () => TcpEndpoint): TcpEndpoint =>
    new TcpEndpoint({ agenda, channel: channels[direction], peer, headerBytes, mtuBytes });
  const ends: Readonly<Record<LinkDirection, TcpEndpoint>> = {
    up: endOf('up', () => ends.down),
    down: endOf('down', () => ends.up),
  };
  let isOpen = false;
  let cancelKnock: (() => void) | undefined;

  const opened = (handshakeMs: number): void => {
    if (isOpen) return;
    isOpen = true;
    cancelKnock?.();
    channels.up.carry(headerBytes, agenda.nowMs);
    for (const end of [ends.up, ends.down]) end.opened(handshakeMs);
    onOpen({
      send: (direction, bytes, onDelivered) => ends[direction].write(bytes, onDelivered),
      // What was written at this moment leaves first.
      close: (onClosed) => void agenda.after(0, () => closeTcp({ channels, agenda, headerBytes }, onClosed)),
    });
  };
  const knock = (timeoutMs: number): void => {
    const startMs = agenda.nowMs;
    const syn = channels.up.carry(synBytes, startMs);
    if (syn.fate === 'arrives') {
      agenda.at(syn.atMs, () => {
        const answer = channels.down.carry(synBytes, agenda.nowMs);
        if (answer.fate === 'arrives') agenda.at(answer.atMs, () => opened(agenda.nowMs - startMs));
      });
    }
    cancelKnock = agenda.after(timeoutMs, () => knock(timeoutMs * 2));
  };
  knock(SYN_TIMEOUT_MS);
}

/** FIN of the device; its acknowledgement, and the cloud's own FIN; the acknowledgement of that. Losses cost no time here. */
function closeTcp(
  {
    channels,
    agenda,
    headerBytes,
  }: Pick<ConversationOptions, 'channels' | 'agenda'> & { readonly headerBytes: number },
  onClosed: () => void,
): void {
  agenda.at(channels.up.carry(headerBytes, agenda.nowMs).atMs, () => {
    channels.down.carry(headerBytes, agenda.nowMs);
    agenda.at(channels.down.carry(headerBytes, agenda.nowMs).atMs, () => {
      channels.up.carry(headerBytes, agenda.nowMs);
      onClosed();
    });
  });
}

function openTls(tcp: Conversation, tls: TlsHandshake, onOpen: (conversation: Conversation) => void): void {
  const { clientHelloBytes, serverFlightBytes, clientFlightBytes, ticketBytes } = tls;
  tcp.send('up', clientHelloBytes, () => {
    tcp.send('down', serverFlightBytes, () => {
      // The client goes on at once; the server may send when it has read this, and its tickets come first.
      tcp.send('up', clientFlightBytes, () => {
        if (ticketBytes > 0) tcp.send('down', ticketBytes, () => {});
      });
      onOpen({
        send: (direction, bytes, onDelivered) => tcp.send(direction, tlsRecordBytes(bytes), onDelivered),
        close: (onClosed) => tcp.close(onClosed),
      });
    });
  });
}
