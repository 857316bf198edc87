import { describe, expect, it } from 'vitest';
import { planFetch } from '../../../device-sim/agent/plan-fetch.ts';

const file = { fileId: 1, bytes: 1_000, uri: 'coap://image' };
const job = { files: [{ fileId: 2, bytes: 5, uri: 'other' }, file], slotBytes: 4_096 };

describe('planFetch', () => {
  it.each<[name: string, imageBytes: number | undefined]>([
    ['of the size the manifest says', 1_000],
    ['of a size that it does not say', undefined],
  ])('takes the file of the URI, %s', (_name, imageBytes) => {
    expect(planFetch({ uri: file.uri, ...(imageBytes !== undefined && { imageBytes }) }, job)).toEqual({
      ok: true,
      file,
    });
  });

  it.each([
    ['another URI', { uri: 'coap://IMAGE' }, job, 'image-unavailable'],
    ['a file that goes on', { uri: file.uri, imageBytes: 999 }, job, 'image-too-large'],
    ['a file that ends early', { uri: file.uri, imageBytes: 1_001 }, job, 'image-mismatch'],
    ['a file beyond the slot', { uri: file.uri }, { ...job, slotBytes: 999 }, 'image-too-large'],
    ['no file at all', { uri: file.uri }, { ...job, files: [] }, 'image-unavailable'],
  ])('refuses %s', (_name, fetch, context, code) => {
    expect(planFetch(fetch, context)).toMatchObject({ ok: false, code });
  });

  it('does not repeat a long URI', () => {
    const plan = planFetch({ uri: 'x'.repeat(1_000) }, job);
    expect(plan.ok ? 0 : plan.detail.length).toBeLessThan(120);
  });
});
