/**
 * The arithmetic of frames: how many a packet needs, what they weigh, and how long they are on air. Exact, and the same
 * for all three levels of a link.
 */
import type { LinkProfile, LoraModulation, Way } from '../profiles/links.ts';

/** What some bytes become on the air. */
export interface OnAir {
  readonly frames: number;
  /** With what the frames add. */
  readonly frameBytes: number;
  readonly airMs: number;
}

/** Frames that hold so many bytes when each is filled: what a table of sizes shows, and a lower bound of the truth. */
export const framesFilled = (way: Way, bytes: number): number => Math.ceil(bytes / way.frame.payloadBytes);

/** At the bare rate, without frames: what a table of sizes shows, and a lower bound of the truth. */
export const rawAirMs = (way: Way, bytes: number): number => (bytes * 8_000) / way.bitsPerSecond;

/** One packet as the frames that it needs, each of them in turn. An empty packet takes one frame. */
export function framesOfPacket(way: Way, packetBytes: number): readonly OnAir[] {
  return piecesOf(way, packetBytes).map((bytes) => {
    const frameBytes = bytes + way.frame.overheadBytes;
    const bytesMs = way.lora ? loraAirMs(way.lora, frameBytes) : rawAirMs(way, frameBytes);
    return { frames: 1, frameBytes, airMs: bytesMs + way.frame.overheadMicroseconds / 1_000 };
  });
}

export function onAir(way: Way, packetBytes: number): OnAir {
  const frames = framesOfPacket(way, packetBytes);
  return {
    frames: frames.length,
    frameBytes: frames.reduce((sum, frame) => sum + frame.frameBytes, 0),
    airMs: frames.reduce((sum, frame) => sum + frame.airMs, 0),
  };
}

/** bytes that each frame carries, headers of pieces included. */
function piecesOf({ frame: { payloadBytes, fragment } }: Way, packetBytes: number): readonly number[] {
  if (packetBytes <= payloadBytes) return [packetBytes];
  const pieces: number[] = [];
  for (let left = packetBytes; left > 0;) {
    const headerBytes = fragment ? (pieces.length === 0 ? fragment.firstBytes : fragment.nextBytes) : 0;
    const room = payloadBytes - headerBytes;
    // Offsets are in units, so every piece but the last is a whole number of them.
    const piece = left <= room ? left : room - (room % (fragment?.unitBytes ?? 1));
    pieces.push(piece + headerBytes);
    left -= piece;
  }
  return pieces;
}

/** Explicit header and checksum on: Semtech SX1276/77/78/79 datasheet Rev. 7, §4.1.1.7. */
function loraAirMs(modulation: LoraModulation, frameBytes: number): number {
  const { spreadingFactor, bandwidthHz, codingRate, preambleSymbols, isLowDataRateOptimized } = modulation;
  const symbolMs = (2 ** spreadingFactor / bandwidthHz) * 1_000;
  const bits = 8 * frameBytes - 4 * spreadingFactor + 28 + 16;
  const bitsPerBlock = 4 * (spreadingFactor - (isLowDataRateOptimized ? 2 : 0));
  const payloadSymbols = 8 + Math.max(Math.ceil(bits / bitsPerBlock) * (codingRate + 4), 0);
  return (preambleSymbols + 4.25 + payloadSymbols) * symbolMs;
}

/** An IP packet as the link carries it: less, where it compresses the header. */
export function bytesOnLink({ carries }: LinkProfile, packetBytes: number): number {
  return carries.kind === 'ip' ? packetBytes - carries.ipHeaderBytes + carries.linkIpHeaderBytes : packetBytes;
}
