/**
 * Every label of SUIT that this project knows, one row each: number, name, the draft that defines it, and whether our
 * processor implements it. Decoders name what they read from these tables, the whole-manifest check refuses what is not
 * implemented by the same names, and the capability report (report.ts) is made of the implemented rows.
 *
 * Sources: draft-ietf-suit-manifest-37 Appendix A and §11; the extension drafts named below. Rows that are not in the
 * manifest draft are there to be refused by name: a manifest that needs one is not for this device (§6.1).
 */
const MANIFEST = 'draft-ietf-suit-manifest-37';
const TRUST_DOMAINS = 'draft-ietf-suit-trust-domains';
const UPDATE_MANAGEMENT = 'draft-ietf-suit-update-management';
const ENCRYPTION = 'draft-ietf-suit-firmware-encryption';

export interface Label {
  readonly label: number;
  readonly name: string;
  readonly draft: string;
  readonly implemented: boolean;
}

const own = { draft: MANIFEST, implemented: true } as const;
const trustDomains = { draft: TRUST_DOMAINS, implemented: false } as const;
const updateManagement = { draft: UPDATE_MANAGEMENT, implemented: false } as const;
const encryption = { draft: ENCRYPTION, implemented: false } as const;

export const CBOR_TAGS = { envelope: 107, manifest: 1070, privateEnterpriseNumber: 112 } as const;

// oxfmt-ignore
export const ENVELOPE_MEMBERS = [
  { label: 2,  name: 'authentication',         ...own },
  { label: 3,  name: 'manifest',               ...own },
  { label: 14, name: 'coswid',                 ...updateManagement },
  { label: 15, name: 'dependency-resolution',  ...trustDomains },
  { label: 16, name: 'payload-fetch',          ...own },
  { label: 18, name: 'candidate-verification', ...trustDomains },
  { label: 20, name: 'install',                ...own },
  { label: 23, name: 'text',                   ...own },
] as const satisfies readonly Label[];

// oxfmt-ignore
export const MANIFEST_MEMBERS = [
  { label: 1,  name: 'version',                ...own },
  { label: 2,  name: 'sequence-number',        ...own },
  { label: 3,  name: 'common',                 ...own },
  { label: 4,  name: 'reference-uri',          ...own },
  { label: 5,  name: 'component-id',           ...trustDomains },
  { label: 6,  name: 'set-version',            ...updateManagement },
  { label: 7,  name: 'validate',               ...own },
  { label: 8,  name: 'load',                   ...own },
  { label: 9,  name: 'invoke',                 ...own },
  { label: 14, name: 'coswid',                 ...updateManagement },
  { label: 15, name: 'dependency-resolution',  ...trustDomains },
  { label: 16, name: 'payload-fetch',          ...own },
  { label: 18, name: 'candidate-verification', ...trustDomains },
  { label: 20, name: 'install',                ...own },
  { label: 23, name: 'text',                   ...own },
  { label: 24, name: 'uninstall',              ...trustDomains },
] as const satisfies readonly Label[];

// oxfmt-ignore
export const COMMON_MEMBERS = [
  { label: 1, name: 'dependencies',    ...trustDomains },
  { label: 2, name: 'components',      ...own },
  { label: 4, name: 'shared-sequence', ...own },
] as const satisfies readonly Label[];

/** `test`: a condition. `effect`: a directive that touches a component. `control`: one that steers the processor. */
export interface CommandLabel extends Label {
  readonly kind: 'test' | 'effect' | 'control';
}

// oxfmt-ignore
export const COMMANDS = [
  { label: 1,  name: 'vendor-identifier',    kind: 'test',    ...own },
  { label: 2,  name: 'class-identifier',     kind: 'test',    ...own },
  { label: 3,  name: 'image-match',          kind: 'test',    ...own },
  { label: 4,  name: 'use-before',           kind: 'test',    ...updateManagement },
  { label: 5,  name: 'component-slot',       kind: 'test',    ...own },
  { label: 6,  name: 'check-content',        kind: 'test',    ...own },
  { label: 7,  name: 'dependency-integrity', kind: 'test',    ...trustDomains },
  { label: 8,  name: 'is-dependency',        kind: 'test',    ...trustDomains },
  { label: 11, name: 'process-dependency',   kind: 'control', ...trustDomains },
  { label: 12, name: 'set-component-index',  kind: 'control', ...own },
  { label: 14, name: 'abort',                kind: 'test',    ...own },
  { label: 15, name: 'try-each',             kind: 'control', ...own },
  { label: 18, name: 'write',                kind: 'effect',  ...own },
  { label: 19, name: 'set-parameters',       kind: 'control', ...trustDomains },
  { label: 20, name: 'override-parameters',  kind: 'control', ...own },
  { label: 21, name: 'fetch',                kind: 'effect',  ...own },
  { label: 22, name: 'copy',                 kind: 'effect',  ...own },
  { label: 23, name: 'invoke',               kind: 'effect',  ...own },
  { label: 24, name: 'device-identifier',    kind: 'test',    ...own },
  { label: 25, name: 'image-not-match',      kind: 'test',    ...updateManagement },
  { label: 26, name: 'minimum-battery',      kind: 'test',    ...updateManagement },
  { label: 27, name: 'update-authorized',    kind: 'test',    ...updateManagement },
  { label: 28, name: 'version',              kind: 'test',    ...updateManagement },
  { label: 29, name: 'wait',                 kind: 'effect',  ...updateManagement },
  { label: 31, name: 'swap',                 kind: 'effect',  ...own },
  { label: 32, name: 'run-sequence',         kind: 'control', ...own },
  { label: 33, name: 'unlink',               kind: 'effect',  ...trustDomains },
  { label: 34, name: 'override-multiple',    kind: 'control', ...updateManagement },
  { label: 35, name: 'copy-params',          kind: 'control', ...updateManagement },
] as const satisfies readonly CommandLabel[];

