/**
 * SUIT_Capability_Report (draft-ietf-suit-report-18 §6): what a manifest may ask of this processor. Ours is made of the
 * same tables that the processor refuses by, so the two cannot disagree.
 */
import { expectArray, expectBytes, expectInteger, expectMap, wrongShape } from '../cbor/expect.ts';
import type { CborValue } from '../cbor/value.ts';
import { ALGORITHMS } from '../cose/algorithms.ts';
import type { ComponentId } from './component-id.ts';
import { DIGEST_ALGORITHMS } from './digest.ts';
import {
  COMMANDS,
  COMMON_MEMBERS,
  COMPONENT_TEXT_LABELS,
  ENVELOPE_MEMBERS,
  type Label,
  MANIFEST_MEMBERS,
  PARAMETERS,
  TEXT_LABELS,
} from './labels.ts';

interface ComponentCapability {
  readonly id: ComponentId;
  /** Whether it stands for every component that begins so. */
  readonly isPrefix: boolean;
}

export interface CapabilityReport {
  readonly components: readonly ComponentCapability[];
  /** By name of a row of `LISTS`. */
  readonly lists: ReadonlyMap<CapabilityList, readonly number[]>;
}

// oxfmt-ignore
const LISTS = [
  { label: 2,  name: 'commands',        required: true },
  { label: 3,  name: 'parameters',      required: true },
  { label: 4,  name: 'algorithms',      required: true },
  { label: 5,  name: 'envelope',        required: false },
  { label: 6,  name: 'manifest',        required: false },
  { label: 7,  name: 'common',          required: false },
  { label: 8,  name: 'text',            required: false },
  { label: 9,  name: 'component-text',  required: false },
  { label: 10, name: 'dependency',      required: false },
] as const;

type CapabilityList = (typeof LISTS)[number]['name'];

const COMPONENTS_LABEL = 1;

/** Of a device with these components. */
export function ownCapabilities(components: readonly ComponentId[]): CapabilityReport {
  const algorithms = [
    ...DIGEST_ALGORITHMS.map(({ algorithmId }) => algorithmId),
    ...ALGORITHMS.map(({ coseId }) => coseId),
  ];
  return {
    components: components.map((id) => ({ id, isPrefix: false })),
    lists: new Map<CapabilityList, readonly number[]>([
      ['commands', implemented(COMMANDS)],
      ['parameters', implemented(PARAMETERS)],
      ['algorithms', algorithms],
      ['envelope', implemented(ENVELOPE_MEMBERS)],
      ['manifest', implemented(MANIFEST_MEMBERS)],
      ['common', implemented(COMMON_MEMBERS)],
      ['text', implemented(TEXT_LABELS)],
      ['component-text', implemented(COMPONENT_TEXT_LABELS)],
    ]),
  };
}

const implemented = (table: readonly Label[]): readonly number[] =>
  table.filter((row) => row.implemented).map(({ label }) => label);

export function capabilitiesValue({ components, lists }: CapabilityReport): CborValue {
  const map = new Map<CborValue, CborValue>();
  map.set(
    COMPONENTS_LABEL,
    components.map(({ id, isPrefix }) => (isPrefix ? [...id, true] : id)),
  );
  for (const { label, name } of LISTS) {
    const list = lists.get(name);
    if (list) map.set(label, list);
  }
  return map;
}

/**
 * Lists of extensions, whose keys are arrays, are left out.
 *
 * @throws {Rejection} `wrong-shape`
 */
export function capabilitiesOf(value: CborValue | undefined, at: string): CapabilityReport {
  const map = expectMap(value, at);
  const lists = new Map<CapabilityList, readonly number[]>();
  for (const { label, name, required } of LISTS) {
    const list = map.get(label);
    if (required || list !== undefined) lists.set(name, integersOf(list, `${at}.${name}`));
  }
  const components = nonEmpty(map.get(COMPONENTS_LABEL), `${at}.components`);
  return { components: components.map((item, i) => componentOf(item, `${at}.components[${i}]`)), lists };
}

const integersOf = (value: CborValue | undefined, at: string): readonly number[] =>
  nonEmpty(value, at).map((item, i) => expectInteger(item, `${at}[${i}]`));

function nonEmpty(value: CborValue | undefined, at: string): readonly CborValue[] {
  const items = expectArray(value, at);
  if (items.length === 0) throw wrongShape(at, 'at least one entry', value);
  return items;
}

function componentOf(value: CborValue, at: string): ComponentCapability {
  const items = expectArray(value, at);
  const isPrefix = items.at(-1) === true;
  const parts = isPrefix ? items.slice(0, -1) : items;
  return { id: parts.map((part, i) => expectBytes(part, `${at}[${i}]`)), isPrefix };
}
