/**
 * `bristlecone suit check`: the device's own verifier and processor as a command, and the door for conformance tests by
 * others. Its JSON is a public contract (README): add fields, never rename one.
 */
import type { Command } from 'commander';
import { run, subcommand } from '../../command-line.ts';
import { checkSuit, type SuitVerdict } from '../suit-check.ts';
import { parseAlgorithms, parseCount, parsePayload, parseUuid, readAnchors, readBytes } from './files.ts';

interface CheckOptions {
  readonly anchor: readonly string[];
  readonly vendor?: string;
  readonly class?: string;
  readonly sequence?: string;
  readonly componentLimit?: string;
  readonly payload?: readonly string[];
  readonly assumeImages?: boolean;
  readonly require?: string;
}

export function registerSuitCommands(program: Command): void {
  const suit = program.command('suit').description('SUIT envelopes as a device sees them');
  const command = subcommand(suit, {
    name: 'check',
    summary: 'verify an envelope and run its manifest in memory, as a device would',
    examples: [
      'suit check update.suit --anchor release.cose --payload stream:1=fw.bin',
      'suit check update.suit --anchor release.cose --assume-images',
      'suit check update.suit --anchor old.pem new.pub --require ES256,ML-DSA-65 --sequence 6 --assume-images --json',
    ],
  })
    .argument('<file>', 'SUIT envelope')
    .requiredOption('--anchor <file...>', 'public keys that count: raw ML-DSA, SPKI (PEM or DER) or COSE_Key')
    .option('--vendor <uuid>', 'vendor id of the device (default: accept any)')
    .option('--class <uuid>', 'class id of the device (default: accept any)')
    .option('--sequence <n>', 'sequence number already installed')
    .option('--component-limit <n>', 'components that the device can hold')
    .option('--payload <uri=file...>', 'what a fetch of this URI gives')
    .option('--assume-images', 'take images that are not given to be what the manifest says')
    .option('--require <algorithms>', 'comma-separated: each of them must have signed');
  run<CheckOptions>(command, async ({ args: [file = ''], options }) => {
    const verdict = checkSuit({ envelope: readBytes(file), ...deviceOf(options) });
    return { json: verdict, text: renderVerdict(verdict), exit: verdict.result === 'accept' ? 'done' : 'refused' };
  });
}

function deviceOf(options: CheckOptions) {
  const installedSequence = parseCount(options.sequence, '--sequence');
  const componentLimit = parseCount(options.componentLimit, '--component-limit');
  return {
    anchors: readAnchors(options.anchor),
    requiredAlgorithms: parseAlgorithms(options.require),
    payloads: new Map((options.payload ?? []).map(parsePayload)),
    assumeImages: options.assumeImages ?? false,
    ...(options.vendor === undefined ? {} : { vendorIds: [parseUuid(options.vendor, '--vendor')] }),
    ...(options.class === undefined ? {} : { classIds: [parseUuid(options.class, '--class')] }),
    ...(installedSequence === undefined ? {} : { installedSequence }),
    ...(componentLimit === undefined ? {} : { componentLimit }),
  };
}

export function renderVerdict({ result, code, at, detail, ...ran }: SuitVerdict): string {
  const signers = ran.authenticatedBy.map(({ algorithm, keyId }) => `  signed by ${algorithm} key ${keyId}`);
  const assumed = ran.assumed.map((component) => `  component ${component}: its image was not looked at`);
  if (result === 'accept') {
    const fetched = `  fetched: ${ran.fetched.join(', ') || 'nothing'}`;
    return ['accept', ...signers, fetched, `  invoked: ${ran.invoked.join(', ') || 'nothing'}`, ...assumed].join('\n');
  }
  const advice = code === 'image-unavailable' ? ['  give it with --payload URI=FILE, or --assume-images'] : [];
  return [`reject: ${code}`, `  at ${at}: ${detail}`, ...advice, ...signers, ...assumed].join('\n');
}
