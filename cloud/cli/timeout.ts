/** Milliseconds on the command line. */
import { UsageError } from '../../command-line.ts';

export function expectTimeout(text: string): number {
  const timeoutMs = Number(text);
  if (/^\d+$/.test(text) && timeoutMs >= 1 && timeoutMs <= 600_000) return timeoutMs;
  throw new UsageError(`--timeout: expected milliseconds from 1 to 600000, got ${JSON.stringify(text.slice(0, 20))}`);
}
