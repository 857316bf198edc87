/**
 * What the processor asks of the device that runs it, and what it tells it in the end. The processor decides and never
 * acts: it yields an `Operation`, is sent its `OperationResult`, and goes on (processor.ts).
 */
import { Rejection, type RejectionCode } from '../../errors.ts';
import type { ComponentId } from '../component-id.ts';
import type { SuitDigest } from '../digest.ts';
import type { SectionName } from '../labels.ts';
import type { Parameters } from '../parameters.ts';

export type Operation =
  | {
      readonly do: 'fetch';
      readonly component: ComponentId;
      readonly uri: string;
      /** The image has exactly so many bytes: stop an endless one at the first byte more. */
      readonly imageBytes?: number;
      /** With `imageBytes`: a component that already matches both need not be fetched (§8.4.10.4). */
      readonly digest?: SuitDigest;
      readonly fetchArguments?: Uint8Array;
    }
  | { readonly do: 'write'; readonly component: ComponentId; readonly content: Uint8Array }
  | { readonly do: 'copy'; readonly from: ComponentId; readonly to: ComponentId; readonly imageBytes?: number }
  | { readonly do: 'swap'; readonly from: ComponentId; readonly to: ComponentId }
  | { readonly do: 'invoke'; readonly component: ComponentId; readonly invokeArguments?: Uint8Array }
  | {
      readonly do: 'match-image';
      readonly component: ComponentId;
      readonly digest: SuitDigest;
      /** The image is the first so many bytes of the component; without it, all that was put there. */
      readonly imageBytes?: number;
    }
  /** Compare without an early exit: `equalBytes` (§8.4.9.3). */
  | { readonly do: 'check-content'; readonly component: ComponentId; readonly content: Uint8Array }
  | { readonly do: 'check-slot'; readonly component: ComponentId; readonly slot: number };

/** `ok: false`: a condition is not met, or a directive failed; code and detail say why. */
export type OperationResult =
  | { readonly ok: true }
  | {
      readonly ok: false;
      readonly code: RejectionCode;
      readonly detail: string;
      /** What was found instead, for the report: the digest that the image has. */
      readonly measured?: Parameters;
    };

export type Procedure = 'update' | 'invocation';

/** What the device is and has, as far as a manifest may ask. */
export interface ProcessorContext {
  /** 16 bytes: a UUID. Fewer: a Private Enterprise Number as a relative OID. */
  readonly vendorIds: readonly Uint8Array[];
  /** 16 bytes each. */
  readonly classIds: readonly Uint8Array[];
  /** 16 bytes. */
  readonly deviceId?: Uint8Array;
  /** Of the manifest that is installed; an older one is refused. */
  readonly installedSequence?: number | bigint;
  /** Of the manifest that is installed; with it, another one of the same number is refused too. */
  readonly installedDigest?: SuitDigest;
  readonly hasComponent: (id: ComponentId) => boolean;
  /** `MAX_COMPONENTS` where it is absent. */
  readonly componentLimit?: number;
}

/** Where a command stood and which values it used: a SUIT_Record of draft-ietf-suit-report-18 §3. */
export interface ProcedureRecord {
  readonly section: SectionName | 'shared-sequence';
  /** bytes. Offset of the command in its section. */
  readonly offset: number;
  readonly componentIndex: number;
  /** The parameters that the command used; where it failed, what was found instead. */
  readonly properties: Parameters;
}

/** What was found in a component: the system-property-claims of draft-ietf-suit-report-18 §4. */
interface ProcedureClaim {
  readonly component: ComponentId;
  readonly measured: Parameters;
}

/** For the report, in the order in which they were made; at most `MAX_REPORT_RECORDS`. */
export type ReportEntry = ProcedureRecord | ProcedureClaim;

/** A procedure that ran to its end. */
export interface ProcedureOutcome {
  readonly entries: readonly ReportEntry[];
}

/** A procedure that did not: the reason, with what the report says about it. */
export class ProcedureRejection extends Rejection {
  readonly entries: readonly ReportEntry[];
  /** The command that failed; absent where the manifest was refused before it ran. */
  readonly record: ProcedureRecord | undefined;

  constructor(
    reason: Rejection,
    { entries, record }: { readonly entries: readonly ReportEntry[]; readonly record: ProcedureRecord | undefined },
  ) {
    super(reason.code, reason.at, reason.detail, { cause: reason });
    this.entries = entries;
    this.record = record;
  }
}
