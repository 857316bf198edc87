/** What to do: block size, keys, parameter set, one signature or two. */
import { measuredOf, type MeasuredCase, ramPeakOf, wireBytesOf } from './cases.ts';
import { parameterSetOf } from './families.ts';
import { billOf } from './figure-bill.ts';
import { dollarsText, listText, percentText, sizeText } from './numbers.ts';
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

/** %. More bytes than the least that a smaller block may cost: RAM is dearer. */
const TOLERANCE_PERCENT = 2;

/** The smallest of those that come near the fewest bytes on the wire. */
function aboutBlockSize({ byBlock }: Setting): Sentence | undefined {
  const lead = 'Block size';
  const figure = 'blocks';
  const choices = byBlock.flatMap((it) => choiceOf(it) ?? []);
  const [smallest] = choices;
  const leastBytes = Math.min(...choices.map(({ wireBytes }) => wireBytes));
  const best = choices.find(({ wireBytes }) => wireBytes <= leastBytes * (1 + TOLERANCE_PERCENT / 100));
  if (!smallest || !best || choices.length < 2) {
    return {
      lead,
      text: 'Only one was measured: `bristlecone measure --block-bytes 256 1024 4096` says which to take.',
    };
  }
  if (best === smallest) {
    const more = percentText((100 * (best.wireBytes - leastBytes)) / leastBytes);
    return {
      lead,
      text: `Keep ${sizeText(best.blockBytes)}: ${more} more bytes than the best of ${choices.length} sizes.`,
      figure,
    };
  }
  return {
    lead,
    text: `Take ${sizeText(best.blockBytes)} rather than ${sizeText(smallest.blockBytes)}: ${gains(smallest, best)}.`,
    figure,
  };
}

function gains(smallest: BlockChoice, best: BlockChoice): string {
  const less = (of: (choice: BlockChoice) => number): string =>
    percentText((100 * (of(smallest) - of(best))) / of(smallest));
  const parts = [`${less(({ wireBytes }) => wireBytes)} fewer bytes`];
  if (best.roundTrips < smallest.roundTrips) parts.push(`${less(({ roundTrips }) => roundTrips)} fewer round trips`);
  if (best.dollars !== undefined && smallest.dollars !== undefined && best.dollars < smallest.dollars) {
    parts.push(`${dollarsText(smallest.dollars - best.dollars)} less from AWS for a million devices`);
  }
  const hasRam = best.ramBytes !== undefined && smallest.ramBytes !== undefined && best.ramBytes > smallest.ramBytes;
  return `${listText(parts)}${hasRam ? `, for ${sizeText(best.ramBytes - smallest.ramBytes)} more RAM` : ''}`;
}

function aboutKeys({ usual, main }: Setting): Sentence | undefined {
  const keyIdBytes = usual && measuredOf(usual.of, { quantity: 'key-id', phase: 'envelope' })?.value;
  const keyBytes = usual?.of.spec.publicKeyBytes;
  if (keyIdBytes === undefined || keyIdBytes === 0 || keyBytes === undefined || main === undefined) return undefined;
  if (keyBytes <= keyIdBytes) return undefined;
  return {
    lead: 'Keys',
    text: `Pin them on the device, detached from updates: an envelope names its key in ${sizeText(keyIdBytes)}; to carry one of ${main} would be ${sizeText(keyBytes)} each time.`,
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
      `${row.algorithm} (category ${CATEGORIES[set]}) ${bytes < 0 ? 'saves' : 'costs'} ${sizeText(Math.abs(bytes))} or ${percent}`,
    ];
  });
  if (others.length === 0) return undefined;
  return {
    lead: 'Parameter set',
    text: `Choose it by the security that you need: beside ${main} (category ${CATEGORIES[own]}), ${listText(others)} of the update.`,
    figure: 'overhead',
  };
}

function aboutHybrid({ overheads: { rows }, usual, main }: Setting): Sentence | undefined {
  const hybrid = rows.find(
    ({ algorithm, image }) => main !== undefined && image.name === usual?.image.name && isHybridWith(algorithm, main),
  );
  if (!hybrid || !usual) return undefined;
  const bytes = hybrid.totalBytes - usual.totalBytes;
  const share = (100 * bytes) / usual.totalBytes;
  if (bytes <= 0) return undefined;
  return {
    lead: 'Migration',
    text: `To sign with both ${share < 1 ? 'is cheap' : 'has its price'}: ${hybrid.algorithm} is ${sizeText(bytes)} or ${percentText(share)} more than ${main} alone.`,
    figure: 'overhead',
  };
}

const isHybridWith = (algorithm: string, main: string): boolean =>
  algorithm.split('+').length === 2 && algorithm.split('+').includes(main);
