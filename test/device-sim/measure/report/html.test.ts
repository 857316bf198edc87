import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { escapeHtml, html, withCode } from '../../../../device-sim/measure/report/html.ts';

describe('html', () => {
  it('escapes what is put into it, and not what is markup already', () => {
    expect(html`<p title="${`"'`}">${'<script>'}${html`<b>&amp;</b>`}</p>`.text).toBe(
      '<p title="&quot;&#39;">&lt;script&gt;<b>&amp;</b></p>',
    );
  });

  it('prints nothing for undefined, and lists one after the other', () => {
    expect(html`${undefined}${['a', 1, html`<i></i>`]}`.text).toBe('a1<i></i>');
  });

  it('lets no text out of its place', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('<', '>', '"', "'", '&', '`', ';', 'lt', '\u0000') }), (text) => {
        expect(html`${text}`.text).not.toMatch(/[<>"']/);
        expect(withCode(text).text.replaceAll(/<\/?code>/g, '')).not.toMatch(/[<>"']/);
      }),
    );
  });

  it('replaces control characters, which no escape makes harmless', () => {
    expect(escapeHtml('a\u0000b\u001bc\nd')).toBe('a\ufffdb\ufffdc\nd');
  });

  it('sets commands between backticks as code', () => {
    expect(withCode('run `bristlecone <x>` now').text).toBe('run <code>bristlecone &lt;x&gt;</code> now');
  });
});
