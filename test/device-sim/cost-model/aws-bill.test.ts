import { describe, expect, it } from 'vitest';
import { AWS_PRICES, awsBill } from '../../../device-sim/cost-model/aws-bill.ts';
import { given, measured } from '../../../device-sim/cost-model/value.ts';

/** 1 MiB in blocks of 4096 bytes at QoS 1: 256 blocks, as many acknowledgements, 8 requests. */
const units = measured({ quantity: 'aws-units', value: 520, unit: '1', source: 'counted in this run' });
const minutes = given({ quantity: 'connected', value: 10, unit: 'min', source: 'a link' });

describe('the bill for a million devices', () => {
  it('adds up messages, minutes and jobs', () => {
    const dollars = awsBill(units, minutes, AWS_PRICES).map(({ quantity, value }) => `${quantity} ${value}`);
    expect(dollars).toEqual(['aws-messages 520', 'aws-connection 0.8', 'aws-jobs 3000', 'aws-bill 3520.8']);
  });

  it('leaves out the minutes that nobody knows, and says so in its formula', () => {
    const bill = awsBill(units, undefined, AWS_PRICES).at(-1)!;
    expect([bill.value, bill.formula]).toEqual([3_520, 'aws-messages + aws-jobs']);
  });

  it('is by the prices that it is given', () => {
    const prices = { perMillionMessages: 2, perMillionMinutes: 0, perJobExecution: 0, source: 'a contract' };
    const bill = awsBill(units, minutes, prices);
    expect(bill.at(-1)).toMatchObject({ value: 1_040, unit: 'USD', how: 'modelled' });
    expect(bill[0]!.inputs.map(({ source }) => source)).toContain('a contract');
  });
});
