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
      'suit check update.suit --anchor release.cose',
      'suit check update.suit --anchor old.pem new.pub --require ES256,ML-DSA-65 --sequence 6 --json',
      'suit check update.suit --anchor release.cose --payload https://example.com/fw.bin=fw.bin',
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

export function renderVerdict(verdict: SuitVerdict): string {
  const signers = verdict.authenticatedBy.map(({ algorithm, keyId }) => `  signed by ${algorithm} key ${keyId}`);
  if (verdict.result === 'accept') {
    return [
      'accept',
      ...signers,
      `  fetched: ${verdict.fetched.join(', ') || 'nothing'}`,
      `  invoked: ${verdict.invoked.join(', ') || 'nothing'}`,
    ].join('\n');
  }
  return [`reject: ${verdict.code}`, `  at ${verdict.at}: ${verdict.detail}`, ...signers].join('\n');
}
