/** What changes while a procedure runs: the abstract machine of draft-ietf-suit-manifest-37 §6.4. */
import { Rejection } from '../../errors.ts';
import { MAX_COMMANDS, MAX_REPORT_RECORDS } from '../../limits.ts';
import type { AuthenticatedEnvelope } from '../authenticate.ts';
import type { ComponentIndex } from '../commands.ts';
import type { ComponentId } from '../component-id.ts';
import type { TestName } from '../labels.ts';
import type { Parameters } from '../parameters.ts';
import type { ProcedureRecord, ProcessorContext, ReportEntry } from './operations.ts';

export interface State {
  readonly envelope: AuthenticatedEnvelope;
  readonly context: ProcessorContext;
  readonly components: readonly ComponentId[];
  /** One per component, all empty when a procedure begins (§6.1). */
  readonly parameters: Parameters[];
  readonly entries: ReportEntry[];
  section: ProcedureRecord['section'];
  index: ComponentIndex;
  commandsLeft: number;
  /** Conditions that were met at least once: vendor and class must be, before anything touches a component. */
  readonly met: Set<TestName>;
  /** The command being run; where the procedure stops, the one that stopped it. */
  current: ProcedureRecord | undefined;
}

/** One sequence being run. */
export interface Frame {
  /** The path of the sequence: `manifest.install[3][1]`. */
  readonly at: string;
  /** Whether a condition that is not met only ends this sequence. Neither inherited nor passed on (§8.4.8.15). */
  softFailure: boolean;
  /** False: the author allows any order. We always keep it, but a race must be refused all the same (§6.7). */
  strictOrder: boolean;
  /** Component indices read and written while the order was free. */
  readonly sources: Set<number>;
  readonly targets: Set<number>;
  /** How many more set-component-index this sequence may have: bounded only inside a run-sequence of free order. */
  indexChangesLeft: number;
  readonly parent: Frame | undefined;
}

/** A condition that is not met: a sequence ends with it, and whoever ran the sequence decides what that means. */
export interface Failure {
  readonly reason: Rejection;
  readonly record: ProcedureRecord;
}

export function createState(envelope: AuthenticatedEnvelope, context: ProcessorContext): State {
  const { components } = envelope.manifest;
  return {
    envelope,
    context,
    components,
    parameters: components.map(() => ({})),
    entries: [],
    section: 'shared-sequence',
    index: 0,
    commandsLeft: MAX_COMMANDS,
    met: new Set(),
    current: undefined,
  };
}

export const createFrame = (
  at: string,
  options: Partial<Pick<Frame, 'softFailure' | 'indexChangesLeft' | 'parent'>> = {},
): Frame => ({
  at,
  softFailure: options.softFailure ?? false,
  strictOrder: true,
  sources: new Set(),
  targets: new Set(),
  indexChangesLeft: options.indexChangesLeft ?? Number.POSITIVE_INFINITY,
  parent: options.parent,
});

/** The components that the next command applies to, in the order of §6.5. */
export function selectedIndices({ index, components }: State): readonly number[] {
  if (index === true) return components.map((_, i) => i);
  return typeof index === 'number' ? [index] : index;
}

/** Indices are checked against the manifest's list before anything runs: there always is a component. */
export function componentAt({ components }: State, index: number): ComponentId {
  const component = components[index];
  if (!component) throw new RangeError(`SUIT processor: no component ${index}`);
  return component;
}

export const parametersAt = ({ parameters }: State, index: number): Parameters => parameters[index] ?? {};

export function spendCommand(state: State, at: string): void {
  if (state.commandsLeft === 0) {
    throw new Rejection('limit-exceeded', at, `expected at most ${MAX_COMMANDS} commands in one procedure`);
  }
  state.commandsLeft -= 1;
}

/** Later entries are dropped, so that a report always fits; the result of a procedure never is. */
export function addEntry({ entries }: State, entry: ReportEntry): void {
  if (entries.length < MAX_REPORT_RECORDS) entries.push(entry);
}
