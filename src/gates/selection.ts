/**
 * Owns how the first k of n shuffled rows are found without putting all of them in order, and when that takes less.
 * Must never depend on anything but n and k: dealer and servers compute it alike.
 *
 * The first s rows are a uniform sample (the order is uniform, whatever the keys are). Of it the j least are found, the same way or by
 * sorting, and every other row is compared with the j-th, the pivot: n - s comparisons in one batch. The rows up to the pivot are
 * the candidates, filled up to B with others, so that their number is no chance; and of those the k least are found, the same way again.
 * Candidates are first put into a new uniform order, by words that both servers know and that do not depend on keys: what
 * follows counts on a uniform order, and the pivot, the greatest of those found, would stand among the first.
 *
 * With f = s/n let X be the candidates that are found. It is a failure (`sort.unlucky`) if
 *   X < k:  at least j of the sample are among the k - 1 least rows, of which (k-1) f = v are expected; never, if j = k. By Bernstein's bound,
 *           which holds for samples (Hoeffding 1963), less often than e^(-t^2 / (2 (v + t/3))), t = j - v: below 2^-45 from
 *           t = 21 + sqrt(63 v) on;
 *   X > B:  fewer than j of the sample are among the B least rows, of which B f = u are expected: less often than
 *           e^(-(u-j+1)^2 / (2u)), below 2^-45 where sqrt(u) is the mean of sqrt(63) and sqrt(63 + 4 (j-1)).
 * Both are tested against exact probabilities. The header of sample-sort-stages.ts has the other way to fail.
 */
import { type Effort, effortOfBatch, orderOf, type Stage } from './sample-sort-stages.ts';

/** A way to the `first` least of `rows` rows. */
export type Selection =
  | { readonly by: 'order'; readonly rows: number; readonly first: number; readonly stages: readonly Stage[] }
  | {
      readonly by: 'pivot';
      readonly rows: number;
      readonly first: number;
      /** Its last row is the pivot. */
      readonly sample: Selection;
      readonly candidates: Selection;
    };

/** How many times as many rows as are in the sample. */
const RATIOS = [2, 4, 8, 16, 32, 64] as const;
/** How often a selection may be made of selections. */
const DEPTH = 3;

interface Weighed {
  readonly selection: Selection;
  readonly effort: number;
}

/** The way that takes least time. */
export const selectionOf = (rows: number, first: number): Selection =>
  new Search().least(rows, first, DEPTH).selection;

/** j: the place of the pivot in a sample of `sample` rows. */
export function pivotPlace(rows: number, first: number, sample: number): number {
  const expected = ((first - 1) * sample) / rows;
  return Math.min(first, Math.ceil(expected + 21 + Math.sqrt(63 * expected)));
}

/** B: most rows up to the pivot. */
export function mostCandidates(rows: number, place: number, sample: number): number {
  const root = (Math.sqrt(63) + Math.sqrt(63 + 4 * (place - 1))) / 2;
  return Math.ceil((root * root * rows) / sample);
}

/** Looks for the least effort, and remembers what it has found. */
class Search {
  readonly #orders = new Map<number, Effort>();
  readonly #found = new Map<string, Weighed>();

  least(rows: number, first: number, depth: number): Weighed {
    const key = `${rows} ${first} ${depth}`;
    const found = this.#found.get(key) ?? this.#search(rows, first, depth);
    this.#found.set(key, found);
    return found;
  }

  #search(rows: number, first: number, depth: number): Weighed {
    const { stages, effort: sorting } = orderOf(rows, this.#orders);
    let best: Weighed = { selection: { by: 'order', rows, first, stages }, effort: sorting };
    for (const ratio of depth === 0 ? [] : RATIOS) {
      const size = Math.ceil(rows / ratio);
      const place = pivotPlace(rows, first, size);
      const most = mostCandidates(rows, place, size);
      // Nothing is gained where most rows are candidates.
      if (place >= size || most < first || 2 * most > rows) continue;
      let effort = effortOfBatch(rows - size);
      if (effort >= best.effort) continue;
      const sample = this.least(size, place, depth - 1);
      const candidates = this.least(most, first, depth - 1);
      effort += sample.effort + candidates.effort;
      if (effort >= best.effort) continue;
      const selection: Selection = {
        by: 'pivot',
        rows,
        first,
        sample: sample.selection,
        candidates: candidates.selection,
      };
      best = { selection, effort };
    }
    return best;
  }
}
