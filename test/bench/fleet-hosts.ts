/**
 * A fleet on several hosts that are network namespaces of this machine: each with its own address, name and routes, and
 * nothing but TCP to the queue and the broker. Only run by hand, as root, with `ip`, redis-server and mosquitto:
 *
 *     npx node test/bench/fleet-hosts.ts [hosts] [devices] [more options of `bristlecone fleet`]
 *
 *     ┌ load-1 ┐ ┌ load-2 ┐ ┌ load-3 ┐   fleet worker
 *     └───┬────┘ └───┬────┘ └───┬────┘
 *         └──────────┴──────────┴─ bridge 10.213.0.1: redis-server, mosquitto, bristlecone fleet --hosts 3
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const BRIDGE = 'brfleet';
const HERE = '10.213.0.1';
const REDIS_PORT = 6399;
const BROKER_PORT = 1893;
const ENTRY = join(import.meta.dirname, '../../bristlecone.ts');
/** bytes. Made anew for each run; it never stands in a list of processes. */
const PASSWORD_BYTES = 16;

const [hosts = 3, devices = 300] = process.argv.slice(2, 4).map(Number);
const more = process.argv.slice(4);

function ip(...args: readonly string[]): void {
  const { status, stderr } = spawnSync('ip', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`ip ${args.join(' ')}: ${stderr}`);
}

const nameOf = (host: number): string => `load-${host}`;

function createHost(host: number): void {
  const [name, link] = [nameOf(host), `${BRIDGE}${host}`];
  ip('netns', 'add', name);
  ip('link', 'add', link, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name);
  ip('link', 'set', link, 'master', BRIDGE, 'up');
  ip('-n', name, 'addr', 'add', `10.213.0.${10 + host}/24`, 'dev', 'eth0');
  ip('-n', name, 'link', 'set', 'eth0', 'up');
}

function startWorker(host: number, env: NodeJS.ProcessEnv): ChildProcess {
  const inside = `hostname ${nameOf(host)}; exec "$0" "$@"`;
  const command = [process.execPath, ENTRY, 'fleet', 'worker', '--workers', '1'];
  return spawn('ip', ['netns', 'exec', nameOf(host), 'unshare', '--uts', 'sh', '-c', inside, ...command], {
    stdio: 'ignore',
    env,
  });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}

const folder = mkdtempSync(join(tmpdir(), 'bristlecone-hosts-'));
const password = crypto.getRandomValues(new Uint8Array(PASSWORD_BYTES)).toHex();
const env = { ...process.env, BRISTLECONE_QUEUE: `redis://:${password}@${HERE}:${REDIS_PORT}` };
const redisFile = join(folder, 'redis.conf');
const mosquittoFile = join(folder, 'mosquitto.conf');
writeFileSync(redisFile, `bind ${HERE}\nport ${REDIS_PORT}\nrequirepass ${password}\nsave ""\ndir ${folder}\n`);
writeFileSync(
  mosquittoFile,
  `listener ${BROKER_PORT} ${HERE}\nallow_anonymous true\nset_tcp_nodelay true\nmax_queued_messages 0\nmax_inflight_messages 0\nlog_type error\n`,
);
const children: ChildProcess[] = [];
try {
  ip('link', 'add', BRIDGE, 'type', 'bridge');
  ip('addr', 'add', `${HERE}/24`, 'dev', BRIDGE);
  ip('link', 'set', BRIDGE, 'up');
  for (let host = 1; host <= hosts; host++) createHost(host);
  children.push(spawn('redis-server', [redisFile], { stdio: 'ignore' }));
  children.push(spawn('mosquitto', ['-c', mosquittoFile], { stdio: 'ignore' }));
  for (let host = 1; host <= hosts; host++) children.push(startWorker(host, env));
  const broker = ['--broker', `mqtt://${HERE}:${BROKER_PORT}`];
  const size = ['--hosts', String(hosts), '--devices', String(devices)];
  const fleet = spawn(process.execPath, [ENTRY, 'fleet', ...size, ...broker, ...more], {
    stdio: 'inherit',
    env,
  });
  await once(fleet, 'exit');
  process.exitCode = fleet.exitCode ?? 1;
} finally {
  await Promise.all(children.map(end));
  for (let host = 1; host <= hosts; host++) spawnSync('ip', ['netns', 'del', nameOf(host)]);
  spawnSync('ip', ['link', 'del', BRIDGE]);
  rmSync(folder, { recursive: true, force: true });
}
