/** What the words of a report are made of. */

export interface Sentence {
  /** Of what it is, in a word or two: `Small images`. */
  readonly lead: string;
  readonly text: string;
  /** The id of the figure that shows it. */
  readonly figure?: string;
}

export interface Answer {
  readonly headline: string;
  readonly sections: readonly { readonly title: string; readonly sentences: readonly Sentence[] }[];
}
