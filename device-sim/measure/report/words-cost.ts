/** What it costs: bytes of a whole update, and the time to verify. */
import { measuredOf } from './cases.ts';
import { isMlDsa } from './families.ts';
import { counted, countText, listText, millisecondsText, percentText, sizeText, timesText } from './numbers.ts';
import type { Sentence } from './sentence.ts';
import { namedBaseline, type Setting } from './setting.ts';
import { describeImage } from './sweep.ts';
import type { Verification } from './verification.ts';

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
  aboutEnvelope(setting),
  aboutTime(setting),
  aboutSizeOnly(setting),
];

function withoutMlDsa({ isMlDsa: isAboutMlDsa, cases }: Setting): Sentence | undefined {
  if (isAboutMlDsa || cases.length === 0) return undefined;
  return { text: 'No ML-DSA was measured in this experiment: algorithm: [ES256, ML-DSA-65] in a sweep compares it.' };
}

function aboutBytes(setting: Setting): Sentence | undefined {
  const { main, usual, overheads } = setting;
  if (!usual || main === undefined) return undefined;
  const { extraBytes, totalBytes, percentOfUpdate, image } = usual;
  const update = `an update with the image ${describeImage(image)} is ${countText(Math.round(totalBytes))} bytes on the wire`;
  if (extraBytes <= 0) {
    return { text: `Signed with ${main}, ${update}: no more than with ${namedBaseline(setting)}.`, figure: 'overhead' };
  }
  const others = overheads.rows
    .filter(({ algorithm, image: { name } }) => algorithm !== main && isMlDsa(algorithm) && name === image.name)
    .map((row) => `${row.algorithm} ${sizeText(row.extraBytes)}`);
  const beside = others.length === 0 ? '' : `; ${listText(others)}`;
  return {
    text: `Signed with ${main}, ${update}: ${sizeText(extraBytes)} or ${percentText(percentOfUpdate)} more than with ${namedBaseline(setting)}${beside}.`,
    figure: 'overhead',
  };
}

function aboutEnvelope({ main, usual }: Setting): Sentence | undefined {
  const envelope = usual && measuredOf(usual.of, { quantity: 'envelope', phase: 'envelope' })?.value;
  const signature = usual && measuredOf(usual.of, { quantity: 'signature', phase: 'envelope' })?.value;
  if (main === undefined || envelope === undefined || signature === undefined || envelope === 0) return undefined;
  return {
    text: `The signature is ${percentText((100 * signature) / envelope)} of its envelope: ${countText(signature)} of ${countText(envelope)} bytes.`,
    figure: 'layers',
  };
}

/** On the board where the main algorithm takes longest. */
function aboutTime({ main, verifications, overheads: { baseline } }: Setting): Sentence | undefined {
  const timesOf = (algorithm: string | undefined): readonly (Verification & { readonly ms: number })[] =>
    verifications.flatMap((it) =>
      it.algorithm === algorithm && it.milliseconds !== undefined ? [{ ...it, ms: it.milliseconds }] : [],
    );
  const baselines = timesOf(baseline);
  const own = timesOf(main).toSorted((a, b) => b.ms - a.ms);
  const compared = own.find(({ board }) => baselines.some((it) => it.board === board)) ?? own[0];
  if (!compared) return undefined;
  const { board, algorithm, ms } = compared;
  const beside = baselines.find((it) => it.board === board);
  const alone = `${algorithm} verifies in ${millisecondsText(ms)} on ${board}`;
  if (!beside || beside.algorithm === algorithm) return { text: `${alone}.`, figure: 'boards' };
  const faster = baselines.filter((it) => own.some((mine) => mine.board === it.board && mine.ms < it.ms)).length;
  const both = baselines.filter((it) => own.some((mine) => mine.board === it.board)).length;
  const against = `${beside.algorithm} in ${millisecondsText(beside.ms)}`;
  const verdict =
    ms < beside.ms
      ? `Time is not the cost: ${alone}, ${against}`
      : `Verifying takes longer too, ${timesText(ms / beside.ms)} as long: ${alone}, ${against}`;
  const boards = both > 1 ? ` (it is the faster one on ${countText(faster)} of ${counted(both, 'board')})` : '';
  return { text: `${verdict}${boards}.`, figure: 'boards' };
}

function aboutSizeOnly({ cases }: Setting): Sentence | undefined {
  const names = [
    ...new Set(cases.filter(({ spec }) => spec.signature === 'size-only').map(({ spec }) => spec.algorithm)),
  ];
  if (names.length === 0) return undefined;
  return {
    text: `${listText(names)} ${names.length === 1 ? 'was' : 'were'} carried as so many bytes, and verified by nobody: nothing is said of ${names.length === 1 ? 'its' : 'their'} time.`,
  };
}
