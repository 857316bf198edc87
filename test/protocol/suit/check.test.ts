import { describe, expect, it } from 'vitest';
import type { RejectionCode } from '../../../protocol/errors.ts';
import { checkManifest, type ComponentSupport } from '../../../protocol/suit/check.ts';
import type { Command, Sequence } from '../../../protocol/suit/commands.ts';
import { equalComponentIds } from '../../../protocol/suit/component-id.ts';
import { COMMANDS, PARAMETERS } from '../../../protocol/suit/labels.ts';
import type { Manifest } from '../../../protocol/suit/manifest.ts';
import { expectRejection } from '../../support/expect-rejection.ts';
import { manifestWith, trusted, updateManifest } from '../../support/suit.ts';

const anything: ComponentSupport = { hasComponent: () => true };
const check = (manifest: Manifest, support = anything) => checkManifest(trusted(manifest), support);

const image: Command = { name: 'image-match', policy: 0 };
const select = (index: number | true | readonly number[]): Command => ({ name: 'set-component-index', index });
const unsupported = (label: number): Command => ({ name: 'unsupported', label, argument: 0 });
const install = (...sequence: Sequence): Manifest => manifestWith({ install: sequence });
const shared = (...sequence: Sequence): Manifest => manifestWith({}, { shared: sequence });
const either = (sequence: Sequence): Command => ({
  name: 'try-each',
  alternatives: [[image], sequence],
  orNothing: false,
});
const soft: Command = { name: 'override-parameters', parameters: { softFailure: true } };
const withUnsupported = (label: number): Command => ({
  name: 'override-parameters',
  parameters: { unsupported: new Map([[label, 1]]) },
});

describe('checkManifest takes', () => {
  it.each<[name: string, manifest: Manifest]>([
    ['an ordinary update', updateManifest],
    ['a manifest without any sequence', { ...manifestWith({}, { shared: null }), components: [] }],
    ['soft-failure in an alternative', install(either([soft, image]))],
    ['soft-failure in a run-sequence', install({ name: 'run-sequence', sequence: [soft, image] })],
    [
      'conditions and parameters in the shared sequence',
      shared(image, either([image]), { name: 'run-sequence', sequence: [image] }),
    ],
    [
      'two components, each sequence beginning with an index',
      manifestWith({ install: [select(1), image, either([image])] }, { components: 2 }),
    ],
  ])('%s', (_name, manifest) => {
    expect(() => check(manifest)).not.toThrow();
  });
});

