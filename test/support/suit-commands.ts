/** Commands of SUIT in few words, and what an install sequence of them comes to. */
import { utf8 } from '../../protocol/bytes.ts';
import type { Command, ComponentIndex, Sequence } from '../../protocol/suit/commands.ts';
import type { Parameters } from '../../protocol/suit/parameters.ts';
import type { Operation, OperationResult } from '../../protocol/suit/processor/operations.ts';
import { runProcedure } from '../../protocol/suit/processor.ts';
import { type Answer, describeOperation, device, drive, manifestWith, OK, trusted } from './suit.ts';

export const select = (index: ComponentIndex): Command => ({ name: 'set-component-index', index });
export const set = (parameters: Parameters): Command => ({ name: 'override-parameters', parameters });
export const write: Command = { name: 'write', policy: 0 };
export const abort: Command = { name: 'abort', policy: 0 };
export const content = (text: string): Command => set({ content: utf8(text) });
export const sequence = (...commands: Sequence): Command => ({ name: 'run-sequence', sequence: commands });
export const tryEach = (...alternatives: readonly Sequence[]): Command => ({
  name: 'try-each',
  alternatives,
  orNothing: false,
});
export const soft = set({ softFailure: true });

/** A device in slot 0. */
const inSlotZero: Answer = (operation: Operation): OperationResult =>
  operation.do === 'check-slot' && operation.slot !== 0
    ? { ok: false, code: 'wrong-slot', detail: `expected 0, got ${operation.slot}` }
    : OK;

/** What an install sequence over some components came to: `write 00 text`. */
export function install(
  commands: Sequence,
  { components = 1, answer = inSlotZero }: { components?: number; answer?: Answer } = {},
) {
  const manifest = manifestWith({ install: commands }, { components });
  return drive(runProcedure(trusted(manifest), 'update', device), answer).operations.map((operation) =>
    operation.do === 'write'
      ? `${describeOperation(operation)} ${new TextDecoder().decode(operation.content)}`
      : describeOperation(operation),
  );
}

export const writes = (commands: Sequence, components?: number) =>
  install(commands, components === undefined ? {} : { components }).filter((line) => line.startsWith('write'));
