import { Writable } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { sampleOf, sumProgress } from '../../../device-sim/fleet/progress.ts';
import { terminalView } from '../../../device-sim/fleet/terminal-view.ts';
import { type FleetView, momentOf } from '../../../device-sim/fleet/view.ts';
import { fleetResult, SETTINGS, workerProgress } from '../../support/fleet-findings.ts';

function watch(
  screen: { readonly isTTY?: boolean; readonly columns?: number },
  play: (view: FleetView) => void,
): string {
  let written = '';
  const stream = new Writable({
    write(piece: Uint8Array, _encoding, done) {
      written += new TextDecoder().decode(piece);
      done();
    },
  });
  play(terminalView(Object.assign(stream, screen)));
  return written;
}

const sampleAt = (seconds: number, done: number) => {
  const progress = sumProgress([
    workerProgress({ atMs: 1_000_000 + 1_000 * seconds, done, refused: { 'signature-invalid': 2 } }),
  ]);
  const sample = sampleOf(progress, undefined, {
    startedAtMs: 1_000_000,
    cloud: { rssBytes: 3e8, eventLoopP99Ms: 12 },
  });
  return [sample, momentOf(progress, { payloadBytes: 6_400_000, atSeconds: seconds })] as const;
};

function campaign(view: FleetView): void {
  view.begin(SETTINGS);
  view.phase('updating', 'all devices at once');
  for (let seconds = 1; seconds <= 12; seconds++) view.sample(...sampleAt(seconds, seconds));
  view.fault({ atSeconds: 12.5, fault: 'broker-killed', detail: 'SIGKILL' });
  view.end(fleetResult());
}

describe('a fleet on a terminal', () => {
  it('is drawn anew: as many lines up as were drawn, none wider than the screen, nothing left at the end', () => {
    const drawn = watch({ isTTY: true, columns: 70 }, campaign);
    expect(drawn.split('\u001b[6A')).toHaveLength(13);
    expect(drawn).toContain('50 %');
    expect(drawn).toContain('11 of 100 done');
    expect(drawn.split('\n').every((line) => stripVTControlCharacters(line).length < 70)).toBe(true);
    expect(drawn.slice(drawn.indexOf('broker-killed'))).not.toContain('blocks/s');
  });

  it('says all that is to be seen', () => {
    const drawn = watch({ isTTY: true, columns: 200 }, campaign);
    for (const what of [
      '2 signature-invalid',
      'blocks/s',
      'MB/s',
      'verified/s',
      'p99',
      'event loop',
      'cloud 300 MB',
      'left',
    ])
      expect(drawn).toContain(what);
  });
});

describe('a fleet elsewhere', () => {
  it('is a line every five seconds, and one for each phase and fault', () => {
    const lines = watch({}, campaign).trimEnd().split('\n');
    expect(lines.map((line) => line.split(':')[0]?.trim())).toEqual([
      'fleet of 100 devices, embedded broker',
      ...['updating', '1.0 s', '6.0 s', '11 s', '13 s'],
    ]);
  });
});
