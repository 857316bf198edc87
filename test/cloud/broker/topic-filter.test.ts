import { describe, expect, it } from 'vitest';
import { matcher } from '../../../cloud/broker/topic-filter.ts';

describe('matcher', () => {
  it.each<[filter: string, topic: string, matches: boolean]>([
    ['a/b', 'a/b', true],
    ['a/b', 'a/c', false],
    ['a/+', 'a/b', true],
    ['a/+', 'a/b/c', false],
    ['a/+/c', 'a//c', true],
    ['+', 'a/b', false],
    ['#', 'a/b', true],
    ['a/#', 'a/b/c', true],
    ['a/#', 'a', true],
    ['a/#', 'b', false],
    ['a/b/#', 'a', false],
  ])('%s, %s: %s', (filter, topic, matches) => {
    expect(matcher(filter)(topic)).toBe(matches);
  });
});
