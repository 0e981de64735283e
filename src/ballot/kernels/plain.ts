/**
 * Owns the kernels in plain TypeScript: each does what face.ts says in the shortest way, with BigInts.
 * Must never be fast at the price of being plain: the WASM kernels are held against it, word for word.
 */
import { assert } from '../../base/errors.ts';
import {
  FIELD64,
  FIELD128,
  type Field,
  inverse,
  readElement,
  reduce,
  rootOfUnity,
  writeElement,
} from '../field.ts';
import type { BallotKernels, FieldKernels } from './face.ts';
import { turboShakeBlocks } from './plain-keccak.ts';

/** Kernels with a new memory of so many bytes. */
export function plainKernels(bytes: number): BallotKernels {
  const memory = new Uint8Array(bytes);
  return {
    memory,
    turboShake(out, outBytes, message, messageBytes) {
      const stream = turboShakeBlocks(memory.slice(message, message + messageBytes));
      for (let at = 0; at < outBytes; ) {
        const block = stream.next().value.subarray(0, outBytes - at);
        memory.set(block, out + at);
        at += block.length;
      }
    },
    move(out, from, bytes) {
      memory.copyWithin(out, from, from + bytes);
    },
    field64: plainField(FIELD64, memory),
    field128: plainField(FIELD128, memory),
  };
}

