/** A TCP port on the command line; 0 asks for any free one. */
import { UsageError } from '../../command-line.ts';

export function expectPort(text: string, option: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65_535) return port;
  throw new UsageError(`${option}: expected a port from 0 to 65535, got ${JSON.stringify(text.slice(0, 20))}`);
}
