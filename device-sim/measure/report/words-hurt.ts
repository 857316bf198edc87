/** Where it hurts: small images, small blocks, slow links, small boards, certificates. */
import { linkNamed } from '../../profiles/links.ts';
import type { HandshakeBytes } from '../results/results.ts';
import { measuredOf } from './cases.ts';
import { describeStack, shareOfStack } from './figure-boards.ts';
import { handshakeBytes, sidesOf } from './figure-handshakes.ts';
import { counted, countText, durationText, listText, percentText, sizeText, timesText } from './numbers.ts';
import { crossoverOf } from './overhead.ts';
import type { Sentence } from './sentence.ts';
import type { Setting } from './setting.ts';

export const hurtSentences = (setting: Setting): readonly (Sentence | undefined)[] => [
  aboutImages(setting),
  aboutSmallBlocks(setting),
  aboutLinks(setting),
  aboutBoards(setting),
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
  const few = own.length === 1 ? 'the one image size measured' : `any of ${countText(own.length)} image sizes measured`;
  if (crossover === undefined) return { lead: 'Not in images', text: `${main} adds nothing to ${few}.`, figure };
  const below = `; the signature would outweigh an image of less than ${sizeText(crossover)}`;
  if (percentOfImage <= LITTLE_PERCENT) {
    return { lead: 'Not in images', text: `At most ${percentText(percentOfImage)} more for ${few}${below}.`, figure };
  }
  const isOutweighed = percentOfImage > 100;
  const share = isOutweighed
    ? `to ${sizeText(image.imageBytes)} ${main} adds ${timesText(percentOfImage / 100)} the image`
    : `${main} adds ${percentText(percentOfImage)} to ${sizeText(image.imageBytes)}`;
  const others =
    own.length === 1 ? '' : `, ${percentText(largest.percentOfImage)} to ${sizeText(largest.image.imageBytes)}`;
  const lead = own.length === 1 ? 'The one image size measured' : 'Small images';
  return { lead, text: `${upper(share)}${others}${isOutweighed ? '' : below}.`, figure };
}

const upper = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

function aboutSmallBlocks({ byBlock }: Setting): Sentence | undefined {
  const blocks = byBlock.flatMap(({ spec, ...it }) => {
    const amount = measuredOf({ spec, ...it }, { quantity: 'blocks', phase: 'envelope' });
    return amount ? [{ spec, count: amount.value }] : [];
  });
  const [smallest] = blocks;
  const fewest = Math.min(...blocks.map(({ count }) => count));
  const enough = blocks.find(({ count }) => count === fewest);
  if (!smallest || !enough || smallest === enough) return undefined;
  const { algorithm, blockBytes } = smallest.spec;
  const envelope = algorithm === 'none' ? 'an envelope without a signature' : `the envelope of ${algorithm}`;
  return {
    lead: 'Small blocks',
    text: `${upper(envelope)} is ${counted(smallest.count, 'block')} of ${sizeText(blockBytes)}, ${countText(enough.count)} of ${sizeText(enough.spec.blockBytes)}.`,
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
  const lead = 'Not on the air';
  if (slowest.seconds <= 0) return { lead, text: `${main} adds no time on ${counted(extras.length, 'link')}.`, figure };
  const worst = `${durationText(slowest.seconds)} more over ${titleOf(slowest.link)}`;
  if (slowest.seconds < SHORT_SECONDS) {
    return { lead, text: `At most ${worst}, the slowest of ${counted(extras.length, 'link')}.`, figure };
  }
  const short = extras.filter(({ seconds }) => seconds < SHORT_SECONDS).map(({ link }) => link);
  const elsewhere = short.length === 0 ? '' : `; less than a second over ${listText(short)}`;
  return { lead: 'Slow links', text: `${upper(worst)}${elsewhere}.`, figure };
}

const titleOf = (link: string): string => linkNamed(link)?.title.replace(/, through a gateway$/, '') ?? link;

/** What the board with the least to spare needs, and on which boards nobody knows the time. */
function aboutBoards({ main, verifications, results }: Setting): Sentence | undefined {
  const own = verifications.filter(({ algorithm }) => algorithm === main);
  if (main === undefined || own.length === 0) return undefined;
  const needed = own.flatMap((it) => (it.stackBytes === undefined ? [] : [{ ...it, bytes: it.stackBytes }]));
  const share = ({ board, bytes }: (typeof needed)[number]): number => shareOfStack(board, bytes) ?? 0;
  const most = needed.toSorted((a, b) => share(b) - share(a))[0];
  const untimed = results.experiment.boards.filter(
    (board) => !own.some((it) => it.board === board && it.milliseconds !== undefined),
  );
  const stack = most ? [`on ${most.board} ${main} takes ${describeStack(most.board, most.bytes)}`] : [];
  const time = untimed.length === 0 ? [] : [`its time on ${listText(untimed)} is not known`];
  const parts = [...stack, ...time];
  return parts.length === 0
    ? undefined
    : { lead: 'Small boards', text: `${upper(parts.join('; '))}.`, figure: 'boards' };
}

/** Of handshakes that differ in their certificates only: the main algorithm's, or the heaviest. */
function aboutHandshakes({ results: { handshakes }, usual, main }: Setting): Sentence | undefined {
  const groups = Map.groupBy(handshakes, (it) => `${it.keyExchange} ${it.deviceCertificate === undefined}`);
  const largest = [...groups.values()].toSorted((a, b) => b.length - a.length || bytesOf(b) - bytesOf(a))[0] ?? [];
  const sorted = largest.toSorted((a, b) => handshakeBytes(a) - handshakeBytes(b));
  const [least] = sorted;
  const isOfMain = (it: HandshakeBytes): boolean =>
    it.serverCertificate === main && (it.deviceCertificate ?? main) === main;
  const shown = sorted.find(isOfMain) ?? sorted.at(-1);
  if (!least || !shown || least === shown) return undefined;
  const extraBytes = handshakeBytes(shown) - handshakeBytes(least);
  const against =
    usual && usual.extraBytes > 0 && extraBytes > usual.extraBytes
      ? `, ${timesText(extraBytes / usual.extraBytes)} what ${usual.algorithm} adds to an update`
      : '';
  return {
    lead: 'Certificates',
    text: `A handshake with ${sidesOf(shown)} is ${sizeText(extraBytes)} more than with ${sidesOf(least)}${against}; again with every connection.`,
    figure: 'handshakes',
  };
}

const bytesOf = (handshakes: readonly HandshakeBytes[]): number => Math.max(...handshakes.map(handshakeBytes));
