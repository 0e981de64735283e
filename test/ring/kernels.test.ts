/** Holds the SIMD kernels against their twins in plain TypeScript: the same words, for any sizes and on edge values. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import test from 'node:test';
import fc from 'fast-check';
import { wordsOfBytes } from '../../src/base/bytes.ts';
import { MpcError } from '../../src/base/errors.ts';
import { BLOCK_ELEMENTS, type Kernels } from '../../src/ring/kernels/face.ts';
import { kernels, kernelsFor } from '../../src/ring/kernels/kernels.ts';
import { hasSimd } from '../../src/ring/kernels/module.ts';
import { plainKernels as plain } from '../../src/ring/kernels/plain.ts';
import { type Plane, ProgramWriter } from '../../src/ring/kernels/program.ts';
import { loadSimdKernels } from '../../src/ring/kernels/simd.ts';
import type { Words } from '../../src/ring/words.ts';
import { bitWords } from '../../src/ring/words.ts';

assert.ok(hasSimd(), 'these tests need WASM SIMD: they compare the two makes');
const simd = loadSimdKernels();

const EDGES = [0, 1, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff];

/** Words of one of several tempers: uniform, all alike, or edge values only. */
function someWords(count: number, temper: number): Words {
  if (temper < EDGES.length) return new Uint32Array(count).fill(EDGES[temper]!);
  const words = wordsOfBytes(new Uint8Array(randomBytes(4 * count)));
  return temper % 2 === 0 ? words : words.map((word) => EDGES[word % EDGES.length]!);
}

const tempers = fc.integer({ min: 0, max: EDGES.length + 3 });
const wordsOfBlocks = fc.constantFrom(2, 4, 6, 8, 30, 66, 126, 128);

/** Runs both makes on outputs that hold the same rubbish before, and compares all words after. */
function compare(sizes: readonly number[], run: (kernels: Kernels, outs: Words[]) => void): void {
  const before = sizes.map((size) => someWords(size, EDGES.length));
  const [fast, slow] = [before.map((words) => words.slice()), before.map((words) => words.slice())];
  run(simd, fast);
  run(plain, slow);
  fast.forEach((words, k) => {
    const at = words.findIndex((word, i) => word !== slow[k]![i]);
    assert.equal(at, -1, `output ${k} differs from its twin's at word ${at} of ${words.length}`);
  });
}

/** Checks the property, and that its body ran as often as it should. */
function holds<T>(arbitrary: fc.Arbitrary<T>, runs: number, body: (value: T) => void): void {
  let checked = 0;
  fc.assert(
    fc.property(arbitrary, (value) => {
      body(value);
      checked++;
    }),
    { numRuns: runs },
  );
  assert.equal(checked, runs);
}

for (const name of ['add', 'sub', 'mul', 'mulAdd', 'mulSub', 'xor'] as const) {
  test(`${name} is its twin's, into a vector of its own or into an input`, () => {
    const lengths = fc.oneof(fc.nat({ max: 40 }), fc.constantFrom(4096, 4097, 10_001)).map((n) => 2 * n);
    holds(fc.tuple(lengths, tempers, tempers), 60, ([length, left, right]) => {
      const [a, b] = [someWords(length, left), someWords(length, right)];
      compare([length], (make, [out]) => make[name](out!, a, b));
      compare([length], (make, [out]) => make[name](out!, out!, b));
      compare([length], (make, [out]) => make[name](out!, a, out!));
    });
  });
}

const ringLengths = fc.oneof(fc.integer({ min: 1, max: 70 }), fc.constantFrom(4096, 4097, 10_001));
const constants = fc.record({
  lo: fc.constantFrom(0, 1, 7, 0xffffffff, 0x80000000),
  hi: fc.constantFrom(0, 1, 0xffffffff, 0x80000000),
});

test('sums of multiples are their twin’s, into a vector of their own or into one of them', () => {
  const terms = fc.array(fc.tuple(constants, tempers), { maxLength: 4 });
  holds(fc.tuple(ringLengths, terms, constants), 80, ([length, drawn, offset]) => {
    const vectors = drawn.map(([, temper]) => someWords(2 * length, temper));
    const factors = drawn.map(([factor]) => factor);
    compare([2 * length], (make, [out]) => make.combine(out!, vectors, factors, offset));
    compare([2 * length], (make, [out]) =>
      make.combine(out!, [...vectors, out!], [...factors, { lo: 3, hi: 1 }], offset),
    );
  });
});

