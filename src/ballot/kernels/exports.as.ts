/**
 * Owns what ballots.wasm gives out, in AssemblyScript: `npm run kernels` compiles it with what it imports, and the caller brings the
 * memory. Must never do more than name the fields apart.
 *
 * Every pointer and size is bytes; counts and strides are elements.
 */
import {
  add,
  chunkChecks,
  chunkWires,
  composePolynomial,
  dot,
  evaluate,
  expand,
  isCanonical,
  lagrange,
  productPolynomial,
  productSum,
  scale,
  sub,
  sum,
  sumRows,
} from './fields.as';

/** Short copies: a loop costs less than a call of the engine's. */
export function move(out: usize, from: usize, bytes: usize): void {
  if (bytes > 256) {
    memory.copy(out, from, bytes);
    return;
  }
  for (const end = from + bytes; from < end; from += 8, out += 8) store<u64>(out, load<u64>(from));
}

export { turboShake } from './keccak.as';

export function expand64(out: usize, count: i32, message: usize, messageBytes: usize): void {
  expand<u64>(out, count, message, messageBytes);
}
export function expand128(out: usize, count: i32, message: usize, messageBytes: usize): void {
  expand<v128>(out, count, message, messageBytes);
}
export function isCanonical64(vector: usize, count: i32): i32 {
  return isCanonical<u64>(vector, count);
}
export function isCanonical128(vector: usize, count: i32): i32 {
  return isCanonical<v128>(vector, count);
}
export function add64(out: usize, a: usize, b: usize, count: i32): void {
  add<u64>(out, a, b, count);
}
export function add128(out: usize, a: usize, b: usize, count: i32): void {
  add<v128>(out, a, b, count);
}
export function sub64(out: usize, a: usize, b: usize, count: i32): void {
  sub<u64>(out, a, b, count);
}
export function sub128(out: usize, a: usize, b: usize, count: i32): void {
  sub<v128>(out, a, b, count);
}
export function scale64(out: usize, vector: usize, count: i32): void {
  scale<u64>(out, vector, count);
}
export function scale128(out: usize, vector: usize, count: i32): void {
  scale<v128>(out, vector, count);
}
export function sum64(out: usize, vector: usize, stride: i32, count: i32): void {
  sum<u64>(out, vector, stride, count);
}
export function sum128(out: usize, vector: usize, stride: i32, count: i32): void {
  sum<v128>(out, vector, stride, count);
}
export function sumRows64(out: usize, rows: usize, columns: i32, count: i32): void {
  sumRows<u64>(out, rows, columns, count);
}
export function sumRows128(out: usize, rows: usize, columns: i32, count: i32): void {
  sumRows<v128>(out, rows, columns, count);
}
export function dot64(out: usize, a: usize, stride: i32, b: usize, count: i32): void {
  dot<u64>(out, a, stride, b, count);
}
export function dot128(out: usize, a: usize, stride: i32, b: usize, count: i32): void {
  dot<v128>(out, a, stride, b, count);
}
export function lagrange64(out: usize, at: usize, nodes: usize, weights: usize, count: i32): i32 {
  return lagrange<u64>(out, at, nodes, weights, count);
}
export function lagrange128(out: usize, at: usize, nodes: usize, weights: usize, count: i32): i32 {
  return lagrange<v128>(out, at, nodes, weights, count);
}
export function chunkWires64(
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
  chunkWires<u64>(wires, seeds, elements, count, jointRand, chunk, calls, points, shift);
}
export function chunkWires128(
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
  chunkWires<v128>(wires, seeds, elements, count, jointRand, chunk, calls, points, shift);
}
export function chunkChecks64(
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
  chunkChecks<u64>(out, seeds, elements, count, jointRand, chunk, calls, coefficients, shift, scratch);
}
export function chunkChecks128(
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
  chunkChecks<v128>(out, seeds, elements, count, jointRand, chunk, calls, coefficients, shift, scratch);
}
export function productPolynomial64(out: usize, wires: usize, pairs: i32, points: i32, tables: usize): void {
  productPolynomial<u64>(out, wires, pairs, points, tables);
}
export function productPolynomial128(out: usize, wires: usize, pairs: i32, points: i32, tables: usize): void {
  productPolynomial<v128>(out, wires, pairs, points, tables);
}
export function composePolynomial64(
  out: usize,
  wire: usize,
  points: i32,
  tables: usize,
  coefficients: usize,
  degree: i32,
): void {
  composePolynomial<u64>(out, wire, points, tables, coefficients, degree);
}
export function composePolynomial128(
  out: usize,
  wire: usize,
  points: i32,
  tables: usize,
  coefficients: usize,
  degree: i32,
): void {
  composePolynomial<v128>(out, wire, points, tables, coefficients, degree);
}
export function productSum64(out: usize, vector: usize, pairs: i32): void {
  productSum<u64>(out, vector, pairs);
}
export function productSum128(out: usize, vector: usize, pairs: i32): void {
  productSum<v128>(out, vector, pairs);
}
export function evaluate64(out: usize, x: usize, coefficients: usize, degree: i32): void {
  evaluate<u64>(out, x, coefficients, degree);
}
export function evaluate128(out: usize, x: usize, coefficients: usize, degree: i32): void {
  evaluate<v128>(out, x, coefficients, degree);
}

/** Where the memory is free: what lies before are the module's own constants and scratch. */
export function freeFrom(): usize {
  return __heap_base;
}
