/**
 * A network namespace of Linux, which lives as long as this process keeps it open: nothing has a name, so nothing is left
 * behind, even by a process that is killed. Needs root and node:ffi, which is experimental.
 *
 * A thread is in one namespace at a time, and what it opens belongs there for good. So everything that opens something
 * happens in `inside`, which is synchronous: between entering and leaving, nothing else of this program runs.
 */
import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync } from 'node:fs';
import { dlopen } from 'node:ffi';
import { Socket } from 'node:net';

const { functions: libc } = dlopen('libc.so.6', {
  ioctl: { return: 'i32', arguments: ['i32', 'u64', 'buffer'] },
  unshare: { return: 'i32', arguments: ['i32'] },
  setns: { return: 'i32', arguments: ['i32', 'i32'] },
  socket: { return: 'i32', arguments: ['i32', 'i32', 'i32'] },
  read: { return: 'i64', arguments: ['i32', 'buffer', 'u64'] },
});

// Of <sched.h>, <linux/if_tun.h> and <sys/socket.h>.
const CLONE_NEWNET = 0x4000_0000;
const TUNSETIFF = 0x4004_54ca;
const IFF_TUN_NO_PI = 0x1001;
const IFREQ_BYTES = 40;
const IFREQ_FLAGS_AT = 16;
const AF_INET = 2;
const SOCK_STREAM_NONBLOCK_CLOEXEC = 0o1 | 0o4000 | 0o2_000_000;

const OWN_NAMESPACE = '/proc/thread-self/ns/net';

export interface TunOptions {
  readonly address: string;
  /** Address of the other end. */
  readonly peer: string;
  readonly mtuBytes: number;
}

export class NetworkNamespace implements Disposable {
  readonly #home: number;
  readonly #fd: number;

  /** @throws {Error} where the kernel refuses, which it does without CAP_SYS_ADMIN */
  constructor() {
    this.#home = openSync(OWN_NAMESPACE, 'r');
    expectOk(libc.unshare(CLONE_NEWNET), 'unshare');
    this.#fd = openSync(OWN_NAMESPACE, 'r');
    expectOk(libc.setns(this.#home, CLONE_NEWNET), 'setns');
  }

  /** For nsenter: `nsenter --net=PATH ip addr`. */
  get path(): string {
    return `/proc/${process.pid}/fd/${this.#fd}`;
  }

  inside<T>(act: () => T): T {
    expectOk(libc.setns(this.#fd, CLONE_NEWNET), 'setns');
    try {
      return act();
    } finally {
      expectOk(libc.setns(this.#home, CLONE_NEWNET), 'setns');
    }
  }

  openTun({ address, peer, mtuBytes }: TunOptions): Tun {
    return this.inside(() => {
      const tun = new Tun('link0');
      ip('addr', 'add', address, 'peer', peer, 'dev', 'link0');
      ip('link', 'set', 'link0', 'mtu', `${mtuBytes}`, 'up');
      ip('link', 'set', 'lo', 'up');
      return tun;
    });
  }

  /** Not connected yet. Node opens its sockets when it connects, which is later and outside. */
  createSocket(): Socket {
    const fd = this.inside(() => libc.socket(AF_INET, SOCK_STREAM_NONBLOCK_CLOEXEC, 0));
    expectOk(fd, 'socket');
    return new Socket({ fd, readable: true, writable: true, allowHalfOpen: true, ...NOT_READING_YET });
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
    closeSync(this.#home);
  }
}

/** Reading from a socket before it is connected would end it. Documented for servers only, hence missing in the types. */
const NOT_READING_YET: object = { pauseOnCreate: true };

/** A network device whose packets this program reads and writes. */
export class Tun implements Disposable {
  readonly fd: number;

  /** In the namespace that the thread is in. */
  constructor(name: string) {
    this.fd = openSync('/dev/net/tun', constants.O_RDWR | constants.O_NONBLOCK);
    const request = new Uint8Array(IFREQ_BYTES);
    new TextEncoder().encodeInto(name, request);
    new DataView(request.buffer).setUint16(IFREQ_FLAGS_AT, IFF_TUN_NO_PI, true);
    expectOk(libc.ioctl(this.fd, BigInt(TUNSETIFF), Buffer.from(request.buffer)), 'ioctl TUNSETIFF');
  }

  /** One packet into `buffer`. @returns its bytes; 0 where none waits */
  read(buffer: Buffer): number {
    return Math.max(0, Number(libc.read(this.fd, buffer, BigInt(buffer.length))));
  }

  [Symbol.dispose](): void {
    closeSync(this.fd);
  }
}

const ip = (...parameters: readonly string[]): void =>
  void execFileSync('ip', [...parameters], { stdio: ['ignore', 'ignore', 'pipe'] });

function expectOk(result: number, call: string): void {
  if (result < 0) throw new Error(`${call}: refused by the kernel`);
}
