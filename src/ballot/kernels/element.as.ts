/**
 * Owns the arithmetic of single field elements in WASM, in AssemblyScript: fields.as.ts has the loops over it. Must never branch on an
 * element. Elements lie in memory, canonical; Field64 is named by u64 and Field128 by v128 (whose sizes they have), and the choice
 * between them is made at compile time.
 *
 * Field64, p = 2^64 - 2^32 + 1: 2^64 = 2^32 - 1 and 2^96 = -1, so a product of 128 bits folds with one small product.
 * Field128, p = 2^128 - 28 2^64 + 1: with limbs of 64 bits p = 1 + (2^64 - 28) 2^64, so Montgomery's reduction needs no product but by
 * 28: x - x0 p is divisible by 2^64, and the quotient is (x >> 64) + 28 x0 - x0 2^64. Twice that divides by S = 2^128.
 * A *scaled* element is x S mod p in Field128 and x itself in Field64: `mul` of an element and a scaled one is their product.
 */

const LOW: u64 = 0xffffffff;
/** 2^32 - 1: 2^64 mod p. */
const EPSILON: u64 = 0xffffffff;
const P64: u64 = 0xffffffff00000001;
/** The high limb of Field128's modulus; the low one is 1. */
const P_HIGH: u64 = 0xffffffffffffffe4;

/** Field128's S^2 mod p = 2^256 mod p, as an element: a scaled S. */
const S_SQUARED = memory.data<u64>([0xfffffffffffffcf1, 0x5587]);

@inline
export function highProduct(a: u64, b: u64): u64 {
  const al = a & LOW;
  const ah = a >> 32;
  const bl = b & LOW;
  const bh = b >> 32;
  const middle = ah * bl + ((al * bl) >> 32);
  const other = al * bh + (middle & LOW);
  return ah * bh + (middle >> 32) + (other >> 32);
}

/** The high limb of 28 a: less than 28. */
@inline
function high28(a: u64): u64 {
  return ((a >> 32) * 28 + (((a & LOW) * 28) >> 32)) >> 32;
}

@inline
function below(a: u64, b: u64): u64 {
  return u64(a < b);
}

/** A product of 128 bits modulo Field64's p. */
@inline
export function reduce64(low: u64, high: u64): u64 {
  const highest = high >> 32;
  let rest = low - highest;
  rest -= EPSILON & -below(low, highest);
  const middle = (high & LOW) * EPSILON;
  let sum = rest + middle;
  sum += EPSILON & -below(sum, middle);
  return sum - (P64 & -u64(sum >= P64));
}

@inline
export function mul64(a: u64, b: u64): u64 {
  return reduce64(a * b, highProduct(a, b));
}

/** Stores limbs c0 to c3, below 2^256, divided by S modulo Field128's p. */
@inline
export function reduce128(out: usize, c0: u64, c1: u64, c2: u64, c3: u64): void {
  const l0 = c1 + c0 * 28;
  const s1 = c2 + (high28(c0) + below(l0, c1));
  const l1 = s1 - c0;
  // The carry of this limb is -1, 0 or 1, and what it makes of the highest limb may be -1 of the next.
  const carry = below(s1, c2) - below(s1, c0);
  const l2 = c3 + carry;
  const top = u64(carry == 1) & u64(l2 == 0);
  const under = u64(carry == <u64>-1) & u64(c3 == 0);

  let r0 = l1 + l0 * 28;
  const s2 = l2 + (high28(l0) + below(r0, l1));
  let r1 = s2 - l0;
  const negative = -(under + below(s2, l0) - below(s2, l2) - top);
  // Between -p and 2^128: p is added where it is negative, and taken off where it is p or more.
  r0 += negative & 1;
  r1 += (negative & P_HIGH) + (u64(r0 == 0) & negative & 1);
  storeBelow(out, r0, r1, 0);
}

/** Stores r0 + r1 2^64 + carry 2^128, which is below 2 p, modulo p. */
@inline
function storeBelow(out: usize, r0: u64, r1: u64, carry: u64): void {
  const borrow = u64(r0 == 0);
  const high = r1 - P_HIGH - borrow;
  const least = carry | u64(r1 > P_HIGH) | (u64(r1 == P_HIGH) & (borrow ^ 1));
  const mask = -least;
  store<u64>(out, r0 - (least & 1));
  store<u64>(out, (high & mask) | (r1 & ~mask), 8);
}

