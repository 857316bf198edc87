import { beforeEach, describe, expect, it } from 'vitest';
import { bareStream } from '../../../cloud/streams/bare.ts';
import { runEncoder } from '../../../protocol/aws-iot/data-blocks.ts';
import { decodeDataBlock, encodeGetStream, type GetStream } from '../../../protocol/aws-iot/streams.ts';

const TO = { thing: 'dev', streamId: 'bare', message: 'get', format: 'cbor' } as const;
const ASKED = { clientToken: 'abcde-0001', fileId: 1, blockBytes: 4_096, blockOffset: 300, blockCount: 4 };

let sent: { readonly topic: string; readonly payload: Uint8Array; readonly qos: number }[];
beforeEach(() => {
  sent = [];
});

const stream = (blockBytes = 4_096) =>
  bareStream(
    {
      subscribe: () => Promise.resolve(),
      publish: async (topic, payload, { qos }) => void sent.push({ topic, payload, qos }),
    },
    blockBytes,
  );
const ask = (request: GetStream, of = stream()) => of(TO, encodeGetStream(request, 'cbor'));
const sizes = () => sent.map(({ payload }) => payload.length);

describe('the bare stream', () => {
  it('answers with packets of the sizes that a stream of a campaign has', async () => {
    const { clientToken, fileId, blockBytes, blockOffset: blockId, blockCount } = ASKED;
    const bytes = crypto.getRandomValues(new Uint8Array(blockBytes * blockCount));
    await ask(ASKED);
    const real = runEncoder({ clientToken, fileId }, 'cbor')({ blockId, blockBytes, bytes });
    expect(sizes()).toEqual(real.map(({ length }) => length));
    expect(new Set(sent.map(({ topic, qos }) => `${topic} ${qos}`))).toEqual(
      new Set(['$aws/things/dev/streams/bare/data/cbor 1']),
    );
    expect(sent.map(({ payload }) => decodeDataBlock(payload, 'cbor').blockId)).toEqual([300, 301, 302, 303]);
  });

  it('makes them once for all who ask alike', async () => {
    const bare = stream();
    await ask(ASKED, bare);
    await ask({ ...ASKED, clientToken: 'fghij-0002' }, bare);
    expect(sent).toHaveLength(8);
    expect(sent[4]!.payload).toBe(sent[0]!.payload);
    await ask({ ...ASKED, clientToken: 'longer than that' }, bare);
    expect(sent[8]!.payload).not.toBe(sent[0]!.payload);
  });

  it('sends 128 KB at the most, and nothing of another size than it was made for', async () => {
    await ask({ ...ASKED, blockCount: 1_000 });
    expect(sent).toHaveLength(32);
    await ask({ ...ASKED, blockBytes: 8_192 });
    expect(sent).toHaveLength(32);
  });
});
