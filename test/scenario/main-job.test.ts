/** What `npm start` does, in short: two signatures, one block size, one attack, over real processes and sockets. */
import { beforeAll, describe, expect, it } from 'vitest';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type MainJobResult, runMainJob } from '../../device-sim/measure/main-job.ts';
import { type MainJobRow, mainJobRows, WIRE_PHASES } from '../../device-sim/measure/main-job-table.ts';
import { costsToCsv, costsToJson } from '../../device-sim/metrics/cost-files.ts';

const TIMEOUT_MS = 180_000;
const BLOCK_BYTES = 4_096;

const ES256_BYTES = 64;
const ML_DSA_44_BYTES = 2_420;
/**
 * bytes. The algorithm id is -48 and no longer -7 (1); the signature, its block and the list of blocks have more than
 * 255 bytes, so their heads are longer (3); and so is the envelope's size in the job document (1).
 */
const FRAMING_BYTES = 5;

let result: MainJobResult;
let rows: readonly MainJobRow[];
const progress: string[] = [];

beforeAll(async () => {
  const workFolder = mkdtempSync(join(tmpdir(), 'bristlecone-main-job-'));
  try {
    result = await runMainJob({
      workFolder,
      note: () => {},
      progress: (done, total) => progress.push(`${done}/${total}`),
      signatures: [['ES256'], ['ML-DSA-44']],
      blockBytes: [BLOCK_BYTES],
    });
    rows = mainJobRows(result.installations);
  } finally {
    rmSync(workFolder, { recursive: true, force: true });
  }
}, TIMEOUT_MS);

const costs = () => result.installations.flatMap((installation) => installation.costs);

describe('the main job', () => {
  it('installs a real firmware update once for each signature and block size', () => {
    expect(result.firmware.imageBytes).toBeGreaterThan(100_000);
    expect(result.firmware.from).not.toBe(result.firmware.to);
    expect(rows.map(({ signature, blockBytes }) => [signature, blockBytes])).toEqual([
      ['ES256', BLOCK_BYTES],
      ['ML-DSA-44', BLOCK_BYTES],
    ]);
    expect(progress).toEqual(['1/2', '2/2']);
  });

  it('counts bytes in every phase, each of them as payload or as MQTT', () => {
    const value = (phase: string, quantity: string, run: string): number =>
      costs().find((row) => row.run === run && row.phase === phase && row.quantity === quantity)?.value ?? Number.NaN;
    const counted = [...new Set(costs().map(({ run }) => run))].flatMap((run) =>
      WIRE_PHASES.flatMap((phase) =>
        ['sent', 'received'].map((direction) => ({
          atTheSocket: value(phase, direction, run),
          inPackets: value(phase, `${direction}-payload`, run) + value(phase, `${direction}-mqtt`, run),
        })),
      ),
    );
    expect(counted).toHaveLength(2 * WIRE_PHASES.length * 2);
    for (const { atTheSocket, inPackets } of counted) {
      expect(atTheSocket).toBeGreaterThan(0);
      expect(inPackets).toBe(atTheSocket);
    }
  });

  it('adds them up to the table', () => {
    for (const row of rows) {
      const phases = WIRE_PHASES.reduce((sum, phase) => sum + row.bytesByPhase[phase], 0);
      expect(row.totalBytes).toBe(phases);
      expect(row.totalBytes).toBeGreaterThan(result.firmware.imageBytes);
      expect(row.blocks).toBe(Math.ceil(result.firmware.imageBytes / BLOCK_BYTES) + 1);
    }
  });

  it('finds ML-DSA-44 to cost its longer signature and five bytes of framing, and nothing else', () => {
    expect(rows[1]?.overhead?.bytes).toBe(ML_DSA_44_BYTES - ES256_BYTES + FRAMING_BYTES);
    const [classical, postQuantum] = rows.map(({ bytesByPhase }) => bytesByPhase);
    expect(postQuantum).toEqual({ ...classical, job: expect.any(Number), envelope: expect.any(Number) });
  });

  it('sees the tampered envelope refused by its signature, before any image block was asked for', () => {
    expect(result.attack).toMatchObject({ code: 'signature-invalid', imageBlocks: 0 });
  });

  it('leaves records in long format, all of them measured', () => {
    expect(new Set(costs().map(({ how }) => how))).toEqual(new Set(['measured']));
    const lines = costsToCsv(costs()).trim().split('\r\n');
    expect(lines[0]).toBe('run,seed,commit,profile,link,algorithm,blockBytes,phase,quantity,unit,value,how,n');
    expect(lines).toHaveLength(costs().length + 1);
    expect(JSON.parse(costsToJson(costs()))).toEqual(costs());
  });
});
