/** Who watches a fleet run: a terminal, a page, or nobody. */
import type { FleetProgress } from './progress.ts';
import type { FaultEvent, FleetResult, FleetSettings, Sample } from './result.ts';

export type Phase = 'preparing' | 'ceiling before' | 'connecting' | 'updating' | 'ceiling after' | 'done';

export interface FleetView {
  /** The fleet that is next, where there are several. */
  begin(settings: FleetSettings): void;
  phase(phase: Phase, detail: string): void;
  /** Twice a second at the most. */
  sample(sample: Sample, moment: Moment): void;
  fault(event: FaultEvent): void;
  end(result: FleetResult): void;
}

/** Beside a sample: what only the present has. */
export interface Moment {
  readonly progress: FleetProgress;
  /** 0 to 1, of the bytes that the devices take. */
  readonly share: number;
  /** Undefined until it can be told. */
  readonly secondsLeft: number | undefined;
}

export function viewTogether(views: readonly FleetView[]): FleetView {
  return {
    begin: (settings) => views.forEach((view) => view.begin(settings)),
    phase: (phase, detail) => views.forEach((view) => view.phase(phase, detail)),
    sample: (sample, moment) => views.forEach((view) => view.sample(sample, moment)),
    fault: (event) => views.forEach((view) => view.fault(event)),
    end: (result) => views.forEach((view) => view.end(result)),
  };
}

/** From bytes that have come and bytes that will: devices run side by side, so they end nearly together. */
export function momentOf(
  progress: FleetProgress,
  { payloadBytes, atSeconds }: { readonly payloadBytes: number; readonly atSeconds: number },
): Moment {
  const share = Math.min(1, progress.payloadBytes / Math.max(payloadBytes, 1));
  const isTellable = share > 0.02 && share < 1 && atSeconds > 1;
  return { progress, share, secondsLeft: isTellable ? (atSeconds * (1 - share)) / share : undefined };
}
