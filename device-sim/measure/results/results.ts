/** What an experiment leaves behind: `results.json`, and the lines of `runs.jsonl` that it is made from. */
import type { CostRow } from '../../metrics/cost.ts';
import type { CertificateName, Experiment } from '../experiment/experiment.ts';

/** One point of the matrix that needs runs of its own. */
export interface CaseSpec {
  /** Readable and stable: `ML-DSA-65/movehub/4096/qos1/cbor/mqtt5/plain/mqttjs/embedded`. */
  readonly id: string;
  /** `none`, `ES256`, `ES256+ML-DSA-65`, `SLH-DSA-SHA2-128s`. */
  readonly algorithm: string;
  /** The sum of all signatures; 0 for `none`. */
  readonly signatureBytes: number;
  /** The sum of all public keys. */
  readonly publicKeyBytes: number;
  readonly signature: 'verified' | 'none' | 'size-only';
  readonly image: { readonly name: string; readonly imageBytes: number };
  readonly blockBytes: number;
  readonly qos: 0 | 1;
  readonly encoding: 'cbor' | 'json';
  readonly mqttVersion: 4 | 5;
  readonly security: 'plain' | 'tls' | 'mtls';
  /** Of server and device; absent without TLS. */
  readonly certificate?: CertificateName;
  readonly transport: 'mqttjs' | 'aws-sdk';
  /** `embedded`, `mosquitto` or a URL. */
  readonly broker: string;
}

/** One update that came to its end. */
export interface CaseRun {
  readonly spec: CaseSpec;
  /** From 0. */
  readonly repetition: number;
  /** Place in the interleaved order, from 0. */
  readonly position: number;
  /** What was counted here, all `measured`; `link` is `unshaped`. */
  readonly rows: readonly CostRow[];
  /**
   * The same run over each link and on each board, all `modelled`:
   * `link` named and `profile` empty: replayed over the link; `profile` named and `link` empty: on that board;
   * both named: what needs both (energy); both empty: what AWS bills for a million devices.
   */
  readonly modelled: readonly CostRow[];
  /** Of this machine's simulation: never a device's cost. */
  readonly wallMs: number;
  /** From a request to each of its blocks, on this machine. */
  readonly blockMs: readonly number[];
}

/** A run that did not come to its end: recorded and reported, and the others go on. */
export interface FailedRun {
  readonly spec: CaseSpec;
  readonly repetition: number;
  readonly position: number;
  /** Stable. */
  readonly code: string;
  readonly detail: string;
}

/** A combination that cannot be. */
export interface LeftOut {
  readonly id: string;
  readonly why: string;
}

/** What a link or board cannot say, and why: nothing is guessed. */
export interface NotKnown {
  readonly link: string;
  readonly profile: string;
  readonly algorithm: string;
  readonly quantity: string;
  readonly why: string;
}

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly os: string;
  /** Version. */
  readonly node: string;
  /** Version. */
  readonly bristlecone: string;
  /** Of this source code, or `v` and the version where there is no git. */
  readonly commit: string;
  /** ISO 8601. */
  readonly startedAt: string;
}

/** bytes of TLS in one handshake, counted here. */
export interface HandshakeBytes {
  readonly serverCertificate: CertificateName;
  /** Absent: only the server proves who it is. */
  readonly deviceCertificate?: CertificateName;
  readonly keyExchange: string;
  readonly sentBytes: number;
  readonly receivedBytes: number;
  readonly serverCertificateBytes: number;
  readonly deviceCertificateBytes: number;
}

export interface MeasureResults {
  readonly format: 'bristlecone-measure';
  readonly version: 1;
  readonly experiment: Experiment;
  readonly machine: Machine;
  /** By position. */
  readonly runs: readonly CaseRun[];
  readonly failed: readonly FailedRun[];
  readonly leftOut: readonly LeftOut[];
  readonly notKnown: readonly NotKnown[];
  /** Runs that were planned; fewer in `runs` where it was interrupted or some failed. */
  readonly plannedRuns: number;
  readonly handshakes: readonly HandshakeBytes[];
  /**
   * Where numbers are from, by what they are of: `link nb-iot`, `board rp2040`, `scheme FN-DSA-512`,
   * `verify-time ML-DSA-65 on rp2040`, `aws-prices`.
   */
  readonly sources: Readonly<Record<string, string>>;
}
