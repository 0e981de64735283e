/** Holds the WASM kernels against their twins in plain TypeScript: the same bytes, for any sizes and on edge values. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { encodeVector, FIELD64, FIELD128, type Field, rootOfUnity } from '../../src/ballot/field.ts';
import { doublingTables } from '../../src/ballot/flp.ts';
import { type BallotKernels, type FieldKernels, RESERVED_BYTES } from '../../src/ballot/kernels/face.ts';
import { plainKernels } from '../../src/ballot/kernels/plain.ts';
import { wasmKernels } from '../../src/ballot/kernels/wasm.ts';
import { draws } from '../support/ballots.ts';

const seed = Number(process.env.SEED ?? Date.now() % 1e6);
console.log(`SEED=${seed}`);
const random = draws(seed);

const BYTES = 1 << 16;
const makes = { wasm: wasmKernels(BYTES), plain: plainKernels(BYTES) };
const FIELDS: readonly Field[] = [FIELD64, FIELD128];

/** An element of one of several tempers: uniform, near 0 or the modulus, or of limbs that are all zeros or ones. */
function someElement({ modulus, bytes }: Field): bigint {
  const uniform = (): bigint => random.bytes(bytes).reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
  const temper = random.below(6);
  if (temper === 0) return BigInt(random.below(3));
  if (temper === 1) return modulus - 1n - BigInt(random.below(3));
  if (temper === 2) {
    const limbs = Array.from(
      { length: bytes / 4 },
      () => [0n, 1n, 0xffffffffn, 0xfffffffen][random.below(4)]!,
    );
    return limbs.reduce((sum, limb) => (sum << 32n) | limb, 0n) % modulus;
  }
  return uniform() % modulus;
}

/** A memory's content, place by place, that both makes get. */
class Board {
  readonly #parts: [place: number, bytes: Uint8Array][] = [];
  readonly #field: Field;
  #end = RESERVED_BYTES;

  constructor(field: Field) {
    this.#field = field;
  }

