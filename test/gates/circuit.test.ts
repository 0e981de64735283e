import assert from 'node:assert/strict';
import { createCipheriv, randomBytes } from 'node:crypto';
import test from 'node:test';
import fc from 'fast-check';
import { aes128 } from '../../examples/aes/circuit.mjs';
import { MpcError } from '../../src/base/errors.ts';
import { parseBristol } from '../../src/circuits/bristol.ts';
import { GATE } from '../../src/circuits/circuit.ts';
import { programOf } from '../../src/circuits/levels.ts';
import { packCircuit } from '../../src/circuits/packed.ts';
import { circuitGate } from '../../src/gates/circuit.ts';
import type { Shape } from '../../src/gates/gate.ts';
import type { OperationOf } from '../../src/gates/operations.ts';
import type { Words } from '../../src/ring/words.ts';
import { bitWords } from '../../src/ring/words.ts';
import { adder, anyCircuit, type CircuitFile, comparator, meaningOf } from '../support/circuits.ts';
import {
  bytesOfAll,
  CHI_SQUARE_LIMIT,
  chiSquareOfBytes,
  type HarnessInput,
  runGate,
} from '../support/gate-harness.ts';
import { anySeed, LENGTHS } from '../support/table-gates.ts';

const operationOf = ({ text }: CircuitFile, instances: number): OperationOf<'circuit'> => ({
  op: 'circuit',
  circuit: packCircuit(parseBristol(text)),
  instances,
});

/** The planes of one value over all instances; what lies past the last instance is set, and must not matter. */
function planesInput(values: readonly bigint[], width: number): HarnessInput {
  const words = bitWords(values.length);
  const value = new Uint32Array(width * words).fill(0xffffffff);
  values.forEach((number, j) => {
    for (let bit = 0; bit < width; bit++) {
      if ((number >> BigInt(bit)) & 1n) continue;
      const at = bit * words + (j >>> 5);
      value[at] = value[at]! & ~(1 << (j & 31));
    }
  });
  return { kind: 'bits', form: 'wire', length: 32 * words * width, value };
}

/** Values of `width` bits from `first` on, of each instance. */
function numbersOf(planes: Words, instances: number, first: number, width: number): bigint[] {
  const words = bitWords(instances);
  return Array.from({ length: instances }, (_, j) => {
    let value = 0n;
    for (let bit = width - 1; bit >= 0; bit--)
      value = (value << 1n) | BigInt((planes[(first + bit) * words + (j >>> 5)]! >>> (j & 31)) & 1);
    return value;
  });
}

function runCircuit(file: CircuitFile, rows: readonly (readonly bigint[])[], seed: number) {
  const inputs = file.inputs.map((width, k) =>
    planesInput(
      rows.map((row) => row[k]!),
      width,
    ),
  );
  const run = runGate(circuitGate, operationOf(file, rows.length), inputs, seed);
  let first = 0;
  const columns = file.outputs.map((width) => {
    const values = numbersOf(run.output, rows.length, first, width);
    first += width;
    return values;
  });
  return { run, answers: rows.map((_, j) => columns.map((column) => column[j]!)) };
}

const anyRows = (file: CircuitFile, length: number): fc.Arbitrary<bigint[][]> =>
  fc.array(fc.tuple(...file.inputs.map((width) => fc.bigInt({ min: 0n, max: 2n ** BigInt(width) - 1n }))), {
    minLength: length,
    maxLength: length,
  });

test('any circuit means under masks what its file says, at exactly the stated cost', () => {
  let [deepest, ands] = [0, 0];
  const anyRun = fc
    .record({ file: anyCircuit, length: fc.constantFrom(...LENGTHS), seed: anySeed })
    .chain(({ file, length, seed }) => anyRows(file, length).map((rows) => ({ file, rows, seed })));
  fc.assert(
    fc.property(anyRun, ({ file, rows, seed }) => {
      const { run, answers } = runCircuit(file, rows, seed);
      assert.deepEqual(run.output, run.expected);
      assert.deepEqual(
        answers,
        rows.map((row) => meaningOf(file, row)),
      );
      const { levels } = programOf(parseBristol(file.text));
      const counts = levels.map((level) => level.ands.length / 4);
      const sum = (list: readonly number[]) => list.reduce((total, count) => total + count, 0);
      assert.equal(run.rounds, Math.max(0, levels.length - 1));
      assert.equal(run.bytesOnline, sum(counts.slice(0, -1)) * 8 * Math.ceil(rows.length / 64));
      assert.equal(run.bytesTape, sum(counts) * 8 * Math.ceil(rows.length / 64));
      deepest = Math.max(deepest, levels.length);
      ands += sum(counts);
    }),
    { numRuns: 150 },
  );
  assert.ok(deepest >= 3 && ands > 100, `saw depth ${deepest} and ${ands} ANDs`);
});

