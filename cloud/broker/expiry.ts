/** The end of a certificate is the end of its connection, however long that has been open. */
import type { Client } from 'aedes';

/** What setTimeout can wait: 24 days. */
const LONGEST_WAIT_MS = 2 ** 31 - 1;

/** @param expiresAtMs since 1970 */
export function onExpiry(client: Client, expiresAtMs: number, cut: () => void): void {
  let timer: NodeJS.Timeout | undefined;
  const wait = (): void => {
    const leftMs = expiresAtMs - Date.now();
    if (leftMs <= 0) return cut();
    timer = setTimeout(wait, Math.min(leftMs, LONGEST_WAIT_MS)).unref();
  };
  client.conn.once('close', () => clearTimeout(timer));
  wait();
}
