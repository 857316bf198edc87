/** MQTT 5 §4.7: in a filter `+` is one level, and `#` at its end the rest. Tells of a topic in levels whether it matches. */
export type TopicFilter = (levels: readonly string[]) => boolean;

export const levelsOf = (topic: string): readonly string[] => topic.split('/');

export const hasWildcard = (filter: string): boolean => filter.includes('+') || filter.includes('#');

export function topicFilter(filter: string): TopicFilter {
  const levels = filter.split('/');
  const open = levels.at(-1) === '#';
  const fixed = open ? levels.slice(0, -1) : levels;
  return (parts) => {
    if (open ? parts.length < fixed.length : parts.length !== fixed.length) return false;
    return fixed.every((level, index) => level === '+' || level === parts[index]);
  };
}

export function matcher(filter: string): (topic: string) => boolean {
  const matches = topicFilter(filter);
  return (topic) => matches(levelsOf(topic));
}
