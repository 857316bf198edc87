/**
 * Running a command sequence (draft-ietf-suit-manifest-37 §6.4, §6.5, §8.4.10). A sequence gives null when it ran to its
 * end, or the condition that was not met and ended it:
 *
 *     top level      the procedure stops with that condition's code
 *     try-each       soft-failure (the default): the next alternative; else the procedure stops
 *     run-sequence   soft-failure: the command after it; else (the default) the procedure stops
 *
 * A directive that fails always stops the procedure: it throws, and nothing here catches it. Parameters set by an
 * alternative that failed stay set: the draft specifies no roll-back.
 */
import { Rejection } from '../../errors.ts';
import { type Command, REPORTING, type Sequence } from '../commands.ts';
import type { EffectName, TestName } from '../labels.ts';
import { type Parameters, splitParameters } from '../parameters.ts';
import { runTest } from './conditions.ts';
import { isEffect, runEffect } from './directives.ts';
import type { Operation, OperationResult, ProcedureRecord } from './operations.ts';
import {
  addEntry,
  componentAt,
  createFrame,
  type Failure,
  type Frame,
  parametersAt,
  selectedIndices,
  spendCommand,
  type State,
} from './state.ts';

type Run<T> = Generator<Operation, T, OperationResult>;

interface Step<C extends Command = Command> {
  readonly state: State;
  readonly frame: Frame;
  readonly command: C;
  /** `manifest.install[3]`. */
  readonly at: string;
}

/** The component that a command is run for: the only one selected, or one of a list. */
interface Target {
  readonly index: number;
  readonly fromList: boolean;
}

type PrimitiveCommand = CommandOf<TestName | EffectName>;

type CommandOf<Name extends Command['name']> = Command & { readonly name: Name };

export function* runSequence(state: State, sequence: Sequence, frame: Frame): Run<Failure | null> {
  for (const [i, command] of sequence.entries()) {
    const failure = yield* runCommand({ state, frame, command, at: `${frame.at}[${i}]` });
    if (failure) return failure;
  }
  return null;
}

function* runCommand({ state, frame, command, at }: Step): Run<Failure | null> {
  switch (command.name) {
    case 'set-component-index':
      begin({ state, frame, command, at }, selectedIndices(state)[0]);
      return setComponentIndex({ state, frame, command, at });
    case 'override-parameters':
      begin({ state, frame, command, at }, selectedIndices(state)[0]);
      return overrideParameters({ state, frame, command, at });
    case 'try-each':
      return yield* forEachIndex({ state, frame, command, at }, tryEach);
    case 'run-sequence':
      return yield* forEachIndex({ state, frame, command, at }, runNested);
    case 'unsupported':
      throw new Rejection('unsupported-command', at, 'expected the manifest to be checked before it runs');
    default:
      return yield* forEachIndex({ state, frame, command, at }, runPrimitive);
  }
}

function begin(step: Step, index = 0): void {
  step.state.current = recordOf(step, index, {});
  spendCommand(step.state, step.at);
}

/** Once per selected component, each time with that one selected: §6.5. */
function* forEachIndex<C extends Command>(
  step: Step<C>,
  run: (step: Step<C>, target: Target) => Run<Failure | null>,
): Run<Failure | null> {
  const { state } = step;
  const selection = state.index;
  const fromList = typeof selection !== 'number';
  for (const index of selectedIndices(state)) {
    begin(step, index);
    state.index = index;
    const failure = yield* run(step, { index, fromList });
    if (failure) return failure;
  }
  // A nested sequence may select another single component for what follows; a list outlives what it was run over.
  if (fromList) state.index = selection;
  return null;
}

function setComponentIndex({ state, frame, command, at }: Step<CommandOf<'set-component-index'>>): null {
  if (frame.indexChangesLeft === 0) {
    throw new Rejection('forbidden-command', at, 'expected one component: the order of these sequences is free');
  }
  frame.indexChangesLeft -= 1;
  state.index = command.index;
  return null;
}

