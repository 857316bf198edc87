/** A draft into the folder of its ceremony: the first one, or a change of the one that is there. */
import type { Command } from 'commander';
import { type CommandResult, type Io, UsageError } from '../../../command-line.ts';
import { Rejection } from '../../../protocol/errors.ts';
import { MAX_TRUST_ROOT_BYTES } from '../../../protocol/limits.ts';
import type { VerifiedRoot } from '../../../protocol/trust/advance.ts';
import { diffRoots } from '../../../protocol/trust/diff-roots.ts';
import { encodeTrustRoot } from '../../../protocol/trust/encode-root.ts';
import type { TrustRoot } from '../../../protocol/trust/root.ts';
import { OperatorError } from '../../errors.ts';
import { type Ceremony, type NamedFile, openCeremony, openDraft } from '../../roots/ceremony.ts';
import { verifyChain } from '../../roots/chain.ts';
import { expectCurrent, expectNotBefore } from '../../roots/clock.ts';
import { expectUnsigned } from '../../roots/finalize.ts';
import { planSuccessor } from '../../roots/plan-root.ts';
import { type Draft, signersOfDraft } from '../../roots/signatures.ts';
import { demandsOn, describeDemands, expectPossible } from '../../roots/standing.ts';
import type { Step } from '../../roots/transcript.ts';
import { createCeremony, isCeremony, readCeremony, rootFileName, writeDraft } from './ceremony-folder.ts';
import { readInput } from '../files.ts';
import { digestText, entryFor, nowSecondsOf, VERIFICATION } from './options.ts';
import { changeTerms, type TermOptions } from './terms.ts';
import { adviceOn, changesText, rootJson, rootText } from './text.ts';

export interface DraftOptions extends TermOptions {
  readonly from?: readonly string[];
  readonly pinned?: true;
}

/** What a subcommand needs of its surroundings. */
export interface DraftCall {
  readonly folder: string;
  readonly options: DraftOptions;
  readonly io: Io;
  readonly command: Command;
}

/** What is done to the draft, or to what the next root would be without a change. */
type Change = (root: TrustRoot) => TrustRoot;

/** Of the draft in the folder, or of the successor of `--from`. */
export function changeDraft(call: DraftCall, step: Step, changes: Change): CommandResult {
  const { folder, options } = call;
  if (options.from !== undefined && !isCeremony(folder)) return beginFrom(call, step, { files: options.from, changes });
  if (options.from !== undefined)
    throw new UsageError(
      `--from: ${folder} holds a ceremony already; leave --from out to change its draft, or name another folder`,
    );
  const ceremony = openCeremony(readCeremony(folder), VERIFICATION);
  expectUnsigned(ceremony);
  expectCurrent(ceremony.root, { nowSeconds: nowSecondsOf(call.io), lines: ceremony.lines });
  return amend(call, step, { ceremony, root: changes(ceremony.root) });
}

function amend(
  call: DraftCall,
  step: Step,
  { ceremony, root }: { readonly ceremony: Ceremony; readonly root: TrustRoot },
): CommandResult {
  const { before, lines } = ceremony;
  const draft = draftOf(call, { root, before });
  const entry = entryFor(step, { ...call, digest: digestText(draft.root, draft.payload) });
  writeDraft(call.folder, draft.payload, { lines, entry });
  return resultOf(call, draft);
}

function beginFrom(
  call: DraftCall,
  step: Step,
  { files, changes }: { readonly files: readonly string[]; readonly changes: Change },
): CommandResult {
  const chain = verifyChain(
    files.map((file) => readInput(file, MAX_TRUST_ROOT_BYTES)),
    VERIFICATION,
  );
  const [first, before] = [chain[0], chain.at(-1)];
  if (!first || !before) throw new UsageError('--from: expected at least one finished root');
  if (first.root.version > 1)
    call.io.note(
      `note: version ${first.root.version} was checked by its own keys only; give all versions from 1 on, or compare its digest ${digestText(first.root, first.payload)}`,
    );
  const nowSeconds = nowSecondsOf(call.io);
  const { issuedSeconds: issuedBefore, expiresSeconds: expiredBefore } = before.root;
  expectNotBefore(nowSeconds, issuedBefore, `version ${before.root.version} was issued`);
  const issuedSeconds = Math.max(nowSeconds, issuedBefore);
  const root = changes(
    planSuccessor(before, { issuedSeconds, expiresSeconds: issuedSeconds + expiredBefore - issuedBefore }),
  );
  const previous = chain.map((it): NamedFile => ({ name: rootFileName(it.root.version), bytes: it.bytes }));
  return beginCeremony(call, { step, root, before, previous });
}

export function beginCeremony(
  call: DraftCall,
  {
    step,
    root,
    before,
    previous,
  }: {
    readonly step: Step;
    readonly root: TrustRoot;
    readonly before: VerifiedRoot | undefined;
    readonly previous: readonly NamedFile[];
  },
): CommandResult {
  const draft = draftOf(call, { root, before });
  const entry = entryFor(step, { ...call, digest: digestText(draft.root, draft.payload) });
  createCeremony(call.folder, { draft: draft.payload, previous, entry });
  return resultOf(call, draft);
}

/** With the terms of the command line, and refused where no device would take it. */
function draftOf(
  { options, io }: DraftCall,
  { root, before }: { readonly root: TrustRoot; readonly before: VerifiedRoot | undefined },
): Draft {
  const changed = changeTerms(root, { options, before, nowSeconds: nowSecondsOf(io) });
  try {
    const draft = openDraft(encodeTrustRoot(changed), before);
    expectPossible(draft);
    return draft;
  } catch (error) {
    throw error instanceof Rejection && HINTS.has(error.code) ? withHint(error) : error;
  }
}

/** What to do about rules of protocol/trust that a draft breaks easily. */
const HINTS: ReadonlyMap<string, string> = new Map([
  ['threshold-unreachable', 'Say how many must sign now: --threshold ROLE=ALGORITHM:N,…'],
  ['too-few-root-keys', 'Name at least two keys with --root-key: with one, its loss is the loss of the fleet.'],
  [
    'profile-violated',
    'CNSA 2.0 takes ML-DSA-87 keys only: replace the others (root rotate --old … --new …), or leave --profile out.',
  ],
  ['policy-forbidden', 'A window is for release or a named role, and ends before the root expires (--expires).'],
  ['floor-lowered', 'A floor only rises, unless its epoch rises: --floor VENDOR/CLASS=EPOCH:SEQUENCE'],
  ['key-revoked', 'A revoked key does not come back: make a new one with `bristlecone root keygen`.'],
]);

const withHint = ({ code, at, detail }: Rejection): OperatorError =>
  new OperatorError(code, `${at}: ${detail}. ${HINTS.get(code) ?? ''}`.trim());

function resultOf({ folder, io }: DraftCall, draft: Draft): CommandResult {
  const { root, before } = draft;
  const changes = diffRoots(before?.root, root);
  const needed = describeDemands(demandsOn(draft, []));
  const signers = signersOfDraft(draft);
  return {
    json: { folder, ...rootJson(draft), changes, advice: adviceOn(root), mayBeSignedBy: signers.length },
    text: [
      rootText(draft, { what: 'draft of a root, not signed yet', nowSeconds: nowSecondsOf(io) }),
      ...(before ? ['', `Changes since version ${before.root.version}:`, changesText(changes)] : []),
      '',
      'Needed:',
      ...needed.map((line) => `  ${line}`),
      `Next: hand ${folder} to each signer: bristlecone root sign ${folder} --key FILE.key --by NAME (or --key kms:ALIAS)`,
    ].join('\n'),
  };
}
