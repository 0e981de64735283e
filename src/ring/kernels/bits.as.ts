/**
 * Owns the SIMD forms of the kernels on bit planes, in AssemblyScript (`npm run kernels` compiles them into kernels.wasm): each
 * computes exactly what its twin in plain.ts does. Must never branch on, nor address memory by, a secret.
 *
 * Every pointer is a byte address inside the one memory, laid out by simd.ts, 16-aligned unless it points at ring elements.
 * `stride` is the distance of planes in bytes, a multiple of 16: kernels work on whole vectors of 128 elements, and the
 * loader drops what lies past the last element.
 */

/** What two words of a 32 x 32 transpose swap at one span: the low one takes it shifted up, the high one as it is. */
function swapped(low: v128, high: v128, span: i32, mask: v128): v128 {
  return v128.and(v128.xor(i32x4.shr_u(low, span), high), mask);
}

/** Two ring elements that lie 32 apart. */
function pairAt(ring: usize): v128 {
  return v128.load64_lane(ring + 256, v128.load64_zero(ring), 1);
}

/** Spans 16 and 8 of four words 8 apart, into places 0, 8, 16, 24 of `squares`. */
function widePart(x0: v128, x1: v128, x2: v128, x3: v128, squares: usize): void {
  const halves = i32x4.splat(0x0000ffff);
  const bytes = i32x4.splat(0x00ff00ff);
  let s = swapped(x0, x2, 16, halves);
  x0 = v128.xor(x0, i32x4.shl(s, 16));
  x2 = v128.xor(x2, s);
  s = swapped(x1, x3, 16, halves);
  x1 = v128.xor(x1, i32x4.shl(s, 16));
  x3 = v128.xor(x3, s);
  s = swapped(x0, x1, 8, bytes);
  v128.store(squares, v128.xor(x0, i32x4.shl(s, 8)));
  v128.store(squares + 128, v128.xor(x1, s));
  s = swapped(x2, x3, 8, bytes);
  v128.store(squares + 256, v128.xor(x2, i32x4.shl(s, 8)));
  v128.store(squares + 384, v128.xor(x3, s));
}

/** Spans 4, 2 and 1 of eight neighbouring words, into eight planes. */
function narrowPart(squares: usize, plane: usize, stride: usize): void {
  const nibbles = i32x4.splat(0x0f0f0f0f);
  const pairs = i32x4.splat(0x33333333);
  const bits = i32x4.splat(0x55555555);
  let x0 = v128.load(squares);
  let x1 = v128.load(squares + 16);
  let x2 = v128.load(squares + 32);
  let x3 = v128.load(squares + 48);
  let x4 = v128.load(squares + 64);
  let x5 = v128.load(squares + 80);
  let x6 = v128.load(squares + 96);
  let x7 = v128.load(squares + 112);
  let s = swapped(x0, x4, 4, nibbles);
  x0 = v128.xor(x0, i32x4.shl(s, 4));
  x4 = v128.xor(x4, s);
  s = swapped(x1, x5, 4, nibbles);
  x1 = v128.xor(x1, i32x4.shl(s, 4));
  x5 = v128.xor(x5, s);
  s = swapped(x2, x6, 4, nibbles);
  x2 = v128.xor(x2, i32x4.shl(s, 4));
  x6 = v128.xor(x6, s);
  s = swapped(x3, x7, 4, nibbles);
  x3 = v128.xor(x3, i32x4.shl(s, 4));
  x7 = v128.xor(x7, s);
  s = swapped(x0, x2, 2, pairs);
  x0 = v128.xor(x0, i32x4.shl(s, 2));
  x2 = v128.xor(x2, s);
  s = swapped(x1, x3, 2, pairs);
  x1 = v128.xor(x1, i32x4.shl(s, 2));
  x3 = v128.xor(x3, s);
  s = swapped(x4, x6, 2, pairs);
  x4 = v128.xor(x4, i32x4.shl(s, 2));
  x6 = v128.xor(x6, s);
  s = swapped(x5, x7, 2, pairs);
  x5 = v128.xor(x5, i32x4.shl(s, 2));
  x7 = v128.xor(x7, s);
  s = swapped(x0, x1, 1, bits);
  v128.store(plane, v128.xor(x0, i32x4.shl(s, 1)));
  v128.store(plane + stride, v128.xor(x1, s));
  plane += 2 * stride;
  s = swapped(x2, x3, 1, bits);
  v128.store(plane, v128.xor(x2, i32x4.shl(s, 1)));
  v128.store(plane + stride, v128.xor(x3, s));
  plane += 2 * stride;
  s = swapped(x4, x5, 1, bits);
  v128.store(plane, v128.xor(x4, i32x4.shl(s, 1)));
  v128.store(plane + stride, v128.xor(x5, s));
  plane += 2 * stride;
  s = swapped(x6, x7, 1, bits);
  v128.store(plane, v128.xor(x6, i32x4.shl(s, 1)));
  v128.store(plane + stride, v128.xor(x7, s));
}

