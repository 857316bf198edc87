/**
 * The releases of an experiment: an envelope for each algorithm and image, signed once by keys in the embedded KMS. All
 * have the same version and sequence number, so their manifests differ in the image alone. Envelopes by size alone, and
 * those without a signature, are made from one that was signed.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type AlgorithmName, ALGORITHMS } from '../../../protocol/cose/algorithms.ts';
import { decodeCoseKey } from '../../../protocol/cose/key.ts';
import type { PublicKey } from '../../../protocol/cose/algorithms.ts';
import { createClassId, createVendorId } from '../../../protocol/suit/uuid.ts';
import { createDevelopmentRoot } from '../../development-root.ts';
import type { FactoryContent } from '../../factory.ts';
import type { Experiment } from '../experiment/experiment.ts';
import { readImage, readMoveHub } from '../experiment/images.ts';
import { KEY_SPECS, partsOf } from '../experiment/schemes.ts';
import { textAt } from '../json.ts';
import type { CaseSpec } from '../results/results.ts';
import { createSizedEnvelope } from '../variants/sized-envelope.ts';
import type { Cloud } from './clouds.ts';
import type { CommandProcess } from './command-process.ts';

const VENDOR = 'pybricks.example';
const CLASS = 'movehub';
const FACTORY_SEQUENCE = 1;
const NAME = ['--version', '1.0.0', '--sequence', '2', '--vendor', VENDOR, '--class', CLASS];

/** Who signs what is by size alone on the wire. */
const STAND_IN: AlgorithmName = 'ES256';

/** What of a case decides which envelope it takes. */
export type ReleaseChoice = Pick<CaseSpec, 'algorithm' | 'signature' | 'image'>;

export class Releases {
  readonly #experiment: Experiment;
  readonly #folder: string;
  readonly #commands: CommandProcess;
  readonly #signing: Cloud;
  readonly #keys = new Map<AlgorithmName, PublicKey>();
  readonly #images = new Map<string, string>();
  readonly #envelopes = new Map<string, string>();
  readonly #ids = new Map<string, string>();
  readonly #factories = new Map<string, Omit<FactoryContent, 'thing' | 'claim'>>();

  constructor(
    experiment: Experiment,
    where: { readonly folder: string; readonly commands: CommandProcess; readonly signing: Cloud },
  ) {
    this.#experiment = experiment;
    this.#folder = where.folder;
    this.#commands = where.commands;
    this.#signing = where.signing;
    mkdirSync(this.#folder, { recursive: true });
  }

  /** Its id in that cloud; it is made where it is not there yet. */
  async idIn(cloud: Cloud, choice: ReleaseChoice): Promise<string> {
    const envelope = await this.#envelope(choice);
    const key = `${cloud.data} ${nameOf(choice)}`;
    const known = this.#ids.get(key);
    if (known !== undefined) return known;
    const files = ['--envelope', envelope, '--image', this.#image(choice.image.name)];
    const added = await this.#commands.run(['release', 'add', ...files, ...NAME, '--unchecked', '--data', cloud.data]);
    const id = textAt(added, 'id');
    this.#ids.set(key, id);
    return id;
  }

  /** What a device that takes it has left its factory with. */
  async factory({ algorithm, signature }: ReleaseChoice): Promise<Omit<FactoryContent, 'thing' | 'claim'>> {
    const signers = signersOf(algorithm, signature);
    const name = signers.join('+');
    const known = this.#factories.get(name);
    if (known) return known;
    const releaseKeys: PublicKey[] = [];
    for (const signer of signers) releaseKeys.push(await this.#key(signer));
    const vendorId = createVendorId(VENDOR);
    const factory = {
      vendorId,
      classId: createClassId(vendorId, CLASS),
      root: createDevelopmentRoot({ releaseKeys, requiredAlgorithms: signers, issuedSeconds: ISSUED_SECONDS }),
      image: readMoveHub().from.bytes,
      sequenceNumber: FACTORY_SEQUENCE,
    };
    this.#factories.set(name, factory);
    return factory;
  }

  /** @returns the file */
  async #envelope(choice: ReleaseChoice): Promise<string> {
    const { algorithm, signature, image } = choice;
    const known = this.#envelopes.get(nameOf(choice));
    if (known !== undefined) return known;
    const file = join(this.#folder, `${this.#envelopes.size}.suit`);
    if (signature === 'verified') await this.#sign(file, choice);
    else {
      const signed = await this.#envelope({ algorithm: STAND_IN, signature: 'verified', image });
      const signatureBytes = partsOf(algorithm).map((part) => this.#signatureBytes(part));
      const { seed } = this.#experiment;
      writeFileSync(file, createSizedEnvelope(new Uint8Array(readFileSync(signed)), { signatureBytes, seed }));
    }
    this.#envelopes.set(nameOf(choice), file);
    return file;
  }

  async #sign(file: string, choice: ReleaseChoice): Promise<void> {
    const signers = signersOf(choice.algorithm, choice.signature);
    for (const signer of signers) await this.#key(signer);
    const { data } = this.#signing;
    const created = await this.#commands.run([
      ...['release', 'create', '--no-development-root', '--image', this.#image(choice.image.name), '--out', file],
      ...[...NAME, '--key', ...signers, '--data', data],
    ]);
    this.#ids.set(`${data} ${nameOf(choice)}`, textAt(created, 'id'));
  }

  async #key(algorithm: AlgorithmName): Promise<PublicKey> {
    const known = this.#keys.get(algorithm);
    if (known) return known;
    const data = ['--data', this.#signing.data];
    const spec = KEY_SPECS[algorithm];
    if (spec === undefined) throw new RangeError(`experiment: no KMS key spec for ${algorithm}`);
    await this.#commands.run(['key', 'create', '--spec', spec, '--alias', algorithm, ...data]);
    const exported = await this.#commands.run(['key', 'public', algorithm, '--format', 'cose', ...data]);
    const key = decodeCoseKey(Uint8Array.fromBase64(textAt(exported, 'base64')), `key ${algorithm}`);
    this.#keys.set(algorithm, key);
    return key;
  }

  /** @returns the file */
  #image(name: string): string {
    const known = this.#images.get(name);
    if (known !== undefined) return known;
    const { images, seed } = this.#experiment;
    const image = images.find((it) => it.name === name);
    if (!image) throw new RangeError(`experiment: no image ${name}`);
    const file = join(this.#folder, `${name}.bin`);
    writeFileSync(file, readImage(image, seed));
    this.#images.set(name, file);
    return file;
  }

  #signatureBytes(part: string): number {
    const known = [...ALGORITHMS, ...this.#experiment.schemes].find(({ name }) => name === part);
    if (!known) throw new RangeError(`experiment: nobody knows the size of ${part}`);
    return known.signatureBytes;
  }
}

/** 2026-01-01. Devices of an experiment have no clock, and two runs of it have the same roots. */
const ISSUED_SECONDS = 1_767_225_600;

const nameOf = ({ algorithm, image }: ReleaseChoice): string => `${algorithm} ${image.name}`;

function signersOf(algorithm: string, signature: CaseSpec['signature']): readonly AlgorithmName[] {
  if (signature !== 'verified') return [STAND_IN];
  const parts = partsOf(algorithm);
  return ALGORITHMS.map(({ name }) => name).filter((name) => parts.includes(name));
}
