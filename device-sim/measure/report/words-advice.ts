/** What to do: block size, keys, parameter set, one signature or two. */
import { measuredOf, type MeasuredCase, ramPeakOf, wireBytesOf } from './cases.ts';
import { parameterSetOf } from './families.ts';
import { billOf } from './figure-bill.ts';
import { countText, dollarsText, listText, percentText, sizeText } from './numbers.ts';
import type { Sentence } from './sentence.ts';
import type { Setting } from './setting.ts';

export const adviceSentences = (setting: Setting): readonly (Sentence | undefined)[] => [
  aboutBlockSize(setting),
  aboutKeys(setting),
  aboutParameterSet(setting),
  aboutHybrid(setting),
];

interface BlockChoice {
  readonly blockBytes: number;
  readonly wireBytes: number;
  readonly roundTrips: number;
  readonly dollars: number | undefined;
  readonly ramBytes: number | undefined;
}

function choiceOf(it: MeasuredCase): BlockChoice | undefined {
  const wireBytes = wireBytesOf(it);
  const roundTrips = measuredOf(it, { quantity: 'round-trips' })?.value;
  if (wireBytes === undefined || roundTrips === undefined) return undefined;
  return {
    blockBytes: it.spec.blockBytes,
    wireBytes,
    roundTrips,
    dollars: billOf(it)?.dollars,
    ramBytes: ramPeakOf(it),
  };
}

/** The fewest bytes on the wire of those that are within 1 % of the least; of these the smallest, for the RAM of it. */
function aboutBlockSize({ byBlock }: Setting): Sentence | undefined {
  const choices = byBlock.flatMap((it) => choiceOf(it) ?? []);
  const [smallest] = choices;
  const leastBytes = Math.min(...choices.map(({ wireBytes }) => wireBytes));
  const best = choices.find(({ wireBytes }) => wireBytes <= leastBytes * 1.01);
  if (!smallest || !best || choices.length < 2) {
    return {
      text: 'Block size: only one was measured. A sweep with blockBytes: [256, 1024, 4096] says which to take.',
    };
  }
  const figure = 'blocks';
  if (best === smallest) {
    return {
      text: `Keep blocks small: of ${sizeText(best.blockBytes)} they cost ${percentText((100 * (best.wireBytes - leastBytes)) / leastBytes)} more bytes than the best of ${countText(choices.length)} sizes, and the least RAM.`,
      figure,
    };
  }
  const less = (of: (choice: BlockChoice) => number): string =>
    percentText((100 * (of(smallest) - of(best))) / of(smallest));
  const trips =
    best.roundTrips < smallest.roundTrips ? ` and ${less(({ roundTrips }) => roundTrips)} fewer round trips` : '';
  const bill =
    best.dollars !== undefined && smallest.dollars !== undefined && best.dollars < smallest.dollars
      ? `, ${dollarsText(best.dollars)} instead of ${dollarsText(smallest.dollars)} from AWS for a million devices`
      : '';
  const ram =
    best.ramBytes !== undefined && smallest.ramBytes !== undefined && best.ramBytes > smallest.ramBytes
      ? `, for ${sizeText(best.ramBytes - smallest.ramBytes)} more RAM`
      : '';
  return {
    text: `Take blocks of ${sizeText(best.blockBytes)} rather than ${sizeText(smallest.blockBytes)}: ${less(({ wireBytes }) => wireBytes)} fewer bytes${trips}${bill}${ram}.`,
    figure,
  };
}

function aboutKeys({ usual, main }: Setting): Sentence | undefined {
  const keyIdBytes = usual && measuredOf(usual.of, { quantity: 'key-id', phase: 'envelope' })?.value;
  const keyBytes = usual?.of.spec.publicKeyBytes;
  if (keyIdBytes === undefined || keyIdBytes === 0 || keyBytes === undefined || main === undefined) return undefined;
  if (keyBytes <= keyIdBytes) return undefined;
  return {
    text: `Pin keys on the device, and detach them from updates: the envelope names its key in ${sizeText(keyIdBytes)}; to carry a key of ${main} would be ${sizeText(keyBytes)} each time.`,
  };
}

/** FIPS 204 Table 1: claimed security strength. */
const CATEGORIES: Readonly<Record<string, number>> = { '44': 2, '65': 3, '87': 5 };

function aboutParameterSet({ usual, overheads, main }: Setting): Sentence | undefined {
  const own = parameterSetOf(main ?? '');
  if (!usual || own === undefined) return undefined;
  const others = overheads.rows.flatMap((row) => {
    const set = parameterSetOf(row.algorithm);
    if (set === undefined || set === own || row.image.name !== usual.image.name) return [];
    const bytes = row.totalBytes - usual.totalBytes;
    const percent = percentText((100 * Math.abs(bytes)) / usual.totalBytes);
    return [
      `${row.algorithm} (category ${CATEGORIES[set]}) ${bytes < 0 ? 'saves' : 'costs'} ${sizeText(Math.abs(bytes))}${bytes < 0 ? '' : ' more'}, ${percent} of the update`,
    ];
  });
  if (others.length === 0) return undefined;
  return {
    text: `Choose the parameter set by the security you need: against ${main} (category ${CATEGORIES[own]}), ${listText(others)}.`,
    figure: 'overhead',
  };
}

function aboutHybrid({ overheads: { rows }, usual, main }: Setting): Sentence | undefined {
  const hybrid = rows.find(
    ({ algorithm, image }) =>
      main !== undefined &&
      image.name === usual?.image.name &&
      algorithm.split('+').length === 2 &&
      algorithm.endsWith(`+${main}`),
  );
  if (!hybrid || !usual) return undefined;
  const bytes = hybrid.totalBytes - usual.totalBytes;
  if (bytes <= 0) return undefined;
  const share = (100 * bytes) / usual.totalBytes;
  const verdict = share < 1 ? 'is cheap' : 'has its price';
  return {
    text: `To sign with both during a migration ${verdict}: ${hybrid.algorithm} is ${sizeText(bytes)} more than ${main} alone, ${percentText(share)} of the update.`,
    figure: 'overhead',
  };
}
