/**
 * What a device would say of an envelope: the same verifier and processor as the agent's, over components in memory. The
 * core of `bristlecone suit check`, and the door for conformance tests by others.
 *
 * The update procedure runs on empty components, then the invocation procedure on what it left there.
 *
 *   - Without `vendorIds` or `classIds`, whatever the manifest asks for is taken to be this device's.
 *   - A fetch gives what `payloads` has for its URI; another URI is `image-unavailable`. So `accept` means that a device
 *     would install and start these very images.
 *   - With `assumeImages`, an image that is not given is taken to be what the manifest says it is, and `assumed` lists it:
 *     for examples whose images do not exist, and for looking into an envelope without its image.
 *   - A manifest that has nothing to install is about an image that is there already: that is always taken as described.
 *   - Components have slot 0; a device id is never matched.
 */
import { equalBytes, toHex } from '../protocol/bytes.ts';
import type { AlgorithmName, Anchor, VerifySignature } from '../protocol/cose/algorithms.ts';
import { verifyWithNoble } from '../protocol/cose/reference-verifier.ts';
import { Rejection, type RejectionCode } from '../protocol/errors.ts';
import { authenticate, type AuthenticatedEnvelope } from '../protocol/suit/authenticate.ts';
import type { Sequence } from '../protocol/suit/commands.ts';
import { type ComponentId, describeComponentId } from '../protocol/suit/component-id.ts';
import { describeDigest, digestOfImage, equalDigests } from '../protocol/suit/digest.ts';
import { decodeEnvelope } from '../protocol/suit/envelope.ts';
import type { Parameters } from '../protocol/suit/parameters.ts';
import { runProcedure } from '../protocol/suit/processor.ts';
import type { Operation, OperationResult, Procedure, ProcessorContext } from '../protocol/suit/processor/operations.ts';
import { rootReason } from './agent/job-report.ts';

export interface SuitCheck {
  readonly envelope: Uint8Array;
  readonly anchors: readonly Anchor[];
  /** Each of these must have signed; none means that any one anchor is enough. */
  readonly requiredAlgorithms?: readonly AlgorithmName[];
  /** What a fetch gives, by URI. */
  readonly payloads?: ReadonlyMap<string, Uint8Array>;
  /** Default: false. */
  readonly assumeImages?: boolean;
  readonly vendorIds?: readonly Uint8Array[];
  readonly classIds?: readonly Uint8Array[];
  /** Sequence number of the manifest that is installed. */
  readonly installedSequence?: number | bigint;
  readonly componentLimit?: number;
  readonly verify?: VerifySignature;
}

/** Printed by `suit check --json`: a public contract. Add fields, never rename one. */
export interface SuitVerdict {
  readonly result: 'accept' | 'reject';
  /** `ok`, or why it is refused. */
  readonly code: 'ok' | RejectionCode;
  /** Where: `manifest.install[3]`; empty where it is accepted. */
  readonly at: string;
  readonly detail: string;
  /** The anchors whose signatures verified. */
  readonly authenticatedBy: readonly { readonly algorithm: AlgorithmName; /** Hex. */ readonly keyId: string }[];
  /** URIs, in order. */
  readonly fetched: readonly string[];
  /** Components, in order, as hex: `00`. */
  readonly invoked: readonly string[];
  /** Components whose image nobody looked at: `00`. */
  readonly assumed: readonly string[];
}

/** Never throws a Rejection: a refusal is its result. */
export function checkSuit(check: SuitCheck): SuitVerdict {
  const device = new MemoryDevice(check);
  let authenticatedBy: readonly Anchor[] = [];
  const verdict = (reason?: Rejection): SuitVerdict => ({
    result: reason ? 'reject' : 'accept',
    code: reason?.code ?? 'ok',
    at: reason?.at ?? '',
    detail: reason?.detail ?? '',
    authenticatedBy: authenticatedBy.map(({ algorithm, keyId }) => ({
      algorithm: algorithm.name,
      keyId: toHex(keyId),
    })),
    fetched: device.fetched,
    invoked: device.invoked,
    assumed: device.assumed,
  });
  try {
    const { anchors, requiredAlgorithms = [], verify = verifyWithNoble } = check;
    const envelope = authenticate(decodeEnvelope(check.envelope), { anchors, requiredAlgorithms, verify });
    ({ authenticatedBy } = envelope);
    device.run(envelope, 'update', contextOf(check, envelope));
    device.run(envelope, 'invocation', contextOf(check, envelope));
    return verdict();
  } catch (error) {
    if (error instanceof Rejection) return verdict(rootReason(error));
    throw error;
  }
}

function contextOf(check: SuitCheck, envelope: AuthenticatedEnvelope): ProcessorContext {
  const parameters = parametersOf(envelope);
  const { vendorIds, classIds, installedSequence, componentLimit } = check;
  return {
    vendorIds: vendorIds ?? parameters.flatMap(({ vendorId }) => (vendorId ? [vendorId.bytes] : [])),
    classIds: classIds ?? parameters.flatMap(({ classId }) => (classId ? [classId] : [])),
    hasComponent: () => true,
    ...(installedSequence !== undefined && { installedSequence }),
    ...(componentLimit !== undefined && { componentLimit }),
  };
}

