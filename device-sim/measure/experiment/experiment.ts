/**
 * An experiment: one case that everything starts from, and sweeps around it. A sweep is every combination of the axes it
 * names, with the base case's value on all others, so that one axis can be varied without multiplying it by the rest.
 *
 *     base: ML-DSA-65, 4096 B blocks      sweeps: blockBytes × 6 │ algorithm × 9 and image × 5 │ qos × 2       51 + 2 cases
 */

/** What a case is made of, and so what a sweep can vary. */
export interface CaseChoice {
  /** `none`; the name of a signature algorithm or several with `+`; a scheme that is known by its size alone. */
  readonly algorithm: string;
  /** One of `Experiment.images`. */
  readonly image: string;
  readonly blockBytes: number;
  readonly qos: 0 | 1;
  readonly encoding: 'cbor' | 'json';
  readonly mqttVersion: 4 | 5;
  readonly security: 'plain' | 'tls' | 'mtls';
  /** Of server and device; nothing without TLS. */
  readonly certificate: CertificateName;
  readonly transport: 'mqttjs' | 'aws-sdk';
  /** `embedded`, `mosquitto`, or the URL of a broker. */
  readonly broker: string;
}

export type CertificateName = 'P-256' | 'ML-DSA-44' | 'ML-DSA-65' | 'ML-DSA-87';

export type Axis = keyof CaseChoice;

export const DEFAULT_BASE: CaseChoice = {
  algorithm: 'ML-DSA-65',
  image: 'movehub',
  blockBytes: 4_096,
  qos: 1,
  encoding: 'cbor',
  mqttVersion: 5,
  security: 'plain',
  certificate: 'P-256',
  transport: 'mqttjs',
  broker: 'embedded',
};

/** Axes with their values; what it does not name is the base case's. */
export type Sweep = { readonly [Name in Axis]?: readonly CaseChoice[Name][] };

/** A signature scheme that nobody here has to implement: only its bytes count on the wire. */
export interface Scheme {
  readonly name: string;
  readonly signatureBytes: number;
  readonly publicKeyBytes: number;
  readonly source: string;
}

export interface ExperimentImage {
  readonly name: string;
  /** Real firmware where there is some; else bytes from the seed. */
  readonly imageBytes: number;
  /** In hex, of an image that came from a file: a later run is of the same bytes or none. */
  readonly sha256?: string;
  /** Absolute path. */
  readonly file?: string;
}

/** As it is run: everything that the file left out has its default. */
export interface Experiment {
  readonly name: string;
  readonly description: string;
  readonly seed: number;
  /** Of each case. */
  readonly repetitions: number;
  /** The board that runs each case: what is counted of flash and RAM is its. */
  readonly runsOn: string;
  readonly base: CaseChoice;
  readonly sweeps: readonly Sweep[];
  /** Names of profiles/links.ts that each run is replayed over. */
  readonly links: readonly string[];
  /** Names of profiles/boards.ts that each run is put on. */
  readonly boards: readonly string[];
  /** Those that any case names, and the user's own. */
  readonly schemes: readonly Scheme[];
  /** Those that any case names. */
  readonly images: readonly ExperimentImage[];
  /** Handshakes by certificate algorithm are counted once beside the runs. */
  readonly handshakes: boolean;
}
