/**
 * Owns the public side of a sample sort: which rows are compared next, and what order the opened outcomes say. Rows are numbers
 * in the shuffled order; nothing here knows a key.
 * Must never leave an outcome unchecked: outcomes that no order of the rows explains are refused (`sort.no-order`), so that a
 * faulty server is found out.
 */
import { EXIT, MpcError } from '../base/errors.ts';
import { isPermutation } from '../ring/permutation.ts';
import type { BitVector, Words } from '../ring/words.ts';
import type { Stage } from './sample-sort-stages.ts';

/** Pairs of rows to be compared: whether the key of left[k] is less than that of right[k]. Two equal rows are a pair that fills up. */
export interface Pairs {
  readonly left: Words;
  readonly right: Words;
}

/** Asks for pairs to be compared, is resumed with the outcomes, and returns the order: row numbers by ascending key. */
export type Insertion = Generator<Pairs, Words, BitVector>;

/** A stage: `order` holds the rows 0..sorted-1 by ascending key; the result holds 0..rows-1. Throws `sort.unlucky`, `sort.no-order`. */
export function* insertRows(stage: Stage, order: Words): Insertion {
  const gaps = yield* searchGaps(stage, order);
  const { starts, members } = rowsByGap(stage, gaps);
  const pairs = pairsInGaps(stage, starts, members);
  const places = placesInGaps(starts, members, yield pairs);
  return merged(stage, order, starts, members, places);
}

/** For each row past those in order, how many of them are before it. */
function* searchGaps(stage: Stage, order: Words): Generator<Pairs, Words, BitVector> {
  const gaps = new Uint32Array(stage.rows - stage.sorted);
  let width = stage.sorted + 1;
  for (let step = 0; step < stage.steps; step++) {
    width = Math.ceil(width / stage.fanOut);
    narrow(gaps, yield pairsOfSearch(stage, order, gaps, width), width, stage.fanOut - 1);
  }
  return gaps;
}

/** Each row with those in order that stand `width` gaps apart, from its lowest possible gap on. */
function pairsOfSearch({ sorted, fanOut }: Stage, order: Words, gaps: Words, width: number): Pairs {
  const left = new Uint32Array(gaps.length * (fanOut - 1));
  const right = new Uint32Array(left.length);
  for (let i = 0, k = 0; i < gaps.length; i++) {
    const row = sorted + i;
    let place = gaps[i]! + width - 1;
    for (let t = 1; t < fanOut; t++, k++, place += width) {
      right[k] = row;
      left[k] = place < sorted ? order[place]! : row;
    }
  }
  return { left, right };
}

/** Moves each lowest possible gap past the rows that turned out to be less, of `asked` ascending ones. */
function narrow(gaps: Words, less: BitVector, width: number, asked: number): void {
  for (let i = 0, k = 0; i < gaps.length; i++) {
    let passed = 0;
    for (let t = 0; t < asked; t++, k++) {
      if (((less[k >>> 5]! >>> (k & 31)) & 1) === 0) continue;
      if (passed++ < t) throw noOrder();
    }
    gaps[i] = gaps[i]! + passed * width;
  }
}

/** The new rows gap by gap: those of gap g are members[starts[g]] up to members[starts[g + 1]]. */
function rowsByGap({ sorted }: Stage, gaps: Words): { readonly starts: Words; readonly members: Words } {
  const starts = new Uint32Array(sorted + 2);
  for (const gap of gaps) starts[gap + 1] = starts[gap + 1]! + 1;
  for (let gap = 0; gap <= sorted; gap++) starts[gap + 1] = starts[gap + 1]! + starts[gap]!;
  const next = starts.slice();
  const members = new Uint32Array(gaps.length);
  gaps.forEach((gap, row) => {
    members[next[gap]!] = sorted + row;
    next[gap] = next[gap]! + 1;
  });
  return { starts, members };
}

function pairsInGaps({ sorted, pairs }: Stage, starts: Words, members: Words): Pairs {
  const left = new Uint32Array(pairs);
  const right = new Uint32Array(pairs);
  let k = 0;
  for (let gap = 0; gap <= sorted; gap++) {
    const end = starts[gap + 1]!;
    const rows = end - starts[gap]!;
    if (k + (rows * (rows - 1)) / 2 > pairs) throw unlucky();
    for (let i = starts[gap]!; i < end; i++) {
      for (let j = i + 1; j < end; j++, k++) {
        left[k] = members[i]!;
        right[k] = members[j]!;
      }
    }
  }
  return { left, right };
}

/** For each member, how many of its gap are less. */
function placesInGaps(starts: Words, members: Words, less: BitVector): Words {
  const places = new Uint32Array(members.length);
  let k = 0;
  for (let gap = 0; gap + 1 < starts.length; gap++) {
    const end = starts[gap + 1]!;
    for (let i = starts[gap]!; i < end; i++) {
      for (let j = i + 1; j < end; j++, k++) {
        const greater = ((less[k >>> 5]! >>> (k & 31)) & 1) === 1 ? j : i;
        places[greater] = places[greater]! + 1;
      }
    }
  }
  return places;
}

/** Each gap's rows in their order, then the row that ends the gap. */
function merged({ sorted, rows }: Stage, order: Words, starts: Words, members: Words, places: Words): Words {
  const result = new Uint32Array(rows);
  for (let gap = 0; gap <= sorted; gap++) {
    const end = starts[gap + 1]!;
    for (let i = starts[gap]!; i < end; i++) result[gap + starts[gap]! + places[i]!] = members[i]!;
    if (gap < sorted) result[gap + end] = order[gap]!;
  }
  // Two rows of one place leave another place at 0, which row 0 has already.
  if (!isPermutation(result)) throw noOrder();
  return result;
}

function noOrder(): MpcError {
  return new MpcError(
    'sort.no-order',
    'the other server opened comparisons that no order of the rows explains',
    {
      exitCode: EXIT.protocol,
      hint: 'one of the two servers is faulty, or they run different versions: do not use its results',
    },
  );
}

export function unlucky(): MpcError {
  return new MpcError('sort.unlucky', 'the random order of the rows needs more comparisons than were dealt', {
    exitCode: EXIT.temporary,
    hint: 'this happens less often than once in 2^36 sorts and says nothing about the rows: run the query again',
  });
}
