import { describe, expect, it } from 'vitest';
import { Turnstile } from '../../../cloud/broker/turnstile.ts';

const settled = async (): Promise<void> => void (await new Promise(setImmediate));

describe('a turnstile', () => {
  it('lets in so many at once, and the others in their order', async () => {
    const turnstile = new Turnstile(2);
    const inside: number[] = [];
    for (let n = 0; n < 5; n++) void turnstile.enter().then(() => inside.push(n));
    await settled();
    expect(inside).toEqual([0, 1]);
    expect([turnstile.inside, turnstile.waiting]).toEqual([2, 3]);
    turnstile.leave();
    await settled();
    expect(inside).toEqual([0, 1, 2]);
    turnstile.leave();
    turnstile.leave();
    await settled();
    expect(inside).toEqual([0, 1, 2, 3, 4]);
    expect([turnstile.inside, turnstile.waiting]).toEqual([2, 0]);
  });

  it('lets in more as soon as it may, and fewer from then on', async () => {
    const turnstile = new Turnstile(1);
    let inside = 0;
    for (let n = 0; n < 4; n++) void turnstile.enter().then(() => (inside += 1));
    turnstile.resize(3);
    await settled();
    expect(inside).toBe(3);
    turnstile.resize(1);
    turnstile.leave();
    turnstile.leave();
    await settled();
    expect(inside).toBe(3);
    turnstile.leave();
    await settled();
    expect(inside).toBe(4);
  });
});
