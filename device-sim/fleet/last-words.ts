/** What a process said on standard error before it died: the end of it, without the stack, which is nobody's answer. */
import type { ChildProcess } from 'node:child_process';

const KEPT_CHARACTERS = 2_000;
const SHOWN_CHARACTERS = 500;

/** @returns reads it: empty, or `; it said: …` */
export function lastWordsOf(child: ChildProcess): () => string {
  let heard = '';
  child.stderr?.on('data', (text: Uint8Array) => {
    heard = (heard + new TextDecoder().decode(text)).slice(-KEPT_CHARACTERS);
  });
  return () => {
    const lines = heard.split('\n').filter((line) => line.trim() !== '' && !/^\s+at /.test(line));
    return lines.length === 0 ? '' : `; it said: ${lines.join('\n').slice(-SHOWN_CHARACTERS)}`;
  };
}
