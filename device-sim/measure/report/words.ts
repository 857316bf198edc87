/**
 * The first screen: what ML-DSA costs, where it hurts and what to do, in sentences that are made from the numbers. A
 * sentence whose numbers were not measured is not said; where the usual conclusion does not hold, the other one is.
 */
import type { MeasureResults } from '../results/results.ts';
import { costSentences, headlineOf } from './words-cost.ts';
import { adviceSentences } from './words-advice.ts';
import { hurtSentences } from './words-hurt.ts';
import type { Answer, Sentence } from './sentence.ts';
import { settingOf } from './setting.ts';

export function answerOf(results: MeasureResults): Answer {
  const setting = settingOf(results);
  const subject = setting.main === undefined ? 'a signature' : setting.isMlDsa ? 'ML-DSA' : setting.main;
  return {
    headline: headlineOf(setting),
    sections: [
      { title: `What ${subject} costs`, sentences: said(costSentences(setting)) },
      { title: 'Where it hurts', sentences: said(hurtSentences(setting)) },
      { title: 'What to do', sentences: said(adviceSentences(setting)) },
    ].filter(({ sentences }) => sentences.length > 0),
  };
}

const said = (sentences: readonly (Sentence | undefined)[]): readonly Sentence[] =>
  sentences.filter((sentence) => sentence !== undefined);