function plainField(field: Field, memory: Uint8Array): FieldKernels {
  const view = new DataView(memory.buffer);
  const size = field.bytes;
  const get = (vector: number, index: number): bigint => readElement(view, field, vector + index * size);
  const put = (vector: number, index: number, value: bigint): void =>
    writeElement(view, field, vector + index * size, reduce(field, value));
  const list = (vector: number, count: number, stride = 1): bigint[] =>
    Array.from({ length: count }, (_, k) => get(vector, k * stride));
  const putAll = (vector: number, values: readonly bigint[]): void => {
    values.forEach((value, k) => {
      put(vector, k, value);
    });
  };
  const S = reduce(field, size === 16 ? 1n << 128n : 1n);
  const unscaling = inverse(field, S);
  const scaled = (value: bigint): bigint => reduce(field, value * S);
  const unscaled = (value: bigint): bigint => reduce(field, value * unscaling);
  const total = (values: readonly bigint[]): bigint => values.reduce((sum, value) => sum + value, 0n);
  const product = (values: readonly bigint[]): bigint =>
    values.reduce((sofar, value) => reduce(field, sofar * value), 1n);
  const powers = (base: bigint, count: number): bigint[] => {
    const list = [1n];
    while (list.length < count) list.push(reduce(field, list[list.length - 1]! * base));
    return list;
  };
  const horner = (coefficients: readonly bigint[], x: bigint): bigint =>
    coefficients.reduceRight((value, coefficient) => reduce(field, value * x + coefficient), 0n);

  /** Values at the roots of order 2n of the polynomial with these values at those of order n. */
  const doubled = (values: readonly bigint[]): bigint[] => {
    const n = values.length;
    const back = powers(inverse(field, rootOfUnity(field, n)), n);
    const scale = inverse(field, BigInt(n));
    const coefficients = back.map((x) => reduce(field, horner(values, x) * scale));
    return powers(rootOfUnity(field, 2 * n), 2 * n).map((x) => horner(coefficients, x));
  };

  /** The wires of chunkWires, each the seed's value and those of the calls. */
  const wiresOf = (
    seeds: number,
    elements: number,
    count: number,
    jointRand: number,
    chunk: number,
    calls: number,
    shift: number,
  ): bigint[][] =>
    Array.from({ length: 2 * chunk }, (_, wire) => [
      get(seeds, wire),
      ...list(jointRand, calls).map((r, k) => {
        const j = wire >> 1;
        const element = chunk * k + j < count ? get(elements, chunk * k + j) : 0n;
        if (wire % 2 === 1) return element - get(shift, 0);
        return product([...new Array<bigint>(j + 1).fill(r), element]);
      }),
    ]);

  return {
    expand(out, count, message, messageBytes) {
      const stream = turboShakeBlocks(memory.slice(message, message + messageBytes));
      let block = stream.next().value;
      for (let k = 0, at = 0; k < count; at += size) {
        if (at === block.length) [block, at] = [stream.next().value, 0];
        // Elements of 16 bytes do not fill a block: one may begin in it and end in the next.
        const bytes = block.slice(at, at + size);
        const missing = size - bytes.length;
        let element = bytes;
        if (missing > 0) {
          block = stream.next().value;
          element = new Uint8Array(size);
          element.set(bytes);
          element.set(block.subarray(0, missing), bytes.length);
          at = missing - size;
        }
        const value = readElement(new DataView(element.buffer), field, 0);
        if (value < field.modulus) put(out, k++, value);
      }
    },
    isCanonical: (vector, count) => list(vector, count).every((value) => value < field.modulus),
    add(out, a, b, count) {
      for (let k = 0; k < count; k++) put(out, k, get(a, k) + get(b, k));
    },
    sub(out, a, b, count) {
      for (let k = 0; k < count; k++) put(out, k, get(a, k) - get(b, k));
    },
    scale(out, vector, count) {
      for (let k = 0; k < count; k++) put(out, k, scaled(get(vector, k)));
    },
    sum(out, vector, stride, count) {
      put(out, 0, total(list(vector, count, stride)));
    },
    sumRows(out, rows, columns, count) {
      for (let column = 0; column < columns; column++)
        put(out, column, total(list(rows + column * size, count, columns)));
    },
    dot(out, a, stride, b, count) {
      const right = list(b, count).map(unscaled);
      put(out, 0, total(list(a, count, stride).map((left, k) => left * right[k]!)));
    },
    lagrange(out, at, nodes, weights, count) {
      const x = get(at, 0);
      const differences = list(nodes, count).map((node) => x - unscaled(node));
      const scales = list(weights, count).map(unscaled);
      putAll(
        out,
        scales.map((weight, i) => scaled(weight * product(differences.filter((_, j) => j !== i)))),
      );
      return differences.every((difference) => difference !== 0n);
    },
    chunkWires(wires, seeds, elements, count, jointRand, chunk, calls, points, shift) {
      wiresOf(seeds, elements, count, jointRand, chunk, calls, shift).forEach((row, j) => {
        for (let k = 0; k < points; k++) put(wires, j * points + k, row[k] ?? 0n);
      });
    },
    chunkChecks(out, seeds, elements, count, jointRand, chunk, calls, coefficients, shift) {
      const lagrange = list(coefficients, calls + 1).map(unscaled);
      const wires = wiresOf(seeds, elements, count, jointRand, chunk, calls, shift);
      putAll(
        out,
        wires.map((row) => total(row.map((value, k) => value * lagrange[k]!))),
      );
    },
    productPolynomial(out, wires, pairs, points) {
      const sums = new Array<bigint>(2 * points).fill(0n);
      for (let j = 0; j < pairs; j++) {
        const [left, right] = [0, 1].map((side) =>
          doubled(list(wires + (2 * j + side) * points * size, points)),
        );
        sums.forEach((sum, k) => {
          sums[k] = sum + left![k]! * right![k]!;
        });
      }
      putAll(out, sums);
    },
    composePolynomial(out, wire, points, _tables, coefficients, degree) {
      const polynomial = list(coefficients, degree + 1);
      putAll(
        out,
        doubled(list(wire, points)).map((x) => horner(polynomial, x)),
      );
    },
    productSum(out, vector, pairs) {
      put(
        out,
        0,
        total(Array.from({ length: pairs }, (_, j) => get(vector, 2 * j) * get(vector, 2 * j + 1))),
      );
    },
    evaluate(out, x, coefficients, degree) {
      assert(degree >= 1, 'the polynomial is not constant');
      put(out, 0, horner(list(coefficients, degree + 1), get(x, 0)));
    },
  };
}
