import assert from 'node:assert/strict';
import { createCipheriv } from 'node:crypto';
import test from 'node:test';
import { aes128 } from '../../examples/aes/circuit.mjs';
import { MpcError } from '../../src/base/errors.ts';
import { parseBristol } from '../../src/circuits/bristol.ts';
import { GATE } from '../../src/circuits/circuit.ts';
import { programOf } from '../../src/circuits/levels.ts';
import { evaluatePlain } from '../../src/circuits/plain.ts';
import { adder, type CircuitFile, comparator, meaningOf } from '../support/circuits.ts';

/** The circuit's output values for one instance. */
function valuesOf({ text, outputs, inputs }: CircuitFile, values: readonly bigint[]): bigint[] {
  const planes = values.flatMap((value, k) =>
    Array.from({ length: inputs[k]! }, (_, bit) => Uint32Array.of(Number((value >> BigInt(bit)) & 1n), 0)),
  );
  const bits = evaluatePlain(parseBristol(text), planes, 1).map(([word]) => BigInt(word!));
  return outputs.map((width) =>
    bits.splice(0, width).reduce((value, bit, place) => value | (bit << BigInt(place)), 0n),
  );
}

test('an adder adds, a comparator compares, bit 0 being the least significant', () => {
  for (const [x, y] of [
    [0n, 0n],
    [1n, 2n],
    [200n, 100n],
    [255n, 255n],
    [7n, 7n],
  ] as const) {
    assert.deepEqual(valuesOf(adder(8), [x, y]), [(x + y) % 256n]);
    assert.deepEqual(valuesOf(comparator(8), [x, y]), [x < y ? 1n : 0n, x === y ? 1n : 0n]);
    assert.deepEqual(meaningOf(adder(8), [x, y]), [(x + y) % 256n]);
  }
});

test('every gate of the basic and the extended format means what the format says', () => {
  const text =
    '8 13\n2 2 2\n1 7\n\n1 1 0 4 INV\n1 1 1 5 NOT\n2 1 0 2 6 XOR\n2 1 1 3 7 AND\n1 1 1 8 EQ\n1 1 0 9 EQ\n1 1 3 10 EQW\n4 2 0 1 2 3 11 12 MAND\n';
  const file = { text, inputs: [2, 2], outputs: [7] };
  // Wires 6 to 12, for every value of the four inputs.
  for (let bits = 0; bits < 16; bits++) {
    const [a, b, c, d] = [0, 1, 2, 3].map((k) => (bits >> k) & 1) as [number, number, number, number];
    const wanted = [a ^ c, b & d, 1, 0, d, a & c, b & d].reduce((value, bit, k) => value | (bit << k), 0);
    assert.deepEqual(valuesOf(file, [BigInt(bits & 3), BigInt(bits >> 2)]), [BigInt(wanted)]);
  }
  assert.equal(parseBristol(text).kinds.filter((kind) => kind === GATE.and).length, 3);
});

test('blank lines, carriage returns and more spaces change nothing', () => {
  const { text } = adder(4);
  const spaced = text.replaceAll('\n', ' \r\n\r\n').replaceAll(' ', '  ');
  assert.deepEqual(parseBristol(spaced), parseBristol(text));
});

test('AES-128 of the example has 6,400 ANDs at depth 60 and encrypts as node:crypto does', () => {
  const circuit = parseBristol(aes128());
  assert.equal(circuit.kinds.filter((kind) => kind === GATE.and).length, 6400);
  assert.equal(programOf(circuit).levels.length, 60);
  const vectors = [
    // FIPS 197, appendix C.1, and NIST SP 800-38A, F.1.1.
    [
      '000102030405060708090a0b0c0d0e0f',
      '00112233445566778899aabbccddeeff',
      '69c4e0d86a7b0430d8cdb78070b4c55a',
    ],
    [
      '2b7e151628aed2a6abf7158809cf4f3c',
      '6bc1bee22e409f96e93d7e117393172a',
      '3ad77bb40d7a3660a89ecaf32466ef97',
    ],
  ] as const;
  const file = { text: aes128(), inputs: [128, 128], outputs: [128] };
  for (const [key, block, wanted] of vectors) {
    const cipher = createCipheriv('aes-128-ecb', Buffer.from(key, 'hex'), null).setAutoPadding(false);
    assert.equal(cipher.update(Buffer.from(block, 'hex')).toString('hex'), wanted);
    const [encrypted] = valuesOf(file, [BigInt(`0x${key}`), BigInt(`0x${block}`)]);
    assert.equal(encrypted!.toString(16).padStart(32, '0'), wanted);
  }
});

