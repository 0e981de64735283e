/**
 * Owns the loops over field elements in WASM, in AssemblyScript (exports.as.ts gives them out): each computes exactly what its twin in plain.ts does. Must never branch on, nor address memory by,
 * an element; but for the rejections of `expand`.
 *
 * Each loop is written once for both fields, named by their sizes as in element.as.ts.
 */
import { addTo, dotTo, longSumTo, mul, scaleTo, subTo, sumTo } from './element.as';
import { absorb, lanes, permute } from './keccak.as';

const P64: u64 = 0xffffffff00000001;
const P_HIGH: u64 = 0xffffffffffffffe4;

/** Three elements' scratch. */
const SPARE = memory.data(48, 16);

@inline
function size<F>(): i32 {
  return <i32>sizeof<F>();
}

@inline
function copy<F>(out: usize, from: usize): void {
  store<u64>(out, load<u64>(from));
  if (sizeof<F>() == 16) store<u64>(out, load<u64>(from, 8), 8);
}

@inline
function clear<F>(out: usize): void {
  store<u64>(out, 0);
  if (sizeof<F>() == 16) store<u64>(out, 0, 8);
}

export function expand<F>(out: usize, count: i32, message: usize, messageBytes: usize): void {
  absorb(message, messageBytes);
  const first = lanes();
  const end = first + 168;
  let lane = first;
  while (count > 0) {
    if (lane == end) {
      permute();
      lane = first;
    }
    const low = load<u64>(lane);
    lane += 8;
    if (sizeof<F>() == 8) {
      if (low >= P64) continue;
      store<u64>(out, low);
    } else {
      if (lane == end) {
        permute();
        lane = first;
      }
      const high = load<u64>(lane);
      lane += 8;
      if (high > P_HIGH || (high == P_HIGH && low >= 1)) continue;
      store<u64>(out, low);
      store<u64>(out, high, 8);
    }
    out += size<F>();
    count--;
  }
}

export function isCanonical<F>(vector: usize, count: i32): i32 {
  let beyond: u64 = 0;
  for (const end = vector + count * size<F>(); vector < end; vector += size<F>()) {
    if (sizeof<F>() == 8) {
      beyond |= u64(load<u64>(vector) >= P64);
    } else {
      const high = load<u64>(vector, 8);
      beyond |= u64(high > P_HIGH) | (u64(high == P_HIGH) & u64(load<u64>(vector) >= 1));
    }
  }
  return i32(beyond == 0);
}

export function add<F>(out: usize, a: usize, b: usize, count: i32): void {
  for (const end = a + count * size<F>(); a < end; a += size<F>(), b += size<F>(), out += size<F>()) addTo<F>(out, a, b);
}

export function sub<F>(out: usize, a: usize, b: usize, count: i32): void {
  for (const end = a + count * size<F>(); a < end; a += size<F>(), b += size<F>(), out += size<F>()) subTo<F>(out, a, b);
}

export function scale<F>(out: usize, vector: usize, count: i32): void {
  for (let k = 0; k < count; k++) scaleTo<F>(out + k * size<F>(), vector + k * size<F>());
}

export function sum<F>(out: usize, vector: usize, stride: i32, count: i32): void {
  sumTo<F>(out, vector, stride * size<F>(), count);
}

export function sumRows<F>(out: usize, rows: usize, columns: i32, count: i32): void {
  const step = columns * size<F>();
  for (const end = rows + step; rows < end; rows += size<F>(), out += size<F>()) longSumTo<F>(out, rows, step, count);
}

