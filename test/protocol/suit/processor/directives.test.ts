import { describe, expect, it } from 'vitest';
import { utf8 } from '../../../../protocol/bytes.ts';
import type { RejectionCode } from '../../../../protocol/errors.ts';
import type { Command, Sequence } from '../../../../protocol/suit/commands.ts';
import { digestOfImage } from '../../../../protocol/suit/digest.ts';
import type { EffectName } from '../../../../protocol/suit/labels.ts';
import type { Parameters } from '../../../../protocol/suit/parameters.ts';
import type { Operation, OperationResult } from '../../../../protocol/suit/processor/operations.ts';
import { runProcedure } from '../../../../protocol/suit/processor.ts';
import { decodedOrRefused, expectRejection } from '../../../support/expect-rejection.ts';
import { CHECKED, describeOperation, device, drive, manifestWith, OK, trusted } from '../../../support/suit.ts';

const [zero, one] = [[Uint8Array.of(0)], [Uint8Array.of(1)]];
const digest = digestOfImage(utf8('image'));
const uri = 'http://example.com/image';
const integrated = new Map([
  ['#image', utf8('image')],
  [uri, utf8('image')],
]);

const select = (index: number): Command => ({ name: 'set-component-index', index });
const set = (parameters: Parameters): Command => ({ name: 'override-parameters', parameters });
const directive = (name: EffectName): Command => ({ name, policy: 15 });

/** Runs an install sequence over two components, with component 0 selected. */
function install(
  sequence: Sequence,
  { answer = OK, payloads }: { answer?: OperationResult; payloads?: ReadonlyMap<string, Uint8Array> } = {},
) {
  const manifest = manifestWith({ install: [select(0), ...sequence] }, { components: 2 });
  return drive(runProcedure(trusted(manifest, payloads), 'update', device), () => answer);
}

describe('a directive becomes an operation', () => {
  it.each<[name: EffectName, parameters: Parameters, operation: Operation]>([
    ['fetch', { uri }, { do: 'fetch', component: zero, uri }],
    [
      'fetch',
      { uri, imageBytes: 5, imageDigest: digest, fetchArguments: utf8('x') },
      { do: 'fetch', component: zero, uri, imageBytes: 5, digest, fetchArguments: utf8('x') },
    ],
    ['write', { content: utf8('image') }, { do: 'write', component: zero, content: utf8('image') }],
    ['write', { content: utf8('image'), imageBytes: 5 }, { do: 'write', component: zero, content: utf8('image') }],
    ['copy', { sourceComponent: 1 }, { do: 'copy', from: one, to: zero }],
    ['copy', { sourceComponent: 1, imageBytes: 5 }, { do: 'copy', from: one, to: zero, imageBytes: 5 }],
    ['swap', { sourceComponent: 1, imageBytes: 5 }, { do: 'swap', from: one, to: zero }],
    ['invoke', { strictOrder: true }, { do: 'invoke', component: zero }],
    ['invoke', { invokeArguments: utf8('quiet') }, { do: 'invoke', component: zero, invokeArguments: utf8('quiet') }],
  ])('%s with %o', (name, parameters, operation) => {
    expect(install([set(parameters), directive(name)]).operations).toEqual([operation]);
  });

  it.each(['#image', uri])('a fetch of %s that came with the envelope writes it', (name) => {
    const { operations } = install([set({ uri: name, imageBytes: 5 }), directive('fetch')], { payloads: integrated });
    expect(operations).toEqual([{ do: 'write', component: zero, content: utf8('image') }]);
  });

  it('uses the parameters of its own component', () => {
    const { operations } = install(
      [set({ uri }), select(1), set({ uri: '#image' }), directive('fetch'), select(0), directive('fetch')],
      {
        payloads: new Map([['#image', utf8('image')]]),
      },
    );
    expect(operations.map(describeOperation)).toEqual(['write 01', `fetch 00 ${uri}`]);
  });
});

