/**
 * Owns the way to the compiled kernels: each call copies a cache-sized piece of its vectors into the module's one memory,
 * computes there and copies the result out. The memory is scratch: nothing in it is used after the call, and nothing of it is
 * handed out but counter blocks, which are public. Must never hold a vector: the copies are what lets vectors be anywhere.
 */
import { assert } from '../../base/errors.ts';
import type { RingVector, Words } from '../words.ts';
import { BLOCK_ELEMENTS, BLOCK_WORDS, digitsIn, type Kernels, MAX_COUNTERS, MOST_DIGITS } from './face.ts';
import { instantiateKernels, type WordKernel } from './module.ts';
import { plainKernels } from './plain.ts';
import { MAX_PLANES, ONES, ZEROS } from './program.ts';
import { type Area, elementKernels } from './simd-elements.ts';
import { multiplyByTiles } from './simd-matrices.ts';
import { copyIn, copyOut, strideOf } from './strides.ts';

/** The most steps of a program. */
const MAX_STEPS = 2048;
/** Ring elements of a table that are copied at once: 64 KiB. */
const TABLE_ELEMENTS = 8192;
/** Words that an element-wise kernel takes at once: 32 KiB. */
const PIECE_WORDS = 8192;
const MAX_DOMAIN = 1024;
const FIRST_POINTER = 1024;

