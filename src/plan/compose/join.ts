/**
 * Owns the rows that two tables have together: which rows of one match which of the other, and what they hold. Nothing of it is opened:
 * neither which rows match nor how many. How many could is public.
 *
 * Where no two rows of one side L have the same key, every row of the other side R matches one row of L at most.
 *   by sorting   L in ascending order of its keys; d_i = l_i - l_(i-1), for the key and every column l, l_0 = 0. L with its d, then R
 *                with zeros in their place, are sorted by key; sorting is stable, so L's row stands before the rows of R that match it.
 *                The sum of all d up to a row telescopes to what the last row of L so far holds: its columns, and its key, which R's row
 *                matches if it is R's own. Sums are linear: of all that, only sorting and one comparison a row cost anything.
 *                (Differences and prefix sums instead of a scan of selections: Asharov, Hamada, Kikuchi, Nof, Pinkas, Tomida,
 *                "Secure statistical analysis on multiple datasets: join and group-by", CCS 2023.)
 *   by pairs     every row with every row: |L| |R| comparisons, and l = sum of [match] l. Few rounds, many bytes.
 * Sorting grows with |L| + |R|, pairs with |L| |R|: the cheaper way is taken. An L that is already in order, as
 * one party can bring it, spares the first sort. A party that brings L out of order, or a key twice, gets the answer for other rows of
 * its own: every row of R still matches one row at most, whatever the sums are.
 */
import { assert } from '../../base/errors.ts';
import type { Shape } from '../../gates/gate.ts';
import { gateOf } from '../../gates/registry.ts';
import type { Bits, PlanBuilder, Ring } from '../builder.ts';
import { apart, magnitudeBits } from '../intervals.ts';
import { sortGates, sortRows } from './sort.ts';

export interface JoinSide {
  /** Each in 0..span-1, and 0 where the row is not usable. */
  readonly keys: readonly Ring[];
  /** 1 where the row may match, else 0. */
  readonly usable: Ring;
  /** What of the rows is wanted afterwards. */
  readonly columns: readonly Ring[];
}

export interface UniqueSide extends JoinSide {
  /** Whether the rows are in ascending order of their keys, those that are not usable at the end. */
  readonly isOrdered: boolean;
}

/** Rows of the other side, perhaps with rows between them that match nothing. */
export interface Looked {
  readonly unique: readonly Ring[];
  readonly other: readonly Ring[];
  /** Where a row of the other side has found its row. */
  readonly matched: Bits;
}

/** Pairs of rows that are ever compared with one another. */
export const MOST_PAIRS = 2 ** 20;

/** What a round weighs in bytes: about what a broker relays while it takes. */
const ROUND_BYTES = 2 ** 16;

/**
 * For each row of `other` the columns of the row of `unique` with its keys. Where none has, they say nothing, but hold what some row of
 * `unique` does, or 0. `spans` are the numbers of the keys' values.
 */
export function lookUp(
  builder: PlanBuilder,
  spans: readonly bigint[],
  unique: UniqueSide,
  other: JoinSide,
): Looked {
  const pairs = unique.usable.length * other.usable.length;
  return pairs <= MOST_PAIRS && pairsWork(spans, unique, pairs) < sortingWork(spans, unique, other)
    ? byPairs(builder, spans, unique, other)
    : bySorting(builder, spans, unique, other).looked;
}

/** The same by sorting; `left` are the rows of `unique`, among those of `other`, that are `present` and that none has found. */
export function lookUpAndKeep(
  builder: PlanBuilder,
  spans: readonly bigint[],
  unique: UniqueSide & { readonly present: Ring },
  other: JoinSide,
): Looked & { readonly left: Bits } {
  const { looked, held, own, kept } = bySorting(builder, spans, unique, other, unique.present);
  const { length } = looked.matched;
  // A row of `unique` is found, if at all, by the row that follows it.
  const next = own.map((key) => builder.concat(builder.slice(key, 1, length - 1), builder.constant(-1n, 1)));
  const found = builder.and(...held.map((key, k) => builder.equals(key, next[k]!, betweenCodes(spans[k]!))));
  return { ...looked, left: builder.and(builder.lowBit(kept!), builder.not(found)) };
}

/** Each row of `left` with all rows of `right`, those of its first row first: where their keys agree. */
export function matchingPairs(
  builder: PlanBuilder,
  spans: readonly bigint[],
  left: JoinSide,
  right: JoinSide,
): Bits {
  const [rows, times] = [left.usable.length, right.usable.length];
  if (spans.length === 0) {
    const bit = ({ usable }: JoinSide) => builder.opened(builder.lowBit(usable));
    return builder.and(builder.repeat(bit(left), times, true), builder.repeat(bit(right), rows));
  }
  const [mine, theirs] = [codesOf(builder, left, -1n), codesOf(builder, right, -2n)];
  return builder.and(
    ...mine.map((code, k) =>
      builder.equals(
        builder.repeat(builder.opened(code), times, true),
        builder.repeat(builder.opened(theirs[k]!), rows),
        betweenCodes(spans[k]!),
      ),
    ),
  );
}

function byPairs(
  builder: PlanBuilder,
  spans: readonly bigint[],
  unique: UniqueSide,
  other: JoinSide,
): Looked {
  const rows = other.usable.length;
  const pairs = builder.opened(matchingPairs(builder, spans, other, unique));
  const found = unique.columns.map((column) =>
    builder.sum(builder.timesBit(pairs, builder.repeat(builder.opened(column), rows)), rows),
  );
  const matched = builder.lowBit(builder.sum(builder.toRing(pairs), rows));
  return { unique: found, other: other.columns, matched };
}

