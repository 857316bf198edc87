import { describe, expect, it } from 'vitest';
import { parseCase } from '../../../device-sim/faults/fault.ts';
import { traceCase } from '../../../device-sim/faults/trace-case.ts';

describe('traceCase', () => {
  it('tells states, flash operations, messages and faults, in their order', async () => {
    const { lines, result } = await traceCase(parseCase('7 ES256 a/b one-root flash:12:torn down:4:lost'));
    expect(result).toMatchObject({ violation: undefined, faults: 2, powerCuts: 1 });
    const at = (text: string): number => lines.findIndex((line) => line.includes(text));
    const order = [
      ...['power on 1', 'state idle', 'down 0  jobs/start-next/accepted', 'job job-1', 'flash 0  journal: write'],
      ...['!! flash 12: torn', 'power on 2', 'root 2 accepted', '!! down 4: lost', 'state confirming'],
    ];
    const places = order.map(at);
    expect(places).not.toContain(-1);
    expect(places).toEqual(places.toSorted((a, b) => a - b));
    // What the power did not last for is made again, under its number.
    expect(lines.filter((line) => line.startsWith('    flash 12 '))).toHaveLength(2);
  });

  it('tells the same again', async () => {
    const faultCase = parseCase('3 ES256 swap no-root flash:40:after up:2:old-session');
    expect((await traceCase(faultCase)).lines).toEqual((await traceCase(faultCase)).lines);
  });
});
