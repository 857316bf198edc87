/** What the agent holds in RAM over the states of one boot. */
import { decodeJobDocument, type JobDocument } from '../../protocol/aws-iot/job-document.ts';
import type { JobExecution } from '../../protocol/aws-iot/jobs.ts';
import { encodeJson } from '../../protocol/aws-iot/json.ts';
import { decodeEnvelope } from '../../protocol/suit/envelope.ts';
import type { Outcome } from '../../protocol/suit/make-report.ts';
import type { SuitReport } from '../../protocol/suit/report.ts';
import { type AuthenticatedRelease, authenticateRelease } from '../../protocol/trust/release.ts';
import type { AgentPorts, RamBuffer } from '../ports.ts';
import { fitSuitReport } from './job-report.ts';
import { Link } from './link.ts';
import { TrustStore } from './trust-store.ts';

export class AgentContext implements AsyncDisposable {
  readonly ports: AgentPorts;
  readonly link: Link;
  readonly trust: TrustStore;
  /** As this boot got it from the service. */
  execution: JobExecution | undefined;
  #document: { readonly buffer: RamBuffer; readonly decoded: JobDocument } | undefined;
  #envelope: { readonly buffer: RamBuffer; readonly release: AuthenticatedRelease } | undefined;
  #reference: SuitReport['reference'] | undefined;

  constructor(ports: AgentPorts) {
    this.ports = ports;
    this.link = new Link(ports);
    this.trust = new TrustStore(ports);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.closeEnvelope();
    this.#document?.buffer[Symbol.dispose]();
    await this.link[Symbol.asyncDispose]();
  }

  /**
   * Of the job at hand; it stays in RAM to the end.
   *
   * @throws {Rejection} `job-invalid`; `too-large`, where the RAM does not hold it
   */
  document(): JobDocument {
    const document = this.execution?.jobDocument ?? {};
    this.#document ??= {
      decoded: decodeJobDocument(document),
      buffer: this.ports.ram.allocate('job document', encodeJson(document).length),
    };
    return this.#document.decoded;
  }

  /**
   * The envelope in flash, authenticated as of `nowSeconds`; it stays in RAM until `closeEnvelope`, the trust roots do not.
   *
   * @throws {Rejection} those of decodeEnvelope and authenticateRelease; `too-large`, where the RAM does not hold it all
   */
  openEnvelope(envelopeBytes: number, nowSeconds: number | undefined): AuthenticatedRelease {
    if (this.#envelope) return this.#envelope.release;
    const { ram, envelopeArea, identity, verify, keepRelease, observe } = this.ports;
    observe({ kind: 'envelope', envelopeBytes });
    const buffer = ram.allocate('envelope', envelopeBytes);
    try {
      envelopeArea.read(0, buffer.bytes);
      const envelope = decodeEnvelope(buffer.bytes);
      this.#reference = { uri: '', digest: envelope.digest };
      using trust = this.trust.open();
      const own = authenticateRelease(trust.state, envelope, { classId: identity.classId, verify, nowSeconds });
      const release = keepRelease?.(own, buffer.bytes) ?? own;
      if (release !== own) buffer.letGo?.();
      const { manifest, digest } = release.envelope;
      this.#reference = { uri: manifest.referenceUri ?? '', digest };
      this.#envelope = { buffer, release };
      return release;
    } finally {
      if (!this.#envelope) buffer[Symbol.dispose]();
    }
  }

  closeEnvelope(): void {
    this.#envelope?.buffer[Symbol.dispose]();
    this.#envelope = undefined;
  }

  /** Encoded; undefined where no envelope was ever read that it could be about. */
  suitReport(outcome: Outcome): Uint8Array | undefined {
    return this.#reference && fitSuitReport(this.#reference, outcome);
  }
}
