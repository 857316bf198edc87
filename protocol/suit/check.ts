/**
 * What must hold of a whole manifest before any of it runs (draft-ietf-suit-manifest-37 §6.1, §6.2): one that needs
 * something this processor does not have is excluded as a whole, and the refusal says by name what that is.
 *
 * Stricter than the draft in one thing: component identifiers are unique, since "never both source and target" is a rule
 * about components and not about their indices.
 */
import { Rejection } from '../errors.ts';
import { MAX_COMPONENTS } from '../limits.ts';
import type { AuthenticatedEnvelope } from './authenticate.ts';
import type { Command, Sequence } from './commands.ts';
import { type ComponentId, describeComponentId, equalComponentIds } from './component-id.ts';
import {
  type CommandName,
  COMMANDS,
  COMMON_MEMBERS,
  describeLabel,
  FIRST_CUSTOM_LABEL,
  type Label,
  MANIFEST_MEMBERS,
  PARAMETERS,
} from './labels.ts';
import type { UnsupportedMember } from './manifest.ts';
import type { Parameters } from './parameters.ts';

/** What the device has: a part of ProcessorContext. */
export interface ComponentSupport {
  readonly hasComponent: (id: ComponentId) => boolean;
  readonly componentLimit?: number;
}

/**
 * Also looks into sections that the procedure at hand does not run. Those that were severed and did not come along
 * cannot be checked; they cannot run either.
 *
 * @throws {Rejection} `unsupported-member`, `unsupported-component`, `unsupported-command`, `unsupported-parameter`,
 *   `forbidden-command`, `wrong-shape`
 */
export function checkManifest({ manifest, sequences }: AuthenticatedEnvelope, support: ComponentSupport): void {
  checkMembers(manifest.unsupported, MANIFEST_MEMBERS, 'manifest');
  checkMembers(manifest.unsupportedCommon, COMMON_MEMBERS, 'manifest.common');
  checkComponents(manifest.components, support);
  const components = manifest.components.length;
  if (manifest.sharedSequence) {
    checkSequence(manifest.sharedSequence, { at: 'manifest.shared-sequence', components, shared: true, nested: false });
  }
  for (const [name, sequence] of sequences) {
    checkSequence(sequence, { at: `manifest.${name}`, components, shared: false, nested: false });
  }
}

function checkMembers(members: readonly UnsupportedMember[], table: readonly Label[], at: string): void {
  const [member] = members;
  if (member) throw new Rejection('unsupported-member', at, `got ${describeLabel(table, member.label)}`);
}

function checkComponents(components: readonly ComponentId[], support: ComponentSupport): void {
  const at = 'manifest.common.components';
  const { hasComponent, componentLimit = MAX_COMPONENTS } = support;
  if (components.length > componentLimit) {
    const detail = `expected at most ${componentLimit} components, got ${components.length}`;
    throw new Rejection('unsupported-component', at, detail);
  }
  components.forEach((id, i) => {
    const place = `${at}[${i}]`;
    if (!hasComponent(id)) {
      throw new Rejection(
        'unsupported-component',
        place,
        `expected one of this device, got ${describeComponentId(id)}`,
      );
    }
    if (components.slice(0, i).some((earlier) => equalComponentIds(earlier, id))) {
      throw new Rejection('wrong-shape', place, 'expected each component once');
    }
  });
}

interface Place {
  readonly at: string;
  /** How many there are. */
  readonly components: number;
  /** In the shared sequence, or in a sequence of it. */
  readonly shared: boolean;
  /** In the argument of try-each or run-sequence. */
  readonly nested: boolean;
}

function checkSequence(sequence: Sequence, place: Place): void {
  const { at, components, nested } = place;
  if (components === 0) {
    throw new Rejection('unsupported-component', at, 'expected a component for these commands, got none');
  }
  if (components > 1 && !nested && sequence[0]?.name !== 'set-component-index') {
    const detail = 'expected set-component-index first, since there are several components';
    throw new Rejection('forbidden-command', `${at}[0]`, detail);
  }
  sequence.forEach((command, i) => checkCommand(command, { ...place, at: `${at}[${i}]` }));
}

function checkCommand(command: Command, place: Place): void {
  switch (command.name) {
    case 'unsupported':
      throw unsupportedCommand(command.label, place);
    case 'set-component-index':
      for (const index of [command.index].flat()) if (index !== true) checkIndex(index, place);
      return;
    case 'override-parameters':
      return checkParameters(command.parameters, place);
    case 'try-each':
      return command.alternatives.forEach((alternative, i) =>
        checkSequence(alternative, { ...place, at: `${place.at}[${i}]`, nested: true }),
      );
    case 'run-sequence':
      return checkSequence(command.sequence, { ...place, nested: true });
    default:
      if (place.shared && isEffect(command.name)) throw notShared(command.name, place);
  }
}

const isEffect = (name: CommandName): boolean => COMMANDS.some((row) => row.name === name && row.kind === 'effect');

/** Everything that a device runs before it knows that the manifest is for it must be harmless (§6.2). */
const notShared = (what: string, { at }: Place): Rejection =>
  new Rejection('forbidden-command', at, `expected conditions and parameters in the shared sequence, got ${what}`);

function unsupportedCommand(label: number | bigint, place: Place): Rejection {
  const name = describeLabel(COMMANDS, label);
  if (place.shared && label <= FIRST_CUSTOM_LABEL) return notShared(name, place);
  return new Rejection('unsupported-command', place.at, `got ${name}`);
}

function checkIndex(index: number, { at, components }: Place): void {
  if (index >= components) {
    throw new Rejection('wrong-shape', at, `expected a component index below ${components}, got ${index}`);
  }
}

function checkParameters({ unsupported, softFailure, sourceComponent }: Parameters, place: Place): void {
  const { at, nested } = place;
  for (const label of unsupported?.keys() ?? []) {
    throw new Rejection('unsupported-parameter', at, `got ${describeLabel(PARAMETERS, label)}`);
  }
  if (softFailure !== undefined && !nested) {
    throw new Rejection('forbidden-command', at, 'expected soft-failure only inside try-each or run-sequence');
  }
  if (sourceComponent !== undefined) checkIndex(sourceComponent, place);
}
