/**
 * Owns CORR and REGR_R2: E_xy / sqrt(E_xx E_yy) and its square (src/sql/moments.ts).
 *
 * A correlation does not change when a column is multiplied by a constant, so each column of each group is first multiplied by a secret
 * power of two p that makes its deviations fill a digit more than the precision needs: p^2 D_xx in [2^(T-2), 2^T), or p = 1 where D_xx is larger.
 * All candidates p = 2^i are asked for at once: p = 1 + sum of [D < 2^(T-2i)] 2^(i-1). Then, with E for the multiplied columns,
 *   E = p^2 D - floor((p t)^2 / n) is within 1 of its true value, which is at least 2^(T-3);   (p t)^2 <= n p^2 D fits.
 *   s = round(sqrt(E)),   u = round(E_xy / s_x),   r = round(10^k u / s_y).
 * All s are at least s_0 = 2^((T-3)/2). The roots are off by 1 / (2 s_0) each, relatively, u by another 1 / (2 s_0), and what E is off by adds
 * 2 / s_0^2: 1.6 / s_0 in all. T makes s_0 ten units of 10^-k or more, so that r is off by 0.16 units before it is rounded: within one unit, and
 * never beyond 1. Its square has an error of twice that. T also bounds how many rows there may be: n 2^T must fit.
 * Where all values of a column are equal there is no correlation; where those of y are, R2 is 1, as the standard says.
 */
import type { Bits, Ring } from '../plan/builder.ts';
import { divideFloor, divideRound } from '../plan/compose/divide.ts';
import { isNarrow, larger, type Ranged } from '../plan/compose/ranged.ts';
import { squareRoot } from '../plan/compose/square-root.ts';
import { sqlFault } from './faults.ts';
import { powerOfTen } from './literals.ts';
import { crossProducts, type Moments, meanOf, requireRoom, squares } from './moments.ts';
import { fitted } from './values.ts';

interface Correlation {
  readonly value: Ranged;
  /** Where all x, or all y, are equal. */
  readonly flatX: Bits;
  readonly flatY: Bits;
}

/** The correlation with `decimals`, as precise as `precision` decimals need. Throws `sql.too-wide`. */
export function correlation(moments: Moments, decimals: number, precision = decimals): Correlation {
  const { builder, at, count: n, rows, x, y, products } = moments;
  const bits = precisionBits(moments, precision);
  const room = 1n << BigInt(bits);
  requireRoom(
    moments,
    'a correlation',
    (halfX, halfY) => {
      const half = larger(halfX, halfY);
      return 5n * rows * larger(half * half + 2n, room);
    },
    false,
  );
  return fitted(at, () => {
    const length = n.length;
    const both = (a: Ring, b: Ring): Ring => builder.concat(a, b);
    const [meanX, meanY] = [meanOf(moments, x), meanOf(moments, y)];
    const dxx = squares(moments, x, products.xx!, meanX);
    const dyy = squares(moments, y, products.yy!, meanY);
    const dxy = crossProducts(moments, products.xy!, meanX, meanY);
    const squaresOfBoth = builder.opened(both(dxx.value, dyy.value));
    const mostSquare = larger(dxx.hi, dyy.hi);
    const flat = builder.equalsZero(squaresOfBoth, { lo: 0n, hi: mostSquare });
    const powers = powersOfTwo(moments, squaresOfBoth, mostSquare, bits);
    const rests = builder.multiply(powers, both(meanX.rest, meanY.rest));
    const grown = builder.multiply(powers, builder.multiply(powers, squaresOfBoth));
    const [powerX, powerY] = [builder.slice(powers, 0, length), builder.slice(powers, length, length)];
    const [restX, restY] = [builder.slice(rests, 0, length), builder.slice(rests, length, length)];
    const cross = builder.multiply(powerX, builder.multiply(powerY, dxy.value));
    // The squares and the product of the rests over n, the product shifted to be positive.
    const most = larger(room, rows);
    const tops = builder.concat(
      builder.multiply(restX, restX),
      builder.multiply(restY, restY),
      builder.linear([
        [1n, builder.multiply(restX, restY)],
        [most, n],
      ]),
    );
    const shares = divideFloor(
      builder,
      { value: tops, lo: 0n, hi: 2n * rows * most },
      { value: builder.repeat(n, 3), lo: 0n, hi: rows },
      { largest: 2n * most },
    ).value;
    const highest = larger(room, larger(dxx.hi, dyy.hi));
    const e = builder.sub(grown, builder.slice(shares, 0, 2 * length));
    const exy = builder.linear(
      [
        [1n, cross],
        [-1n, builder.slice(shares, 2 * length, length)],
      ],
      most,
    );
    const roots = squareRoot(builder, { value: e, lo: 0n, hi: highest }, true);
    const opened = builder.opened(roots.value);
    const [rootX, rootY] = [0, 1].map((part) => builder.slice(opened, part * length, length));
    const unit = powerOfTen(decimals);
    // |E_xy| <= sqrt(E_xx E_yy), and what was rounded adds little.
    const limit = roots.hi + 4n;
    const first = divideRound(
      builder,
      { value: exy, lo: -highest - 2n, hi: highest + 2n },
      { value: rootX!, lo: 0n, hi: roots.hi },
      { largest: limit },
    );
    const value = divideRound(
      builder,
      { value: builder.scale(first.value, unit), lo: -limit * unit, hi: limit * unit },
      { value: rootY!, lo: 0n, hi: roots.hi },
      { largest: unit + 1n },
    );
    return {
      value: { value: value.value, lo: -unit, hi: unit },
      flatX: builder.slice(flat, 0, length),
      flatY: builder.slice(flat, length, length),
    };
  });
}

