import { describe, expect, it } from 'vitest';
import { reportHtml } from '../../../../device-sim/measure/report/report.ts';
import { DARK, LIGHT } from '../../../../device-sim/measure/report/style.ts';
import { fleetResult } from '../../../support/fleet-findings.ts';
import { madeResults } from '../../../support/measure-results.ts';

const results = madeResults();
const page = reportHtml(results);

describe('report.html', () => {
  it('is one file of less than a megabyte, however large the experiment', () => {
    expect(page.length).toBeLessThan(300_000);
    const many = Array.from({ length: 40 }, (_, at) => [`SCHEME-${at}`, 1_000 + at] as const).map(([name]) => name);
    const large = madeResults({
      algorithms: ['ES256', 'ML-DSA-65', ...many],
      blockBytes: [256, 512, 1_024, 2_048, 4_096, 8_192],
    });
    expect(large.runs.length).toBe(42 * 3 * 6);
    expect(new TextEncoder().encode(reportHtml(large)).length).toBeLessThan(1_000_000);
  });

  it('has no script, and asks for nothing: not even a link leaves it', () => {
    expect(page).not.toMatch(/<script|<iframe|<object|<embed|<link\b|@import|javascript:|\son[a-z]+=/i);
    expect(page.match(/https?:\/\/[^\s"'<]+/g)?.filter((url) => !url.startsWith('http://www.w3.org/')) ?? []).toEqual(
      [],
    );
    expect(
      [...page.matchAll(/\b(?:src|href)="([^"]*)"/g)].map(([, to]) => to!).filter((to) => !to.startsWith('#')),
    ).toEqual([]);
    expect([...page.matchAll(/url\(([^)]*)\)/g)].map(([, to]) => to!).filter((to) => !to.startsWith('#'))).toEqual([]);
  });

  it('lets the browser run and fetch nothing either', () => {
    expect(page).toContain(`content="default-src 'none'; style-src 'unsafe-inline'; img-src data:"`);
  });

  it('has each id once, and every link and pattern leads to one', () => {
    const ids = [...page.matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id!);
    expect(ids.filter((id, at) => ids.indexOf(id) !== at)).toEqual([]);
    const targets = [
      ...page.matchAll(/(?:href="#|url\(#)([^")]+)/g),
      ...page.matchAll(/aria-labelledby="([^" ]+)/g),
    ].map(([, id]) => id!);
    expect(targets.length).toBeGreaterThan(50);
    expect(targets.filter((id) => !ids.includes(id))).toEqual([]);
  });

  it('is the same for the same results', () => {
    expect(reportHtml(madeResults())).toBe(page);
  });

  it('says at its top that the code was changed since its commit', () => {
    const made = madeResults({ algorithms: ['ES256'] });
    const machine = { ...made.machine, commit: '0123456789ab-dirty' };

    expect(reportHtml({ ...made, machine })).toMatch(/seed\s+7, commit 0123456789ab-dirty\. Bytes/);
  });

  it('can be traced: seed, commit, case, first run, source', () => {
    for (const trace of [
      'seed 7',
      'commit abcdef0',
      results.runs[0]!.spec.id,
      'run-0',
      'profile of nb-iot, made',
      'made prices',
    ]) {
      expect(page).toContain(trace);
    }
  });

  it('keeps hostile names in their places', () => {
    const hostile = madeResults({
      algorithms: ['ES256', 'ML-DSA-65', '<script>alert(1)</script>', '"><img src=x onerror=alert(1)>'],
      images: { '</title><style>*{display:none}': 4_096, "'; url(https://evil.example)": 8_192 },
      links: ['nb-iot', '<a href=//evil.example>'],
      boards: ['rp2040', '</svg><script>'],
    });
    const harmless = reportHtml({ ...hostile, sources: { '<b>': 'see <img src=x> & https://evil.example' } });
    expect(harmless).not.toMatch(/<script|<img|<a href=\/|<b>:/);
    expect(harmless.match(/<style>/g)).toHaveLength(1);
    expect(harmless).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
  });

  it('says first that runs are missing', () => {
    const [first] = results.runs;
    const failed = [{ spec: first!.spec, repetition: 0, position: 0, code: 'timeout', detail: 'no job' }];
    const some = reportHtml({ ...results, failed, plannedRuns: results.runs.length + 1 });
    const warning = `${results.runs.length} of ${results.runs.length + 1} runs came to their end`;
    expect(some.indexOf(warning)).toBeGreaterThan(0);
    expect(some.indexOf(warning)).toBeLessThan(some.indexOf('What ML-DSA costs'));
    expect(page).not.toContain('class="warning"');
  });

  it('is a page even where nothing was measured', () => {
    const empty = reportHtml(madeResults({ algorithms: [], handshakes: [] }));
    expect(empty).toContain('<h1>Nothing was measured</h1>');
    expect(empty).not.toMatch(/NaN|Infinity|undefined/);
  });

  it('takes fleets', () => {
    const fleet = fleetResult();
    const withFleet = reportHtml(results, { fleets: [fleet] });
    expect(withFleet).toContain('A fleet at once');
    expect(withFleet).toContain(`${fleet.counts.done} of ${fleet.devices} simulated devices`);
    expect(page).not.toContain('A fleet at once');
  });
});

/** WCAG 2.2, contrast ratio and relative luminance. */
function contrast(a: string, b: string): number {
  const [lighter, darker] = [luminance(a), luminance(b)].toSorted((x, y) => y - x);
  return (lighter! + 0.05) / (darker! + 0.05);
}

function luminance(hex: string): number {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const channel = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return channel <= 0.03928 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!;
}

describe('colours', () => {
  const text = ['ink', 'muted', 'link', 'none', 'classical', 'ml-dsa', 'hybrid', 'hash', 'other'] as const;

  it.each([
    ['light', LIGHT],
    ['dark', DARK],
  ])('of text and shapes are 4.5:1 against paper and panel, in %s mode', (_mode, colours) => {
    const weak = text.filter(
      (name) => Math.min(contrast(colours[name], colours.paper), contrast(colours[name], colours.panel)) < 4.5,
    );
    expect(weak).toEqual([]);
  });
});
