/**
 * The ceiling of a fleet: a stream of blocks that nobody stores, plans, reads or signs. Its answers are as many packets of
 * exactly the same sizes as those of a stream of a campaign, made once for all who ask alike, so a run against it finds
 * what the broker and the sockets of this machine can carry.
 */
import { runEncoder } from '../../protocol/aws-iot/data-blocks.ts';
import { decodeGetStream, type GetStream, MAX_REQUEST_BYTES } from '../../protocol/aws-iot/streams.ts';
import { type StreamTopic, streamTopic } from '../../protocol/aws-iot/topics.ts';
import type { Bus } from '../ports.ts';

export const BARE_STREAM = 'bare';

/** 32 MB with the longest ones. */
const MAX_ANSWERS_KEPT = 256;

export type BareStream = (to: StreamTopic, request: Uint8Array) => Promise<void>;

/** Answers any request in CBOR for blocks of `blockBytes`, wherever it begins: the file has no end. */
export function bareStream(bus: Bus, blockBytes: number): BareStream {
  const most = Math.max(1, Math.floor(MAX_REQUEST_BYTES / blockBytes));
  const answers = new Map<string, readonly Uint8Array[]>();
  const answerTo = ({ clientToken, fileId, blockOffset = 0, blockCount = most }: GetStream): readonly Uint8Array[] => {
    const count = Math.min(blockCount, most);
    // One token is as good as another of its length.
    const key = [clientToken?.length ?? '-', fileId, blockOffset, count].join('/');
    const known = answers.get(key);
    if (known) return known;
    const run = { blockId: blockOffset, blockBytes, bytes: new Uint8Array(blockBytes * count) };
    const answer = runEncoder({ clientToken, fileId }, 'cbor')(run);
    if (answers.size >= MAX_ANSWERS_KEPT) answers.clear();
    answers.set(key, answer);
    return answer;
  };
  return async (to, request) => {
    const asked = decodeGetStream(request, to.format);
    if (asked.blockBytes !== blockBytes || to.format !== 'cbor') return;
    const topic = streamTopic({ ...to, message: 'data' });
    await Promise.all(answerTo(asked).map((message) => bus.publish(topic, message, { qos: 1 })));
  };
}
