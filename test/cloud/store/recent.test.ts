import { describe, expect, it } from 'vitest';
import { Recent } from '../../../cloud/store/recent.ts';

const counted = () => {
  const made: string[] = [];
  const make = (key: string) => () => {
    made.push(key);
    return Promise.resolve(key.toUpperCase());
  };
  return { made, make };
};

describe('Recent', () => {
  it('makes each value once, also for those who ask while it is being made', async () => {
    const { made, make } = counted();
    const recent = new Recent<string>(5);
    expect(
      await Promise.all([recent.get('a', make('a')), recent.get('a', make('a')), recent.get('b', make('b'))]),
    ).toEqual(['A', 'A', 'B']);
    expect(await recent.get('a', make('a'))).toBe('A');
    expect(made).toEqual(['a', 'b']);
  });

  it('forgets the one that was asked for the longest time ago', async () => {
    const { made, make } = counted();
    const evicted: Promise<string>[] = [];
    const recent = new Recent<string>(2, (value) => evicted.push(value));
    for (const key of ['a', 'b', 'a', 'c', 'a', 'b']) await recent.get(key, make(key));
    expect(made).toEqual(['a', 'b', 'c', 'b']);
    expect(await Promise.all(evicted)).toEqual(['B', 'C']);
    expect(await Promise.all(recent.clear())).toEqual(['A', 'B']);
  });

  it('forgets what failed', async () => {
    const { make } = counted();
    const recent = new Recent<string>(2);
    await expect(recent.get('a', () => Promise.reject(new Error('not now')))).rejects.toThrow('not now');
    expect(await recent.get('a', make('a'))).toBe('A');
  });
});
