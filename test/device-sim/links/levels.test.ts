/**
 * The three levels of a link, on one update: ML-DSA-65 over NB-IoT, an image of 4 KiB, eight times as fast as life. At
 * full size and speed: `node test/bench/link-levels.ts --link nb-iot --image 34768`.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { missingForEmulator } from '../../../device-sim/links/emulator-support.ts';
import { fasterLink, linkNamed } from '../../../device-sim/profiles/links.ts';
import { type LevelResult, type Levels, measureLevels } from '../../support/link-levels.ts';

const missing = missingForEmulator();
if (missing !== undefined) console.log(`levels.test.ts: level 3 skipped, for want of ${missing}`);

/**
 * Of IP bytes, of both directions together. Of one alone it is more: at this speed, acknowledgements of 52 bytes ride on
 * data at one level and go alone at the other.
 */
const IP_ERROR = 0.05;
const IP_ERROR_OF_ONE_WAY = 0.3;
const TIME_ERROR = 0.1;
/** What programs on a busy machine may need besides. */
const SLACK_MS = 2_000;

let levels: Levels;
beforeAll(async () => {
  levels = await measureLevels({ link: fasterLink(linkNamed('nb-iot')!, 8), imageBytes: 4_096 });
});

const level = (name: 'virtual' | 'proxy' | 'emulator'): LevelResult => levels.results.find((it) => it.name === name)!;

const packetBytes = ({ traffic }: LevelResult) => [traffic.up.packetBytes, traffic.down.packetBytes] as const;

const errorOf = (modelled: number, counted: number): number => Math.abs(modelled / counted - 1);

describe('the levels of a link', () => {
  it('all carry the update to its end', () => {
    expect(levels.results.map(({ status }) => status)).toEqual(levels.results.map(() => 'SUCCEEDED'));
    expect(levels.results).toHaveLength(missing === undefined ? 3 : 2);
  });

  it('agree to the byte on what MQTT, and TCP, carried', () => {
    const { mqttBytes } = level('virtual');
    expect(mqttBytes.down).toBeGreaterThan(3_309 + 4_096);
    for (const result of levels.results) {
      expect([result.name, result.mqttBytes]).toEqual([result.name, mqttBytes]);
      expect([result.name, result.linkBytes]).toEqual([result.name, mqttBytes]);
    }
  });

  it.runIf(missing === undefined)('agree on what IP carried, within the stated error', () => {
    const [up, down] = packetBytes(level('emulator'));
    for (const name of ['virtual', 'proxy'] as const) {
      const [modelledUp, modelledDown] = packetBytes(level(name));
      expect(errorOf(modelledUp, up)).toBeLessThan(IP_ERROR_OF_ONE_WAY);
      expect(errorOf(modelledDown, down)).toBeLessThan(IP_ERROR_OF_ONE_WAY);
      expect(errorOf(modelledUp + modelledDown, up + down)).toBeLessThan(IP_ERROR);
    }
    expect.assertions(6);
  });

  it('agree on the time, within the stated error and what this machine needs for itself', () => {
    const modelledMs = level('virtual').durationMs;
    const ownMs = 3 * levels.unshapedMs + SLACK_MS;
    const measured = levels.results.filter(({ name }) => name !== 'virtual');
    for (const { durationMs } of measured) {
      expect(durationMs).toBeGreaterThan(modelledMs * (1 - TIME_ERROR));
      expect(durationMs).toBeLessThan(modelledMs * (1 + TIME_ERROR) + ownMs);
    }
    expect(measured).toHaveLength(missing === undefined ? 2 : 1);
  });
});
