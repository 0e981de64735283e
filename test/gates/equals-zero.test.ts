import assert from 'node:assert/strict';
import test from 'node:test';
import { equalsZeroGate } from '../../src/gates/equals-zero.ts';
import { toBools } from '../../src/ring/bits.ts';
import { comparisonTests } from '../support/comparison-tests.ts';
import { runGate } from '../support/gate-harness.ts';
import { ringInput } from '../support/table-gates.ts';

const operation = { op: 'equalsZero' } as const;
const meaning = (value: bigint): boolean => value === 0n;

comparisonTests({ gate: equalsZeroGate, operation, meaning, planes: [16, 4], tapeBits: 311 });

test('finds a zero among values that differ from it in one bit only', () => {
  const values = [0n, ...Array.from({ length: 64 }, (_, bit) => BigInt.asIntN(64, 1n << BigInt(bit))), 0n];
  for (let seed = 0; seed < 20; seed++) {
    assert.deepEqual(
      toBools(runGate(equalsZeroGate, operation, [ringInput(values)], seed).output, values.length),
      values.map(meaning),
    );
  }
});
