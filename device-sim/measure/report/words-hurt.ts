/** Where it hurts: small images, small blocks, slow links, small boards, certificates. */
import { linkNamed } from '../../profiles/links.ts';
import type { HandshakeBytes } from '../results/results.ts';
import { measuredOf } from './cases.ts';
import { handshakeBytes, nameOfHandshake } from './figure-handshakes.ts';
import { describeStack, shareOfStack } from './figure-boards.ts';
import { counted, countText, durationText, listText, percentText, sizeText, timesText } from './numbers.ts';
import { crossoverOf } from './overhead.ts';
import type { Sentence } from './sentence.ts';
import type { Setting } from './setting.ts';

export const hurtSentences = (setting: Setting): readonly (Sentence | undefined)[] => [
  aboutImages(setting),
  aboutSmallBlocks(setting),
  aboutLinks(setting),
  aboutStack(setting),
  aboutBoardsThatCannot(setting),
  aboutHandshakes(setting),
];

/** % of the image. Below it we say that it does not hurt. */
const LITTLE_PERCENT = 2;

function aboutImages({ main, own, overheads }: Setting): Sentence | undefined {
  const [smallest] = own;
  const largest = own.at(-1);
  const figure = 'overhead';
  if (!smallest || !largest || main === undefined) return undefined;
  const { percentOfImage, image } = smallest;
  const crossover = crossoverOf(overheads, main);
  if (crossover === undefined) return { text: `Not in any image measured here: ${main} adds nothing.`, figure };
  const below = `; the signature would outweigh an image of less than ${sizeText(crossover)}`;
  const sizes =
    own.length === 1
      ? 'the one image size measured here'
      : `any of the ${countText(own.length)} image sizes measured here`;
  if (percentOfImage <= LITTLE_PERCENT) {
    return { text: `Not in ${sizes}: at the most ${percentText(percentOfImage)} of the image${below}.`, figure };
  }
  const share =
    percentOfImage > 100
      ? `what ${main} adds is ${timesText(percentOfImage / 100)} the image`
      : `${main} adds ${percentText(percentOfImage)}`;
  const small = `In small updates: to an image of ${sizeText(image.imageBytes)} ${share}`;
  if (own.length === 1) {
    return {
      text: `To an image of ${sizeText(image.imageBytes)}, the only size measured, ${share}${percentOfImage > 100 ? '' : below}.`,
      figure,
    };
  }
  const big = `to one of ${sizeText(largest.image.imageBytes)} ${percentText(largest.percentOfImage)}`;
  return { text: `${small}, ${big}${percentOfImage > 100 ? '' : below}.`, figure };
}

function aboutSmallBlocks({ byBlock }: Setting): Sentence | undefined {
  const [smallest] = byBlock;
  const largest = byBlock.at(-1);
  const few = smallest && measuredOf(smallest, { quantity: 'blocks', phase: 'envelope' });
  const many = largest && measuredOf(largest, { quantity: 'blocks', phase: 'envelope' });
  if (!few || !many || smallest === largest || few.value <= many.value) return undefined;
  return {
    text: `In small blocks: the envelope of ${smallest.spec.algorithm === 'none' ? 'an unsigned update' : smallest.spec.algorithm} is ${counted(few.value, 'block')} of ${sizeText(smallest.spec.blockBytes)}, and ${counted(many.value, 'block')} of ${sizeText(largest.spec.blockBytes)}.`,
    figure: 'blocks',
  };
}

/** s. What nobody waits for. */
const SHORT_SECONDS = 1;

function aboutLinks({ main, links }: Setting): Sentence | undefined {
  const extras = (links?.times ?? []).flatMap(({ of, link, extraSeconds }) =>
    of.spec.algorithm === main && extraSeconds !== undefined ? [{ link, seconds: extraSeconds }] : [],
  );
  const slowest = extras.toSorted((a, b) => b.seconds - a.seconds)[0];
  const figure = 'links';
  if (!slowest || main === undefined) return undefined;
  if (slowest.seconds <= 0)
    return { text: `Not on the air: ${main} adds no time on any of ${counted(extras.length, 'link')}.`, figure };
  if (slowest.seconds < SHORT_SECONDS) {
    return {
      text: `Hardly on the air: ${durationText(slowest.seconds)} more on ${titleOf(slowest.link)}, the slowest of ${counted(extras.length, 'link')} here.`,
      figure,
    };
  }
  const short = extras.filter(({ seconds }) => seconds < SHORT_SECONDS).map(({ link }) => link);
  const elsewhere = short.length === 0 ? '' : `; on ${listText(short)} less than a second`;
  return {
    text: `On slow links: ${durationText(slowest.seconds)} more on air over ${titleOf(slowest.link)}${elsewhere}.`,
    figure,
  };
}

const titleOf = (link: string): string => linkNamed(link)?.title.replace(/, through a gateway$/, '') ?? link;

function aboutStack({ main, verifications }: Setting): Sentence | undefined {
  const needed = verifications.flatMap((it) =>
    it.algorithm === main && it.stackBytes !== undefined ? [{ ...it, bytes: it.stackBytes }] : [],
  );
  const share = ({ board, bytes }: (typeof needed)[number]): number => shareOfStack(board, bytes) ?? 0;
  const most = needed.toSorted((a, b) => share(b) - share(a))[0];
  if (!most) return undefined;
  return {
    text: `In memory: verifying ${most.algorithm} on ${most.board} takes ${describeStack(most.board, most.bytes)}.`,
    figure: 'boards',
  };
}

function aboutBoardsThatCannot({ results: { notKnown } }: Setting): Sentence | undefined {
  const cannot = notKnown.filter(({ quantity, profile }) => quantity.startsWith('verify-time') && profile !== '');
  const reasons = [...new Set(cannot.map(({ why }) => why))];
  if (reasons.length === 0) return undefined;
  return {
    text: `Not known, or not possible: ${reasons.slice(0, 2).join('; ')}${reasons.length > 2 ? `; and ${reasons.length - 2} more at the end` : ''}.`,
    figure: 'boards',
  };
}

/** Of handshakes that differ in their certificates only. */
function aboutHandshakes({ results: { handshakes }, usual }: Setting): Sentence | undefined {
  const groups = Map.groupBy(handshakes, (it) => `${it.keyExchange} ${it.deviceCertificate === undefined}`);
  const largest = [...groups.values()].toSorted((a, b) => b.length - a.length || bytesOf(b) - bytesOf(a))[0] ?? [];
  const sorted = largest.toSorted((a, b) => handshakeBytes(a) - handshakeBytes(b));
  const [least] = sorted;
  const most = sorted.at(-1);
  if (!least || !most || least === most) return undefined;
  const extraBytes = handshakeBytes(most) - handshakeBytes(least);
  const against =
    usual && usual.extraBytes > 0 && extraBytes > usual.extraBytes
      ? `, ${timesText(extraBytes / usual.extraBytes)} what ${usual.algorithm} adds to an update, and again with every connection`
      : ', with every connection';
  return {
    text: `In TLS: a handshake with certificates of ${nameOfHandshake(most)}, is ${sizeText(extraBytes)} more than with ${least.serverCertificate}${against}.`,
    figure: 'handshakes',
  };
}

const bytesOf = (handshakes: readonly HandshakeBytes[]): number => Math.max(...handshakes.map(handshakeBytes));