test('an adder and a comparator of 64 bits agree with plain arithmetic, also over several blocks', () => {
  const edges = [0n, 1n, 2n ** 63n, 2n ** 64n - 1n, 2n ** 32n];
  const random = Array.from({ length: 4500 }, () => [
    randomBytes(8).readBigUInt64LE(),
    randomBytes(8).readBigUInt64LE(),
  ]);
  const rows = [...edges.flatMap((x) => edges.map((y) => [x, y])), ...random] as [bigint, bigint][];
  const added = runCircuit(adder(64), rows, 5);
  assert.deepEqual(
    added.answers,
    rows.map(([x, y]) => [(x + y) % 2n ** 64n]),
  );
  assert.equal(added.run.rounds, 62);
  const compared = runCircuit(comparator(64), rows, 6);
  assert.deepEqual(
    compared.answers,
    rows.map(([x, y]) => [x < y ? 1n : 0n, x === y ? 1n : 0n]),
  );
});

test('AES-128 over many blocks is that of node:crypto, at 1 bit an AND and block', () => {
  const file = { text: aes128(), inputs: [128, 128], outputs: [128] };
  const number = (): bigint => BigInt(`0x${randomBytes(16).toString('hex')}`);
  const rows = Array.from({ length: 300 }, () => [number(), number()] as const);
  const { run, answers } = runCircuit(file, rows, 11);
  const bytes = (value: bigint): Buffer => Buffer.from(value.toString(16).padStart(32, '0'), 'hex');
  rows.forEach(([key, block], j) => {
    const cipher = createCipheriv('aes-128-ecb', bytes(key), null).setAutoPadding(false);
    assert.equal(bytes(answers[j]![0]!).toString('hex'), cipher.update(bytes(block)).toString('hex'));
  });
  assert.equal(run.rounds, 59);
  assert.equal(run.bytesTape, 6400 * 8 * 5);
});

test('constants, copies and negations cost nothing, and a circuit without ANDs has no round', () => {
  const text = '4 6\n1 2\n1 4\n\n1 1 0 2 EQW\n1 1 1 3 INV\n1 1 1 4 EQ\n1 1 0 5 EQ\n';
  const { run, answers } = runCircuit({ text, inputs: [2], outputs: [4] }, [[0n], [1n], [2n], [3n]], 1);
  assert.deepEqual(answers, [[0b0110n], [0b0111n], [0b0100n], [0b0101n]]);
  assert.deepEqual([run.rounds, run.bytesOnline, run.bytesTape], [0, 0, 0]);
});

test('what nobody brought shows nowhere: bits past the last instance come out 0', () => {
  const text = '1 2\n1 1\n1 1\n\n1 1 0 1 INV\n';
  for (const instances of LENGTHS) {
    const { run } = runCircuit(
      { text, inputs: [1], outputs: [1] },
      Array.from({ length: instances }, () => [0n]),
      3,
    );
    const ones = [...run.output].reduce((sum, word) => sum + word.toString(2).replaceAll('0', '').length, 0);
    assert.equal(ones, instances);
  }
});

test('all that a server sees is uniform, whatever the inputs are', () => {
  const file = comparator(16);
  for (const value of [0n, 65_535n]) {
    const rows = Array.from({ length: 6400 }, () => [value, value]);
    const { run } = runCircuit(file, rows, 21);
    const vectors = [bytesOfAll(run.sent.a), bytesOfAll(run.sent.b), bytesOfAll(run.opened), run.corrections];
    for (const bytes of vectors) {
      assert.ok(bytes.length > 5_000, `${bytes.length} bytes are enough to tell`);
      assert.ok(chiSquareOfBytes(bytes) < CHI_SQUARE_LIMIT, 'no byte is likelier than another');
    }
  }
});

test('inputs that do not fit, and circuits that are none, are refused as a plan’s or a circuit’s fault', () => {
  const good = operationOf(adder(4), 10);
  const shape = (length: number, change: Partial<Shape> = {}): Shape => ({
    kind: 'bits',
    form: 'wire',
    length,
    ...change,
  });
  const fitting = [shape(256), shape(256)];
  assert.deepEqual(circuitGate.infer(good, fitting), { kind: 'bits', form: 'share', length: 256 });
  const refusals: readonly (readonly [OperationOf<'circuit'>, readonly Shape[]])[] = [
    [good, [shape(256)]],
    [good, [...fitting, shape(256)]],
    [good, [shape(256), shape(128)]],
    [good, [shape(256), shape(256, { kind: 'ring' })]],
    [good, [shape(256), shape(256, { form: 'share' })]],
    [{ ...good, instances: 0 }, fitting],
    [{ ...good, instances: 1.5 }, fitting],
    [{ ...good, instances: 65 }, fitting],
  ];
  for (const [operation, shapes] of refusals)
    assert.throws(
      () => circuitGate.infer(operation, shapes),
      (error) => error instanceof MpcError && error.code === 'plan.bad-shape',
    );
  assert.throws(
    () => circuitGate.infer({ ...good, circuit: 'AAAA' }, fitting),
    (error) => error instanceof MpcError && error.code === 'circuit.malformed',
  );
});

test('a program folds what is constant, and computes nothing that no output needs', () => {
  const text =
    '6 9\n1 3\n1 1\n\n1 1 1 3 EQ\n2 1 0 3 4 AND\n2 1 4 4 5 XOR\n2 1 1 2 6 AND\n2 1 5 1 7 AND\n2 1 4 7 8 XOR\n';
  const circuit = parseBristol(text);
  assert.equal(circuit.kinds.filter((kind) => kind === GATE.and).length, 3);
  const { levels, last } = programOf(circuit);
  assert.deepEqual([levels.length, last.length], [0, 0]);
});
