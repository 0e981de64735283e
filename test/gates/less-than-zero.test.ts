import assert from 'node:assert/strict';
import test from 'node:test';
import { lessThanZeroGate } from '../../src/gates/less-than-zero.ts';
import { comparisonTests } from '../support/comparison-tests.ts';

const operation = { op: 'lessThanZero' } as const;
const meaning = (value: bigint): boolean => value < 0n;

comparisonTests({ gate: lessThanZeroGate, operation, meaning, planes: [31, 7], tapeBits: 352 });

test('costs 44 bytes of tape and 38 bits online an element, at multiples of 64', () => {
  const shapes = [{ kind: 'ring', form: 'wire', length: 6400 }] as const;
  assert.deepEqual(lessThanZeroGate.cost(operation, shapes), {
    rounds: 2,
    bytesOnline: (38 * 6400) / 8,
    bytesTape: 44 * 6400,
  });
});
