/** A KMS of canned answers on a real socket, for what the embedded one does not do: pages, refusals, silence. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const CONTENT_TYPE = 'application/x-amz-json-1.1';

type Json = Readonly<Record<string, unknown>>;

/** Answers one operation; undefined hangs up. */
type Answer = (operation: string, input: Json) => { readonly status: number; readonly body: Json } | undefined;

export const ok = (body: Json) => ({ status: 200, body });

export const fault = (type: string, message = 'no') => ({ status: 400, body: { __type: type, message } });

export interface FakeKms {
  readonly url: string;
  /** Operations in the order in which they came. */
  readonly calls: readonly string[];
  close(): Promise<void>;
}

export async function startFakeKms(answer: Answer): Promise<FakeKms> {
  const calls: string[] = [];
  const server = createServer((request, response) => {
    const chunks: Uint8Array[] = [];
    request.on('data', (chunk: Uint8Array) => chunks.push(chunk));
    request.on('end', () => {
      const operation = String(request.headers['x-amz-target']).replace('TrentService.', '');
      calls.push(operation);
      const input: Json = JSON.parse(new TextDecoder().decode(Buffer.concat(chunks)));
      const found = answer(operation, input);
      if (found === undefined) request.socket.destroy();
      else response.writeHead(found.status, { 'content-type': CONTENT_TYPE }).end(JSON.stringify(found.body));
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    close: async () => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}
