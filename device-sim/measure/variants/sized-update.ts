/**
 * An update whose envelope nobody verifies (sized-envelope.ts): what it costs on the wire, and nothing else. It is the
 * agent's own parts that get the job, the envelope and the image, and report; what they do not do is authenticate.
 *
 * The agent runs no manifest that is not authenticated, and cannot be told to. So the manifest that came is signed here, by
 * a key of this moment, and that twin is authenticated and run; it is never on the wire. All this exists for measuring:
 * test/architecture.test.ts holds that nothing outside of measure/ imports it.
 */
import { generateKeyPairSync, sign } from 'node:crypto';
import { decodeJobDocument, type JobDocument } from '../../../protocol/aws-iot/job-document.ts';
import { utf8 } from '../../../protocol/bytes.ts';
import { encodeProtected } from '../../../protocol/cose/headers.ts';
import { anchorOf } from '../../../protocol/cose/key.ts';
import { encodeSign1, signedBytes } from '../../../protocol/cose/sign1.ts';
import { decodeSpki } from '../../../protocol/cose/spki.ts';
import { Rejection } from '../../../protocol/errors.ts';
import { authenticate, type AuthenticatedEnvelope } from '../../../protocol/suit/authenticate.ts';
import { decodeEnvelope, encodeEnvelope, signedDigest } from '../../../protocol/suit/envelope.ts';
import { runProcedure } from '../../../protocol/suit/processor.ts';
import { download } from '../../agent/download.ts';
import { ImageInstaller } from '../../agent/install-image.ts';
import { endJob, type JobReference, nextJob } from '../../agent/job-client.ts';
import { fitSuitReport, reportOfSuccess, statusDetailsOf } from '../../agent/job-report.ts';
import { Link } from '../../agent/link.ts';
import { processorContext } from '../../agent/states.ts';
import type { RootVersions } from '../../agent/trust-store.ts';
import { powerOn, type RunDeviceOptions } from '../../device.ts';
import { openDevice } from '../../factory.ts';
import { verifyWithOpenSsl } from '../../hardware/native-verifier.ts';
import { bootPorts } from '../../machine.ts';
import type { CostRow } from '../../metrics/cost.ts';
import { type AgentPorts, Unavailable } from '../../ports.ts';

export interface SizedOutcome {
  /** `ok`, or why not. */
  readonly code: string;
  readonly detail: string;
  /** Of the wire. */
  readonly costs: readonly CostRow[];
}

/** What a board goes through that does not verify is not what one that does goes through. */
// oxfmt-ignore
const OF_THE_BOARD: readonly string[] = [
  'flash-erases', 'flash-writes', 'flash-written', 'flash-wear-max', 'ram-peak', 'starts', 'hashed', 'swapped',
];

/** @throws {RangeError} where there is no device in the folder, or the block size is not one */
export async function runSizedUpdate(options: RunDeviceOptions): Promise<SizedOutcome> {
  using device = openDevice(options.stateFolder);
  const { thing, machine, meters } = powerOn(options, device);
  const outcome = await outcomeOf(async () => {
    const taken = await takeUpdate(bootPorts(machine));
    if (taken) await confirmUpdate(bootPorts(machine), taken, device.rootVersions);
    return taken !== undefined;
  });
  const costs = meters.costs({ run: thing, ...options.costs }, machine.settings.blockBytes);
  return { ...outcome, costs: costs.filter(({ quantity }) => !OF_THE_BOARD.includes(quantity)) };
}

async function outcomeOf(update: () => Promise<boolean>): Promise<Omit<SizedOutcome, 'costs'>> {
  try {
    return (await update()) ? { code: 'ok', detail: 'installed' } : { code: 'no-job', detail: 'no job came' };
  } catch (error) {
    if (error instanceof Rejection) return { code: error.code, detail: error.message };
    if (error instanceof Unavailable) return { code: 'offline', detail: error.message };
    throw error;
  }
}

