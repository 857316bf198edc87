import { describe, expect, it } from 'vitest';
import { describeCase, FAULTS_AT, parseCase, PLACES } from '../../../device-sim/faults/fault.ts';

describe('a case in words', () => {
  it('is the case again, with each fault that there is', () => {
    const faults = PLACES.flatMap((place) => FAULTS_AT[place].map((how, at) => `${place}:${at}:${how}`));
    expect(faults).toHaveLength(26);
    const text = ['7 hybrid external two-roots', ...faults].join(' ');
    expect(parseCase(text)).toMatchObject({
      seed: 7,
      scenario: { algorithm: 'hybrid', layout: 'external', trust: 'two-roots' },
    });
    expect(parseCase(text).faults[0]).toEqual({ place: 'flash', at: 0, how: 'before' });
    expect(describeCase(parseCase(text))).toBe(text);
  });

  it.each([
    ['', 'expected a seed'],
    ['x ES256 a/b no-root', 'expected a seed'],
    ['1 RSA a/b no-root', 'expected one of ES256'],
    ['1 ES256 a/c no-root', 'expected one of a/b'],
    ['1 ES256 a/b no-roots', 'expected one of no-root'],
    ['1 ES256 a/b no-root sector:1:torn', 'expected one of flash'],
    ['1 ES256 a/b no-root flash:x:torn', 'expected a number'],
    ['1 ES256 a/b no-root flash:1:lost', 'expected one of before'],
  ])('%s is refused', (text, message) => {
    expect(() => parseCase(text)).toThrow(message);
  });
});
