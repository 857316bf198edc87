import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fleetCsv, writeFleetFiles } from '../../../device-sim/fleet/fleet-files.ts';
import { fleetResult } from '../../support/fleet-findings.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const run = { connections: 100, seconds: 1, receivedBytes: 2_000_000, receivedBytesPerSecond: 2_000_000, blocks: 400 };

describe('fleet.csv', () => {
  const lines = fleetCsv(fleetResult({ before: run, after: run })).split('\r\n');

  it('has one quantity a line, under a header, each with what it was measured with', () => {
    expect(lines[0]).toBe('devices,broker,algorithm,block_bytes,seed,quantity,of,unit,value,n');
    expect(lines.at(-1)).toBe('');
    const rows = lines.slice(1, -1);
    expect(rows.length).toBe(41);
    expect(rows.filter((row) => !/^100,embedded,ML-DSA-65,4096,1,[^,]+,[^,]*,[^,]+,[\d.e+-]+,\d+$/.test(row))).toEqual(
      [],
    );
  });

  it.each([
    'devices,done,1,100,1',
    'devices,lost,1,0,1',
    'duration,campaign,s,10,1',
    'received,devices,B,7000000,1',
    'ratio,delivery to ceiling,1,0.5,1',
    'rss,cloud,B,300000000,1',
  ])('says %s', (line) => {
    expect(lines).toContain(`100,embedded,ML-DSA-65,4096,1,${line}`);
  });
});

describe('fleet.json', () => {
  it('is the whole result', () => {
    const folder = temporaryFolder();
    const result = fleetResult({ before: run });
    const [json] = writeFleetFiles(folder, result);
    expect(json).toContain('fleet.json');
    expect(JSON.parse(readFileSync(join(folder, 'fleet.json'), 'utf8'))).toEqual(result);
  });
});
