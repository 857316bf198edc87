/**
 * Command sequences (draft-ietf-suit-manifest-37 §8.4.6): [ label, argument, label, argument … ], and sequences inside
 * the arguments of try-each and run-sequence.
 *
 * Decoding checks shapes only. A command that is not implemented here is decoded to its label and its argument as they
 * came: the whole-manifest check refuses it by name, so that nothing of a manifest runs unless all of it can.
 */
import { decodeCbor } from '../cbor/decode.ts';
import { encodeCbor } from '../cbor/encode.ts';
import { expectArray, expectBytes, expectInteger, expectUint, wrongShape } from '../cbor/expect.ts';
import { encodedBytes, headBytes } from '../cbor/size.ts';
import type { CborValue } from '../cbor/value.ts';
import { Rejection } from '../errors.ts';
import { MAX_COMPONENTS, MAX_SEQUENCE_BYTES, MAX_SEQUENCE_DEPTH } from '../limits.ts';
import { byLabel, COMMANDS, type EffectName, labelOf, type TestName } from './labels.ts';
import { type Parameters, parametersOf, parametersValue } from './parameters.ts';

export type Sequence = readonly Command[];

/** One component, some of them, or all (`true`). */
export type ComponentIndex = number | true | readonly number[];

export type Command = Placed &
  (
    | { readonly name: TestName | EffectName; /** Bits of `REPORTING`. */ readonly policy: number }
    | { readonly name: 'set-component-index'; readonly index: ComponentIndex }
    | { readonly name: 'override-parameters'; readonly parameters: Parameters }
    | {
        readonly name: 'try-each';
        readonly alternatives: readonly Sequence[];
        /** A last alternative that does nothing and always fits. */
        readonly orNothing: boolean;
      }
    | { readonly name: 'run-sequence'; readonly sequence: Sequence }
    | { readonly name: 'unsupported'; readonly label: number | bigint; readonly argument: CborValue }
  );

interface Placed {
  /** bytes. Where the command begins in its section: what a SUIT_Record points at. Set by the decoder only. */
  readonly offset?: number;
}

/** SUIT_Reporting_Policy, §8.4.7: when to make a record, and when to add what was measured. */
export const REPORTING = { recordSuccess: 1, recordFailure: 2, measureSuccess: 4, measureFailure: 8 } as const;
const ALL_REPORTING_BITS = 15;

interface Place {
  readonly at: string;
  /** Bytes before this sequence in its section. */
  readonly offset: number;
  readonly depth: number;
}

/**
 * @param bytes the content of the byte string that wraps the sequence
 * @param at for errors; the place of command 3 is `${at}[3]`, that of the first in its second alternative `${at}[3][1][0]`
 * @throws {Rejection} `too-large`, `malformed`, `wrong-shape`, `limit-exceeded`, `unsupported-algorithm`
 */
export const decodeSequence = (bytes: Uint8Array, at: string): Sequence =>
  sequenceOf(bytes, { at, offset: 0, depth: 0 });

function sequenceOf(bytes: Uint8Array, { at, offset, depth }: Place): Sequence {
  if (depth > MAX_SEQUENCE_DEPTH) {
    throw new Rejection('limit-exceeded', at, `expected sequences at most ${MAX_SEQUENCE_DEPTH} deep in each other`);
  }
  const items = expectArray(decodeCbor(bytes, { at, maxBytes: MAX_SEQUENCE_BYTES }), at);
  if (items.length === 0 || items.length % 2 !== 0) throw wrongShape(at, 'pairs of command and argument', items);
  const commands: Command[] = [];
  let position = offset + headBytes(items.length);
  for (let i = 0; i < items.length; i += 2) {
    const [label, argument] = [items[i]!, items[i + 1]!];
    const labelBytes = encodedBytes(label);
    const place = { at: `${at}[${i / 2}]`, start: position, offset: position + labelBytes, depth };
    commands.push(commandOf(label, argument, place));
    position += labelBytes + encodedBytes(argument);
  }
  return commands;
}

const COMMAND_ROWS = byLabel(COMMANDS);

/** @param place of the argument; the command itself begins at `start` */
function commandOf(item: CborValue, argument: CborValue, place: Place & { readonly start: number }): Command {
  const { start: offset } = place;
  if (typeof item === 'bigint') return { name: 'unsupported', label: item, argument, offset };
  const label = expectInteger(item, place.at);
  const row = COMMAND_ROWS.get(label);
  if (!row?.implemented) return { name: 'unsupported', label, argument, offset };
  switch (row.name) {
    case 'set-component-index':
      return { name: row.name, index: componentIndexOf(argument, place.at), offset };
    case 'override-parameters':
      return { name: row.name, parameters: overridesOf(argument, place.at), offset };
    case 'try-each':
      return { name: row.name, ...alternativesOf(argument, place), offset };
    case 'run-sequence':
      return { name: row.name, sequence: nestedOf(argument, place), offset };
    default:
      return { name: row.name, policy: policyOf(argument, place.at), offset };
  }
}

function policyOf(argument: CborValue, at: string): number {
  const policy = expectUint(argument, at);
  if (policy > ALL_REPORTING_BITS) throw wrongShape(at, 'a reporting policy of four bits', argument);
  return policy;
}

function componentIndexOf(argument: CborValue, at: string): ComponentIndex {
  if (argument === true) return true;
  if (!Array.isArray(argument)) return expectUint(argument, at);
  const indices = expectArray(argument, at).map((index) => expectUint(index, at));
  if (indices.length === 0 || indices.length > MAX_COMPONENTS) {
    throw wrongShape(at, `1 to ${MAX_COMPONENTS} component indices`, argument);
  }
  return indices;
}

function overridesOf(argument: CborValue, at: string): Parameters {
  const parameters = parametersOf(argument, at);
  if (Object.keys(parameters).length === 0) throw wrongShape(at, 'at least one parameter', argument);
  return parameters;
}

function alternativesOf(argument: CborValue, place: Place) {
  const items = expectArray(argument, place.at);
  const orNothing = items.at(-1) === null;
  const sequences = orNothing ? items.slice(0, -1) : items;
  if (sequences.length < 2) throw wrongShape(place.at, 'two alternatives or more', argument);
  let offset = place.offset + headBytes(items.length);
  const alternatives = sequences.map((item, i) => {
    const alternative = nestedOf(item, { at: `${place.at}[${i}]`, offset, depth: place.depth });
    offset += encodedBytes(item);
    return alternative;
  });
  return { alternatives, orNothing };
}

/** A sequence in a byte string that begins at `place`. */
function nestedOf(item: CborValue, { at, offset, depth }: Place): Sequence {
  const bytes = expectBytes(item, at);
  return sequenceOf(bytes, { at, offset: offset + headBytes(bytes.length), depth: depth + 1 });
}

/** The content of the byte string that wraps the sequence. */
export const encodeSequence = (sequence: Sequence): Uint8Array => encodeCbor(sequence.flatMap(commandItems));

function commandItems(command: Command): readonly CborValue[] {
  if (command.name === 'unsupported') return [command.label, command.argument];
  return [labelOf(COMMANDS, command.name), argumentOf(command)];
}

function argumentOf(command: Exclude<Command, { readonly name: 'unsupported' }>): CborValue {
  switch (command.name) {
    case 'set-component-index':
      return command.index;
    case 'override-parameters':
      return parametersValue(command.parameters);
    case 'try-each':
      return [...command.alternatives.map(encodeSequence), ...(command.orNothing ? [null] : [])];
    case 'run-sequence':
      return encodeSequence(command.sequence);
    default:
      return command.policy;
  }
}