const GOOD = '2 5\n1 3\n1 2\n\n2 1 0 1 3 XOR\n2 1 1 2 4 AND\n';
const MALFORMED: readonly (readonly [what: string, text: string, code: string, line: number])[] = [
  ['nothing', '', 'header', 1],
  ['one number in the first line', '2\n1 3\n1 2\n', 'header', 1],
  ['three numbers in the first line', '2 5 7\n1 3\n1 2\n', 'header', 1],
  ['a word for a number', '2 five\n1 3\n1 2\n', 'header', 1],
  ['a negative number', '2 -5\n1 3\n1 2\n', 'header', 1],
  ['a number of ten digits', '2 5000000000\n1 3\n1 2\n', 'header', 1],
  ['too many gates', '1000001 1000005\n1 3\n1 2\n', 'too-large', 1],
  ['too many input bits', '2 70000\n1 70000\n1 2\n', 'too-large', 2],
  ['fewer widths than values', '2 5\n2 3\n1 2\n', 'header', 2],
  ['the older format', '2 5\n2 1 2\n\n2 1 0 1 3 XOR\n', 'header', 4],
  ['no input value', '2 5\n0\n1 2\n', 'header', 2],
  ['a value of no bits', '2 5\n2 3 0\n1 2\n', 'header', 2],
  ['more input bits than wires', '2 5\n1 6\n1 2\n', 'header', 3],
  ['more output bits than wires', '2 5\n1 3\n1 6\n', 'header', 3],
  ['no outputs line', '2 5\n1 3\n', 'header', 3],
  ['an unknown gate', GOOD.replace('XOR', 'NAND'), 'unknown-gate', 5],
  ['a gate in lower case', GOOD.replace('XOR', 'xor'), 'unknown-gate', 5],
  ['a gate that takes too few', GOOD.replace('2 1 0 1 3 XOR', '1 1 0 3 XOR'), 'gate', 5],
  ['a gate that takes too many', GOOD.replace('2 1 0 1 3 XOR', '3 1 0 1 2 3 XOR'), 'gate', 5],
  ['a gate that lacks a wire', GOOD.replace('2 1 0 1 3 XOR', '2 1 0 3 XOR'), 'gate', 5],
  ['a gate that makes two', GOOD.replace('2 1 0 1 3 XOR', '2 2 0 1 3 4 XOR'), 'gate', 5],
  ['a MAND that makes none', GOOD.replace('2 1 0 1 3 XOR', '0 0 MAND'), 'unknown-gate', 5],
  ['a MAND that takes an odd number', GOOD.replace('2 1 0 1 3 XOR', '3 2 0 1 2 3 4 MAND'), 'gate', 5],
  ['a word for a wire', GOOD.replace('2 1 0 1 3 XOR', '2 1 0 a 3 XOR'), 'gate', 5],
  ['EQ of a wire', GOOD.replace('2 1 0 1 3 XOR', '1 1 2 3 EQ'), 'gate', 5],
  ['a wire out of range', GOOD.replace('0 1 3 XOR', '0 5 3 XOR'), 'wire-range', 5],
  ['an output out of range', GOOD.replace('0 1 3 XOR', '0 1 5 XOR'), 'wire-range', 5],
  ['a wire before it is made', GOOD.replace('0 1 3 XOR', '0 4 3 XOR'), 'wire-not-made', 5],
  ['a gate of its own result', GOOD.replace('0 1 3 XOR', '0 3 3 XOR'), 'wire-not-made', 5],
  ['a wire made twice', GOOD.replace('1 2 4 AND', '1 2 3 AND'), 'wire-twice', 6],
  ['an input made by a gate', GOOD.replace('1 2 4 AND', '1 2 0 AND'), 'wire-twice', 6],
  ['a gate more', `${GOOD}1 1 3 4 EQW\n`, 'gate-count', 7],
  ['a gate less', GOOD.replace('2 1 1 2 4 AND\n', ''), 'gate-count', 6],
  ['an output that nothing makes', '1 5\n1 3\n1 2\n\n2 1 0 1 3 XOR\n', 'output-not-made', 6],
];

for (const [what, text, code, line] of MALFORMED) {
  test(`a file with ${what} is refused in line ${line}`, () => {
    assert.throws(
      () => parseBristol(text, 'c.txt'),
      (error) => {
        assert.ok(error instanceof MpcError, 'a typed error');
        assert.equal(error.code, `circuit.${code}`);
        assert.deepEqual(error.place, { line, file: 'c.txt' });
        assert.equal(error.exitCode, 65);
        assert.ok(error.hint, 'and says what to do');
        return true;
      },
    );
  });
}

test('the good file that the others are made from is taken', () => {
  assert.equal(parseBristol(GOOD).kinds.length, 2);
});
