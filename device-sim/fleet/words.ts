/** Numbers as people read them, the same in the terminal, on the page and in the summary. */

export const count = (value: number): string => Math.round(value).toLocaleString('en-US');

/** `37.5 MB/s` */
export const byteRate = (bytesPerSecond: number): string => `${bytes(bytesPerSecond)}/s`;

/** Powers of 1,000, as links and disks are sold. */
export function bytes(value: number): string {
  if (Math.abs(value) < 1_000) return `${Math.round(value)} B`;
  if (Math.abs(value) < 1e6) return `${threeDigits(value / 1e3)} KB`;
  if (Math.abs(value) < 1e9) return `${threeDigits(value / 1e6)} MB`;
  return `${threeDigits(value / 1e9)} GB`;
}

export const milliseconds = (ms: number): string =>
  ms < 1_000 ? `${threeDigits(ms)} ms` : `${threeDigits(ms / 1_000)} s`;

/** `1:05`, or `12.3 s` where that says more. */
export function duration(seconds: number): string {
  if (seconds < 100) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')} min`;
}

function threeDigits(value: number): string {
  const size = Math.abs(value);
  return value.toLocaleString('en-US', { maximumFractionDigits: size < 10 ? 2 : size < 100 ? 1 : 0 });
}
