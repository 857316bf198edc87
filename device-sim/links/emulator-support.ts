/** Whether this machine can run the emulator. Apart from it, since loading it loads node:ffi, which not every Node has. */
import { existsSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';

/** Numbers of CAP_NET_ADMIN and CAP_SYS_ADMIN in <linux/capability.h>. */
const NEEDED_CAPABILITIES = { CAP_NET_ADMIN: 12, CAP_SYS_ADMIN: 21 };

/** What level 3 lacks on this machine, in words for an operator; undefined where it lacks nothing. */
export function missingForEmulator(): string | undefined {
  if (process.platform !== 'linux') return 'Linux';
  if (!isBuiltin('node:ffi')) return 'node:ffi (Node 26 or later)';
  if (!existsSync('/dev/net/tun')) return '/dev/net/tun';
  const capabilities = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
  const missing = Object.entries(NEEDED_CAPABILITIES).find(
    ([, bit]) => (BigInt(`0x${capabilities}`) >> BigInt(bit)) % 2n === 0n,
  );
  if (missing) return `root rights (${missing[0]})`;
  const hasIp = ['/sbin/ip', '/usr/sbin/ip', '/bin/ip', '/usr/bin/ip'].some(existsSync);
  return hasIp ? undefined : 'the command ip (iproute2)';
}
