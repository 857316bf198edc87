/** `bristlecone posture clients`: what the TLS clients of this machine really offer. */
import type { Command } from 'commander';
import { type CommandResult, run, subcommand, textTable, UsageError } from '../../../command-line.ts';
import { clientPrograms } from '../../posture/clients/programs.ts';
import { type TriedClient, tryClient } from '../../posture/clients/try-clients.ts';
import { expectTimeout } from '../timeout.ts';

export function registerClients(parent: Command): void {
  const command = subcommand(parent, {
    name: 'clients',
    summary: 'whether the TLS clients installed here offer a hybrid key exchange, from their ClientHello',
    examples: ['posture clients', 'posture clients --only curl Python', 'posture clients --json'],
  })
    .option('--only <name...>', 'these, by a part of their names')
    .option('--timeout <ms>', 'for each client, its start included', '20000');
  run<{ only?: readonly string[]; timeout: string }>(command, async ({ options, io }) => {
    const timeoutMs = expectTimeout(options.timeout);
    const programs = clientPrograms(process.execPath).filter(({ name }) => isWanted(name, options.only));
    if (programs.length === 0) throw new UsageError(`--only: no client has ${options.only?.join(' or ')} in its name`);
    const tried: TriedClient[] = [];
    const progress = io.progress('clients', programs.length);
    // One at a time, so that a slow start does not look like silence.
    for (const program of programs) {
      tried.push(await tryClient(program, { env: io.env, timeoutMs }));
      progress.update(tried.length);
    }
    progress.stop();
    return resultOf(tried);
  });
}

const isWanted = (name: string, only: readonly string[] | undefined): boolean =>
  only === undefined || only.some((part) => name.toLowerCase().includes(part.toLowerCase()));

/** A client that is installed and did not connect is something we do not know: partial. */
function resultOf(tried: readonly TriedClient[]): CommandResult {
  const isPartial = tried.some(({ status }) => status === 'no-connection');
  const connected = tried.filter((it) => it.status === 'connected');
  const ready = connected.filter(({ verdict }) => verdict.readiness === 'ready').length;
  const text = [
    textTable(['client', 'hybrid', 'key shares', 'ML-DSA certificates', 'hello B', 'version'], tried.map(row)),
    '',
    `${ready} of ${connected.length} clients are ready for hybrid key exchange.`,
    ...connected.flatMap(({ name, upgrade }) => (upgrade === '' ? [] : [`${name}: ${upgrade}`])),
    ...tried.flatMap((it) => (it.status === 'no-connection' ? [`${it.name} (${it.path}): ${it.message}`] : [])),
  ].join('\n');
  return { json: { partial: isPartial, clients: tried }, text, exit: isPartial ? 'refused' : 'done' };
}

function row(it: TriedClient): (string | number)[] {
  if (it.status !== 'connected') return [it.name, it.status, '–', '–', '–', '–'];
  const { readiness, keyShares, mlDsaCertificates, helloBytes } = it.verdict;
  return [
    it.name,
    readiness,
    keyShares.join(' ') || '–',
    mlDsaCertificates ? 'yes' : 'no',
    helloBytes,
    it.version.slice(0, 60),
  ];
}
