/* oxlint-disable unicorn/require-post-message-target-origin -- between threads there are no origins */
/** The device of the download bench: mqtt-packet over a socket, as lean as a client in JavaScript gets. */
import { connect } from 'node:net';
import type { MessagePort } from 'node:worker_threads';
import mqtt from 'mqtt-packet';
import { decodeDataBlock, encodeGetStream, MAX_REQUEST_BYTES } from '../../protocol/aws-iot/streams.ts';

export interface DownloadOrder {
  readonly port: number;
  readonly thing: string;
  readonly streamId: string;
  readonly fileId: number;
  readonly blockBytes: number;
  readonly imageBytes: number;
  /** GetStream requests, or only listening. */
  readonly asks: boolean;
}

/** Requests under way, so that the next blocks set off before the last ones have come. */
const REQUESTS_AHEAD = 4;

/** Says `ready`, then after each `start` downloads the image and says how many milliseconds that took. */
export async function downloadDevice(order: DownloadOrder, control: MessagePort): Promise<void> {
  const { port, thing, streamId, fileId, blockBytes, imageBytes, asks } = order;
  const base = `$aws/things/${thing}/streams/${streamId}`;
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  const parser = mqtt.parser({ protocolVersion: 5 });
  const send = (packet: mqtt.Packet) => mqtt.writeToStream(packet, socket, { protocolVersion: 5 });
  const blocks = Math.ceil(imageBytes / blockBytes);
  const blockCount = Math.floor(MAX_REQUEST_BYTES / blockBytes);
  let startMs = 0;
  let received = 0;
  let asked = 0;

  const ask = (): void => {
    while (asked < blocks && asked - received < REQUESTS_AHEAD * blockCount) {
      const payload = encodeGetStream({ fileId, blockBytes, blockOffset: asked, blockCount }, 'cbor');
      asked += blockCount;
      send({
        cmd: 'publish',
        topic: `${base}/get/cbor`,
        payload: Buffer.from(payload),
        qos: 0,
        dup: false,
        retain: false,
      });
    }
  };
  const take = (payload: string | Buffer): void => {
    if (typeof payload === 'string') throw new Error('expected bytes');
    const { blockId } = decodeDataBlock(payload, 'cbor');
    if (blockId !== received) throw new Error(`expected block ${received}, got ${blockId}`);
    received += 1;
    if (received === blocks) control.postMessage(performance.now() - startMs);
    else if (asks) ask();
  };

  const ready = new Promise<void>((resolve) => {
    parser.on('packet', (packet) => {
      if (packet.cmd === 'connack') {
        send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: `${base}/data/cbor`, qos: 1 }] });
      } else if (packet.cmd === 'suback') resolve();
      else if (packet.cmd === 'publish') {
        send({ cmd: 'puback', messageId: packet.messageId ?? 0 });
        take(packet.payload);
      } else throw new Error(`unexpected ${packet.cmd}`);
    });
  });
  socket.on('data', (chunk: Buffer) => parser.parse(chunk));
  send({ cmd: 'connect', clientId: thing, protocolId: 'MQTT', protocolVersion: 5, clean: true, keepalive: 0 });
  await ready;
  control.on('message', () => {
    startMs = performance.now();
    received = 0;
    asked = 0;
    if (asks) ask();
  });
  control.postMessage('ready');
}
