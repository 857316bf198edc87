/**
 * How far predictions have been from what was measured, and where that is on record: an error that nobody has looked for
 * is not stated. `measure advise --check` looks for it again.
 */
export interface KnownError {
  readonly errorPercent: number;
  readonly source: string;
}

const CHECKED = 'measure advise --check of this project against a device over a real socket and the embedded cloud';

// oxfmt-ignore
export const KNOWN_ERRORS = {
  /** Bytes of MQTT, round trips and metered messages. */
  mqtt: { errorPercent: 1, source: `${CHECKED}: names, time stamps and tokens of other lengths` },
  /** IP bytes: level 1 of a link against the kernel’s TCP. */
  packets: { errorPercent: 5, source: 'level 1 of a link against level 3: test/device-sim/links/levels.test.ts' },
  linkTime: { errorPercent: 10, source: 'level 1 of a link against levels 2 and 3: test/device-sim/links/levels.test.ts' },
  ram: { errorPercent: 2, source: `${CHECKED}: the same ledger of the same agent` },
} as const satisfies Readonly<Record<string, KnownError>>;