/** The square of the correlation with `decimals`: of one more decimal, so that it is within one unit. */
export function determination(moments: Moments, decimals: number): Correlation {
  const { builder, at } = moments;
  const { value: r, flatX, flatY } = correlation(moments, decimals + 1, decimals);
  const unit = powerOfTen(decimals + 2);
  return fitted(at, () => {
    const square = { value: builder.multiply(r.value, r.value), lo: 0n, hi: r.hi * r.hi };
    const constant = { value: builder.constant(unit, r.value.length), lo: unit, hi: unit };
    const rounded = divideRound(builder, square, constant);
    const one = builder.constant(powerOfTen(decimals), r.value.length);
    const value = builder.select(flatY, one, rounded.value);
    return { value: { value, lo: 0n, hi: powerOfTen(decimals) }, flatX, flatY };
  });
}

/** T for so many decimals. Throws `sql.too-wide` where so many rows leave no room for it. */
function precisionBits({ rows, at }: Moments, decimals: number): number {
  const bitsFor = (digits: number) => (800n * powerOfTen(2 * digits)).toString(2).length;
  const fits = (digits: number) => isNarrow(8n * rows * (1n << BigInt(bitsFor(digits))));
  if (fits(decimals)) return bitsFor(decimals);
  const fewer = Array.from({ length: decimals }, (_, at) => decimals - 1 - at).find(fits);
  throw sqlFault(
    'too-wide',
    at,
    `a correlation over ${rows} rows cannot be told to ${decimals} decimals`,
    fewer === undefined ? 'lower the row limits' : `ROUND to ${fewer} decimals, or lower the row limits`,
  );
}

/** 2^i with 4^i d in [2^(bits-2), 2^bits), or 1 where d is larger: a sum of comparisons, all at once. */
function powersOfTwo({ builder }: Moments, d: Ring, most: bigint, bits: number): Ring {
  const steps = Array.from({ length: (bits - 1) >> 1 }, (_, at) => at + 1);
  const distances = steps.map((i) => builder.linear([[1n, d]], -(1n << BigInt(bits - 2 * i))));
  const within = { lo: -(1n << BigInt(bits - 2)), hi: most };
  const below = builder.toRing(builder.lessThanZero(builder.concat(...distances), within));
  const terms = steps.map(
    (i, at) => [1n << BigInt(i - 1), builder.slice(below, at * d.length, d.length)] as const,
  );
  return builder.opened(builder.linear(terms, 1n));
}