test('what bits choose is its twin’s', () => {
  holds(fc.tuple(ringLengths, tempers, tempers), 80, ([length, temper, bitTemper]) => {
    const a = someWords(2 * length, temper);
    const bits = someWords(bitWords(length), bitTemper);
    compare([2 * length], (make, [out]) => make.keepWhere(out!, a, bits));
    compare([2 * length], (make, [out]) => make.negateWhere(out!, a, bits));
    compare([2 * length], (make, [out]) => make.negateWhere(out!, out!, bits));
    compare([2 * length], (make, [out]) => make.fromBits(out!, bits));
    const [product, x, y, xMask, yMask] = Array.from({ length: 5 }, (_, k) =>
      someWords(2 * length, (temper + k) % 11),
    ) as [Words, Words, Words, Words, Words];
    for (const isA of [true, false])
      compare([2 * length], (make, [out]) => make.choose(out!, { product, x, y, xMask, yMask, bits }, isA));
  });
});

test('truncations and what the dealer shares for them are their twin’s, at every shift', () => {
  const shifts = fc.oneof(fc.integer({ min: 1, max: 62 }), fc.constantFrom(29, 30, 31, 32, 33, 61, 62));
  holds(fc.tuple(ringLengths, shifts, tempers, tempers), 150, ([length, shift, first, second]) => {
    const [masked, shifted] = [someWords(2 * length, first), someWords(2 * length, second)];
    compare([2 * length, 2 * length], (make, [low, wrap]) => make.splitMask(low!, wrap!, masked, shift));
    for (const isA of [true, false])
      compare([2 * length], (make, [out]) => make.truncate(out!, shifted, masked, shift, isA));
  });
});

test('inner products are their twin’s, of any number of elements', () => {
  holds(fc.tuple(ringLengths, tempers, tempers), 60, ([length, first, second]) => {
    const [a, b] = [someWords(2 * length, first), someWords(2 * length, second)];
    assert.deepEqual(simd.dot(a, b), plain.dot(a, b));
  });
});

test('products of matrices are their twin’s, for sizes on both sides of every tile', () => {
  const size = fc.oneof(fc.integer({ min: 1, max: 12 }), fc.constantFrom(31, 32, 33, 63, 64, 65));
  const inner = fc.oneof(size, fc.constantFrom(127, 128, 129, 255, 256, 257));
  holds(fc.tuple(size, inner, size, tempers, tempers), 60, ([rows, depth, columns, first, second]) => {
    const [a, b] = [someWords(2 * rows * depth, first), someWords(2 * depth * columns, second)];
    const shape = { rows, inner: depth, columns };
    compare([2 * rows * columns], (make, [out]) => make.mulMatrices(out!, a, b, shape));
  });
});

test('turned tables are their twin’s, and what turning means', () => {
  const domains = fc.constantFrom(2, 4, 8, 16, 32, 256, 1024);
  holds(fc.tuple(domains, fc.integer({ min: 1, max: 70 }), tempers), 60, ([domain, rows, temper]) => {
    const [keys, table] = [someWords(2 * rows, temper), someWords(2 * domain, EDGES.length)];
    compare([2 * rows * domain], (make, [out]) => make.turnedTables(out!, keys, table));
    const turned = new Uint32Array(2 * rows * domain);
    plain.turnedTables(turned, keys, table);
    for (let entry = 0; entry < rows * domain; entry++) {
      const old = (entry - keys[2 * Math.floor(entry / domain)]!) & (domain - 1);
      assert.equal(turned[2 * entry], table[2 * old]);
      assert.equal(turned[2 * entry + 1], table[2 * old + 1]);
    }
  });
});

test('bit planes are their twin’s, for any number of elements and planes', () => {
  const lengths = fc.oneof(
    fc.integer({ min: 1, max: 300 }),
    fc.constantFrom(BLOCK_ELEMENTS - 1, BLOCK_ELEMENTS, BLOCK_ELEMENTS + 1, 3 * BLOCK_ELEMENTS + 70),
  );
  holds(fc.tuple(lengths, fc.integer({ min: 0, max: 64 }), tempers), 100, ([length, count, temper]) => {
    const [ring, words] = [someWords(2 * length, temper), bitWords(length)];
    compare([count * words], (make, [out]) => make.bitPlanes(out!, ring, count, words));
  });
});

test('one-hots of digits are their twin’s', () => {
  holds(fc.tuple(wordsOfBlocks, tempers), 60, ([words, temper]) => {
    const planes = someWords(64 * words, temper);
    compare([256 * words], (make, [out]) => make.digitOneHots(out!, planes, words));
  });
});

