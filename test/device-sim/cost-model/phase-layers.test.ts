import { expect, it } from 'vitest';
import { phaseLayers } from '../../../device-sim/cost-model/phase-layers.ts';
import type { CostRow } from '../../../device-sim/metrics/cost.ts';

const row = (phase: string, quantity: string, value: number): CostRow =>
  ({ phase, quantity, value, unit: 'B', how: 'measured' }) as CostRow;

it('takes the bytes of a phase apart, each layer what it adds', () => {
  const rows = [
    row('image', 'received-payload', 1_000),
    row('image', 'sent-payload', 50),
    row('image', 'received', 1_080),
    row('job', 'received-payload', 7),
  ];
  const use = { ms: 2_500, mqttBytes: 1_200, tlsBytes: 66, packetBytes: 1_500, frameBytes: 1_540 };
  const layers = phaseLayers(rows, new Map([['image', use]]));
  expect(layers).toEqual([
    {
      phase: 'image',
      payloadBytes: 1_050,
      mqttBytes: 150,
      tlsBytes: 66,
      tcpIpBytes: 234,
      frameBytes: 40,
      totalBytes: 1_540,
      seconds: 2.5,
    },
  ]);
});