/** The kernels of a new instance of the module. Throws `build.no-kernels` when it has not been compiled. */
export function loadSimdKernels(compiled?: URL): Kernels {
  const wasm = instantiateKernels(compiled);
  let end = FIRST_POINTER;
  const area = (words: number): Area => {
    const pointer = end;
    end += 4 * words;
    assert(end <= wasm.memory.buffer.byteLength, 'the scratch areas fit the memory');
    return { pointer, words: new Uint32Array(wasm.memory.buffer, pointer, words) };
  };
  const big = area(Math.max(256, MAX_PLANES) * BLOCK_WORDS);
  const small = area(64 * BLOCK_WORDS);
  const ring = area(2 * BLOCK_ELEMENTS);
  const results = area((2 * MOST_DIGITS + 1) * BLOCK_WORDS);
  const squares = area(256);
  const steps = area(2 * MAX_STEPS);
  const table = area(2 * TABLE_ELEMENTS);
  const products = area(2 * TABLE_ELEMENTS);
  const keys = area(2 * TABLE_ELEMENTS);
  const values = area(2 * TABLE_ELEMENTS);
  const sums = area(4 * MAX_DOMAIN);
  const oddSums = area(4 * MAX_DOMAIN + 4);
  const counterWords = area(4 * MAX_COUNTERS);
  const counterBytes = new Uint8Array(wasm.memory.buffer, counterWords.pointer, 16 * MAX_COUNTERS);
  const stepNumbers = new Uint16Array(wasm.memory.buffer, steps.pointer, 4 * MAX_STEPS);

  const planeAt = ({ pointer }: Area, plane: number, stride: number): number => pointer + 4 * plane * stride;

  /** Adds `sums` of twice as many elements to the totals: entry h belongs to group -h mod domain. */
  const addSums = (totals: RingVector, from: Words): void => {
    const domain = totals.length / 2;
    for (let h = 0; h < 2 * domain; h++) {
      addTo(totals, -h & (domain - 1), from[2 * h]!, from[2 * h + 1]!);
    }
  };

  /** Takes a table of `domain` elements a row piece by piece: rows from `row` on, `count` of them. */
  const eachPiece = (rows: number, domain: number, work: (row: number, count: number) => void): void => {
    const most = TABLE_ELEMENTS / domain;
    for (let row = 0; row < rows; row += most) work(row, Math.min(most, rows - row));
  };

  /** Copies digits and their one-hots; returns how many there are, and the distance of their planes in words. */
  const copyDigits = (oneHots: Words, digits: Words, words: number) => {
    const count = digitsIn(oneHots, digits, words);
    assert(words <= BLOCK_WORDS, 'a block of digits');
    const stride = strideOf(words);
    copyIn(big.words, 0, stride, oneHots, words);
    copyIn(small.words, 0, stride, digits, words);
    return { count, stride };
  };

  /** Takes vectors piece by piece; `accumulates` where the old output is an input too. */
  const elementwise =
    (kernel: WordKernel, accumulates = false) =>
    (out: Words, a: Words, b: Words): void => {
      for (let from = 0; from < out.length; from += PIECE_WORDS) {
        const to = Math.min(out.length, from + PIECE_WORDS);
        table.words.set(a.subarray(from, to));
        products.words.set(b.subarray(from, to));
        if (accumulates) values.words.set(out.subarray(from, to));
        kernel(values.pointer, table.pointer, products.pointer, 4 * (to - from));
        out.set(values.words.subarray(0, to - from), from);
      }
    };

  return {
    add: elementwise(wasm.add),
    sub: elementwise(wasm.sub),
    mul: elementwise(wasm.mul),
    mulAdd: elementwise(wasm.mulAdd, true),
    mulSub: elementwise(wasm.mulSub, true),
    xor: elementwise(wasm.xor),

    ...elementKernels(wasm, [values, table, products, keys, ring, ...halvesOf(big)]),

    mulMatrices(out, a, b, shape) {
      multiplyByTiles(wasm, { left: table, right: products, packed: big, out: values }, out, a, b, shape);
    },

    bitPlanes(out, elements, count, words) {
      assert(out.length === count * words && count <= 64, 'planes of one stride');
      const length = elements.length / 2;
      for (let start = 0; 32 * start < length; start += BLOCK_WORDS) {
        const part = elements.subarray(64 * start, 64 * (start + BLOCK_WORDS));
        const here = Math.min(BLOCK_WORDS, words - start);
        const stride = strideOf(here);
        ring.words.set(part);
        ring.words.fill(0, part.length, 64 * stride);
        wasm.bitPlanes(small.pointer, ring.pointer, 4 * stride, squares.pointer, Math.ceil(count / 8));
        if (here === words) copyOut(out, words, small.words, 0, stride);
        else
          for (let b = 0; b < count; b++) {
            out.set(small.words.subarray(b * stride, b * stride + here), b * words + start);
          }
      }
    },

    digitOneHots(out, planes, words) {
      const count = digitsIn(out, planes, words);
      assert(words <= BLOCK_WORDS, 'a block of digits');
      const stride = strideOf(words);
      copyIn(small.words, 0, stride, planes, words);
      wasm.digitOneHots(big.pointer, small.pointer, count, 4 * stride);
      copyOut(out, words, big.words, 0, stride);
    },

    equalDigits(equal, oneHots, digits, words) {
      const { count, stride } = copyDigits(oneHots, digits, words);
      const [less, equals] = [planeAt(results, 0, stride), planeAt(results, MOST_DIGITS, stride)];
      wasm.lessAndEqual(less, equals, big.pointer, small.pointer, count, 4 * stride);
      copyOut(equal, words, results.words, MOST_DIGITS * stride, stride);
    },

    compareDigits(less, equal, sign, oneHots, digits, words) {
      const { count, stride } = copyDigits(oneHots, digits, words);
      const top = count - 1;
      const signs = planeAt(results, 2 * MOST_DIGITS, stride);
      wasm.splitTop(signs, planeAt(big, 16 * top, stride), planeAt(small, 4 * top, stride), 4 * stride);
      const [lesses, equals] = [planeAt(results, 0, stride), planeAt(results, MOST_DIGITS, stride)];
      wasm.lessAndEqual(lesses, equals, big.pointer, small.pointer, count, 4 * stride);
      copyOut(less, words, results.words, 0, stride);
      copyOut(equal, words, results.words, (MOST_DIGITS + 1) * stride, stride);
      copyOut(sign, words, results.words, 2 * MOST_DIGITS * stride, stride);
    },

    runProgram(program, outputs, inputs, words) {
      assert(program.steps.length <= stepNumbers.length, 'the steps of a program fit the scratch memory');
      stepNumbers.set(program.steps);
      for (let start = 0; start < words; start += BLOCK_WORDS) {
        const here = Math.min(BLOCK_WORDS, words - start);
        const stride = strideOf(here);
        big.words.fill(0, ZEROS * stride, (ZEROS + 1) * stride);
        big.words.fill(0xffffffff, ONES * stride, (ONES + 1) * stride);
        let at = (ONES + 1) * stride;
        for (const input of inputs) at = copyIn(big.words, at, stride, input, words, start, here);
        assert(at === (ONES + 1 + program.inputs) * stride, 'as many planes as the program takes');
        wasm.runProgram(big.pointer, steps.pointer, program.steps.length / 4, 4 * stride);
        at = (program.planes - program.outputs) * stride;
        for (const output of outputs) at = copyOut(output, words, big.words, at, stride, start, here);
        assert(at === program.planes * stride, 'as many planes as the program gives');
      }
    },

    groupTable(out, keyMasks, valueMasks, domain) {
      if (domain === 1) return plainKernels.groupTable(out, keyMasks, valueMasks, domain);
      eachPiece(keyMasks.length / 2, domain, (row, count) => {
        keys.words.set(keyMasks.subarray(2 * row, 2 * (row + count)));
        if (valueMasks === undefined) fillOnes(values.words, count);
        else values.words.set(valueMasks.subarray(2 * row, 2 * (row + count)));
        wasm.groupTable(table.pointer, keys.pointer, values.pointer, count, domain);
        out.set(table.words.subarray(0, 2 * count * domain), 2 * row * domain);
      });
    },

    turnedTables(out, rowKeys, once) {
      const domain = once.length / 2;
      values.words.set(once);
      eachPiece(rowKeys.length / 2, domain, (row, count) => {
        keys.words.set(rowKeys.subarray(2 * row, 2 * (row + count)));
        wasm.turnedTables(table.pointer, keys.pointer, values.pointer, products.pointer, count, domain);
        out.set(table.words.subarray(0, 2 * count * domain), 2 * row * domain);
      });
    },

    addEntries(totals, entries, rowKeys) {
      const domain = totals.length / 2;
      if (domain === 1) return plainKernels.addEntries(totals, entries, rowKeys);
      sums.words.fill(0, 0, 4 * domain);
      oddSums.words.fill(0, 0, 4 * domain + 4);
      eachPiece(rowKeys.length / 2, domain, (row, count) => {
        keys.words.set(rowKeys.subarray(2 * row, 2 * (row + count)));
        table.words.set(entries.subarray(2 * row * domain, 2 * (row + count) * domain));
        wasm.addEntries(sums.pointer, oddSums.pointer, table.pointer, keys.pointer, count, domain);
      });
      addSums(totals, sums.words);
      addSums(totals, oddSums.words.subarray(2));
    },

    addProducts(totals, column, entries, rowProducts, rowKeys) {
      const domain = totals.length / 2;
      if (domain === 1) return plainKernels.addProducts(totals, column, entries, rowProducts, rowKeys);
      sums.words.fill(0, 0, 4 * domain);
      eachPiece(rowKeys.length / 2, domain, (row, count) => {
        keys.words.set(rowKeys.subarray(2 * row, 2 * (row + count)));
        values.words.set(column.subarray(2 * row, 2 * (row + count)));
        table.words.set(entries.subarray(2 * row * domain, 2 * (row + count) * domain));
        products.words.set(rowProducts.subarray(2 * row * domain, 2 * (row + count) * domain));
        wasm.addProducts(
          sums.pointer,
          values.pointer,
          table.pointer,
          products.pointer,
          keys.pointer,
          count,
          domain,
        );
      });
      addSums(totals, sums.words);
    },

    counters([prefixHigh, prefixLow], first, count) {
      assert(count <= MAX_COUNTERS, 'the counters fit the scratch memory');
      const [low, high] = [first >>> 0, Math.floor(first / 2 ** 32)];
      wasm.counters(counterWords.pointer, byteSwapped(prefixHigh), byteSwapped(prefixLow), low, high, count);
      return counterBytes.subarray(0, 16 * count);
    },
  };
}

/** Two areas of one. */
const halvesOf = ({ pointer, words }: Area): readonly [Area, Area] => {
  const half = words.length / 2;
  return [
    { pointer, words: words.subarray(0, half) },
    { pointer: pointer + 4 * half, words: words.subarray(half) },
  ];
};

function fillOnes(elements: Words, count: number): void {
  for (let i = 0; i < count; i++) {
    elements[2 * i] = 1;
    elements[2 * i + 1] = 0;
  }
}

/** totals[index] += the element of those halves. */
function addTo(totals: RingVector, index: number, low: number, high: number): void {
  const sum = (totals[2 * index]! + low) >>> 0;
  totals[2 * index + 1] = (totals[2 * index + 1]! + high + (sum < low ? 1 : 0)) | 0;
  totals[2 * index] = sum;
}

function byteSwapped(word: number): number {
  return (word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24);
}
