/**
 * Our reasons to refuse in the words of draft-ietf-suit-report-18 §4.2: few and coarse, for anyone, and beside them a
 * number of our own (suit-report-result-code), from which our cloud gets the exact `RejectionCode` back.
 */
import type { RejectionCode } from '../errors.ts';

export const REPORT_REASONS = {
  ok: 0,
  'cbor-parse': 1,
  'cose-unsupported': 2,
  'alg-unsupported': 3,
  unauthorised: 4,
  'command-unsupported': 5,
  'component-unsupported': 6,
  'component-unauthorised': 7,
  'parameter-unsupported': 8,
  'severing-unsupported': 9,
  'condition-failed': 10,
  'operation-failed': 11,
  'invoke-pending': 12,
} as const;

export type ReportReason = keyof typeof REPORT_REASONS;

/** Numbers are a public contract as the codes are: add rows at the end, never renumber. */
// oxfmt-ignore
const REASON_OF: Readonly<Record<RejectionCode, { readonly number: number; readonly reason: ReportReason }>> = {
  'too-large':             { number: 1,  reason: 'cbor-parse' },
  'malformed':             { number: 2,  reason: 'cbor-parse' },
  'wrong-shape':           { number: 3,  reason: 'cbor-parse' },
  'unsigned':              { number: 4,  reason: 'unauthorised' },
  'unknown-key':           { number: 5,  reason: 'unauthorised' },
  'algorithm-not-allowed': { number: 6,  reason: 'unauthorised' },
  'critical-header':       { number: 7,  reason: 'cose-unsupported' },
  'signature-invalid':     { number: 8,  reason: 'unauthorised' },
  'requirement-not-met':   { number: 9,  reason: 'unauthorised' },
  'digest-mismatch':       { number: 10, reason: 'unauthorised' },
  'severed-mismatch':      { number: 11, reason: 'unauthorised' },
  'severed-missing':       { number: 12, reason: 'severing-unsupported' },
  'manifest-version':      { number: 13, reason: 'cbor-parse' },
  'sequence-rollback':     { number: 14, reason: 'condition-failed' },
  'unsupported-member':    { number: 15, reason: 'command-unsupported' },
  'unsupported-command':   { number: 16, reason: 'command-unsupported' },
  'unsupported-parameter': { number: 17, reason: 'parameter-unsupported' },
  'unsupported-component': { number: 18, reason: 'component-unsupported' },
  'unsupported-algorithm': { number: 19, reason: 'alg-unsupported' },
  'forbidden-command':     { number: 20, reason: 'command-unsupported' },
  'wrong-vendor':          { number: 21, reason: 'condition-failed' },
  'wrong-class':           { number: 22, reason: 'condition-failed' },
  'wrong-device':          { number: 23, reason: 'condition-failed' },
  'wrong-slot':            { number: 24, reason: 'condition-failed' },
  'content-mismatch':      { number: 25, reason: 'condition-failed' },
  'image-mismatch':        { number: 26, reason: 'condition-failed' },
  'image-too-large':       { number: 27, reason: 'operation-failed' },
  'image-unavailable':     { number: 28, reason: 'operation-failed' },
  'parameter-missing':     { number: 29, reason: 'condition-failed' },
  'aborted':               { number: 30, reason: 'condition-failed' },
  'operation-failed':      { number: 31, reason: 'operation-failed' },
  'limit-exceeded':        { number: 32, reason: 'operation-failed' },
  'job-invalid':           { number: 33, reason: 'operation-failed' },
  'job-refused':           { number: 34, reason: 'operation-failed' },
  'stream-refused':        { number: 35, reason: 'operation-failed' },
  'block-invalid':         { number: 36, reason: 'operation-failed' },
  'not-json':              { number: 37, reason: 'operation-failed' },
  'image-unconfirmed':     { number: 38, reason: 'operation-failed' },
  'not-der':               { number: 39, reason: 'operation-failed' },
  'not-current':           { number: 40, reason: 'operation-failed' },
  'certificate-usage':     { number: 41, reason: 'operation-failed' },
  'certificate-extension': { number: 42, reason: 'operation-failed' },
  'chain-untrusted':       { number: 43, reason: 'operation-failed' },
  'root-format':           { number: 44, reason: 'cbor-parse' },
  'root-version-gap':      { number: 45, reason: 'condition-failed' },
  'root-replay':           { number: 46, reason: 'condition-failed' },
  'root-downgrade':        { number: 47, reason: 'condition-failed' },
  'root-fork':             { number: 48, reason: 'unauthorised' },
  'root-lineage':          { number: 49, reason: 'unauthorised' },
  'root-dated-back':       { number: 50, reason: 'condition-failed' },
  'root-not-pinned':       { number: 51, reason: 'unauthorised' },
  'root-not-bridged':      { number: 52, reason: 'unauthorised' },
  'root-expired':          { number: 53, reason: 'condition-failed' },
  'threshold-not-met':     { number: 54, reason: 'unauthorised' },
  'threshold-unreachable': { number: 55, reason: 'unauthorised' },
  'too-few-root-keys':     { number: 56, reason: 'unauthorised' },
  'key-duplicate':         { number: 57, reason: 'unauthorised' },
  'key-revoked':           { number: 58, reason: 'unauthorised' },
  'key-missing':           { number: 59, reason: 'unauthorised' },
  'key-not-pinned':        { number: 60, reason: 'unauthorised' },
  'key-unaccounted':       { number: 61, reason: 'unauthorised' },
  'revocation-dropped':    { number: 62, reason: 'unauthorised' },
  'floor-lowered':         { number: 63, reason: 'condition-failed' },
  'role-not-allowed':      { number: 64, reason: 'component-unauthorised' },
  'window-over':           { number: 65, reason: 'unauthorised' },
  'policy-forbidden':      { number: 66, reason: 'unauthorised' },
  'profile-violated':      { number: 67, reason: 'alg-unsupported' },
  'sequence-floor':        { number: 68, reason: 'condition-failed' },
  'sequence-equivocation': { number: 69, reason: 'condition-failed' },
  'burn-unproven':         { number: 70, reason: 'operation-failed' },
  'key-repurposed':        { number: 71, reason: 'unauthorised' },
};

export const reportReasonOf = (code: RejectionCode): { readonly number: number; readonly reason: ReportReason } =>
  REASON_OF[code];

/** Undefined for a number that is not ours: another implementation means something else by it. */
export const rejectionCodeOf = (number: number): RejectionCode | undefined =>
  Object.keys(REASON_OF)
    .filter(isRejectionCode)
    .find((code) => REASON_OF[code].number === number);

export const reasonOfNumber = (number: number): ReportReason | undefined =>
  Object.keys(REPORT_REASONS)
    .filter(isReportReason)
    .find((reason) => REPORT_REASONS[reason] === number);

const isRejectionCode = (key: string): key is RejectionCode => key in REASON_OF;

const isReportReason = (key: string): key is ReportReason => key in REPORT_REASONS;