/** out = a b for an element and a scaled one: scaled when both are. */
export function mul<F>(out: usize, a: usize, b: usize): void {
  if (sizeof<F>() == 8) {
    store<u64>(out, mul64(load<u64>(a), load<u64>(b)));
  } else {
    const a0 = load<u64>(a);
    const a1 = load<u64>(a, 8);
    const b0 = load<u64>(b);
    const b1 = load<u64>(b, 8);
    let c1 = highProduct(a0, b0);
    let low = a0 * b1;
    c1 += low;
    let c2 = highProduct(a0, b1) + below(c1, low);
    low = a1 * b0;
    c1 += low;
    const middle = highProduct(a1, b0) + below(c1, low);
    c2 += middle;
    let c3 = below(c2, middle);
    low = a1 * b1;
    c2 += low;
    c3 += below(c2, low) + highProduct(a1, b1);
    reduce128(out, a0 * b0, c1, c2, c3);
  }
}

@inline
export function addTo<F>(out: usize, a: usize, b: usize): void {
  if (sizeof<F>() == 8) {
    const x = load<u64>(a);
    const sum = x + load<u64>(b);
    const over = below(sum, x) | u64(sum >= P64);
    store<u64>(out, sum - (P64 & -over));
  } else {
    const a0 = load<u64>(a);
    const a1 = load<u64>(a, 8);
    const r0 = a0 + load<u64>(b);
    const carry = below(r0, a0);
    const s1 = a1 + load<u64>(b, 8);
    const r1 = s1 + carry;
    storeBelow(out, r0, r1, below(s1, a1) | below(r1, s1));
  }
}

@inline
export function subTo<F>(out: usize, a: usize, b: usize): void {
  if (sizeof<F>() == 8) {
    const x = load<u64>(a);
    const y = load<u64>(b);
    store<u64>(out, x - y + (P64 & -below(x, y)));
  } else {
    const a0 = load<u64>(a);
    const a1 = load<u64>(a, 8);
    const b0 = load<u64>(b);
    const b1 = load<u64>(b, 8);
    const borrow = below(a0, b0);
    const mask = -(below(a1, b1) | (u64(a1 == b1) & borrow));
    const d0 = a0 - b0;
    const r0 = d0 + (mask & 1);
    store<u64>(out, r0);
    store<u64>(out, a1 - b1 - borrow + (mask & P_HIGH) + (u64(r0 == 0) & mask & 1), 8);
  }
}

/** out = a scaled. */
@inline
export function scaleTo<F>(out: usize, a: usize): void {
  if (sizeof<F>() == 8) store<u64>(out, load<u64>(a));
  else mul<F>(out, a, S_SQUARED);
}

/** out = the sum of `count` elements `step` bytes apart: added up whole, with what overflows counted, and reduced once. */
export function sumTo<F>(out: usize, vector: usize, step: usize, count: i32): void {
  let t0: u64 = 0;
  let t1: u64 = 0;
  let over: u64 = 0;
  for (let k = 0; k < count; k++, vector += step) {
    const a0 = load<u64>(vector);
    t0 += a0;
    if (sizeof<F>() == 8) {
      over += below(t0, a0);
    } else {
      const carry = below(t0, a0);
      const a1 = load<u64>(vector, 8) + carry;
      t1 += a1;
      // a1 is below 2^64 with its carry: the modulus leaves room above its high limb.
      over += below(t1, a1);
    }
  }
  if (sizeof<F>() == 8) {
    store<u64>(out, reduce64(t0, over));
  } else {
    reduceCounted(out, t0, t1, over);
  }
}

/** Stores t0 + t1 2^64 + over 2^128, `over` below 2^32, modulo Field128's p. */
@inline
function reduceCounted(out: usize, t0: u64, t1: u64, over: u64): void {
  // 2^128 is 28 2^64 - 1. Twice, whatever there is: the first time at most one is left over, the second none.
  for (let pass = 0; pass < 2; pass++) {
    const borrow = below(t0, over);
    t0 -= over;
    const added = 28 * over - borrow;
    t1 += added;
    over = below(t1, added);
  }
  storeBelow(out, t0, t1, 0);
}

