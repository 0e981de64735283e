/**
 * Owns PERCENTILE_CONT(a / b), MEDIAN among it, of rows that somebody has put in order: with N rows x_0.. ascending, and
 * a (N - 1) = b k + rest, it is x_k + (rest / b)(x_(k+1) - x_k). Exact, in as many more decimals as b needs.
 */
import type { PlanBuilder, Ring } from '../plan/builder.ts';
import { divideFloor } from '../plan/compose/divide.ts';
import { requireFits } from '../plan/compose/ranged.ts';
import { greatest } from './arithmetic.ts';
import type { Position } from './faults.ts';
import { decimalsOf, powerOfTen } from './literals.ts';
import type { Fraction } from './statement.ts';
import { fitted, type NumberValue } from './values.ts';

/**
 * For each group the value less the argument's `lo` of the row at `index` among its rows that count, and, if asked for, how much
 * greater the next one is (anything, after the last).
 */
type PickRow = (index: Ring, withStep: boolean) => { readonly low: Ring; readonly step: Ring | undefined };

/** Says nothing for a group of which no row counts: `index` may then be -1. Throws `sql.too-wide`. */
export function percentile(
  builder: PlanBuilder,
  argument: NumberValue,
  { numerator, denominator }: Fraction,
  count: NumberValue,
  at: Position,
  pickRow: PickRow,
): NumberValue {
  const digits = decimalsOf(denominator);
  const unit = powerOfTen(digits) / denominator;
  const largest = greatest([argument.hi, -argument.lo, argument.hi - argument.lo]) * powerOfTen(digits);
  fitted(at, () => requireFits(largest, 'this percentile'));
  // a (N - 1) + b is not negative even where N is 0, so its quotient is k + 1.
  const shifted = builder.linear([[numerator, count.ring]], denominator - numerator);
  const above = quotientByPublic(
    builder,
    shifted,
    numerator * count.hi + denominator - numerator,
    denominator,
  );
  const rest = builder.linear([
    [1n, shifted],
    [-denominator, above],
  ]);
  const picked = pickRow(builder.linear([[1n, above]], -1n), denominator > 1n);
  const low = builder.linear([[1n, picked.low]], argument.lo);
  const ring = picked.step
    ? builder.linear([
        [unit * denominator, low],
        [unit, builder.multiply(rest, picked.step)],
      ])
    : low;
  const { each: _, ...value } = argument;
  return {
    ...value,
    type: 'decimal',
    scale: argument.scale + digits,
    lo: argument.lo * powerOfTen(digits),
    hi: argument.hi * powerOfTen(digits),
    ring,
    zeroed: false,
  };
}

/** 0 <= n <= largest divided by a public number. */
function quotientByPublic(builder: PlanBuilder, n: Ring, largest: bigint, divisor: bigint): Ring {
  if (divisor === 1n) return n;
  const by = { value: builder.constant(divisor, n.length), lo: divisor, hi: divisor };
  return divideFloor(builder, { value: n, lo: 0n, hi: largest }, by).value;
}