describe('checkManifest refuses', () => {
  it.each<[name: string, manifest: Manifest, code: RejectionCode, at: string, detail?: RegExp]>([
    [
      'a member of an extension',
      { ...updateManifest, unsupported: [{ label: 24, value: 0 }] },
      'unsupported-member',
      'manifest',
      /^got uninstall \(24\) of draft-ietf-suit-trust-domains$/,
    ],
    [
      'an unregistered member',
      { ...updateManifest, unsupported: [{ label: 99, value: 0 }] },
      'unsupported-member',
      'manifest',
      /the unregistered label 99/,
    ],
    [
      'dependencies',
      { ...updateManifest, unsupportedCommon: [{ label: 1, value: new Map() }] },
      'unsupported-member',
      'manifest.common',
      /^got dependencies \(1\)/,
    ],
    [
      'commands, but no component',
      { ...install(image), components: [] },
      'unsupported-component',
      'manifest.shared-sequence',
    ],
    [
      'a component twice',
      { ...install(image), components: [[Uint8Array.of(0)], [Uint8Array.of(1)], [Uint8Array.of(0)]] },
      'wrong-shape',
      'manifest.common.components[2]',
    ],
    [
      'a custom command',
      install(image, unsupported(-257)),
      'unsupported-command',
      'manifest.install[1]',
      /^got the custom label -257$/,
    ],
    [
      'a command of the reserved range',
      install(unsupported(-256)),
      'unsupported-command',
      'manifest.install[0]',
      /^got the unregistered label -256$/,
    ],
    [
      'a command in an alternative',
      install(image, either([image, unsupported(29)])),
      'unsupported-command',
      'manifest.install[1][1][1]',
      /wait \(29\)/,
    ],
    [
      'a command in a run-sequence',
      install({ name: 'run-sequence', sequence: [image, unsupported(29)] }),
      'unsupported-command',
      'manifest.install[0][1]',
    ],
    [
      'a command in a section that would not run',
      manifestWith({ load: [unsupported(26)] }),
      'unsupported-command',
      'manifest.load[0]',
      /^got minimum-battery \(26\) of draft-ietf-suit-update-management$/,
    ],
    [
      'a custom command in the shared sequence',
      shared(image, unsupported(-257)),
      'forbidden-command',
      'manifest.shared-sequence[1]',
      /the custom label -257$/,
    ],
    [
      'a fetch in the shared sequence',
      shared({ name: 'fetch', policy: 0 }),
      'forbidden-command',
      'manifest.shared-sequence[0]',
      /got fetch$/,
    ],
    [
      'a swap in an alternative of the shared sequence',
      shared(either([{ name: 'swap', policy: 0 }])),
      'forbidden-command',
      'manifest.shared-sequence[0][1][0]',
    ],
    [
      'an invoke in a sequence of the shared sequence',
      shared({ name: 'run-sequence', sequence: [{ name: 'invoke', policy: 0 }] }),
      'forbidden-command',
      'manifest.shared-sequence[0][0]',
    ],
    [
      'a custom parameter',
      install(withUnsupported(-300)),
      'unsupported-parameter',
      'manifest.install[0]',
      /the custom label -300/,
    ],
    [
      'encryption info',
      install(withUnsupported(19)),
      'unsupported-parameter',
      'manifest.install[0]',
      /encryption-info \(19\) of draft-ietf-suit-firmware-encryption/,
    ],
    ['soft-failure outside a nested sequence', install(soft), 'forbidden-command', 'manifest.install[0]'],
    ['soft-failure in the shared sequence itself', shared(soft), 'forbidden-command', 'manifest.shared-sequence[0]'],
    ['an index that no component has', install(select(1)), 'wrong-shape', 'manifest.install[0]'],
    ['a list with such an index', install(select([0, 1])), 'wrong-shape', 'manifest.install[0]'],
    [
      'a source that no component is',
      install({ name: 'override-parameters', parameters: { sourceComponent: 1 } }),
      'wrong-shape',
      'manifest.install[0]',
    ],
    [
      'two components, and a section that selects none',
      manifestWith({ install: [image] }, { components: 2 }),
      'forbidden-command',
      'manifest.install[0]',
    ],
    [
      'two components, and a shared sequence that selects none',
      { ...updateManifest, sharedSequence: [image] },
      'forbidden-command',
      'manifest.shared-sequence[0]',
    ],
  ])('%s', (_name, manifest, code, at, detail = /./) => {
    expect(expectRejection(() => check(manifest), code, at).detail).toMatch(detail);
  });

  it('every command and parameter of an extension draft, by its name', () => {
    const commands = COMMANDS.filter((row) => !row.implemented);
    const parameters = PARAMETERS.filter((row) => !row.implemented);
    expect([commands.length, parameters.length]).toEqual([13, 7]);
    for (const { label, name, draft } of commands) {
      const rejection = expectRejection(() => check(install(unsupported(label))), 'unsupported-command');
      expect(rejection.detail).toBe(`got ${name} (${label}) of ${draft}`);
    }
    for (const { label, name, draft } of parameters) {
      const rejection = expectRejection(() => check(install(withUnsupported(label))), 'unsupported-parameter');
      expect(rejection.detail).toBe(`got ${name} (${label}) of ${draft}`);
    }
  });

  it('more components than the device can have', () => {
    const support = { ...anything, componentLimit: 1 };
    expectRejection(() => check(updateManifest, support), 'unsupported-component', 'manifest.common.components');
  });

  it('a component that the device does not have [THREAT.IMG.INCOMPATIBLE]', () => {
    const support = { hasComponent: (id: readonly Uint8Array[]) => equalComponentIds(id, [Uint8Array.of(0)]) };
    expectRejection(() => check(updateManifest, support), 'unsupported-component', 'manifest.common.components[1]');
  });
});