/** Times the product of all differences before i, forwards; then of all after i, backwards. */
export function lagrange<F>(out: usize, at: usize, nodes: usize, weights: usize, count: i32): i32 {
  const x = SPARE;
  const product = SPARE + 16;
  const difference = SPARE + 32;
  scaleTo<F>(x, at);
  one<F>(product);
  for (let i = 0; i < count; i++) {
    const at = i * size<F>();
    mul<F>(out + at, weights + at, product);
    subTo<F>(difference, x, nodes + at);
    mul<F>(product, product, difference);
  }
  let any = load<u64>(product);
  if (sizeof<F>() == 16) any |= load<u64>(product, 8);
  one<F>(product);
  for (let i = count - 1; i >= 0; i--) {
    const at = i * size<F>();
    mul<F>(out + at, out + at, product);
    subTo<F>(difference, x, nodes + at);
    mul<F>(product, product, difference);
  }
  return i32(any != 0);
}

/** A scaled one: 2^128 = 28 2^64 - 1 in Field128. */
@inline
function one<F>(out: usize): void {
  if (sizeof<F>() == 8) {
    store<u64>(out, 1);
  } else {
    store<u64>(out, <u64>-1);
    store<u64>(out, 27, 8);
  }
}

export function chunkWires<F>(
  wires: usize,
  seeds: usize,
  elements: usize,
  count: i32,
  jointRand: usize,
  chunk: i32,
  calls: i32,
  points: i32,
  shift: usize,
): void {
  const base = SPARE;
  const power = SPARE + 16;
  const zero = SPARE + 32;
  const row = points * size<F>();
  clear<F>(zero);
  memory.fill(wires, 0, 2 * chunk * row);
  for (let j = 0; j < 2 * chunk; j++) copy<F>(wires + j * row, seeds + j * size<F>());
  for (let k = 0; k < calls; k++) {
    scaleTo<F>(base, jointRand + k * size<F>());
    copy<F>(power, base);
    let wire = wires + (k + 1) * size<F>();
    for (let j = 0; j < chunk; j++, wire += 2 * row) {
      const at = k * chunk + j;
      if (at < count) {
        const element = elements + at * size<F>();
        mul<F>(wire, element, power);
        subTo<F>(wire + row, element, shift);
        mul<F>(power, power, base);
      } else {
        subTo<F>(wire + row, zero, shift);
      }
    }
  }
}

export function chunkChecks<F>(
  out: usize,
  seeds: usize,
  elements: usize,
  count: i32,
  jointRand: usize,
  chunk: i32,
  calls: i32,
  coefficients: usize,
  shift: usize,
  scratch: usize,
): void {
  const product = SPARE;
  const shifts = SPARE + 16;
  const powers = scratch;
  const bases = scratch + calls * size<F>();
  const ofCalls = coefficients + size<F>();
  clear<F>(shifts);
  for (let k = 0; k < calls; k++) {
    const at = k * size<F>();
    scaleTo<F>(bases + at, jointRand + at);
    copy<F>(powers + at, ofCalls + at);
    addTo<F>(shifts, shifts, ofCalls + at);
  }
  // The shift times the sum of coefficients.
  mul<F>(shifts, shift, shifts);
  const step = <usize>chunk * size<F>();
  for (let j = 0; j < chunk; j++, out += 2 * size<F>(), seeds += 2 * size<F>(), elements += size<F>()) {
    for (let k = 0; k < calls; k++) {
      const at = k * size<F>();
      mul<F>(powers + at, powers + at, bases + at);
    }
    // Chunks that still have an element at j: the last may be short.
    const present = (count - j + chunk - 1) / chunk;
    dotTo<F>(out, elements, step, powers, size<F>(), present);
    mul<F>(product, seeds, coefficients);
    addTo<F>(out, out, product);
    const odd = out + size<F>();
    dotTo<F>(odd, elements, step, ofCalls, size<F>(), present);
    mul<F>(product, seeds + size<F>(), coefficients);
    addTo<F>(odd, odd, product);
    subTo<F>(odd, odd, shifts);
  }
}

/**
 * A row's values at the roots of unity of odd index and order 2 points, in place of those at the roots of order points. Backwards by
 * decimation in frequency, which leaves the coefficients in bit-reversed order; there times the tables' last part; and forwards
 * by decimation in time, which takes them in that order.
 */
