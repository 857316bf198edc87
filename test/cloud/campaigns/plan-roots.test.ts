import { describe, expect, it } from 'vitest';
import { planRoots, type RootArtifact } from '../../../cloud/campaigns/plan-roots.ts';

const chain = (count: number): readonly RootArtifact[] =>
  Array.from({ length: count }, (_, i) => ({ version: i + 2, digest: `d${i + 2}`, bytes: 1_000 + i }));
const plan = (count: number) => planRoots(chain(count), { streamId: 'c-1', reserved: 2 });

describe('the roots of a campaign', () => {
  it('are none where none is published', () => {
    expect(plan(0)).toEqual({ roots: [], files: new Map() });
  });

  it('go into the stream of the campaign, behind its other files', () => {
    expect(plan(2)).toEqual({
      roots: [
        { version: 2, fileId: 128, bytes: 1_000 },
        { version: 3, fileId: 129, bytes: 1_001 },
      ],
      files: new Map([
        [
          'c-1',
          [
            { fileId: 128, digest: 'd2', bytes: 1_000 },
            { fileId: 129, digest: 'd3', bytes: 1_001 },
          ],
        ],
      ]),
    });
  });

  it('go on in further streams where one of AWS IoT is full: ten files each', () => {
    const { roots, files } = plan(30);
    expect([...files].map(([id, its]) => [id, its.length])).toEqual([
      ['c-1', 8],
      ['c-1_roots-1', 10],
      ['c-1_roots-2', 10],
      ['c-1_roots-3', 2],
    ]);
    expect(roots[7]).toEqual({ version: 9, fileId: 135, bytes: 1_007 });
    expect(roots[8]).toEqual({ version: 10, fileId: 128, bytes: 1_008, stream: 'c-1_roots-1' });
    expect(roots.map(({ version }) => version)).toEqual(chain(30).map(({ version }) => version));
  });

  it('are the newest forty: a job can say no more', () => {
    const { roots } = plan(50);
    expect([roots.length, roots[0]?.version, roots.at(-1)?.version]).toEqual([40, 12, 51]);
  });
});
