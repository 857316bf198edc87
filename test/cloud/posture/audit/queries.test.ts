import { describe, expect, it } from 'vitest';
import { trailQueries } from '../../../../cloud/posture/audit/queries.ts';

const STORE = '1234abcd-12ab-34cd-56ef-1234567890ab';

describe('trailQueries', () => {
  it('asks both questions of each of the three services', () => {
    const queries = trailQueries({ table: 'logs.cloudtrail', eventDataStore: STORE });
    expect(queries.map(({ service }) => service)).toEqual([
      'Athena',
      'Athena',
      'CloudTrail Lake',
      'CloudTrail Lake',
      'CloudWatch Logs Insights',
      'CloudWatch Logs Insights',
    ]);
    for (const { query } of queries) expect(query).toContain('kms.amazonaws.com');
    expect(queries.filter(({ query }) => query.includes('FROM logs.cloudtrail\n'))).toHaveLength(2);
    expect(queries.filter(({ query }) => query.includes(`FROM ${STORE}\n`))).toHaveLength(2);
    expect(queries.filter(({ query }) => /ML_DSA_SHAKE_256|MLKEM/.test(query))).toHaveLength(6);
  });

  it.each(['', 'a b', "x'; DROP TABLE y", 'a;b', 'a"b', 'x\n', 'x'.repeat(300)])('refuses the table %j', (table) => {
    expect(() => trailQueries({ table, eventDataStore: STORE })).toThrow(
      expect.objectContaining({ code: 'query-name' }),
    );
  });
});
