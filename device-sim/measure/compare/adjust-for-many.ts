/**
 * p-values of many tests, adjusted so that those below a level are false discoveries in that share of cases (Benjamini and
 * Hochberg 1995, Journal of the Royal Statistical Society B 57(1), §3.1). In the order in which they came.
 */
export function adjustForMany(values: readonly number[]): readonly number[] {
  const order = values.map((p, index) => ({ p, index })).toSorted((a, b) => b.p - a.p);
  const adjusted = values.map(() => 1);
  let least = 1;
  for (const [from, { p, index }] of order.entries()) {
    least = Math.min(least, p * (values.length / (values.length - from)));
    adjusted[index] = least;
  }
  return adjusted;
}