interface Sorted {
  readonly looked: Looked;
  /** The keys of the last row of `unique` so far, and the row's own if it is of `other`, else -1 (keys but the first: 0). */
  readonly held: readonly Ring[];
  readonly own: readonly Ring[];
  readonly kept: Ring | undefined;
}

/** `kept` is a column of `unique`; it comes out as it is, with zeros in the rows of `other`. */
function bySorting(
  builder: PlanBuilder,
  spans: readonly bigint[],
  unique: UniqueSide,
  other: JoinSide,
  kept?: Ring,
): Sorted {
  const [first] = spans;
  assert(first !== undefined, 'rows are looked up by at least one key');
  // 0 is no row's first key: it is what stands before the first row of `unique`.
  const keys = codesOf(builder, unique, first + 1n, 1n);
  const theirs = codesOf(builder, other, first + 2n, 1n);
  const given = [...keys, ...unique.columns, ...(kept ? [kept] : [])];
  const ordered = unique.isOrdered ? given : sortRows(builder, rangesOf(keys, spans), given);
  const [rows, others] = [unique.usable.length, other.usable.length];
  const none = (length: number) => builder.constant(0n, length);
  const held = ordered.slice(0, keys.length + unique.columns.length);
  const steps = held.map((column) => builder.concat(stepsOf(builder, column), none(others)));
  const own = theirs.map((key, k) => builder.concat(builder.constant(k === 0 ? -1n : 0n, rows), key));
  const carried = [
    ...other.columns.map((column) => builder.concat(none(rows), column)),
    ...ordered.slice(held.length).map((column) => builder.concat(column, none(others))),
  ];
  const order = theirs.map((key, k) => builder.concat(ordered[k]!, key));
  const sorted = sortRows(builder, rangesOf(order, spans), [...steps, ...own, ...carried]);
  const sums = sorted.slice(0, steps.length).map((column) => builder.runningSum(column));
  const [heldKeys, rest] = [sums.slice(0, keys.length), sorted.slice(steps.length)];
  const ownKeys = rest.slice(0, own.length);
  const columns = rest.slice(own.length, own.length + other.columns.length);
  const matched = builder.and(
    ...heldKeys.map((key, k) => builder.equals(key, ownKeys[k]!, betweenCodes(spans[k]!))),
  );
  return {
    looked: { unique: sums.slice(keys.length), other: columns, matched },
    held: heldKeys,
    own: ownKeys,
    kept: kept && rest.at(-1),
  };
}

/** The keys, the first raised by `raise`; in rows that are not usable the first is `otherwise`. */
function codesOf(
  builder: PlanBuilder,
  { keys, usable }: JoinSide,
  otherwise: bigint,
  raise = 0n,
): readonly Ring[] {
  return keys.map((key, k) =>
    k > 0
      ? key
      : builder.linear(
          [
            [1n, key],
            [raise - otherwise, usable],
          ],
          otherwise,
        ),
  );
}

/** Keys are compared as codes: raised by up to 2, or what stands for none, -1 or -2. */
const betweenCodes = (span: bigint) => apart(span + 3n);

const rangeOf = (span: bigint, k: number) => ({ lo: 0n, hi: k === 0 ? span + 2n : span - 1n });

const rangesOf = (keys: readonly Ring[], spans: readonly bigint[]) =>
  keys.map((value, k) => ({ value, ...rangeOf(spans[k]!, k) }));

/** Each element less the one before it. */
function stepsOf(builder: PlanBuilder, column: Ring): Ring {
  const { length } = column;
  const zero = builder.constant(0n, 1);
  const before = length === 1 ? zero : builder.concat(zero, builder.slice(column, 0, length - 1));
  return builder.sub(column, before);
}

const ring = (length: number): Shape => ({ kind: 'ring', form: 'wire', length });

function pairsWork(spans: readonly bigint[], { columns }: UniqueSide, pairs: number): number {
  const compared = spans.reduce((work, span) => {
    const operation = { op: 'equalsZero' as const, ...magnitudeBits(betweenCodes(span)) };
    const { bytesOnline, bytesTape } = gateOf(operation).cost(operation, [ring(pairs)]);
    return work + 2 * bytesOnline + bytesTape;
  }, 0);
  const each = 8 * (1 + 2 * columns.length);
  return compared + pairs * each + 4 * ROUND_BYTES;
}

function sortingWork(spans: readonly bigint[], unique: UniqueSide, other: JoinSide): number {
  const keys = spans.length;
  const held = keys + unique.columns.length;
  const first = unique.isOrdered ? 0 : sortWork(spans, unique.usable.length, held);
  const rows = unique.usable.length + other.usable.length;
  return first + sortWork(spans, rows, held + keys + other.columns.length);
}

function sortWork(spans: readonly bigint[], rows: number, columns: number): number {
  return sortGates(spans.map(rangeOf), rows).reduce((work, gate, before) => {
    const inputs = Array.from({ length: columns + 1 + before }, () => ring(rows));
    const { rounds, bytesOnline, bytesOnlineB, bytesTape } = gateOf(gate).cost(gate, inputs);
    return work + bytesOnline + (bytesOnlineB ?? bytesOnline) + bytesTape + rounds * ROUND_BYTES;
  }, 0);
}
