import { describe, expect, it } from 'vitest';
import { AWS_PRICES } from '../../../../device-sim/cost-model/aws-bill.ts';
import { advise, ALGORITHM_SETS, isAllowed, type Wish } from '../../../../device-sim/measure/advise/advise.ts';
import {
  considerChoice,
  costNamed,
  OBJECTIVES,
  type Question,
} from '../../../../device-sim/measure/advise/candidate.ts';
import { boardNamed } from '../../../../device-sim/profiles/boards.ts';
import { linkNamed } from '../../../../device-sim/profiles/links.ts';

const QUESTION: Question = {
  link: linkNamed('nb-iot')!,
  board: boardNamed('nrf52840')!,
  imageBytes: 8_192,
  devices: 100_000,
  requestBytes: [8_192],
  prices: AWS_PRICES,
  seed: 1,
};
const WISH: Wish = { objective: 'time', floor: 'post-quantum', algorithms: ALGORITHM_SETS };

describe('advice', () => {
  it('is the best of what is allowed, and says of each alternative why it is not', async () => {
    const { recommended, alternatives } = await advise(QUESTION, WISH);
    expect(isAllowed(recommended.choice.algorithms, 'post-quantum')).toBe(true);
    const best = costNamed(recommended, OBJECTIVES.time)!;
    const allowed = alternatives.filter((it) => isAllowed(it.choice.algorithms, 'post-quantum') && !it.impossible);
    expect(allowed.length).toBeGreaterThan(8);
    for (const it of allowed)
      expect([it.change, costNamed(it, OBJECTIVES.time)! >= best * 0.99]).toEqual([it.change, true]);
    expect(alternatives.find(({ change }) => change === 'ES256')!.why).toContain('below what is asked for');
    expect(alternatives.find(({ change }) => change === 'blocks of 256 B')!.why).toMatch(/^\+\d+\.\d % time$/);
  });

  it('keeps to ML-DSA-87 where CNSA 2.0 is asked for', async () => {
    const { recommended } = await advise(QUESTION, { ...WISH, floor: 'cnsa' });
    expect(recommended.choice.algorithms).toEqual(['ML-DSA-87']);
  });

  it('saves money with QoS 0, whose acknowledgements AWS bills nobody for', async () => {
    const { recommended, alternatives } = await advise(QUESTION, {
      ...WISH,
      objective: 'money',
      algorithms: [['ML-DSA-44']],
    });
    expect(recommended.choice.qos).toBe(0);
    const other = alternatives.find(({ change }) => change === 'QoS 1')!;
    expect(costNamed(other, 'AWS messages')).toBeGreaterThan(costNamed(recommended, 'AWS messages')!);
  });

  it('states none of what happens on a link for larger requests than levels of links were compared with', async () => {
    const question = { ...QUESTION, imageBytes: 65_536, link: linkNamed('lte-m')! };
    const choice = { algorithms: ['ML-DSA-87'], blockBytes: 8_192, qos: 0, keyForm: 'key-id' } as const;
    const stated = async (requestBytes: number) => {
      const { costs } = await considerChoice({ ...choice, requestBytes, imageBytes: 65_536 }, question);
      return ['time', 'time on the link', OBJECTIVES.bytes, 'bytes of MQTT'].map(
        (name) => costs.find(({ quantity }) => quantity === name)?.errorPercent,
      );
    };

    expect(await stated(8_192)).toEqual([10, 10, 5, 1]);
    expect(await stated(32_768)).toEqual([undefined, undefined, undefined, 1]);
  });

  it('states an error only where somebody has looked for it', async () => {
    const { recommended } = await advise(QUESTION, { ...WISH, algorithms: [['ML-DSA-65']] });
    const stated = (quantity: string) => recommended.costs.find((it) => it.quantity === quantity)?.errorPercent;
    expect([stated('time on the link'), stated(OBJECTIVES.money), stated('verify-time ML-DSA-65')]).toEqual([
      10,
      undefined,
      undefined,
    ]);
    expect(recommended.costs.every(({ source }) => source !== '')).toBe(true);
    const lossy = { ...QUESTION, link: { ...QUESTION.link, lossRate: 0.02 } };
    const { costs } = await considerChoice(recommended.choice, lossy);
    expect(costs.find(({ quantity }) => quantity === 'time')).not.toHaveProperty('errorPercent');
    expect(costs.find(({ quantity }) => quantity === 'time')!.source).toMatch(/by chance alone, in 5 runs/);
  });

  it.each<[name: string, question: Partial<Question>, wish: Partial<Wish>, says: RegExp]>([
    ['no algorithm that is allowed', {}, { algorithms: [['ES256']] }, /no algorithm is allowed/],
    [
      'a link that the agent gives up on',
      { link: linkNamed('lorawan-dr0')! },
      { algorithms: [['ML-DSA-44']] },
      /no CONNACK/,
    ],
    ['a board without the stack', { board: boardNamed('stm32f070rb')! }, { algorithms: [['ML-DSA-87']] }, /./],
    [
      'an objective that nobody can predict',
      {},
      { objective: 'energy', algorithms: [['ML-DSA-44']] },
      /energy is not known/,
    ],
  ])('refuses %s, and says why', async (_name, question, wish, says) => {
    const asked = advise({ ...QUESTION, ...question }, { ...WISH, ...wish });
    await expect(asked).rejects.toMatchObject({ code: 'no-advice', message: expect.stringMatching(says) });
  });
});