/** All that the manifest sets anywhere. */
function parametersOf({ manifest, sequences }: AuthenticatedEnvelope): readonly Parameters[] {
  const inside = (sequence: Sequence): readonly Parameters[] =>
    sequence.flatMap((command) => {
      if (command.name === 'override-parameters') return [command.parameters];
      if (command.name === 'try-each') return command.alternatives.flatMap(inside);
      return command.name === 'run-sequence' ? inside(command.sequence) : [];
    });
  return [manifest.sharedSequence ?? [], ...sequences.values()].flatMap(inside);
}

const OK: OperationResult = { ok: true };

const failed = (code: RejectionCode, detail: string): OperationResult => ({ ok: false, code, detail });

const SHOWN_URI_CHARACTERS = 200;

/** An image that is taken to be whatever the manifest says. */
const ASSUMED = 'assumed';
type Content = Uint8Array | typeof ASSUMED;

class MemoryDevice {
  readonly fetched: string[] = [];
  readonly invoked: string[] = [];
  readonly #check: SuitCheck;
  readonly #contents = new Map<string, Content>();
  #isInstalled = false;

  constructor(check: SuitCheck) {
    this.#check = check;
  }

  /** Components whose image nobody looked at. */
  get assumed(): readonly string[] {
    return [...this.#contents].flatMap(([component, content]) => (content === ASSUMED ? [component] : []));
  }

  run(envelope: AuthenticatedEnvelope, procedure: Procedure, context: ProcessorContext): void {
    const { sections } = envelope.manifest;
    this.#isInstalled = !sections.has('payload-fetch') && !sections.has('install');
    const run = runProcedure(envelope, procedure, context);
    let step = run.next();
    while (!step.done) step = run.next(this.#carryOut(step.value));
  }

  #carryOut(operation: Operation): OperationResult {
    switch (operation.do) {
      case 'fetch':
        return this.#fetch(operation);
      case 'write':
        return this.#put(operation.component, operation.content);
      case 'copy':
        return this.#copy(operation);
      case 'swap':
        return this.#swap(operation.from, operation.to);
      case 'invoke':
        this.invoked.push(describeComponentId(operation.component));
        return OK;
      case 'match-image':
        return this.#matchImage(operation);
      case 'check-content':
        return this.#checkContent(operation.component, operation.content);
      case 'check-slot':
        break;
    }
    return operation.slot === 0 ? OK : failed('wrong-slot', `expected slot 0, got ${operation.slot}`);
  }

  #fetch({ component, uri, imageBytes }: Extract<Operation, { do: 'fetch' }>): OperationResult {
    const { payloads, assumeImages } = this.#check;
    const content = payloads?.get(uri) ?? (assumeImages ? ASSUMED : undefined);
    if (content === undefined)
      return failed(
        'image-unavailable',
        `expected a payload for ${JSON.stringify(uri.slice(0, SHOWN_URI_CHARACTERS))}`,
      );
    if (content !== ASSUMED && imageBytes !== undefined && content.length > imageBytes) {
      return failed('image-too-large', `expected ${imageBytes} bytes, got ${content.length}`);
    }
    this.fetched.push(uri);
    return this.#put(component, content);
  }

  #copy({ from, to, imageBytes }: Extract<Operation, { do: 'copy' }>): OperationResult {
    const content = this.#contentOf(from);
    if (content === undefined) return failed('operation-failed', 'expected an image to copy');
    // What a copy does to an image on its way (decompress, decrypt) is not in the manifest: its result is taken on trust
    // only where the image was.
    if (content === ASSUMED || imageBytes === undefined) return this.#put(to, content);
    return content.length < imageBytes
      ? failed('operation-failed', `expected ${imageBytes} bytes to copy, got ${content.length}`)
      : this.#put(to, content.subarray(0, imageBytes));
  }

  #swap(from: ComponentId, to: ComponentId): OperationResult {
    const [first, second] = [
      this.#contents.get(describeComponentId(from)),
      this.#contents.get(describeComponentId(to)),
    ];
    this.#contents.delete(describeComponentId(from));
    this.#contents.delete(describeComponentId(to));
    if (first !== undefined) this.#put(to, first);
    if (second !== undefined) this.#put(from, second);
    return OK;
  }

  #matchImage({ component, digest, imageBytes }: Extract<Operation, { do: 'match-image' }>): OperationResult {
    const content = this.#contentOf(component);
    if (content === ASSUMED) return OK;
    if (content === undefined) return failed('image-mismatch', `expected ${describeDigest(digest)}, got no image`);
    const found = digestOfImage(
      imageBytes === undefined ? content : content.subarray(0, imageBytes),
      digest.algorithmId,
    );
    if (equalDigests(found, digest)) return OK;
    return failed('image-mismatch', `expected ${describeDigest(digest)}, got ${describeDigest(found)}`);
  }

  #checkContent(component: ComponentId, expected: Uint8Array): OperationResult {
    const content = this.#contentOf(component);
    if (content === ASSUMED || (content && equalBytes(content, expected))) return OK;
    return failed('content-mismatch', `expected other ${expected.length} bytes`);
  }

  #contentOf(component: ComponentId): Content | undefined {
    const content = this.#contents.get(describeComponentId(component));
    if (content !== undefined || !this.#isInstalled) return content;
    this.#put(component, ASSUMED);
    return ASSUMED;
  }

  #put(component: ComponentId, content: Content): OperationResult {
    this.#contents.set(describeComponentId(component), content);
    return OK;
  }
}
