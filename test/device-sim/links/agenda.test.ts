import { expect, it } from 'vitest';
import { Agenda } from '../../../device-sim/links/agenda.ts';

it('does what is planned in order of time, and of two at one time the first first', () => {
  const agenda = new Agenda();
  const done: string[] = [];
  const note = (what: string) => () => void done.push(`${what} at ${agenda.nowMs}`);
  agenda.at(20, note('c'));
  agenda.at(10, note('a'));
  agenda.at(10, note('b'));
  agenda.runUntil(15);
  expect(done).toEqual(['a at 10', 'b at 10']);
  expect(agenda.nowMs).toBe(15);
  agenda.run();
  expect(done.at(-1)).toBe('c at 20');
  expect(agenda.nextMs).toBeUndefined();
});

it('takes plans off again, and new ones while it runs', () => {
  const agenda = new Agenda(100);
  const done: number[] = [];
  const cancel = agenda.after(5, () => done.push(-1));
  agenda.after(1, () => {
    cancel();
    agenda.after(0, () => done.push(agenda.nowMs));
    agenda.at(50, () => done.push(agenda.nowMs));
  });
  agenda.run();
  // What is planned for the past happens now.
  expect(done).toEqual([101, 101]);
});