function overrideParameters({ state, frame, command }: Step<CommandOf<'override-parameters'>>): null {
  const { component, softFailure, strictOrder } = splitParameters(command.parameters);
  for (const index of selectedIndices(state)) {
    state.parameters[index] = { ...parametersAt(state, index), ...component };
  }
  if (softFailure !== undefined) frame.softFailure = softFailure;
  if (strictOrder !== undefined) frame.strictOrder = strictOrder;
  if (strictOrder === true) {
    frame.sources.clear();
    frame.targets.clear();
  }
  return null;
}

function* tryEach(step: Step<CommandOf<'try-each'>>, { index }: Target): Run<null> {
  const { state, frame, command, at } = step;
  let last: Failure | null = null;
  for (const [i, alternative] of command.alternatives.entries()) {
    state.index = index;
    const inner = createFrame(`${at}[${i}]`, { softFailure: true, parent: frame });
    last = yield* runSequence(state, alternative, inner);
    if (!last) return null;
    if (!inner.softFailure) throw stop(state, last);
  }
  state.index = index;
  if (command.orNothing) return null;
  state.current = recordOf(step, index, {});
  const why = last ? `the last: ${last.reason.message}` : 'there is none';
  throw new Rejection('aborted', at, `expected an alternative that fits; ${why}`, { cause: last?.reason });
}

function* runNested(step: Step<CommandOf<'run-sequence'>>, target: Target): Run<null> {
  const { state, frame, command, at } = step;
  const rule = frame.strictOrder ? {} : { indexChangesLeft: indexChangesAllowed(command.sequence, target, at) };
  const inner = createFrame(at, { parent: frame, ...rule });
  const failure = yield* runSequence(state, command.sequence, inner);
  if (!failure) return null;
  if (!inner.softFailure) throw stop(state, failure);
  state.index = target.index;
  return null;
}

/**
 * Where the order is free, a sequence stays with one component (§6.7): the one it is run for out of a list, or else the
 * one it selects first of all.
 */
function indexChangesAllowed([first]: Sequence, { fromList }: Target, at: string): number {
  if (fromList) return 0;
  if (first?.name === 'set-component-index') return 1;
  throw new Rejection(
    'forbidden-command',
    at,
    'expected set-component-index first: the order of these sequences is free',
  );
}

function* runPrimitive(step: Step<PrimitiveCommand>, { index }: Target): Run<Failure | null> {
  const { name } = step.command;
  return isEffect(name) ? yield* performEffect(step, name, index) : yield* performTest(step, name, index);
}

function* performEffect(step: Step<PrimitiveCommand>, name: EffectName, index: number): Run<null> {
  const used = yield* runEffect(name, { ...step, index });
  report(step, index, { succeeded: true, properties: used });
  return null;
}

function* performTest(step: Step<PrimitiveCommand>, name: TestName, index: number): Run<Failure | null> {
  const { state, at } = step;
  const { used, refusal, measured = {} } = yield* runTest(name, { state, index, at });
  if (refusal) {
    report(step, index, { succeeded: false, properties: measured });
    return { reason: refusal, record: recordOf(step, index, measured) };
  }
  state.met.add(name);
  report(step, index, { succeeded: true, properties: used });
  return null;
}

/** Stops the procedure with a condition that was not met. */
function stop(state: State, { reason, record }: Failure): Rejection {
  state.current = record;
  return reason;
}

function recordOf({ state, command }: Step, componentIndex: number, properties: Parameters): ProcedureRecord {
  return { section: state.section, offset: command.offset ?? 0, componentIndex, properties };
}

/** What the command's reporting policy asks for (§8.4.7): a record, what was measured, both or nothing. */
function report(
  step: Step<PrimitiveCommand>,
  index: number,
  { succeeded, properties }: { readonly succeeded: boolean; readonly properties: Parameters },
): void {
  const { state, command } = step;
  const [record, measure] = succeeded
    ? [REPORTING.recordSuccess, REPORTING.measureSuccess]
    : [REPORTING.recordFailure, REPORTING.measureFailure];
  if ((command.policy & record) !== 0) addEntry(state, recordOf(step, index, properties));
  if ((command.policy & measure) !== 0 && Object.keys(properties).length > 0) {
    addEntry(state, { component: componentAt(state, index), measured: properties });
  }
}
