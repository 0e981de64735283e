import assert from 'node:assert/strict';
import test from 'node:test';
import { deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { aes128 } from '../../examples/aes/circuit.mjs';
import { MpcError } from '../../src/base/errors.ts';
import { LIMITS } from '../../src/base/limits.ts';
import { parseBristol } from '../../src/circuits/bristol.ts';
import { circuitDigest, packCircuit, unpackCircuit } from '../../src/circuits/packed.ts';
import { adder, anyCircuit } from '../support/circuits.ts';

test('a circuit unpacks to what was packed, and its digest is the same', () => {
  fc.assert(
    fc.property(anyCircuit, ({ text }) => {
      const circuit = parseBristol(text);
      const unpacked = unpackCircuit(packCircuit(circuit));
      assert.deepEqual(unpacked, circuit);
      assert.equal(circuitDigest(unpacked), circuitDigest(circuit));
    }),
  );
  const aes = packCircuit(parseBristol(aes128()));
  assert.ok(aes.length < 16_384, `AES-128 packs into ${aes.length} characters`);
});

test('one gate that differs gives another digest', () => {
  const { text } = adder(4);
  const other = text.replace('AND', 'XOR');
  assert.notEqual(text, other);
  assert.notEqual(circuitDigest(parseBristol(text)), circuitDigest(parseBristol(other)));
});

const packed = (...bytes: readonly number[]): string =>
  deflateRawSync(Uint8Array.from(bytes)).toString('base64');
const isFault =
  (code: string) =>
  (error: unknown): boolean =>
    error instanceof MpcError && error.code === code && error.exitCode === 65;

test('what is no packed circuit is refused', () => {
  // One input of 2 bits, one output of 1 bit, one gate XOR of wires 0 and 1, its wire the output.
  assert.equal(unpackCircuit(packed(1, 2, 1, 1, 1, 3, 2, 1, 1)).kinds.length, 1);
  const cases: readonly string[] = [
    '',
    'AAAA',
    '****',
    packed(),
    packed(0),
    packed(1, 0, 1, 1, 0, 1),
    packed(1, 2, 0),
    packed(1, 2, 1, 1, 1, 5, 2, 1, 1),
    packed(1, 2, 1, 1, 1, 3, 3, 1, 1),
    packed(1, 2, 1, 1, 1, 3, 0, 1, 1),
    packed(1, 2, 1, 1, 1, 3, 2, 1, 4),
    packed(1, 2, 1, 1, 1, 3, 2, 1),
    packed(1, 2, 1, 1, 1, 3, 2, 1, 1, 0),
    packed(1, 2, 1, 1, 255, 255, 255, 255, 1),
    packed(1, 2, 1, 1, 255, 255, 255, 127),
    `${packed(1, 2, 1, 1, 1, 3, 2, 1, 1)}====`,
  ];
  for (const text of cases) assert.throws(() => unpackCircuit(text), isFault('circuit.malformed'), text);
});

test('a text that would inflate without bound is refused before it does', () => {
  const bomb = deflateRawSync(new Uint8Array(64 * 1024 * 1024)).toString('base64');
  assert.ok(bomb.length < LIMITS.programCharacters, 'it is short enough to be looked at');
  assert.throws(() => unpackCircuit(bomb), isFault('circuit.malformed'));
  assert.throws(() => unpackCircuit('A'.repeat(LIMITS.programCharacters + 4)), isFault('circuit.malformed'));
});

test('a circuit that does not fit a descriptor is refused with a hint', () => {
  let wire = 1;
  const gates = Array.from({ length: 400_000 }, (_, k) => {
    // Operands that no compression foresees.
    wire = (wire * 48_271) % 2_147_483_647;
    const left = wire % (64 + k);
    wire = (wire * 48_271) % 2_147_483_647;
    return `2 1 ${left} ${wire % (64 + k)} ${64 + k} XOR`;
  });
  const text = `${gates.length} ${64 + gates.length}\n1 64\n1 1\n\n${gates.join('\n')}\n`;
  const circuit = parseBristol(text);
  assert.throws(() => packCircuit(circuit), isFault('circuit.too-large'));
});