describe('a directive stops the procedure', () => {
  it.each<[name: string, sequence: Sequence, code: RejectionCode, at?: string]>([
    ['fetch without uri', [directive('fetch')], 'parameter-missing', 'manifest.install[1]'],
    ['write without content', [directive('write')], 'parameter-missing', 'manifest.install[1]'],
    ['copy without source', [directive('copy')], 'parameter-missing', 'manifest.install[1]'],
    ['swap without source', [directive('swap')], 'parameter-missing', 'manifest.install[1]'],
    [
      'a payload that is not in the envelope [THREAT.IMG.LOCATION]',
      [set({ uri: '#other' }), directive('fetch')],
      'image-unavailable',
    ],
    [
      'an integrated payload that is too long [THREAT.NET.ONPATH]',
      [set({ uri: '#image', imageBytes: 4 }), directive('fetch')],
      'image-too-large',
    ],
    [
      'an integrated payload that is too short',
      [set({ uri: '#image', imageBytes: 6 }), directive('fetch')],
      'image-mismatch',
    ],
    [
      'a content longer than image-size',
      [set({ content: utf8('image'), imageBytes: 4 }), directive('write')],
      'image-too-large',
    ],
    ['a copy onto itself', [set({ sourceComponent: 0 }), directive('copy')], 'forbidden-command'],
    ['a swap with itself', [set({ sourceComponent: 0 }), directive('swap')], 'forbidden-command'],
  ])('%s', (_name, sequence, code, at) => {
    expectRejection(() => install(sequence, { payloads: integrated }), code, at);
  });

  it.each<EffectName>(['fetch', 'write', 'copy', 'swap', 'invoke'])(
    'where the device could not %s, soft-failure or not',
    (name) => {
      const parameters = { uri, content: utf8('x'), sourceComponent: 1, softFailure: true };
      const nested: Command = { name: 'run-sequence', sequence: [set(parameters), directive(name)] };
      const answer: OperationResult = { ok: false, code: 'operation-failed', detail: 'the flash is worn' };
      const rejection = expectRejection(
        () => install([nested], { answer }),
        'operation-failed',
        'manifest.install[1][1]',
      );
      expect(rejection.detail).toBe('the flash is worn');
    },
  );
});

describe('a directive waits for vendor and class [THREAT.IMG.INCOMPATIBLE]', () => {
  const [parameters, vendor, classOf] = CHECKED as [Command, Command, Command];

  it.each<[name: string, before: Sequence]>([
    ['neither', []],
    ['no class', [parameters, vendor]],
    ['no vendor', [parameters, classOf]],
    [
      'conditions that could not be met, softly',
      [{ name: 'run-sequence', sequence: [set({ softFailure: true }), vendor, classOf] }],
    ],
  ])('and is refused where %s was checked', (_name, before) => {
    const manifest = manifestWith({ install: [...before, directive('invoke')] }, { shared: null });
    const at = `manifest.install[${before.length}]`;
    expectRejection(() => drive(runProcedure(trusted(manifest), 'update', device)), 'forbidden-command', at);
  });

  it('wherever in the manifest they are checked', () => {
    const manifest = manifestWith({ 'payload-fetch': CHECKED, install: [directive('invoke')] }, { shared: null });
    expect(drive(runProcedure(trusted(manifest), 'update', device)).operations).toHaveLength(1);
  });
});

describe('where the order is free, a component is source or target, not both', () => {
  const free = set({ strictOrder: false });
  const copy = (from: number, to: number): Sequence => [select(to), set({ sourceComponent: from }), directive('copy')];

  it.each<[name: string, sequence: Sequence, isRace: boolean]>([
    ['written, then read', [free, set({ uri }), directive('fetch'), ...copy(0, 1)], true],
    ['read, then written', [free, ...copy(0, 1), select(0), set({ uri }), directive('fetch')], true],
    ['read twice', [free, ...copy(0, 1), ...copy(0, 1)], false],
    ['written, then read, in strict order', [set({ uri }), directive('fetch'), ...copy(0, 1)], false],
    [
      'with strict order between them',
      [free, set({ uri }), directive('fetch'), set({ strictOrder: true }), ...copy(0, 1)],
      false,
    ],
    [
      'with strict order between them, then free again',
      [free, set({ uri }), directive('fetch'), set({ strictOrder: true }), free, ...copy(0, 1)],
      false,
    ],
    [
      'in a nested sequence',
      [free, set({ uri }), directive('fetch'), { name: 'run-sequence', sequence: copy(0, 1) }],
      true,
    ],
  ])('%s', (_name, sequence, isRace) => {
    const wasRefused = decodedOrRefused(() => install(sequence)) === undefined;
    expect(wasRefused).toBe(isRace);
  });
});