// oxfmt-ignore
export const PARAMETERS = [
  { label: 1,  name: 'vendor-identifier',  ...own },
  { label: 2,  name: 'class-identifier',   ...own },
  { label: 3,  name: 'image-digest',       ...own },
  { label: 4,  name: 'use-before',         ...updateManagement },
  { label: 5,  name: 'component-slot',     ...own },
  { label: 12, name: 'strict-order',       ...own },
  { label: 13, name: 'soft-failure',       ...own },
  { label: 14, name: 'image-size',         ...own },
  { label: 18, name: 'content',            ...own },
  { label: 19, name: 'encryption-info',    ...encryption },
  { label: 21, name: 'uri',                ...own },
  { label: 22, name: 'source-component',   ...own },
  { label: 23, name: 'invoke-args',        ...own },
  { label: 24, name: 'device-identifier',  ...own },
  { label: 25, name: 'fetch-arguments',    ...own },
  { label: 26, name: 'minimum-battery',    ...updateManagement },
  { label: 27, name: 'update-priority',    ...updateManagement },
  { label: 28, name: 'version',            ...updateManagement },
  { label: 29, name: 'wait-info',          ...updateManagement },
  { label: 30, name: 'component-metadata', ...updateManagement },
] as const satisfies readonly Label[];

// oxfmt-ignore
export const TEXT_LABELS = [
  { label: 1, name: 'manifest-description', ...own },
  { label: 2, name: 'update-description',   ...own },
  { label: 3, name: 'json-source',          ...own },
  { label: 4, name: 'yaml-source',          ...own },
] as const satisfies readonly Label[];

// oxfmt-ignore
export const COMPONENT_TEXT_LABELS = [
  { label: 1, name: 'vendor-name',           ...own },
  { label: 2, name: 'model-name',            ...own },
  { label: 3, name: 'vendor-domain',         ...own },
  { label: 4, name: 'model-info',            ...own },
  { label: 5, name: 'component-description', ...own },
  { label: 6, name: 'component-version',     ...own },
  { label: 7, name: 'version-required',      ...updateManagement },
  { label: 8, name: 'current-version',       ...updateManagement },
] as const satisfies readonly Label[];

/**
 * The greatest private-use label. Draft -37 draws the line three ways ("less than -256" in §8.4.9 and §8.4.11, "-256 and
 * below" in §11); -257 is private by all of them, and -256 is refused either way.
 */
export const FIRST_CUSTOM_LABEL = -257;

type ImplementedName<Row extends Label> = Extract<Row, { implemented: true }>['name'];
type CommandRow = (typeof COMMANDS)[number];
export type TestName = ImplementedName<Extract<CommandRow, { kind: 'test' }>>;
export type EffectName = ImplementedName<Extract<CommandRow, { kind: 'effect' }>>;
export type CommandName = ImplementedName<CommandRow>;

/** The command sequences of a manifest, in the order in which the two procedures run them (§8.4.6). */
// oxfmt-ignore
export const SECTIONS = [
  { label: 16, name: 'payload-fetch', severable: true },
  { label: 20, name: 'install',       severable: true },
  { label: 7,  name: 'validate',      severable: false },
  { label: 8,  name: 'load',          severable: false },
  { label: 9,  name: 'invoke',        severable: false },
] as const;

export type SectionName = (typeof SECTIONS)[number]['name'];

/** Members that may be moved out of the manifest into the envelope (§8.6). */
export const SEVERABLE = [
  { label: 16, name: 'payload-fetch' },
  { label: 20, name: 'install' },
  { label: 23, name: 'text' },
] as const;

export type SeverableName = (typeof SEVERABLE)[number]['name'];

/** A table by its labels: decoders look up every command of a manifest. */
export const byLabel = <Row extends Label>(table: readonly Row[]): ReadonlyMap<number, Row> =>
  new Map(table.map((row) => [row.label, row]));

/** The number of a name that the table has: for encoders. */
export function labelOf<Row extends Label>(table: readonly Row[], name: Row['name']): number {
  const row = table.find((row) => row.name === name);
  if (!row) throw new TypeError(`SUIT: no label is called ${name}`);
  return row.label;
}

/** For people: `minimum-battery (26) of draft-ietf-suit-update-management`. */
export function describeLabel(table: readonly Label[], label: number | bigint): string {
  const row = table.find((it) => it.label === label);
  if (row) return `${row.name} (${label}) of ${row.draft}`;
  return label <= FIRST_CUSTOM_LABEL ? `the custom label ${label}` : `the unregistered label ${label}`;
}
