/**
 * The manifest processor (draft-ietf-suit-manifest-37 §6): pure and synchronous. It yields what is to be done and is sent
 * what came of it, so the same processor runs on a device, in a test and behind `suit check`:
 *
 *     const run = runProcedure(envelope, 'update', context);
 *     let step = run.next();
 *     while (!step.done) step = run.next(carryOut(step.value));
 *
 * Stricter than the draft where the draft leaves it open:
 *   - vendor and class must both have been checked before a directive touches a component (§6.2: SHOULD be in the shared
 *     sequence), wherever in the manifest that is;
 *   - a command where it is not allowed refuses the whole manifest before any of it runs, soft-failure outside a nested
 *     sequence included (§8.4.8.15: Abort when it is executed);
 *   - strict-order false is taken as leave, not as an order: commands always run one after another.
 */
import { Rejection } from '../errors.ts';
import type { AuthenticatedEnvelope } from './authenticate.ts';
import { checkManifest } from './check.ts';
import type { Sequence } from './commands.ts';
import { equalDigests } from './digest.ts';
import type { SectionName } from './labels.ts';
import {
  type Operation,
  type OperationResult,
  type Procedure,
  type ProcedureOutcome,
  ProcedureRejection,
  type ProcessorContext,
} from './processor/operations.ts';
import { runSequence } from './processor/sequences.ts';
import { createFrame, createState, type State } from './processor/state.ts';

/** §8.4.6. */
const SECTIONS_OF: Readonly<Record<Procedure, readonly SectionName[]>> = {
  update: ['payload-fetch', 'install', 'validate'],
  invocation: ['validate', 'load', 'invoke'],
};

/**
 * @throws {ProcedureRejection} `sequence-rollback`, those of checkManifest, `severed-missing`, then whatever a command
 *   comes to: `wrong-vendor`, `wrong-class`, `wrong-device`, `wrong-slot`, `content-mismatch`, `image-mismatch`,
 *   `image-too-large`, `image-unavailable`, `parameter-missing`, `aborted`, `forbidden-command`, `limit-exceeded`
 */
export function* runProcedure(
  envelope: AuthenticatedEnvelope,
  procedure: Procedure,
  context: ProcessorContext,
): Generator<Operation, ProcedureOutcome, OperationResult> {
  const state = createState(envelope, context);
  try {
    checkSequenceNumber(envelope, context);
    checkManifest(envelope, context);
    // All of them before the first runs: a manifest that cannot be finished is not begun.
    const sections = SECTIONS_OF[procedure].map((name) => ({ name, sequence: envelope.sequence(name) }));
    for (const { name, sequence } of sections) if (sequence) yield* runSection(state, name, sequence);
    return { entries: state.entries };
  } catch (error) {
    if (!(error instanceof Rejection)) throw error;
    throw new ProcedureRejection(error, { entries: state.entries, record: state.current });
  }
}

/** Lower is refused, equal is not: the same manifest is applied again after a power cut (§6.1, RFC 9124 §4.3.1). */
function checkSequenceNumber({ manifest, digest }: AuthenticatedEnvelope, context: ProcessorContext): void {
  const { installedSequence, installedDigest } = context;
  const at = 'manifest.sequence-number';
  if (installedSequence === undefined) return;
  if (manifest.sequenceNumber < installedSequence) {
    throw new Rejection(
      'sequence-rollback',
      at,
      `expected at least ${installedSequence}, got ${manifest.sequenceNumber}`,
    );
  }
  const isSameNumber = BigInt(manifest.sequenceNumber) === BigInt(installedSequence);
  if (isSameNumber && installedDigest && !equalDigests(digest, installedDigest)) {
    throw new Rejection('sequence-rollback', at, `expected more than ${installedSequence} of another manifest`);
  }
}

/** The shared sequence runs anew before each section (§8.4.5). */
function* runSection(state: State, name: SectionName, sequence: Sequence): Generator<Operation, void, OperationResult> {
  const { sharedSequence } = state.envelope.manifest;
  if (sharedSequence) yield* runTopLevel(state, 'shared-sequence', sharedSequence);
  yield* runTopLevel(state, name, sequence);
}

function* runTopLevel(
  state: State,
  section: State['section'],
  sequence: Sequence,
): Generator<Operation, void, OperationResult> {
  state.section = section;
  state.index = 0;
  const failure = yield* runSequence(state, sequence, createFrame(`manifest.${section}`));
  if (!failure) return;
  state.current = failure.record;
  throw failure.reason;
}
