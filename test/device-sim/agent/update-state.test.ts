import { describe, expect, it } from 'vitest';
import {
  isUpdateState,
  nextState,
  type Result,
  TRANSITIONS,
  type UpdateState,
} from '../../../device-sim/agent/update-state.ts';

const states = Object.keys(TRANSITIONS).filter(isUpdateState);
const resultsOf = (state: UpdateState): Result[] => Object.keys(TRANSITIONS[state]) as Result[];

/** The states that `from` leads to, itself included. */
function reachable(from: UpdateState): Set<UpdateState> {
  const seen = new Set([from]);
  for (const state of seen) for (const result of resultsOf(state)) seen.add(nextState(state, result));
  return seen;
}

/** What leads to `target`: `downloading: success`. */
const into = (target: UpdateState): string[] =>
  states.flatMap((state) =>
    resultsOf(state).flatMap((result) => (nextState(state, result) === target ? [`${state}: ${result}`] : [])),
  );

describe('the state table', () => {
  it('has eleven states', () => {
    expect(states).toHaveLength(11);
  });

  it('has a way out of every state by success and by failure', () => {
    for (const state of states) expect(resultsOf(state)).toContain('success');
    // Where there is no job yet, there is none that could fail.
    const withoutFailure = states.filter((state) => !resultsOf(state).includes('failure'));
    expect(withoutFailure).toEqual(['idle']);
  });

  it('goes through all states of an update on success, and back to idle', () => {
    const walk: UpdateState[] = ['idle'];
    // Of one job with one root: then there is no newer one.
    const results: Result[] = ['success', 'success', 'success', 'unchanged'];
    do walk.push(nextState(walk.at(-1)!, results.shift() ?? 'success'));
    while (walk.at(-1) !== 'idle');
    // oxfmt-ignore
    expect(walk).toEqual([
      'idle', 'fetching-root', 'accepting-root', 'fetching-root', 'fetching-envelope', 'authenticating', 'downloading', 'installing', 'rebooting', 'confirming', 'reporting', 'idle',
    ]);
  });

  it('reaches every state, and idle from every state, whatever fails', () => {
    expect([...reachable('idle')].toSorted()).toEqual(states.toSorted());
    for (const state of states) expect(reachable(state)).toContain('idle');
  });

  it('takes one root at a time, and no release before the last of them', () => {
    expect(into('accepting-root')).toEqual(['fetching-root: success']);
    expect(into('fetching-root')).toEqual(['idle: success', 'accepting-root: success']);
    expect(into('fetching-envelope')).toEqual(['fetching-root: unchanged']);
  });

  it('never installs what was not authenticated, nor keeps what was not confirmed', () => {
    expect(into('downloading')).toEqual(['authenticating: success']);
    expect(into('installing')).toEqual(['downloading: success']);
    expect(into('confirming')).toEqual(['rebooting: success']);
    expect(into('rolling-back')).toEqual(['rebooting: failure', 'confirming: failure']);
  });

  it('knows no other result', () => {
    expect(() => nextState('installing', 'unchanged')).toThrow(TypeError);
    expect(isUpdateState('toString')).toBe(false);
  });
});
