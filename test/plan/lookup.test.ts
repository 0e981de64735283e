/**
 * Owns lookups in whole plans: what two servers find is what the table says, at the stated cost.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import { lookup } from '../../src/plan/compose/lookup.ts';
import { planCost } from '../../src/plan/cost.ts';
import { checkBothWays, rowsOf } from './vectors.ts';

const DAYS = [31n, 28n, 31n, 30n, 31n, 30n, 31n, 31n, 30n, 31n, 30n, 31n];

test('a table of any number of entries is looked up by a computed index, and what is found is computed with', async () => {
  const months = Array.from({ length: 300 }, (_, i) => BigInt(i % 12));
  await checkBothWays(
    [months],
    (builder, [month]) => {
      const next = builder.linear([[-1n, month!]], 11n);
      return builder.multiply(lookup(builder, next, DAYS), month!);
    },
    months.map((month) => DAYS[11 - Number(month)]! * month),
    months.length,
  );
});

test('a lookup takes no round of its own, and 8 bytes of tape for each of its sixteen entries', () => {
  const { builder, columns } = rowsOf([Array<bigint>(640).fill(1n)]);
  builder.output('z', lookup(builder, columns[0]!, DAYS));
  const { rounds, bytesOnline, bytesTape } = planCost(builder.build());
  assert.deepEqual([rounds, bytesOnline, bytesTape], [1, 8 * 640, 8 * 640 * 16]);
});

test('a table of one value needs no tape', () => {
  const { builder, columns } = rowsOf([Array<bigint>(64).fill(1n)]);
  builder.output('z', lookup(builder, columns[0]!, [7n, 7n, 7n]));
  assert.equal(planCost(builder.build()).bytesTape, 0);
});
