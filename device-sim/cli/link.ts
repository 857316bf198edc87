/** `bristlecone link`: put a slow, lossy link between any device and any cloud. */
import type { Command } from 'commander';
import { type CommandResult, type Io, run, subcommand, textTable, UsageError } from '../../command-line.ts';
import type { ChannelCounts } from '../links/channel.ts';
import { missingForEmulator } from '../links/emulator-support.ts';
import { startShapingProxy } from '../links/proxy.ts';
import type { Address, LinkStats, RunningLink, ServeLinkOptions } from '../links/running-link.ts';
import { Unavailable } from '../ports.ts';
import { fasterLink, linkNamed, type LinkDirection, type LinkProfile, LINKS } from '../profiles/links.ts';
import { brokerUrl, dataFolder } from './data-folder.ts';
import { parseCount } from './files.ts';

interface LinkOptions {
  readonly link: string;
  readonly listen: string;
  readonly to?: string;
  readonly data?: string;
  readonly seed: string;
  readonly faster: string;
  readonly loss?: string;
}

/** How often what went through is said. */
const REPORT_MS = 10_000;

export function registerLinkCommands(program: Command): void {
  const link = program.command('link').description('links of constrained devices, between real programs');
  registerProxy(link);
  registerEmulate(link);
}

const withLinkOptions = (command: Command): Command =>
  command
    .requiredOption('--link <name>', `one of ${LINKS.map(({ name }) => name).join(', ')}: see device links`)
    .option('--listen <port>', 'where the device connects to, on this machine; 0 is any free port', '0')
    .option('--to <host:port>', 'where the cloud listens (default: the broker of the running embedded cloud)')
    .option('--data <dir>', 'folder of the embedded cloud (default: .bristlecone)')
    .option('--seed <n>', 'of losses and jitter', '1')
    .option('--faster <factor>', 'divide all times by this, for trying out', '1')
    .option('--loss <rate>', 'instead of the link’s own: 0 to 0.9');

function registerProxy(parent: Command): void {
  const command = withLinkOptions(
    subcommand(parent, {
      name: 'proxy',
      summary: 'delay a TCP connection as a link would, until Ctrl-C; losses show as TCP’s time to send again',
      examples: [
        'link proxy --link nb-iot --listen 1884 --to 127.0.0.1:1883',
        'link proxy --link lte-m --faster 10 --json',
      ],
    }),
  );
  run<LinkOptions>(command, async ({ options, io }) => serve(startShapingProxy, options, io));
}

function registerEmulate(parent: Command): void {
  const command = withLinkOptions(
    subcommand(parent, {
      name: 'emulate',
      summary: 'carry real TCP packet by packet between two network namespaces, until Ctrl-C; needs root',
      examples: [
        'link emulate --link nb-iot --listen 1884 --to 127.0.0.1:1883',
        'link emulate --link satellite --loss 0.05',
      ],
    }),
  );
  run<LinkOptions>(command, async ({ options, io }) => {
    const missing = missingForEmulator();
    if (missing !== undefined) {
      throw new Unavailable(
        `link emulate: expected ${missing}, which is missing here; \`link proxy\` needs none of it`,
      );
    }
    const link = linkOf(options);
    if (link.carries.kind !== 'ip') {
      throw new UsageError(`--link: ${link.name} ends at a gateway, so there is no TCP over it; use link proxy`);
    }
    const { startEmulator } = await import('../links/emulator.ts');
    return serve(startEmulator, options, io);
  });
}

async function serve(
  start: (options: ServeLinkOptions) => Promise<RunningLink & { readonly deviceNamespace?: string }>,
  options: LinkOptions,
  io: Io,
): Promise<CommandResult> {
  const { signal } = io;
  const link = linkOf(options);
  const to = targetOf(options);
  const port = expectPort(options.listen, '--listen');
  const seed = parseCount(options.seed, '--seed') ?? 1;
  await using running = await start({ link, seed, listen: { port }, to });
  const { deviceNamespace } = running;
  const listening = {
    link: link.name,
    host: '127.0.0.1',
    port: running.port,
    to: `${to.host}:${to.port}`,
    deviceNamespace,
  };
  io.emit(listening, describeStart(listening));
  for (let seen = 0; !signal.aborted; seen = totalBytes(running.stats())) {
    await io.sleep(REPORT_MS);
    const stats = running.stats();
    if (!signal.aborted && totalBytes(stats) > seen) io.note(describeProgress(stats));
  }
  const stats = running.stats();
  return { json: { link: link.name, ...stats }, text: describeEnd(link, stats) };
}

