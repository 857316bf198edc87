/**
 * What AWS bills for a fleet that takes one update each.
 *
 *     bill = devices × (units × price per message + minutes connected × price per minute + price of a job's execution)
 *
 * Units are counted by metrics/metered-units.ts. Prices are configuration: AWS changes them, and they differ by region.
 * All at the first tier of prices: fleets of that size pay less beyond it.
 */
import { type CostValue, computed, given } from './value.ts';

export interface AwsPrices {
  /** US dollars. */
  readonly perMillionMessages: number;
  readonly perMillionMinutes: number;
  readonly perJobExecution: number;
  readonly source: string;
}

/** As a user would set them anew; what we took for us-east-1 was not read from AWS's page. */
export const AWS_PRICES: AwsPrices = {
  perMillionMessages: 1,
  perMillionMinutes: 0.08,
  perJobExecution: 0.003,
  source:
    'configuration; the default is the list price of us-east-1 as remembered, to be checked before it is relied on',
};

const FLEET_DEVICES = 1_000_000;

/**
 * @param minutes how long the device is connected; without it the bill is that of messages and jobs
 */
export function awsBill(units: CostValue, minutes: CostValue | undefined, prices: AwsPrices): readonly CostValue[] {
  const { source } = prices;
  const devices = given({ quantity: 'fleet', value: FLEET_DEVICES, unit: 'devices', source: 'our choice: a million' });
  const price = (quantity: string, value: number, unit: string): CostValue => given({ quantity, value, unit, source });
  const perMessages = price('price-of-messages', prices.perMillionMessages, 'USD/million');
  const perMinutes = price('price-of-connection', prices.perMillionMinutes, 'USD/million minutes');
  const perJob = price('price-of-job', prices.perJobExecution, 'USD');
  const fleet = devices.value;
  const messages = dollars({
    quantity: 'aws-messages',
    value: (fleet * units.value * perMessages.value) / 1e6,
    formula: 'fleet × aws-units × price-of-messages ÷ 1000000',
    inputs: [devices, units, perMessages],
  });
  const connection =
    minutes &&
    dollars({
      quantity: 'aws-connection',
      value: (fleet * minutes.value * perMinutes.value) / 1e6,
      formula: 'fleet × connected × price-of-connection ÷ 1000000',
      inputs: [devices, minutes, perMinutes],
    });
  const jobs = dollars({
    quantity: 'aws-jobs',
    value: fleet * perJob.value,
    formula: 'fleet × price-of-job',
    inputs: [devices, perJob],
  });
  const parts = connection ? [messages, connection, jobs] : [messages, jobs];
  const bill = dollars({
    quantity: 'aws-bill',
    value: parts.reduce((sum, { value }) => sum + value, 0),
    formula: parts.map(({ quantity }) => quantity).join(' + '),
    inputs: parts,
  });
  return [...parts, bill];
}

const dollars = (bill: Omit<Parameters<typeof computed>[0], 'unit'>): CostValue => computed({ ...bill, unit: 'USD' });