/**
 * out = as `sumTo`, of less than 2^31 elements: halves of limbs are added up in lanes of 64 bits, where nothing overflows on the way.
 */
export function longSumTo<F>(out: usize, vector: usize, step: usize, count: i32): void {
  if (sizeof<F>() == 8) {
    sumTo<F>(out, vector, step, count);
  } else {
    const halves = i64x2.splat(LOW);
    let lows = i64x2.splat(0);
    let highs = i64x2.splat(0);
    for (let k = 0; k < count; k++, vector += step) {
      const element = v128.load(vector);
      lows = i64x2.add(lows, v128.and(element, halves));
      highs = i64x2.add(highs, i64x2.shr_u(element, 32));
    }
    const middle = i64x2.extract_lane(highs, 0);
    const highest = i64x2.extract_lane(highs, 1);
    const t0 = <u64>i64x2.extract_lane(lows, 0) + (middle << 32);
    const carry = below(t0, middle << 32) + (<u64>middle >> 32);
    // Two sums below 2^63 each.
    const t1 = <u64>i64x2.extract_lane(lows, 1) + carry;
    const whole = t1 + (highest << 32);
    reduceCounted(out, t0, whole, below(whole, t1) + (<u64>highest >> 32));
  }
}

/** Sums of products of Field128, not yet reduced: five limbs. */
let s0: u64 = 0;
let s1: u64 = 0;
let s2: u64 = 0;
let s3: u64 = 0;
let s4: u64 = 0;

/**
 * out = the sum of a_k b_k / S, of which `a` stand aStep bytes apart and `b` bStep: the products are added up whole, and reduced once.
 */
export function dotTo<F>(out: usize, a: usize, aStep: usize, b: usize, bStep: usize, count: i32): void {
  if (sizeof<F>() == 8) {
    let total: u64 = 0;
    for (let k = 0; k < count; k++) {
      const product = mul64(load<u64>(a), load<u64>(b));
      const sum = total + product;
      total = sum - (P64 & -(below(sum, product) | u64(sum >= P64)));
      a += aStep;
      b += bStep;
    }
    store<u64>(out, total);
  } else {
    let t0: u64 = 0;
    let t1: u64 = 0;
    let t2: u64 = 0;
    let t3: u64 = 0;
    let t4: u64 = 0;
    for (let k = 0; k < count; k++) {
      const a0 = load<u64>(a);
      const a1 = load<u64>(a, 8);
      const b0 = load<u64>(b);
      const b1 = load<u64>(b, 8);
      const c0 = a0 * b0;
      let c1 = highProduct(a0, b0);
      let low = a0 * b1;
      c1 += low;
      let c2 = highProduct(a0, b1) + below(c1, low);
      low = a1 * b0;
      c1 += low;
      const middle = highProduct(a1, b0) + below(c1, low);
      c2 += middle;
      let c3 = below(c2, middle);
      low = a1 * b1;
      c2 += low;
      c3 += below(c2, low) + highProduct(a1, b1);
      t0 += c0;
      let carry = below(t0, c0);
      c1 += carry;
      carry = below(c1, carry);
      t1 += c1;
      carry += below(t1, c1);
      c2 += carry;
      carry = below(c2, carry);
      t2 += c2;
      carry += below(t2, c2);
      // A product is below p^2: its highest limb has room for the carry.
      c3 += carry;
      t3 += c3;
      t4 += below(t3, c3);
      a += aStep;
      b += bStep;
    }
    s0 = t0;
    s1 = t1;
    s2 = t2;
    s3 = t3;
    s4 = t4;
    reduceSum(out);
  }
}

/** Folds the fifth limb, 2^256 being 21896 2^64 - 783, then reduces. Twice: the first time at most one is left over, the second none. */
function reduceSum(out: usize): void {
  for (let pass = 0; pass < 2; pass++) {
    const taken = 783 * s4;
    const borrow = below(s0, taken);
    s0 -= taken;
    const added = 21896 * s4 - borrow;
    s1 += added;
    let carry = below(s1, added);
    s2 += carry;
    carry = below(s2, carry);
    s3 += carry;
    s4 = below(s3, carry);
  }
  reduce128(out, s0, s1, s2, s3);
}
