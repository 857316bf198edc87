/**
 * Lists in pages. A marker is the name of the last item shown, so a page follows the one before it whatever was made
 * or deleted in between.
 */
import type { Members } from './members.ts';

export interface PageRules<T> {
  /** Unique; the list is in its order. */
  readonly nameOf: (item: T) => string;
  readonly defaultLimit: number;
  readonly maxLimit: number;
}

export interface Page<T> {
  readonly items: readonly T[];
  /** The members of the response that say whether there is more. */
  readonly more: { readonly Truncated: boolean; readonly NextMarker?: string };
}

/** The page that the members Limit and Marker ask for. */
export function selectPage<T>(all: readonly T[], members: Members, rules: PageRules<T>): Page<T> {
  const limit = members.optionalInteger('Limit', { min: 1, max: rules.maxLimit }) ?? rules.defaultLimit;
  const after = members.optionalText('Marker', { min: 1, max: 1024 }) ?? '';
  const rest = all
    .map((item) => ({ item, name: rules.nameOf(item) }))
    .filter(({ name }) => name > after)
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const shown = rest.slice(0, limit);
  const last = shown.at(-1);
  return {
    items: shown.map(({ item }) => item),
    more: last && rest.length > limit ? { Truncated: true, NextMarker: last.name } : { Truncated: false },
  };
}