/**
 * The lowest `8 * eights` planes of ring elements, `stride * 8` of them. Lanes of a vector are words 32 elements apart, so that four
 * squares of 32 x 32 bits are transposed at once. `squares` is scratch of 1 KiB.
 */
export function bitPlanes(planes: usize, ring: usize, stride: usize, squares: usize, eights: usize): void {
  for (let column: usize = 0; column < stride; column += 16, ring += 1024) {
    for (let i: usize = 0; i < 8; i++) {
      const at = ring + 8 * i;
      const a = pairAt(at);
      const b = pairAt(at + 64);
      const c = pairAt(at + 128);
      const d = pairAt(at + 192);
      const e = pairAt(at + 512);
      const f = pairAt(at + 576);
      const g = pairAt(at + 640);
      const h = pairAt(at + 704);
      widePart(
        v128.shuffle<u32>(a, e, 0, 2, 4, 6),
        v128.shuffle<u32>(b, f, 0, 2, 4, 6),
        v128.shuffle<u32>(c, g, 0, 2, 4, 6),
        v128.shuffle<u32>(d, h, 0, 2, 4, 6),
        squares + 16 * i,
      );
      if (eights <= 4) continue;
      widePart(
        v128.shuffle<u32>(a, e, 1, 3, 5, 7),
        v128.shuffle<u32>(b, f, 1, 3, 5, 7),
        v128.shuffle<u32>(c, g, 1, 3, 5, 7),
        v128.shuffle<u32>(d, h, 1, 3, 5, 7),
        squares + 512 + 16 * i,
      );
    }
    for (let eight: usize = 0; eight < eights; eight++) {
      narrowPart(squares + 128 * eight, planes + column + 8 * eight * stride, stride);
    }
  }
}

/** The four products of two bits or their complements: entry `index` of the one-hot of two bits. */
function oneOfFour(low: v128, high: v128, index: i32): v128 {
  if (index == 0) return v128.not(v128.or(low, high));
  if (index == 1) return v128.andnot(low, high);
  if (index == 2) return v128.andnot(high, low);
  return v128.and(low, high);
}

/** Four entries of a one-hot that share their upper two bits. */
function storeFour(out: usize, stride: usize, upper: v128, q0: v128, q1: v128, q2: v128, q3: v128): void {
  v128.store(out, v128.and(upper, q0));
  v128.store(out + stride, v128.and(upper, q1));
  v128.store(out + 2 * stride, v128.and(upper, q2));
  v128.store(out + 3 * stride, v128.and(upper, q3));
}

/** The one-hots of `count` digits of 4 planes: 16 planes a digit. */
export function digitOneHots(out: usize, planes: usize, count: i32, stride: usize): void {
  for (let digit: i32 = 0; digit < count; digit++) {
    for (let column: usize = 0; column < stride; column += 16) {
      const from = planes + column;
      const d0 = v128.load(from);
      const d1 = v128.load(from + stride);
      const d2 = v128.load(from + 2 * stride);
      const d3 = v128.load(from + 3 * stride);
      const q0 = oneOfFour(d0, d1, 0);
      const q1 = oneOfFour(d0, d1, 1);
      const q2 = oneOfFour(d0, d1, 2);
      const q3 = oneOfFour(d0, d1, 3);
      const to = out + column;
      storeFour(to, stride, oneOfFour(d2, d3, 0), q0, q1, q2, q3);
      storeFour(to + 4 * stride, stride, oneOfFour(d2, d3, 1), q0, q1, q2, q3);
      storeFour(to + 8 * stride, stride, oneOfFour(d2, d3, 2), q0, q1, q2, q3);
      storeFour(to + 12 * stride, stride, oneOfFour(d2, d3, 3), q0, q1, q2, q3);
    }
    planes += 4 * stride;
    out += 16 * stride;
  }
}

/** bit ? high : low */
function pick(bit: v128, low: v128, high: v128): v128 {
  return v128.xor(low, v128.and(bit, v128.xor(low, high)));
}

/** Of the entries a b c d, the one that the low bits name. */
function equalOf(a: v128, b: v128, c: v128, d: v128, u0: v128, u1: v128): v128 {
  return pick(u1, pick(u0, a, b), pick(u0, c, d));
}

