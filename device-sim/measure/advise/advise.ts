/**
 * What to send an update with, over a link and to a board: algorithms, block size, QoS, and where the device has the key
 * from. Everything that is compared has been run (predict-update.ts): first block sizes and QoS with the smallest signature
 * that is allowed, then how much is asked for at once, then all algorithms with the best of these, then what one change to the best would cost.
 */
import { algorithmByName, type AlgorithmName } from '../../../protocol/cose/algorithms.ts';
import { type Candidate, considerChoice, costNamed, type Objective, OBJECTIVES, type Question } from './candidate.ts';
import type { KeyForm } from './signed-update.ts';
import type { UpdateChoice } from './predict-update.ts';

/** What an update must be signed with at least. */
export const FLOORS = {
  any: 'whatever verifies',
  'post-quantum': 'at least one algorithm that is safe against a quantum computer',
  cnsa: 'ML-DSA-87 and nothing else, as CNSA 2.0 has it',
} as const;
export type Floor = keyof typeof FLOORS;

export interface Wish {
  readonly objective: Objective;
  readonly floor: Floor;
  /** Each a set of algorithms that all sign. */
  readonly algorithms: readonly (readonly AlgorithmName[])[];
}

export interface Alternative extends Candidate {
  /** What is different: `blocks of 1024 B`. */
  readonly change: string;
  /** Why it is not the one. */
  readonly why: string;
}

export interface Advice {
  readonly objective: Objective;
  readonly recommended: Candidate;
  readonly alternatives: readonly Alternative[];
  /** Runs of the agent that this took. */
  readonly considered: number;
}

/** Nothing that is allowed can be done there. */
class NoAdvice extends Error {
  override readonly name = 'NoAdvice';
  readonly code = 'no-advice';
}

export const ALGORITHM_SETS: readonly (readonly AlgorithmName[])[] = [
  ['ES256'],
  ['ML-DSA-44'],
  ['ML-DSA-65'],
  ['ML-DSA-87'],
  ['ES256', 'ML-DSA-44'],
  ['ES256', 'ML-DSA-65'],
];
const BLOCK_SIZES = [256, 512, 1_024, 2_048, 4_096, 8_192];
/** Costs that are closer than this are the same: then fewer bytes decide. */
const SAME_PERCENT = 0.5;

export const isAllowed = (algorithms: readonly AlgorithmName[], floor: Floor): boolean => {
  if (floor === 'any') return true;
  if (floor === 'cnsa') return algorithms.every((name) => name === 'ML-DSA-87');
  return algorithms.some((name) => algorithmByName(name)?.postQuantum === true);
};

const signatureBytes = (algorithms: readonly AlgorithmName[]): number =>
  algorithms.reduce((sum, name) => sum + (algorithmByName(name)?.signatureBytes ?? 0), 0);

/** @throws {NoAdvice} where nothing that is allowed comes to its end, saying why not */
export async function advise(
  question: Question,
  wish: Wish,
  onProgress: (done: number) => void = () => {},
): Promise<Advice> {
  const adviser = new Adviser(question, wish, onProgress);
  return adviser.run();
}

class Adviser {
  readonly #question: Question;
  readonly #wish: Wish;
  readonly #onProgress: (done: number) => void;
  /** Each choice is run once. */
  readonly #known = new Map<string, Candidate>();

  constructor(question: Question, wish: Wish, onProgress: (done: number) => void) {
    this.#question = question;
    this.#wish = wish;
    this.#onProgress = onProgress;
  }

  async run(): Promise<Advice> {
    const allowed = this.#wish.algorithms
      .filter((algorithms) => isAllowed(algorithms, this.#wish.floor))
      .toSorted((one, other) => signatureBytes(one) - signatureBytes(other));
    const ways = await this.#firstPossible(allowed);
    const way = this.#best(await this.#withRequests(this.#best(ways)));
    const signed = await this.#all(allowed.map((algorithms) => ({ ...way.choice, algorithms })));
    const recommended = this.#best(signed);
    return {
      objective: this.#wish.objective,
      recommended,
      alternatives: await this.#alternativesTo(recommended),
      considered: this.#known.size,
    };
  }

  /** Block sizes and QoS, with the smallest signature that the board can do at all. */
  async #firstPossible(allowed: readonly (readonly AlgorithmName[])[]): Promise<readonly Candidate[]> {
    const reasons = new Set<string>();
    // A root that only pins its keys is small: a board whose RAM does not hold the other kind may hold this one.
    const ways = allowed.flatMap((algorithms) =>
      (['key-id', 'pinned'] as const).map((keyForm) => ({ algorithms, keyForm })),
    );
    for (const { algorithms, keyForm } of ways) {
      const candidates = await this.#all(
        this.#blockSizes().flatMap((blockBytes) =>
          ([1, 0] as const).map((qos) => this.#choice({ algorithms, blockBytes, qos, keyForm })),
        ),
      );
      if (candidates.some(({ impossible }) => impossible === undefined)) return candidates;
      for (const { impossible = '' } of candidates) reasons.add(`${algorithms.join('+')}: ${impossible}`);
    }
    const { link, board } = this.#question;
    const why = reasons.size === 0 ? 'no algorithm is allowed' : [...reasons].slice(0, 4).join('; ');
    throw new NoAdvice(`nothing that is allowed works on ${board.name} over ${link.name}: ${why}`);
  }

