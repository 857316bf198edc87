/**
 * A page on this machine that shows a fleet run as it goes:
 *
 *     GET /          the page, with its style and script beside it; uPlot comes out of node_modules
 *     GET /events    server-sent events: first everything so far, then each change
 *
 * It only shows. It listens on loopback, and answers to no other name than that, so that a page of somebody else's cannot
 * read it through a name of its own.
 */
import { readFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fastify } from 'fastify';
import type { FleetView } from '../view.ts';
import { type LiveMessage, LiveView } from './live-state.ts';

const HOST = '127.0.0.1';
const UPLOT = dirname(createRequire(import.meta.url).resolve('uplot'));

interface Asset {
  readonly file: string;
  readonly type: string;
}

const ASSETS: Readonly<Record<string, Asset>> = {
  '/': { file: join(import.meta.dirname, 'page.html'), type: 'text/html; charset=utf-8' },
  '/page.css': { file: join(import.meta.dirname, 'page.css'), type: 'text/css; charset=utf-8' },
  '/page.js': { file: join(import.meta.dirname, 'page.js'), type: 'text/javascript; charset=utf-8' },
  '/uplot.css': { file: join(UPLOT, 'uPlot.min.css'), type: 'text/css; charset=utf-8' },
  '/uplot.js': { file: join(UPLOT, 'uPlot.esm.js'), type: 'text/javascript; charset=utf-8' },
};

const HEADERS = {
  // uPlot places its parts by style attributes.
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self'",
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
};

export interface LivePage extends AsyncDisposable {
  readonly url: string;
  readonly view: FleetView;
}

/** @param port 0: any free one */
export async function startLivePage(port: number): Promise<LivePage> {
  const watchers = new Set<ServerResponse>();
  const view = new LiveView((message) => watchers.forEach((watcher) => send(watcher, message)));
  const server = fastify({ forceCloseConnections: true });
  server.addHook('onRequest', async (request, reply) => {
    if (!['127.0.0.1', 'localhost'].includes(request.hostname))
      await reply.code(421).send('expected a request to 127.0.0.1');
  });
  for (const [path, { file, type }] of Object.entries(ASSETS)) {
    server.get(path, (_request, reply) => reply.headers({ ...HEADERS, 'content-type': type }).send(readFileSync(file)));
  }
  server.get('/events', (_request, reply) => {
    reply.hijack();
    const response = reply.raw;
    response.writeHead(200, { ...HEADERS, 'content-type': 'text/event-stream' });
    send(response, { kind: 'state', state: view.state });
    watchers.add(response);
    response.on('close', () => watchers.delete(response));
  });
  const url = await server.listen({ port, host: HOST });
  return {
    url,
    view,
    [Symbol.asyncDispose]: async () => {
      // What was said last arrives first.
      await Promise.all([...watchers].map((watcher) => new Promise<void>((resolve) => watcher.end(resolve))));
      await server.close();
    },
  };
}

const send = (watcher: ServerResponse, message: LiveMessage): void =>
  void watcher.write(`data: ${JSON.stringify(message)}\n\n`);
