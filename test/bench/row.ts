/** One line of `npm run bench`: ours beside a peer, from one run. */
export interface BenchRow {
  readonly name: string;
  readonly ours: number;
  readonly peer: number;
  /** ours / peer. Only this is comparable between machines. */
  readonly ratio: number;
  readonly goal?: number;
  /** of `ours` and `peer`. */
  readonly unit: string;
}