  #withRequests({ choice }: Candidate): Promise<readonly Candidate[]> {
    const sizes = this.#question.requestBytes.map((bytes) => Math.max(bytes, choice.blockBytes));
    return this.#all([...new Set(sizes)].map((requestBytes) => ({ ...choice, requestBytes })));
  }

  #blockSizes(): readonly number[] {
    const { board } = this.#question;
    const wordBytes = Math.max(board.writeBytes, board.external?.writeBytes ?? 0);
    return BLOCK_SIZES.filter((bytes) => bytes % wordBytes === 0);
  }

  #choice(changed: Omit<UpdateChoice, 'imageBytes' | 'requestBytes'>, requestBytes?: number): UpdateChoice {
    const { imageBytes, requestBytes: sizes } = this.#question;
    return { ...changed, imageBytes, requestBytes: Math.max(requestBytes ?? sizes[0] ?? 0, changed.blockBytes) };
  }

  async #all(choices: readonly UpdateChoice[]): Promise<readonly Candidate[]> {
    const candidates: Candidate[] = [];
    for (const choice of choices) candidates.push(await this.#consider(choice));
    return candidates;
  }

  async #consider(choice: UpdateChoice): Promise<Candidate> {
    const key = JSON.stringify([choice.algorithms, choice.blockBytes, choice.requestBytes, choice.qos, choice.keyForm]);
    const known = this.#known.get(key);
    if (known) return known;
    const candidate = await considerChoice(choice, this.#question);
    this.#known.set(key, candidate);
    this.#onProgress(this.#known.size);
    return candidate;
  }

  /** By what is asked for, then by bytes. */
  #best(candidates: readonly Candidate[]): Candidate {
    const possible = candidates.filter(({ impossible }) => impossible === undefined);
    const objective = OBJECTIVES[this.#wish.objective];
    if (possible.every((it) => costNamed(it, objective) === undefined)) {
      const why = possible[0]?.unknown.map((it) => `${it.quantity}: ${it.why}`).join('; ') ?? '';
      throw new NoAdvice(`${objective} is not known there: ${why}`);
    }
    const least = Math.min(...possible.map((it) => costNamed(it, objective) ?? Number.POSITIVE_INFINITY));
    const close = possible.filter(
      (it) => (costNamed(it, objective) ?? Number.POSITIVE_INFINITY) <= least * (1 + SAME_PERCENT / 100),
    );
    const [best] = close.toSorted((one, other) => bytesOf(one) - bytesOf(other));
    if (!best) throw new NoAdvice('nothing is possible');
    return best;
  }

  /** Each differs from the recommended one in one thing. */
  async #alternativesTo(recommended: Candidate): Promise<readonly Alternative[]> {
    const { choice } = recommended;
    const changes: { readonly change: string; readonly choice: UpdateChoice; readonly isForbidden?: boolean }[] = [
      ...this.#wish.algorithms
        .filter((algorithms) => algorithms.join('+') !== choice.algorithms.join('+'))
        .map((algorithms) => ({
          change: algorithms.join(' + '),
          choice: { ...choice, algorithms },
          isForbidden: !isAllowed(algorithms, this.#wish.floor),
        })),
      ...this.#blockSizes()
        .filter((bytes) => bytes !== choice.blockBytes)
        .map((blockBytes) => ({
          change: `blocks of ${blockBytes} B`,
          choice: this.#choice({ ...choice, blockBytes }, choice.requestBytes),
        })),
      ...this.#question.requestBytes
        .filter((bytes) => bytes >= choice.blockBytes && bytes !== choice.requestBytes)
        .map((requestBytes) => ({ change: `${requestBytes} B at a time`, choice: { ...choice, requestBytes } })),
      { change: `QoS ${1 - choice.qos}`, choice: { ...choice, qos: choice.qos === 1 ? 0 : 1 } },
      { change: KEY_FORMS[other(choice.keyForm)], choice: { ...choice, keyForm: other(choice.keyForm) } },
    ];
    const alternatives: Alternative[] = [];
    for (const { change, choice: changed, isForbidden } of changes) {
      const candidate = await this.#consider(changed);
      alternatives.push({ ...candidate, change, why: this.#why(candidate, recommended, isForbidden === true) });
    }
    return alternatives;
  }

  #why(candidate: Candidate, recommended: Candidate, isForbidden: boolean): string {
    if (isForbidden) return `below what is asked for: ${FLOORS[this.#wish.floor]}`;
    if (candidate.impossible !== undefined) return candidate.impossible;
    const objective = OBJECTIVES[this.#wish.objective];
    const more = difference(costNamed(candidate, objective), costNamed(recommended, objective));
    const bytes = difference(bytesOf(candidate), bytesOf(recommended));
    if (more === undefined || bytes === undefined) return 'not known';
    return Math.abs(more) > SAME_PERCENT
      ? `${signed(more)} ${objective}`
      : `the same ${objective}, ${signed(bytes)} ${OBJECTIVES.bytes}`;
  }
}

export const KEY_FORMS: Readonly<Record<KeyForm, string>> = {
  'key-id': 'the trust root has the key, the envelope names it',
  pinned: 'the trust root has its thumbprint, the envelope carries the key',
};
const other = (form: KeyForm): KeyForm => (form === 'pinned' ? 'key-id' : 'pinned');

const bytesOf = (candidate: Candidate): number => costNamed(candidate, OBJECTIVES.bytes) ?? 0;

const difference = (value: number | undefined, than: number | undefined): number | undefined =>
  value === undefined || than === undefined || than === 0 ? undefined : 100 * (value / than - 1);

const signed = (percent: number): string => `${percent >= 0 ? '+' : '−'}${Math.abs(percent).toFixed(1)} %`;
