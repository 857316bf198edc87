/** Combinations that cannot be, and why: a matrix leaves them out and says so. */
import { MAX_AUTHENTICATION_BLOCK_BYTES } from '../../../protocol/limits.ts';
import { type Board, boardNamed, layoutOf } from '../../profiles/boards.ts';
import type { CaseSpec } from '../results/results.ts';

/** What this machine has beside Node. */
export interface Surroundings {
  readonly mosquitto: boolean;
  readonly awsSdk: boolean;
}

/** bytes. What the agent needs beside the buffers of one block: its log, a request, the job. */
const AGENT_BYTES = 4_096;

/** bytes. Of a COSE_Sign1 around its signature. */
const HEADERS_BYTES = 64;

/** @returns undefined where it can be */
export function whyNot(spec: CaseSpec, runsOn: string, surroundings: Surroundings): string | undefined {
  const board = boardNamed(runsOn);
  if (!board) return `${runsOn}: no such board`;
  if (spec.signatureBytes + HEADERS_BYTES > MAX_AUTHENTICATION_BLOCK_BYTES && spec.signature === 'size-only')
    return `devices read authentication blocks of at most ${MAX_AUTHENTICATION_BLOCK_BYTES} bytes, and this signature has ${spec.signatureBytes}`;
  return whyNotOnBoard(spec, board) ?? whyNotOverMqtt(spec, surroundings);
}

function whyNotOnBoard({ image, blockBytes, encoding }: CaseSpec, board: Board): string | undefined {
  const { name, agentRamBytes, writeBytes, sectorBytes } = board;
  if (blockBytes % writeBytes !== 0)
    return `${name} writes ${writeBytes} bytes at a time, and ${blockBytes} are no multiple`;
  const slotBytes = layoutOf(board).slots[0].sectors * sectorBytes;
  if (image.imageBytes > slotBytes)
    return `the image has ${image.imageBytes} bytes, and a slot of ${name} has ${slotBytes}: runsOn can name another board`;
  const ramBytes = blockBuffers(blockBytes, encoding) + AGENT_BYTES;
  if (ramBytes <= agentRamBytes) return undefined;
  return `a block of ${blockBytes} bytes in ${encoding} takes ${ramBytes} bytes of RAM, and the agent of ${name} has ${agentRamBytes}`;
}

/** In JSON a block is there twice: in base64 as it came, and decoded. */
const blockBuffers = (blockBytes: number, encoding: 'cbor' | 'json'): number =>
  encoding === 'cbor' ? blockBytes : 4 * Math.ceil(blockBytes / 3) + blockBytes;

function whyNotOverMqtt(spec: CaseSpec, { mosquitto, awsSdk }: Surroundings): string | undefined {
  const { transport, security, broker } = spec;
  const isForeign = broker !== 'embedded';
  if (transport === 'aws-sdk' && !awsSdk) return 'aws-iot-device-sdk-v2 is not installed';
  if (transport === 'aws-sdk' && security !== 'plain')
    return 'what the AWS SDK sends through its own TLS cannot be counted';
  if (isForeign && broker !== 'mosquitto' && !URL.canParse(broker)) return `${broker} is no URL`;
  if (broker === 'mosquitto' && !mosquitto) return 'mosquitto is not installed';
  if (isForeign && security === 'mtls') return 'devices of this experiment have no certificates of a foreign broker';
  if (broker === 'mosquitto' && security !== 'plain') return 'mosquitto is started without TLS here';
  if (isForeign && broker !== 'mosquitto' && (security === 'tls') !== broker.startsWith('mqtts://'))
    return `${broker} is ${security === 'tls' ? 'without' : 'with'} TLS`;
  return undefined;
}