interface Taken {
  readonly job: JobReference;
  readonly twin: AuthenticatedEnvelope;
}

/** Until the new image is to be started. */
async function takeUpdate(ports: AgentPorts): Promise<Taken | undefined> {
  await using link = new Link(ports);
  enter(ports, 'idle');
  const job = await nextJob(link, ports);
  if (!job) return undefined;
  const document = decodeJobDocument(job.jobDocument ?? {});
  enter(ports, 'fetching-envelope');
  const twin = twinOf(await fetchEnvelope(link, document, ports));
  enter(ports, 'downloading');
  const { epoch } = ports.boot.confirmed();
  const installer = new ImageInstaller({ envelope: twin, epoch, job: document, link, ports });
  await installer.run(runProcedure(twin, 'update', contextOf(ports, twin)));
  const newImage = installer.newImage();
  if (!newImage) throw new RangeError('an update by size alone needs an image that is not installed');
  enter(ports, 'installing');
  ports.boot.tryNext(newImage);
  return { job, twin };
}

async function fetchEnvelope(link: Link, document: JobDocument, ports: AgentPorts): Promise<Uint8Array> {
  const { stream, envelope } = document;
  if (!envelope) throw new RangeError('an update by size alone needs an envelope');
  const { envelopeArea: area, blockLogs, observe } = ports;
  const { fileId, bytes: fileBytes } = envelope;
  await download(
    link,
    { streamId: stream, fileId, fileBytes, key: utf8(stream), area, log: blockLogs.envelope },
    ports,
  );
  observe({ kind: 'envelope', envelopeBytes: fileBytes });
  const bytes = new Uint8Array(fileBytes);
  area.read(0, bytes);
  return bytes;
}

/** After the reboot, which ended the session. */
async function confirmUpdate(ports: AgentPorts, { job, twin }: Taken, root: RootVersions): Promise<void> {
  enter(ports, 'confirming');
  const { boot } = ports;
  const { epoch } = boot.confirmed();
  const { manifest, digest } = twin;
  const installer = new ImageInstaller({ envelope: twin, epoch, ports });
  const outcome = await installer.run(runProcedure(twin, 'invocation', contextOf(ports, twin)));
  boot.confirm({ epoch, sequenceNumber: manifest.sequenceNumber });
  enter(ports, 'reporting');
  const suitReport = fitSuitReport({ uri: manifest.referenceUri ?? '', digest }, outcome);
  const report = reportOfSuccess('installed', boot.confirmed(), suitReport);
  await using link = new Link(ports);
  await endJob(link, job, { status: report.status, statusDetails: statusDetailsOf(report, root) }, ports);
}

const enter = ({ observe }: AgentPorts, state: string): void => observe({ kind: 'state', state });

const contextOf = (ports: AgentPorts, { manifest }: AuthenticatedEnvelope) =>
  processorContext(ports, { epoch: ports.boot.confirmed().epoch, sequenceNumber: manifest.sequenceNumber });

/** The same manifest, signed by a key that is forgotten at once. */
function twinOf(envelope: Uint8Array): AuthenticatedEnvelope {
  const { manifestBytes, digest, severed, integrated } = decodeEnvelope(envelope);
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const anchor = anchorOf(decodeSpki(new Uint8Array(publicKey.export({ format: 'der', type: 'spki' }))));
  const protectedBytes = encodeProtected(anchor);
  const payload = signedBytes(protectedBytes, signedDigest(manifestBytes, digest.algorithmId));
  const signature = sign('sha256', payload, { key: privateKey, dsaEncoding: 'ieee-p1363' });
  const block = encodeSign1({ protectedBytes, signature: new Uint8Array(signature) });
  const twin = { manifestBytes, blocks: [block], severed, integrated, digestAlgorithmId: digest.algorithmId };
  return authenticate(decodeEnvelope(encodeEnvelope(twin)), {
    anchors: [anchor],
    requiredAlgorithms: [],
    verify: verifyWithOpenSsl,
  });
}