function oddValues<F>(row: usize, points: i32, tables: usize): void {
  const back = tables;
  const forth = tables + (points >> 1) * size<F>();
  const twists = tables + points * size<F>();
  const end = row + points * size<F>();
  for (let half = points >> 1; half > 0; half >>= 1) butterflies<F>(row, end, half, back, (points >> 1) / half, true);
  for (let k = 0; k < points; k++) mul<F>(row + k * size<F>(), row + k * size<F>(), twists + k * size<F>());
  for (let half = 1; half < points; half <<= 1) butterflies<F>(row, end, half, forth, (points >> 1) / half, false);
}

/** One stage: pairs `half` apart; pair i of a block takes root i step. The first root is 1. */
@inline
function butterflies<F>(row: usize, end: usize, half: i32, roots: usize, step: i32, back: bool): void {
  const low = SPARE;
  const apart = <usize>half * size<F>();
  for (let block = row; block < end; block += 2 * apart) butterfly<F>(block, block + apart, low);
  for (let i = 1; i < half; i++) {
    const root = roots + i * step * size<F>();
    for (let u = row + i * size<F>(); u < end; u += 2 * apart) {
      const v = u + apart;
      if (!back) mul<F>(v, v, root);
      butterfly<F>(u, v, low);
      if (back) mul<F>(v, v, root);
    }
  }
}

/** (u, v) = (u + v, u - v). */
@inline
function butterfly<F>(u: usize, v: usize, low: usize): void {
  subTo<F>(low, u, v);
  addTo<F>(u, u, v);
  copy<F>(v, low);
}

export function productPolynomial<F>(out: usize, wires: usize, pairs: i32, points: i32, tables: usize): void {
  products<F>(out, wires, pairs, points);
  for (let j = 0; j < 2 * pairs; j++) oddValues<F>(wires + j * points * size<F>(), points, tables);
  products<F>(out + size<F>(), wires, pairs, points);
}

/** Every second value of the product polynomial: of each column the sum of products of rows 2j and 2j + 1. */
function products<F>(out: usize, wires: usize, pairs: i32, points: i32): void {
  const row = points * size<F>();
  for (let k = 0; k < points; k++) {
    const column = wires + k * size<F>();
    const place = out + 2 * k * size<F>();
    dotTo<F>(place, column, 2 * row, column + row, 2 * row, pairs);
    scaleTo<F>(place, place);
  }
}

export function composePolynomial<F>(
  out: usize,
  wire: usize,
  points: i32,
  tables: usize,
  coefficients: usize,
  degree: i32,
): void {
  for (let k = 0; k < points; k++) evaluate<F>(out + 2 * k * size<F>(), wire + k * size<F>(), coefficients, degree);
  oddValues<F>(wire, points, tables);
  for (let k = 0; k < points; k++) {
    evaluate<F>(out + (2 * k + 1) * size<F>(), wire + k * size<F>(), coefficients, degree);
  }
}

export function productSum<F>(out: usize, vector: usize, pairs: i32): void {
  dotTo<F>(out, vector, 2 * size<F>(), vector + size<F>(), 2 * size<F>(), pairs);
  scaleTo<F>(out, out);
}

export function evaluate<F>(out: usize, x: usize, coefficients: usize, degree: i32): void {
  const scaled = SPARE;
  const value = SPARE + 16;
  scaleTo<F>(scaled, x);
  copy<F>(value, coefficients + degree * size<F>());
  for (let k = degree - 1; k >= 0; k--) {
    mul<F>(value, value, scaled);
    addTo<F>(value, value, coefficients + k * size<F>());
  }
  copy<F>(out, value);
}

export function dot<F>(out: usize, a: usize, stride: i32, b: usize, count: i32): void {
  dotTo<F>(out, a, stride * size<F>(), b, size<F>(), count);
}
