/**
 * Owns numbers that are hard on divisions and roots, from a seed: every size equally often, multiples and squares and their
 * neighbours, the ends of ranges. Must give the same numbers for the same seed.
 */
import { splitmix } from '../support/splitmix.ts';

export interface Bounds {
  readonly lo: bigint;
  readonly hi: bigint;
}

const clamp = (x: bigint, { lo, hi }: Bounds): bigint => (x < lo ? lo : x > hi ? hi : x);

/** A number of any size in the bounds. */
function anySize(random: () => bigint, bounds: Bounds): bigint {
  const bits = Number(random() % 64n) + 1;
  return clamp(BigInt.asUintN(bits, random()), bounds);
}

/** `count` pairs, divisors inside their bounds: among them multiples, a little more or less, and the ends. */
export function dividendsAndDivisors(
  count: number,
  seed: number,
  n: Bounds,
  d: Bounds,
): { readonly dividends: bigint[]; readonly divisors: bigint[] } {
  const random = splitmix(seed);
  const dividends: bigint[] = [];
  const divisors: bigint[] = [];
  for (let i = 0; i < count; i++) {
    const kind = i % 5;
    const divisor = kind === 4 ? [d.lo, d.hi, d.lo + 1n][i % 3]! : anySize(random, d);
    const divides = divisor === 0n ? 1n : divisor;
    const free = anySize(random, n);
    const dividend =
      kind === 0
        ? free
        : kind === 1
          ? n.hi - (random() % 3n)
          : kind === 2
            ? (n.hi / divides) * divides + (random() % 3n) - 1n
            : (free / divides) * divides + (random() % 3n) - 1n;
    divisors.push(clamp(divisor, d));
    dividends.push(clamp(dividend, n));
  }
  return { dividends, divisors };
}

/** `count` numbers in the bounds: among them squares and products of neighbours, a little more or less, and the ends. */
export function radicands(count: number, seed: number, x: Bounds): bigint[] {
  const random = splitmix(seed);
  return Array.from({ length: count }, (_, i) => {
    const kind = i % 4;
    if (kind === 0) return anySize(random, x);
    if (kind === 1) return clamp((i % 8 === 1 ? x.hi : x.lo) + (random() % 3n) - 1n, x);
    const root = BigInt.asUintN(Number(random() % 32n), random());
    return clamp(root * root + (kind === 3 ? root : 0n) + (random() % 3n) - 1n, x);
  });
}
