/** TCP ports on the command line. */
import { once } from 'node:events';
import { createServer } from 'node:net';
import { UsageError } from '../../command-line.ts';

export interface PortChoice {
  readonly option: string;
  /** As the user gave it; 0 asks for any free port. */
  readonly text: string | undefined;
  /** Taken where the user gave none and nobody else has it; else any free one. */
  readonly preferred: number;
  readonly host: string;
}

/** A port that the user names must be that one; a default must never keep anybody from starting. */
export async function choosePort({ option, text, preferred, host }: PortChoice): Promise<number> {
  if (text === undefined) return (await isFree(preferred, host)) ? preferred : 0;
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65_535) return port;
  throw new UsageError(`${option}: expected a port from 0 to 65535, got ${JSON.stringify(text.slice(0, 20))}`);
}

async function isFree(port: number, host: string): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, host);
    await once(server, 'listening');
    return true;
  } catch {
    return false;
  } finally {
    server.close();
  }
}
