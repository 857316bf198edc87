/**
 * The steps of one update, from a run of the agent itself in virtual time over the link (measure/advise/predict-update.ts)
 * and what the board then has to do by the cost model: nothing here is a formula of its own.
 */
import type { CostSheet } from '../../cost-model/cost-sheet.ts';
import type { Unavailable } from '../../cost-model/value.ts';
import { type PredictedUpdate, predictUpdate, type UpdateChoice } from '../../measure/advise/predict-update.ts';
import { sheetOfPrediction } from '../../measure/advise/predicted-sheet.ts';
import type { Board } from '../../profiles/boards.ts';
import type { LinkProfile } from '../../profiles/links.ts';
import type { Step } from './campaign.ts';

export interface UpdateSteps {
  readonly steps: readonly Step[];
  /** ms that the board needs of these, beside waiting; and what of it is not known, and so is not in it. */
  readonly boardMs: number;
  readonly unknown: readonly Unavailable[];
  readonly envelopeBytes: number;
  /** One device, all directions, MQTT. */
  readonly bytes: number;
  readonly units: number;
}

export interface StepsOptions {
  readonly choice: UpdateChoice;
  readonly board: Board;
  readonly link: LinkProfile | undefined;
  readonly seed: number;
  /** 0 to 1: how likely the connection is cut at each block that comes. */
  readonly dropRate: number;
  /** False: the board takes no time. */
  readonly isBoardTimed?: boolean;
}

/** The device does not get to the end of its update, whatever the service does. */
class CannotUpdate extends Error {
  override readonly name = 'CannotUpdate';
  readonly code = 'cannot-update';
}

const TIMES = ['verify-time', 'hash-time', 'erase-time'];

/** @throws {CannotUpdate} @throws {RangeError} where the image does not fit the board */
export async function stepsOfUpdate(options: StepsOptions): Promise<UpdateSteps> {
  const { choice, board, link, seed, dropRate, isBoardTimed = true } = options;
  const predicted = await predictUpdate(choice, { board, link, seed });
  if (predicted.code !== 'ok') {
    const where = `${choice.algorithms.join('+')} on ${board.name}${link ? ` over ${link.name}` : ''}`;
    throw new CannotUpdate(
      `${where}: one device alone does not get to the end: ${predicted.detail} (${predicted.code})`,
    );
  }
  const sheet = sheetOfPrediction(predicted, { board, link });
  const { verifyMs, restMs } = isBoardTimed ? boardTimes(sheet, predicted) : { verifyMs: 0, restMs: 0 };
  const { exchanges } = predicted;
  const firstGet = exchanges.findIndex(({ kind }) => kind === 'get');
  const lastGet = exchanges.findLastIndex(({ kind }) => kind === 'get');
  const endOfEnvelope = endOfFirstFile(predicted, firstGet);
  const steps = exchanges.map(({ kind, ms, messages, bytes, units }, at): Step => {
    const ofBoard = (at === endOfEnvelope ? verifyMs : 0) + (at === lastGet ? restMs : 0);
    return {
      kind,
      ms: ms + ofBoard,
      messages,
      upBytes: bytes.up,
      downBytes: bytes.down,
      units,
      work: [],
      dropRate: kind === 'get' ? 1 - (1 - dropRate) ** messages : 0,
    };
  });
  return {
    steps,
    boardMs: verifyMs + restMs,
    unknown: sheet.unavailable.filter(({ quantity }) => TIMES.some((name) => quantity.startsWith(name))),
    envelopeBytes: predicted.envelopeBytes,
    bytes: steps.reduce((sum, { upBytes, downBytes }) => sum + upBytes + downBytes, 0),
    units: steps.reduce((sum, { units }) => sum + units, 0),
  };
}

/** One verification before the image; the others, the hashes and the erases at its end. */
function boardTimes(sheet: CostSheet, { authentications }: PredictedUpdate): { verifyMs: number; restMs: number } {
  const sum = (name: string): number =>
    sheet.values
      .filter(({ quantity }) => quantity === name || quantity.startsWith(`${name} `))
      .reduce((total, { value, unit }) => total + (unit === 's' ? value * 1_000 : value), 0);
  const allMs = sum('verify-time');
  const verifyMs = authentications === 0 ? 0 : allMs / authentications;
  return { verifyMs, restMs: allMs - verifyMs + sum('hash-time') + sum('erase-time') };
}

/** The envelope comes first, in as many requests as it takes. */
function endOfFirstFile({ exchanges, envelopeBytes, choice }: PredictedUpdate, firstGet: number): number {
  const blocks = Math.ceil(envelopeBytes / choice.blockBytes);
  let seen = 0;
  for (let at = firstGet; at >= 0 && at < exchanges.length; at++) {
    seen += exchanges[at]?.messages ?? 0;
    if (seen >= blocks) return at;
  }
  return firstGet;
}
