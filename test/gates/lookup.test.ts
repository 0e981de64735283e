import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { MpcError } from '../../src/base/errors.ts';
import type { Shape } from '../../src/gates/gate.ts';
import { lookupGate } from '../../src/gates/lookup.ts';
import { toBigInts } from '../../src/ring/ring.ts';
import { CHI_SQUARE_LIMIT, chiSquareOfBytes, runGate } from '../support/gate-harness.ts';
import { anyElement, anySeed, LENGTHS, ringInput } from '../support/table-gates.ts';

const domains = fc.constantFrom(2, 4, 8, 16, 64);

for (const length of LENGTHS) {
  test(`${length} entries of tables of any size are found, at 8 bytes of tape for each entry there is`, () => {
    const cases = domains.chain((domain) =>
      fc.record({
        table: fc.array(anyElement, { minLength: domain, maxLength: domain }),
        x: fc.array(fc.oneof(fc.bigInt(0n, BigInt(domain) - 1n), anyElement), {
          minLength: length,
          maxLength: length,
        }),
        seed: anySeed,
      }),
    );
    let checked = 0;
    fc.assert(
      fc.property(cases, ({ table, x, seed }) => {
        const operation = { op: 'lookup', table: table.map(String) } as const;
        const run = runGate(lookupGate, operation, [ringInput(x)], seed);
        const truth = x.map((value) => table[Number(BigInt.asUintN(64, value) % BigInt(table.length))]!);
        assert.deepEqual(toBigInts(run.output), truth);
        assert.deepEqual(toBigInts(run.expected), truth);
        assert.deepEqual([run.rounds, run.bytesOnline, run.bytesTape], [0, 0, 8 * length * table.length]);
        checked += truth.length;
      }),
      { numRuns: 25 },
    );
    assert.equal(checked, 25 * length);
  });
}

test('more elements than a block holds, and the largest table there may be', () => {
  for (const [length, domain] of [
    [20_000, 4],
    [700, 1024],
  ] as const) {
    const table = Array.from({ length: domain }, (_, i) => BigInt(i * i) - 5n);
    const x = Array.from({ length }, (_, i) => BigInt((i * 7919) % domain));
    const { output } = runGate(lookupGate, { op: 'lookup', table: table.map(String) }, [ringInput(x)], 4);
    assert.deepEqual(
      toBigInts(output),
      x.map((value) => table[Number(value)]!),
    );
  }
});

for (const entry of [0, 3]) {
  test(`the corrections and each server's share are uniform, though every element is ${entry}`, () => {
    const x = Array<bigint>(2000).fill(BigInt(entry));
    const operation = { op: 'lookup', table: ['0', '1', '2', '3'] } as const;
    const { corrections } = runGate(lookupGate, operation, [ringInput(x)], 6);
    const chiSquare = chiSquareOfBytes(corrections);
    assert.ok(chiSquare < CHI_SQUARE_LIMIT, `chi-square ${chiSquare}`);
  });
}

test('refuses tables that are no power of two, entries that are no 64-bit integers, and anything but one ring wire', () => {
  const wire: Shape = { kind: 'ring', form: 'wire', length: 5 };
  const refused = (table: readonly string[], inputs: readonly Shape[]) =>
    assert.throws(
      () => lookupGate.infer({ op: 'lookup', table }, inputs),
      (error) => error instanceof MpcError && error.code === 'plan.bad-shape',
    );
  const two = ['1', '2'];
  refused([], [wire]);
  refused(['1'], [wire]);
  refused(['1', '2', '3'], [wire]);
  refused(Array<string>(2048).fill('1'), [wire]);
  refused(['1', '9223372036854775808'], [wire]);
  refused(['1', '01'], [wire]);
  refused(two, []);
  refused(two, [wire, wire]);
  refused(two, [{ ...wire, form: 'share' }]);
  refused(two, [{ ...wire, kind: 'bits' }]);
  refused(two, [{ ...wire, length: 0 }]);
});
