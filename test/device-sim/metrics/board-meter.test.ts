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
    expect(meter.flash('boot')).toEqual({ erases: 0, writes: 1, writtenBytes: 4 });
    expect(meter.flash('install')).toEqual({ erases: 1, writes: 3, writtenBytes: 12 });
    expect(meter.flash('report')).toEqual({ erases: 0, writes: 0, writtenBytes: 0 });
    expect(phases).toEqual(['image', 'install', 'install']);
  });

  it('counts to the boot loader from the start, and after each reboot again', () => {
    let writes = 0;
    const meter = new BoardMeter({
      flashCounters: () => ({ erases: 0, writes, writtenBytes: 0 }),
      ram: { enter: () => {} },
    });
    writes += 3;
    meter.enterBoot();
    writes += 4;
    meter.noteStart({ hashedBytes: 100, swappedBytes: 0 });
    meter.enterState('idle');
    writes += 50;
    meter.enterBoot();
    writes += 5;
    meter.noteStart({ hashedBytes: 200, swappedBytes: 600 });
    meter.enterState('confirming');

    expect([meter.flash('boot').writes, meter.flash('job').writes]).toEqual([12, 50]);
    expect(meter.starts).toEqual([
      { hashedBytes: 100, swappedBytes: 0 },
      { hashedBytes: 200, swappedBytes: 600 },
    ]);
  });
});