test('comparisons of digits are their twin’s, and leave their inputs alone', () => {
  holds(fc.tuple(wordsOfBlocks, tempers, tempers), 60, ([words, first, second]) => {
    const [oneHots, digits] = [someWords(256 * words, first), someWords(64 * words, second)];
    const kept = [oneHots.slice(), digits.slice()];
    compare([16 * words], (make, [equal]) => make.equalDigits(equal!, oneHots, digits, words));
    compare([16 * words, 15 * words, words], (make, [less, equal, sign]) =>
      make.compareDigits(less!, equal!, sign!, oneHots, digits, words),
    );
    assert.deepEqual([oneHots, digits], kept);
  });
});

test('programs of any steps give their twin’s planes, however many words a plane has', () => {
  const steps = fc.array(fc.tuple(fc.nat(), fc.nat(), fc.nat(), fc.nat()), { maxLength: 40 });
  const groups = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 4 });
  const sizes = fc.oneof(wordsOfBlocks, fc.constantFrom(130, 256, 386));
  holds(fc.tuple(steps, groups, groups, sizes), 100, ([recipe, inputGroups, outputGroups, words]) => {
    const count = (list: readonly number[]) => list.reduce((sum, n) => sum + n, 0);
    const writer = new ProgramWriter(count(inputGroups));
    const written: Plane[] = [0, 1, ...Array.from({ length: count(inputGroups) }, (_, i) => writer.input(i))];
    const pick = (n: number) => written[n % written.length]!;
    const temporary: Plane[] = [];
    for (const [out, plus, left, right] of recipe) {
      const fresh = temporary.length === 0 || out % 3 === 0;
      const to = fresh ? writer.plane() : temporary[out % temporary.length]!;
      writer.step(to, pick(plus), pick(left), pick(right));
      if (fresh) {
        temporary.push(to);
        written.push(to);
      }
    }
    const program = writer.finish(count(outputGroups), (out, k) => {
      writer.step(out, pick(written.length - 1 - k), pick(3 * k), pick(5 * k + 1));
    });
    const inputs = inputGroups.map((planes) => someWords(planes * words, EDGES.length));
    compare(
      outputGroups.map((planes) => planes * words),
      (make, outs) => make.runProgram(program, outs, inputs, words),
    );
  });
});

test('group tables and the sums over them are their twin’s, for every domain', () => {
  const domains = fc.constantFrom(1, 2, 4, 8, 32, 256, 1024);
  const rows = fc.oneof(fc.integer({ min: 1, max: 70 }), fc.constantFrom(1023, 1025, 2100));
  holds(fc.tuple(domains, rows, tempers, tempers), 80, ([domain, wanted, first, second]) => {
    const count = Math.min(wanted, 2 ** 16 / domain);
    const [keys, values] = [someWords(2 * count, first), someWords(2 * count, second)];
    const size = 2 * count * domain;
    compare([size], (make, [table]) => make.groupTable(table!, keys, values, domain));
    compare([size], (make, [table]) => make.groupTable(table!, keys, undefined, domain));
    const [entries, products] = [someWords(size, second), someWords(size, first)];
    compare([2 * domain], (make, [totals]) => make.addEntries(totals!, entries, keys));
    compare([2 * domain], (make, [totals]) => make.addProducts(totals!, values, entries, products, keys));
  });
});

test('counter blocks are their twin’s, across every carry', () => {
  const starts = [0, 1, 250, 255, 256, 65_530, 2 ** 32 - 3, 2 ** 32, 2 ** 40 - 1, 2 ** 52 + 255];
  const u32 = fc.constantFrom(0, 1, 0x01020304, 0xffffffff);
  holds(
    fc.tuple(u32, u32, fc.constantFrom(...starts), fc.constantFrom(0, 1, 5, 300, 4096)),
    60,
    ([node, lane, first, count]) => {
      const fast = simd.counters([node, lane], first, count);
      assert.equal(fast.length, 16 * count);
      assert.deepEqual(new Uint8Array(fast), plain.counters([node, lane], first, count));
    },
  );
});

test('kernels that were not compiled are missed with a hint, and short vectors do without them', () => {
  assert.throws(
    () => loadSimdKernels(new URL('file:///nowhere/kernels.wasm')),
    (error) =>
      error instanceof MpcError &&
      error.code === 'build.no-kernels' &&
      error.message.includes('/nowhere/kernels.wasm') &&
      error.hint?.includes('npm run build') === true,
  );
  assert.equal(kernels(), kernels());
  assert.equal(kernelsFor(new Uint32Array(64)), plain);
  assert.notEqual(kernelsFor(new Uint32Array(4096)), plain);
});