  put(values: readonly bigint[]): number {
    return this.bytes(encodeVector(this.#field, values));
  }

  some(count: number): number {
    return this.put(Array.from({ length: count }, () => someElement(this.#field)));
  }

  bytes(bytes: Uint8Array): number {
    const place = this.#end;
    this.#parts.push([place, bytes]);
    this.#end += bytes.length;
    return place;
  }

  /** Runs both makes and compares all memory, scratch excepted, and what they return. */
  compare(
    run: (field: FieldKernels, kernels: BallotKernels) => unknown,
    scratch: readonly number[] = [],
  ): void {
    const [fast, slow] = [makes.wasm, makes.plain].map((kernels) => {
      kernels.memory.fill(0xa5, RESERVED_BYTES);
      for (const [place, bytes] of this.#parts) kernels.memory.set(bytes, place);
      const returned = run(this.#field === FIELD64 ? kernels.field64 : kernels.field128, kernels);
      for (const place of scratch) kernels.memory.fill(0, place);
      return [returned, kernels.memory.slice(RESERVED_BYTES)] as const;
    });
    assert.equal(fast![0], slow![0]);
    const differs = fast![1].findIndex((byte, k) => byte !== slow![1][k]);
    assert.equal(differs, -1, `memory differs from the twin's at ${RESERVED_BYTES + differs}`);
  }
}

/** Places that no input reaches: outputs, then scratch to the end. */
const OUT = BYTES / 2;
const SCRATCH = BYTES - 8192;

function forAll(name: string, times: number, body: (board: Board, field: Field) => void): void {
  for (const field of FIELDS) {
    test(`${name} of ${field.name} is its twin's`, () => {
      for (let k = 0; k < times; k++) body(new Board(field), field);
    });
  }
}

test('turboShake is its twin’s for messages and outputs about whole blocks', () => {
  let checked = 0;
  for (const length of [0, 1, 7, 8, 167, 168, 169, 335, 336, 337, 1000]) {
    for (const outBytes of [1, 32, 168, 169, 400]) {
      const board = new Board(FIELD64);
      const message = board.bytes(random.bytes(length));
      board.compare((_, kernels) => kernels.turboShake(OUT, outBytes, message, length));
      checked++;
    }
  }
  assert.equal(checked, 55);
});

forAll('expand', 12, (board) => {
  const length = random.below(400);
  const message = board.bytes(random.bytes(length));
  board.compare((field) => field.expand(OUT, 1 + length, message, length));
});

for (const name of ['add', 'sub'] as const) {
  forAll(name, 40, (board) => {
    const count = 1 + random.below(20);
    const [a, b] = [board.some(count), board.some(count)];
    board.compare((field) => field[name](OUT, a, b, count));
    board.compare((field) => field[name](a, a, b, count));
  });
}

forAll('isCanonical', 60, (board, field) => {
  const count = 1 + random.below(4);
  const near = Array.from({ length: count }, () => field.modulus + BigInt(random.below(4) - 3));
  const bytes = new Uint8Array(count * field.bytes);
  near.forEach((value, k) => {
    for (let byte = 0; byte < field.bytes; byte++)
      bytes[k * field.bytes + byte] = Number((value >> BigInt(8 * byte)) & 255n);
  });
  const vector = board.bytes(random.below(8) === 0 ? bytes.fill(255) : bytes);
  board.compare((kernels) => kernels.isCanonical(vector, count));
});

forAll('scale', 40, (board) => {
  const vector = board.some(20);
  board.compare((field) => field.scale(OUT, vector, 20));
  board.compare((field) => field.scale(vector, vector, 20));
});

forAll('sum', 100, (board) => {
  const [count, stride] = [1 + random.below(20), 1 + random.below(3)];
  const vector = board.some(count * stride);
  board.compare((field) => field.sum(OUT, vector, stride, count));
});

forAll('sum of only the largest elements', 1, (board, { modulus }) => {
  const largest = board.put(new Array<bigint>(1000).fill(modulus - 1n));
  board.compare((field) => field.sum(OUT, largest, 1, 1000));
});

forAll('sumRows', 60, (board) => {
  const [count, columns] = [1 + random.below(20), 1 + random.below(4)];
  const rows = board.some(count * columns);
  board.compare((field) => field.sumRows(OUT, rows, columns, count));
});

forAll('sumRows of only the largest elements', 1, (board, { modulus }) => {
  const largest = board.put(new Array<bigint>(1000).fill(modulus - 1n));
  for (const columns of [1, 2, 8])
    board.compare((field) => field.sumRows(OUT, largest, columns, 1000 / columns));
});

forAll('dot', 200, (board) => {
  const [count, stride] = [1 + random.below(40), 1 + random.below(3)];
  const [a, b] = [board.some(count * stride), board.some(count)];
  board.compare((field) => field.dot(OUT, a, stride, b, count));
});

forAll('dot of only the largest elements', 1, (board, { modulus }) => {
  const largest = new Array<bigint>(500).fill(modulus - 1n);
  const [a, b] = [board.put(largest), board.put(largest)];
  board.compare((field) => field.dot(OUT, a, 1, b, 500));
});

forAll('lagrange', 20, (board, field) => {
  const count = 1 + random.below(9);
  const [nodes, weights] = [board.some(count), board.some(count)];
  const at = board.some(1);
  board.compare((kernels) => kernels.lagrange(OUT, at, nodes, weights, count));
  const root = rootOfUnity(field, 8);
  const scaled = board.put([1n, root]);
  const node = board.put([root]);
  board.compare((kernels) => {
    kernels.scale(scaled, scaled, 2);
    return kernels.lagrange(OUT, node, scaled, weights, 1) && kernels.lagrange(OUT, node, scaled, scaled, 2);
  });
});

forAll('chunkWires', 15, (board) => {
  const { count, chunk, calls, points } = someChunks();
  const [seeds, elements, jointRand, shift] = [2 * chunk, count, calls, 1].map((length) =>
    board.some(length),
  );
  board.compare((field) =>
    field.chunkWires(OUT, seeds!, elements!, count, jointRand!, chunk, calls, points, shift!),
  );
});

forAll('chunkChecks', 15, (board) => {
  const { count, chunk, calls } = someChunks();
  const [seeds, elements, jointRand, coefficients, shift] = [2 * chunk, count, calls, calls + 1, 1].map(
    (length) => board.some(length),
  );
  board.compare(
    (field) =>
      field.chunkChecks(
        OUT,
        seeds!,
        elements!,
        count,
        jointRand!,
        chunk,
        calls,
        coefficients!,
        shift!,
        SCRATCH,
      ),
    [SCRATCH],
  );
});

forAll('productPolynomial', 10, (board, field) => {
  const [pairs, points] = [1 + random.below(3), 2 ** (1 + random.below(4))];
  const tables = board.put(doublingTables(field, points));
  const values = Array.from({ length: 2 * pairs * points }, () => someElement(field));
  board.compare(
    (kernels, { memory }) => {
      kernels.scale(tables, tables, 2 * points);
      memory.set(encodeVector(field, values), SCRATCH);
      kernels.productPolynomial(OUT, SCRATCH, pairs, points, tables);
    },
    [SCRATCH],
  );
});

forAll('composePolynomial', 10, (board, field) => {
  const [points, degree] = [2 ** (1 + random.below(4)), 1 + random.below(3)];
  const [tables, coefficients] = [board.put(doublingTables(field, points)), board.some(degree + 1)];
  const values = Array.from({ length: points }, () => someElement(field));
  board.compare(
    (kernels, { memory }) => {
      kernels.scale(tables, tables, 2 * points);
      memory.set(encodeVector(field, values), SCRATCH);
      kernels.composePolynomial(OUT, SCRATCH, points, tables, coefficients, degree);
    },
    [SCRATCH],
  );
});

forAll('productSum', 30, (board) => {
  const pairs = 1 + random.below(20);
  const vector = board.some(2 * pairs);
  board.compare((field) => field.productSum(OUT, vector, pairs));
});

forAll('evaluate', 30, (board) => {
  const degree = 1 + random.below(4);
  const [x, coefficients] = [board.some(1), board.some(degree + 1)];
  board.compare((field) => field.evaluate(OUT, x, coefficients, degree));
});

function someChunks(): { count: number; chunk: number; calls: number; points: number } {
  const [count, chunk] = [1 + random.below(25), 1 + random.below(6)];
  const calls = Math.ceil(count / chunk);
  return { count, chunk, calls, points: 2 ** Math.ceil(Math.log2(1 + calls)) };
}
