/** What it costs: bytes of a whole update, and the time to verify. */
import { isMlDsa } from './families.ts';
import { countText, listText, millisecondsText, percentText, sizeText } from './numbers.ts';
import type { Sentence } from './sentence.ts';
import { namedBaseline, type Setting } from './setting.ts';
import { describeImage } from './sweep.ts';

/** One sentence for somebody who reads no other. */
export function headlineOf(setting: Setting): string {
  const { main, usual, cases } = setting;
  if (cases.length === 0) return 'Nothing was measured';
  if (main === undefined) return 'Updates without a signature: there is nothing to compare them with';
  if (!usual) return `${main}: measured, and nothing to compare it with`;
  const { extraBytes, percentOfUpdate, image } = usual;
  const update = `an update of ${sizeText(image.imageBytes)}`;
  if (extraBytes <= 0) return `${main} adds no byte to ${update} signed with ${namedBaseline(setting)}`;
  return `${main} adds ${sizeText(extraBytes)} to ${update}: ${percentText(percentOfUpdate)} more on the wire than with ${namedBaseline(setting)}`;
}

export const costSentences = (setting: Setting): readonly (Sentence | undefined)[] => [
  withoutMlDsa(setting),
  aboutBytes(setting),
  aboutTime(setting),
];

function withoutMlDsa({ cases }: Setting): Sentence | undefined {
  if (cases.length === 0 || cases.some(({ spec }) => isMlDsa(spec.algorithm))) return undefined;
  return {
    lead: 'No ML-DSA',
    text: 'None was measured in this experiment: `bristlecone measure --algorithm ES256 ML-DSA-65` compares it.',
  };
}

function aboutBytes(setting: Setting): Sentence | undefined {
  const { main, usual, overheads } = setting;
  if (!usual || main === undefined) return undefined;
  const { extraBytes, totalBytes, percentOfUpdate, image } = usual;
  const lead = 'Bytes';
  const figure = 'overhead';
  const total = `${countText(Math.round(totalBytes))} on the wire with ${main} (image ${describeImage(image)})`;
  if (extraBytes <= 0) return { lead, text: `${total}, no more than with ${namedBaseline(setting)}.`, figure };
  const others = overheads.rows
    .filter(({ algorithm, image: { name } }) => algorithm !== main && isMlDsa(algorithm) && name === image.name)
    .filter(({ algorithm }) => !algorithm.includes('+'))
    .map((row) => `${row.algorithm} adds ${sizeText(row.extraBytes)}`);
  const beside = others.length === 0 ? '' : ` ${listText(others)}.`;
  return {
    ...{ lead, figure },
    text: `${total}: ${sizeText(extraBytes)} or ${percentText(percentOfUpdate)} more than with ${namedBaseline(setting)}.${beside}`,
  };
}

interface Compared {
  readonly board: string;
  readonly ms: number;
  readonly baselineMs: number;
}

function aboutTime({ main, verifications, overheads: { baseline } }: Setting): Sentence | undefined {
  const lead = 'Time to verify';
  const figure = 'boards';
  const timeOf = (algorithm: string | undefined, board: string): number | undefined =>
    verifications.find((it) => it.algorithm === algorithm && it.board === board)?.milliseconds;
  const boards = [...new Set(verifications.map(({ board }) => board))];
  const known = boards.flatMap((board) => {
    const ms = timeOf(main, board);
    return ms === undefined ? [] : [{ board, ms, baselineMs: timeOf(baseline, board) }];
  });
  const compared = known.flatMap((it) => (it.baselineMs === undefined ? [] : [{ ...it, baselineMs: it.baselineMs }]));
  const longest = known.toSorted((a, b) => b.ms - a.ms)[0];
  if (main === undefined || baseline === undefined || !longest) return undefined;
  if (compared.length === 0 || main === baseline) {
    return { lead, text: `${main} verifies in ${millisecondsText(longest.ms)} at most, on ${longest.board}.`, figure };
  }
  const faster = compared.filter(({ ms, baselineMs }) => ms < baselineMs);
  const slower = compared.filter(({ ms, baselineMs }) => ms >= baselineMs);
  const text =
    slower.length === 0
      ? `Not the cost: ${main} verifies faster than ${baseline} on ${allOf(faster.length)} (${pair(faster)}).`
      : faster.length === 0
        ? `A cost too: ${main} verifies slower than ${baseline} on ${allOf(slower.length)} (${pair(slower)}).`
        : `${main} verifies faster than ${baseline} on ${faster.length} of ${compared.length} boards (${pair(faster)}), slower on ${slower.length} (${pair(slower)}).`;
  return { lead, text, figure };
}

const allOf = (boards: number): string =>
  boards === 1 ? 'the one board that is known' : boards === 2 ? 'both boards' : `all ${boards} boards`;

/** Of several boards, the one that waits longest. */
function pair(compared: readonly Compared[]): string {
  const [longest] = compared.toSorted((a, b) => b.ms - a.ms);
  return longest
    ? `${longest.board}: ${millisecondsText(longest.ms)} against ${millisecondsText(longest.baselineMs)}`
    : '';
}
