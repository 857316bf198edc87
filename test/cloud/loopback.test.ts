import { describe, expect, it } from 'vitest';
import { isLoopback } from '../../cloud/loopback.ts';

describe('isLoopback', () => {
  it.each<[string, boolean]>([
    ['127.0.0.1', true],
    ['127.1.2.3', true],
    ['localhost', true],
    ['[::1]', true],
    ['::1', true],
    ['127.0.0.1.example.com', false],
    ['localhost.example.com', false],
    ['128.0.0.1', false],
    ['0.0.0.0', false],
    ['', false],
  ])('%s: %s', (hostname, expected) => {
    expect(isLoopback(hostname)).toBe(expected);
  });
});