/** (b+c+d, c+d, d, 0) at the place that the low bits name. */
function lessOf(b: v128, c: v128, d: v128, u0: v128, u1: v128): v128 {
  return pick(u1, v128.xor(v128.andnot(b, u0), v128.xor(c, d)), v128.andnot(d, u0));
}

function sumOf(a: v128, b: v128, c: v128, d: v128): v128 {
  return v128.xor(v128.xor(a, b), v128.xor(c, d));
}

/**
 * Shares of less and equal for `count` digits, a plane of each a digit; lessAndEqual in plain.ts, with
 * its groups unrolled.
 */
export function lessAndEqual(
  less: usize,
  equal: usize,
  oneHots: usize,
  digits: usize,
  count: i32,
  stride: usize,
): void {
  for (let digit: i32 = 0; digit < count; digit++) {
    for (let column: usize = 0; column < stride; column += 16) {
      const u = digits + column;
      const u0 = v128.load(u);
      const u1 = v128.load(u + stride);
      const u2 = v128.load(u + 2 * stride);
      const u3 = v128.load(u + 3 * stride);
      let at = oneHots + column;
      let a = v128.load(at);
      let b = v128.load(at + stride);
      let c = v128.load(at + 2 * stride);
      let d = v128.load(at + 3 * stride);
      const equal0 = equalOf(a, b, c, d, u0, u1);
      const less0 = lessOf(b, c, d, u0, u1);
      at += 4 * stride;
      a = v128.load(at);
      b = v128.load(at + stride);
      c = v128.load(at + 2 * stride);
      d = v128.load(at + 3 * stride);
      const equal1 = equalOf(a, b, c, d, u0, u1);
      const less1 = lessOf(b, c, d, u0, u1);
      const sum1 = sumOf(a, b, c, d);
      at += 4 * stride;
      a = v128.load(at);
      b = v128.load(at + stride);
      c = v128.load(at + 2 * stride);
      d = v128.load(at + 3 * stride);
      const equal2 = equalOf(a, b, c, d, u0, u1);
      const less2 = lessOf(b, c, d, u0, u1);
      const sum2 = sumOf(a, b, c, d);
      at += 4 * stride;
      a = v128.load(at);
      b = v128.load(at + stride);
      c = v128.load(at + 2 * stride);
      d = v128.load(at + 3 * stride);
      const equal3 = equalOf(a, b, c, d, u0, u1);
      const less3 = lessOf(b, c, d, u0, u1);
      const above2 = sumOf(a, b, c, d);
      const above1 = v128.xor(above2, sum2);
      const above0 = v128.xor(above1, sum1);
      v128.store(equal + column, pick(u3, pick(u2, equal0, equal1), pick(u2, equal2, equal3)));
      v128.store(
        less + column,
        pick(
          u3,
          pick(u2, v128.xor(less0, above0), v128.xor(less1, above1)),
          pick(u2, v128.xor(less2, above2), less3),
        ),
      );
    }
    less += stride;
    equal += stride;
    oneHots += 16 * stride;
    digits += 4 * stride;
  }
}

/**
 * Makes the top digit one of three bits: its one-hot's upper half is added to the lower and becomes 0, as does the digit's
 * highest plane. `sign` is the XOR of the upper half before.
 */
export function splitTop(sign: usize, oneHot: usize, digit: usize, stride: usize): void {
  const zero = i64x2.splat(0);
  for (let column: usize = 0; column < stride; column += 16) {
    let low = oneHot + column;
    let sum = zero;
    for (let t: i32 = 0; t < 8; t++, low += stride) {
      const high = low + 8 * stride;
      const entry = v128.load(high);
      sum = v128.xor(sum, entry);
      v128.store(low, v128.xor(v128.load(low), entry));
      v128.store(high, zero);
    }
    v128.store(sign + column, sum);
    v128.store(digit + 3 * stride + column, zero);
  }
}

/** Runs a plane program: each step is four numbers of planes, out = plus XOR (left AND right). */
export function runProgram(planes: usize, steps: usize, count: i32, stride: usize): void {
  for (const end = steps + 8 * count; steps < end; steps += 8) {
    const out = planes + stride * load<u16>(steps);
    const plus = planes + stride * load<u16>(steps, 2);
    const left = planes + stride * load<u16>(steps, 4);
    const right = planes + stride * load<u16>(steps, 6);
    for (let column: usize = 0; column < stride; column += 16) {
      const product = v128.and(v128.load(left + column), v128.load(right + column));
      v128.store(out + column, v128.xor(v128.load(plus + column), product));
    }
  }
}