function describeStart({
  link,
  port,
  to,
  deviceNamespace,
}: Record<'link' | 'to', string> & { port: number; deviceNamespace?: string | undefined }): string {
  const lines = [
    `${link}: 127.0.0.1:${port} → ${to}`,
    `  a device: bristlecone device run --thing hub-1 --mqtt mqtt://127.0.0.1:${port}`,
  ];
  if (deviceNamespace !== undefined)
    lines.push(`  a program at the device’s end: nsenter --net=${deviceNamespace} PROGRAM`);
  return [...lines, '  Ctrl-C ends it and says what went through'].join('\n');
}

function linkOf({ link: name, faster, loss }: LinkOptions): LinkProfile {
  const known = linkNamed(name);
  if (!known) {
    const names = LINKS.map((link) => link.name).join(', ');
    throw new UsageError(`--link: expected one of ${names}, got ${JSON.stringify(name.slice(0, 40))}`);
  }
  const factor = expectNumber(faster, '--faster', { from: 0.001, to: 1_000 });
  const lossRate = loss === undefined ? known.lossRate : expectNumber(loss, '--loss', { from: 0, to: 0.9 });
  return { ...(factor === 1 ? known : fasterLink(known, factor)), lossRate };
}

function targetOf({ to, data }: LinkOptions): Address {
  if (to === undefined) {
    const { hostname, port } = new URL(brokerUrl(dataFolder(data), undefined));
    return { host: hostname, port: Number(port) };
  }
  const [, host, port] = /^(.+):(\d+)$/.exec(to) ?? [];
  if (host === undefined || port === undefined)
    throw new UsageError(`--to: expected HOST:PORT, got ${JSON.stringify(to.slice(0, 100))}`);
  return { host, port: expectPort(port, '--to') };
}

function expectPort(text: string, at: string): number {
  return Math.trunc(expectNumber(text, at, { from: 0, to: 65_535 }));
}

function expectNumber(text: string, at: string, { from, to }: { readonly from: number; readonly to: number }): number {
  const number = text.trim() === '' ? Number.NaN : Number(text);
  if (number >= from && number <= to) return number;
  throw new UsageError(`${at}: expected ${from} to ${to}, got ${JSON.stringify(text.slice(0, 40))}`);
}

const totalBytes = ({ payloadBytes }: LinkStats): number => payloadBytes.up + payloadBytes.down;

const describeProgress = ({ openConnections, payloadBytes, traffic }: LinkStats): string =>
  `${openConnections} open; up ${payloadBytes.up} B in ${traffic.up.frames} frames, down ${payloadBytes.down} B in ${traffic.down.frames} frames`;

export function describeEnd({ name, carries }: LinkProfile, { connections, payloadBytes, traffic }: LinkStats): string {
  const row = (direction: LinkDirection, counts: ChannelCounts): readonly (string | number)[] => [
    direction,
    payloadBytes[direction],
    ...(carries.kind === 'ip' ? [counts.packets, counts.packetBytes] : []),
    counts.frames,
    counts.frameBytes,
    (counts.airMs / 1_000).toFixed(1),
    counts.lostPackets + counts.resentFrames,
    counts.droppedPackets,
  ];
  const ip = carries.kind === 'ip' ? ['IP packets', 'IP bytes'] : [];
  const head = ['', 'TCP payload', ...ip, 'frames', 'frame bytes', 'on air s', 'lost', 'dropped'];
  return `${name}: ${connections} connections\n${textTable(head, [row('up', traffic.up), row('down', traffic.down)])}`;
}
