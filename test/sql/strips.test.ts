/**
 * Statements over tables of several strips and bands give what they give whole.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import { stripsOf } from '../../src/plan/strips.ts';
import { runPlan } from '../engine/two-servers.ts';
import { dealOut, layOut, type Row, runClear } from './support.ts';

const TABLE = `CREATE TABLE pay (team TEXT NOT NULL CHECK (team IN ('red', 'green', 'blue')),
  wage INTEGER NOT NULL CHECK (wage BETWEEN 0 AND 5000),
  bonus INTEGER CHECK (bonus BETWEEN -100 AND 100));`;

const STATEMENTS = [
  'SELECT team, COUNT(*), AVG(wage), SUM(bonus) FROM pay WHERE wage > 500 GROUP BY team',
  'SELECT team, MIN(wage), MAX(bonus) FROM pay GROUP BY team HAVING COUNT(*) >= 20',
  'SELECT VARIANCE(wage), CORR(wage, bonus), MAX(bonus) FROM pay WHERE bonus IS NOT NULL OR wage < 100',
  "SELECT COUNT(DISTINCT wage), MEDIAN(wage) FROM pay WHERE team <> 'red'",
  'SELECT team, MEDIAN(bonus) FROM pay GROUP BY team',
  'SELECT SUM(CASE WHEN bonus * 3 < wage THEN wage / 7 ELSE ABS(bonus) END) FROM pay',
];

const ROWS: readonly Row[] = Array.from({ length: 420 }, (_, row) => [
  BigInt(row % 3),
  BigInt((row * 7919) % 5001),
  row % 4 === 0 ? null : BigInt(((row * 31) % 201) - 100),
]);

for (const statement of STATEMENTS) {
  test(statement, async () => {
    const parties = dealOut(ROWS, 3);
    const { query, outputs } = await runClear(`${TABLE} ${statement}`, parties);
    const sizes = { stripRows: 64, bandRows: 128 };
    const { results } = await runPlan(query.plan, layOut(query.plan, query.tables[0]!, parties), 1, sizes);
    assert.deepEqual(results, outputs);
    assert.ok(stripsOf(query.plan, sizes).groups.length > 0, 'it came in strips');
  });
}
