/** `bristlecone release`: firmware images into signed envelopes. */
import { readFileSync, writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { run, subcommand, textTable, UsageError } from '../../command-line.ts';
import { anchorOf } from '../../protocol/cose/key.ts';
import { decodePublicKey } from '../../protocol/cose/spki.ts';
import { LAYOUT_KINDS, type LayoutKind } from '../../protocol/suit/layouts.ts';
import { keysToCarry } from '../releases/carried-keys.ts';
import { fleetDigestId } from '../releases/fleet-digest.ts';
import { checkForeignEnvelope, publishRelease } from '../releases/publish-release.ts';
import { signRelease } from '../releases/sign-release.ts';
import { listReleases, type Release } from '../store/releases.ts';
import { writeFactoryFolder } from './factory-folder.ts';
import { type DataOptions, withDataOption, withKmsOptions } from './kms-option.ts';
import { type CloudFiles, openCloudFiles } from './open-cloud.ts';
import { describeTrust, prepareTrust, type ReleaseTrustOptions, trustJson } from './release-trust.ts';
import { openReleaseSigners, type SignerOptions, withSignerOptions } from './release-signers.ts';

interface NameOptions {
  readonly version: string;
  readonly sequence: string;
  readonly vendor: string;
  readonly class: string;
}

interface CreateOptions extends SignerOptions, ReleaseTrustOptions, NameOptions {
  readonly image: string;
  readonly layout?: string;
  readonly out?: string;
}

export function registerReleaseCommands(program: Command): void {
  const release = program.command('release').description('firmware images and their signed SUIT envelopes');
  registerCreate(release);
  registerAdd(release);
  registerList(release);
}

const withNameOptions = (command: Command): Command =>
  command
    .requiredOption('--image <file>', 'firmware image, as it goes to flash')
    .requiredOption('--version <version>', 'version that people read: 1.2.3')
    .requiredOption('--sequence <n>', 'sequence number of the manifest: devices refuse a lower one')
    .requiredOption('--vendor <domain>', 'your domain; the vendor id is made of it')
    .requiredOption('--class <name>', 'class of device that the image is for');

function registerCreate(parent: Command): void {
  const command = withSignerOptions(
    withNameOptions(
      withKmsOptions(
        subcommand(parent, {
          name: 'create',
          summary: 'sign an image with KMS keys into a SUIT envelope',
          examples: [
            'release create --image fw.bin --version 1.2.3 --sequence 7 --vendor example.com --class hub --key release --out fw.suit',
            'release create … --key legacy --key release        # hybrid: both sign',
            'release create … --layout external                 # for devices with flash outside their chip, and no others',
            'release create … --profile ssm:/bristlecone/signing # keys and algorithms as the parameter says now',
          ],
        }),
      ),
    ),
  )
    .option(
      '--layout <kind>',
      `make the manifest for devices with this layout: ${LAYOUT_KINDS.join(', ')} (default: swap, which all run)`,
    )
    .option('--out <file>', 'write the envelope there too')
    .option('--no-development-root', 'make no trust root for trying out where none is published');
  run<CreateOptions>(command, async ({ options, io }) => {
    await using cloud = await openCloudFiles(options.data);
    const image = readBytes(options.image);
    const layout = parseLayout(options.layout);
    const { signers, digestAlgorithmId, profile } = await openReleaseSigners(options, io.env);
    const keys = signers.map(({ key }) => key);
    const name = nameOf(
      options,
      keys.map(({ algorithm }) => algorithm.name),
    );
    const warnings = await sequenceWarnings(cloud, name);
    const envelope = await signRelease({
      image,
      version: name.version,
      sequenceNumber: name.sequence,
      vendorDomain: name.vendor,
      className: name.class,
      signers,
      layout,
      digestAlgorithmId: digestAlgorithmId ?? fleetDigestId(cloud.folder.root),
      carriedKeys: keysToCarry(cloud.folder.root, keys.map(anchorOf)),
    });
    // First the file: a release whose envelope could not be written would be there, and half done.
    if (options.out !== undefined) writeFileSync(options.out, envelope);
    const trust = await prepareTrust(cloud.folder, keys, { options, env: io.env, nowMs: io.nowMs() });
    const release = await publishRelease(cloud, {
      name: { ...name, ...(profile && { profile: profile.name }) },
      envelope,
      image,
      nowMs: io.nowMs(),
    });
    writeFactoryFolder(cloud.folder, { vendor: name.vendor, className: name.class, keys, root: trust.root });
    for (const warning of warnings) io.note(`warning: ${warning}`);
    const { rules, digest, blockBytes } = profile ?? {};
    return {
      json: { ...release, rules, digest, blockBytes, out: options.out, warnings, trust: trustJson(trust) },
      text: describe(release, options.out, describeTrust(trust)),
    };
  });
}

function parseLayout(text: string | undefined): LayoutKind | undefined {
  const layout = LAYOUT_KINDS.find((kind) => kind === text);
  if (layout || text === undefined) return layout;
  throw new UsageError(
    `--layout: expected one of ${LAYOUT_KINDS.join(', ')}, got ${JSON.stringify(text.slice(0, 40))}`,
  );
}

function registerAdd(parent: Command): void {
  const command = withNameOptions(
    withDataOption(
      subcommand(parent, {
        name: 'add',
        summary: 'take in an envelope that was signed elsewhere',
        examples: [
          'release add --envelope fw.suit --image fw.bin --version 1.2.3 --sequence 7 --vendor example.com --class hub --anchor release.cose',
        ],
      }),
    ),
  )
    .requiredOption('--envelope <file>', 'SUIT envelope that fetches its image from stream:1')
    .option('--anchor <file...>', 'public keys, one of which must have signed it')
    .option('--unchecked', 'take it as it is: for testing what devices refuse');
  run<DataOptions & NameOptions & { image: string; envelope: string; anchor?: readonly string[]; unchecked?: true }>(
    command,
    async ({ options, io }) => {
      if (!options.anchor && !options.unchecked)
        throw new UsageError('--anchor: expected the public keys that must have signed it (or --unchecked)');
      await using cloud = await openCloudFiles(options.data);
      const envelope = readBytes(options.envelope);
      const anchors = (options.anchor ?? []).map((file) => decodePublicKey(readBytes(file), file));
      const signers = options.unchecked ? ['unchecked'] : checkForeignEnvelope(envelope, anchors);
      const image = readBytes(options.image);
      const release = await publishRelease(cloud, {
        name: nameOf(options, signers),
        envelope,
        image,
        nowMs: io.nowMs(),
      });
      return { json: release, text: describe(release, undefined, undefined) };
    },
  );
}

function registerList(parent: Command): void {
  const command = withDataOption(
    subcommand(parent, { name: 'list', summary: 'the releases there are', examples: ['release list --json'] }),
  );
  run<DataOptions>(command, async ({ options }) => {
    await using cloud = await openCloudFiles(options.data);
    const releases = await listReleases(cloud.store);
    const text =
      releases.length === 0
        ? 'No releases yet: bristlecone release create --help'
        : textTable(['release', 'sequence', 'for', 'signed with', 'envelope B', 'image B'], releases.map(releaseRow));
    return { json: releases, text };
  });
}

const releaseRow = (it: Release) => [
  it.id,
  it.sequence,
  `${it.vendor} ${it.class}`,
  it.algorithms.join(' + '),
  it.envelopeBytes,
  it.imageBytes,
];

const describe = (release: Release, out: string | undefined, trust: string | undefined): string =>
  `Release ${release.id}: sequence ${release.sequence}, image ${release.imageBytes} B, envelope ${release.envelopeBytes} B on the wire, ` +
  `signed with ${release.algorithms.join(' + ')}${release.profile === undefined ? '' : ` as profile ${release.profile} says`}${out === undefined ? '' : `\nWrote the envelope to ${out}`}\n${trust === undefined ? '' : `${trust}\n`}` +
  `Next: bristlecone campaign create --release ${release.id} --thing NAME (or --all)`;

function nameOf({ version, sequence, vendor, class: className }: NameOptions, algorithms: readonly string[]) {
  const number = Number(sequence);
  if (!/^\d+$/.test(sequence) || !Number.isSafeInteger(number)) {
    throw new UsageError(
      `--sequence: expected a whole number below 2^53, got ${JSON.stringify(sequence.slice(0, 40))}`,
    );
  }
  return { version, sequence: number, vendor, class: className, algorithms };
}

/** A device that has taken a higher sequence number refuses this release: better said before it is shipped. */
async function sequenceWarnings(
  { store }: CloudFiles,
  name: { vendor: string; class: string; sequence: number },
): Promise<string[]> {
  const newer = (await listReleases(store)).filter(
    (it) => it.vendor === name.vendor && it.class === name.class && it.sequence > name.sequence,
  );
  return newer.map(
    (it) =>
      `release ${it.id} of the same class has the higher sequence number ${it.sequence}: devices that took it will refuse this one`,
  );
}

const readBytes = (file: string): Uint8Array => new Uint8Array(readFileSync(file));
