import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { plainRegisters } from '../../src/ring/kernels/plain-registers.ts';
import type { RegisterFile } from '../../src/ring/kernels/register-file.ts';
import { registerFile, simdRegisters } from '../../src/ring/kernels/registers.ts';

const REGISTERS = 9;
const COUNT = 4;

/** Both makes of a file with the same content: steps, planes, then registers of `size` words each. */
function twins(size: number, seed: number): { simd: RegisterFile; plain: RegisterFile; places: Places } {
  const places = { steps: 0, planes: 2 * COUNT, file: 2 * COUNT + COUNT * size };
  const words = places.file + REGISTERS * 2 * size;
  const [simd, plain] = [simdRegisters(words), plainRegisters(words)];
  let state = seed;
  for (let at = 0; at < words; at++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    simd.words[at] = state;
    plain.words[at] = state;
  }
  return { simd, plain, places };
}

interface Places {
  readonly steps: number;
  readonly planes: number;
  readonly file: number;
}

const anyCase = fc.record({
  size: fc.constantFrom(2, 4, 6, 8, 30, 32, 34, 128),
  seed: fc.nat(),
  registers: fc.array(fc.nat({ max: REGISTERS - 1 }), { minLength: 4 * COUNT, maxLength: 4 * COUNT }),
});

test('the two makes of every kernel on register files compute the same words', () => {
  let checked = 0;
  fc.assert(
    fc.property(anyCase, ({ size, seed, registers }) => {
      const kernels: readonly ((file: RegisterFile, places: Places) => void)[] = [
        (file, { steps, file: at }) => file.xors(at, steps, COUNT, 2 * size),
        (file, { steps, file: at, planes }) => file.multiplyMasks(at, steps, COUNT, size, planes),
        (file, { steps, file: at, planes }) => file.multiplyShares(at, steps, COUNT, size, planes, true),
        (file, { steps, file: at, planes }) => file.multiplyShares(at, steps, COUNT, size, planes, false),
        (file, { steps, file: at, planes }) => file.place(at + size, steps, COUNT, 2 * size, size, planes),
      ];
      kernels.forEach((kernel, index) => {
        const { simd, plain, places } = twins(size, seed);
        const width = index === 0 ? 3 : 4;
        const numbers = Uint16Array.from({ length: width * COUNT }, (_, k) =>
          // The last of four numbers says what is negated.
          width === 4 && k % 4 === 3 ? registers[k]! % 4 : registers[k]!,
        );
        const before = plain.words.slice();
        for (const file of [simd, plain]) {
          new Uint16Array(file.words.buffer).set(numbers, 2 * places.steps);
          // Placing does not reach past the last register's own half.
          kernel(file, places);
        }
        assert.deepEqual(simd.words, plain.words);
        assert.notDeepEqual(plain.words, before);
        checked++;
      });
    }),
    { numRuns: 60 },
  );
  assert.equal(checked, 300);
});

test('a new file is zero, and files share nothing', () => {
  const [first, second] = [registerFile(100), registerFile(100)];
  assert.ok(first.words.every((word) => word === 0) && first.words.length === 100, 'all zero');
  first.words.fill(7);
  assert.ok(
    second.words.every((word) => word === 0),
    'the other is as it was',
  );
});
