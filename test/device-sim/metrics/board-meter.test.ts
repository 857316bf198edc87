import { describe, expect, it } from 'vitest';
import { BoardMeter } from '../../../device-sim/metrics/board-meter.ts';

describe('the board meter', () => {
  it('counts flash operations to the phase in which they happen', () => {
    let counters = { erases: 5, writes: 7, writtenBytes: 100 };
    const spend = (erases: number, writes: number): void => {
      counters = {
        erases: counters.erases + erases,
        writes: counters.writes + writes,
        writtenBytes: counters.writtenBytes + 4 * writes,
      };
    };
    const phases: string[] = [];
    const meter = new BoardMeter({ flashCounters: () => counters, ram: { enter: (phase) => void phases.push(phase) } });

    spend(0, 1);
    meter.enterState('downloading');
    spend(3, 10);
    meter.enterState('installing');
    spend(0, 2);
    meter.enterState('rebooting');
    spend(1, 1);
    meter.settle();
    meter.settle();

    expect(meter.flash('image')).toEqual({ erases: 3, writes: 10, writtenBytes: 40 });
    expect(meter.flash('install')).toEqual({ erases: 1, writes: 4, writtenBytes: 16 });
    expect(meter.flash('report')).toEqual({ erases: 0, writes: 0, writtenBytes: 0 });
    expect(phases).toEqual(['image', 'install', 'install']);
  });
});
