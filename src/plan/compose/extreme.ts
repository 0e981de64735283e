/**
 * Owns minimum and maximum: a tournament that halves every group at each level, all groups' comparisons in one gate.
 * About four rounds a level; the winner's place is never opened.
 */
import { assert } from '../../base/errors.ts';
import type { Bits, PlanBuilder, Ring } from '../builder.ts';
import type { Interval } from '../intervals.ts';
import { type Ranged, requireFits } from './ranged.ts';

/** x as `groups` rows of equal length -> the least element of each row. Throws `plan.too-wide`. */
export function minimum(builder: PlanBuilder, x: Ranged, groups = 1): Ring {
  return tournament(builder, x, groups, (left, right, within) => builder.lessThan(left, right, within));
}

/** x as `groups` rows of equal length -> the greatest element of each row. Throws `plan.too-wide`. */
export function maximum(builder: PlanBuilder, x: Ranged, groups = 1): Ring {
  return tournament(builder, x, groups, (left, right, within) => builder.atLeast(left, right, within));
}

function tournament(
  builder: PlanBuilder,
  x: Ranged,
  groups: number,
  keepsLeft: (left: Ring, right: Ring, within: Interval) => Bits,
): Ring {
  const widest = x.hi - x.lo;
  requireFits(widest, 'a difference of two values');
  let remaining = x.value;
  assert(remaining.length % groups === 0, 'groups are rows of equal length');
  for (let width = remaining.length / groups; width > 1; width = Math.ceil(width / 2)) {
    const half = Math.ceil(width / 2);
    // In an odd row the middle element plays on both sides, against itself or its neighbours.
    const left = halves(builder, remaining, groups, width, 0, half);
    const right = halves(builder, remaining, groups, width, width - half, half);
    remaining = builder.select(keepsLeft(left, right, { lo: -widest, hi: widest }), left, right);
  }
  return remaining;
}

/** Elements `start` to `start + length` of each row. */
function halves(
  builder: PlanBuilder,
  x: Ring,
  groups: number,
  width: number,
  start: number,
  length: number,
): Ring {
  const rows = Array.from({ length: groups }, (_, g) => builder.slice(x, g * width + start, length));
  return builder.concat(...rows);
}
