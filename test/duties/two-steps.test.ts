/**
 * Owns the comparison with SQLite of many queries over the results of others: the servers' halves of a result become rows of a
 * table, whatever kind of result it is, and two servers compute on them.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import { storedRows } from '../../src/duties/stored-result.ts';
import type { ServerOutput } from '../../src/engine/outputs.ts';
import type { PlanResult } from '../../src/engine/result.ts';
import { resultSlice } from '../../src/plan/plan.ts';
import { xor } from '../../src/ring/bits.ts';
import { sub } from '../../src/ring/ring.ts';
import { type Words, wordsOf } from '../../src/ring/words.ts';
import { compileQuery } from '../../src/sql/compile.ts';
import { tableOf } from '../../src/sql/result.ts';
import type { ResultTable } from '../../src/sql/specification.ts';
import { runPlan } from '../engine/two-servers.ts';
import { dealOut, Oracle, type Row, runClear } from '../sql/support.ts';
import { splitmix } from '../support/splitmix.ts';

const TABLE = `CREATE TABLE t (k TEXT CHECK (k IN ('x', 'y', 'z')), b BOOLEAN, n INTEGER CHECK (n BETWEEN -50 AND 50),
                               w INTEGER NOT NULL CHECK (w BETWEEN 0 AND 100000));`;
const KEYS = ['x', 'y', 'z'];
const FIRST: readonly (readonly [string, readonly string[]])[] = [
  ['SELECT k, COUNT(*) AS c, SUM(n) AS s, MAX(n) AS hi FROM t GROUP BY k', ['k']],
  [
    'SELECT k, b, COUNT(*) AS c, SUM(n) AS s, COUNT(n) AS hi FROM t GROUP BY k, b HAVING COUNT(*) >= 2',
    ['k', 'b'],
  ],
  ['SELECT w, COUNT(*) AS c, SUM(n) AS s, MIN(n) AS hi FROM t WHERE n < 40 GROUP BY w', ['w']],
  [
    'SELECT w, b, k, COUNT(*) AS c, SUM(n) AS s, MAX(w) AS hi FROM t GROUP BY w, b, k HAVING SUM(n) > -60',
    ['w', 'b', 'k'],
  ],
  [
    'SELECT w, k, COUNT(*) AS c, SUM(n) AS s, 7 AS hi FROM t GROUP BY w, k ORDER BY w, k NULLS FIRST LIMIT 3',
    ['w', 'k'],
  ],
  ['SELECT b, COUNT(*) AS c, SUM(n) AS s, NULL AS hi FROM t GROUP BY b', ['b']],
  ["SELECT COUNT(*) AS c, SUM(n) AS s, MAX(n) AS hi, 'y' AS k FROM t WHERE b", ['k']],
];
/** Over table g; `needs` is a column that the first statement has to have. */
const SECOND: readonly (readonly [string, string?])[] = [
  ['SELECT COUNT(*), SUM(c), MIN(s), MAX(s), COUNT(s) FROM g'],
  ['SELECT COUNT(*), SUM(c) FROM g WHERE s > 0'],
  ['SELECT COUNT(*) FROM g WHERE s IS NULL OR c = 2'],
  ['SELECT c, COUNT(*), SUM(s) FROM g GROUP BY c'],
  ['SELECT COUNT(*), SUM(p.c + q.s) FROM g p JOIN g q ON p.c = q.c'],
  ['SELECT k, COUNT(*), SUM(s) FROM g GROUP BY k', 'k'],
  ["SELECT COUNT(*), MAX(c) FROM g WHERE k = 'y' OR k IS NULL", 'k'],
  ['SELECT b, COUNT(*), SUM(c) FROM g GROUP BY b', 'b'],
  ['SELECT COUNT(*), SUM(c) FROM g WHERE NOT b', 'b'],
  ['SELECT SUM(w), COUNT(*) FROM g WHERE w > 20000', 'w'],
  ['SELECT COUNT(*), SUM(p.w) FROM g p JOIN g q ON p.w = q.w WHERE q.c > 1', 'w'],
];

/** A result as two servers hold it. */
function halves(
  outputs: readonly PlanResult[],
  words: () => number,
): { a: ServerOutput[]; b: ServerOutput[] } {
  const split = outputs.map(({ name, kind, values }) => {
    const clear = new Uint32Array(wordsOf(kind, values.length));
    values.forEach((value: bigint | boolean, at: number) => {
      if (typeof value === 'boolean') {
        if (value) clear[at >>> 5]! |= 1 << (at & 31);
      } else {
        clear[2 * at] = Number(BigInt.asUintN(32, value));
        clear[2 * at + 1] = Number(BigInt.asUintN(32, value >> 32n));
      }
    });
    const fresh = (): Words => Uint32Array.from({ length: clear.length }, words);
    const takeOff = kind === 'ring' ? sub : xor;
    const [masked, a] = [fresh(), fresh()];
    const b = takeOff(new Uint32Array(clear.length), masked, a);
    takeOff(b, b, clear);
    const common = { name, kind, length: values.length, masked };
    return { a: { ...common, maskShare: a }, b: { ...common, maskShare: b } };
  });
  return { a: split.map(({ a }) => a), b: split.map(({ b }) => b) };
}

const plainRows = ({ rows }: ResultTable): string[] =>
  rows
    .map((row) => JSON.stringify(row.map((cell) => (typeof cell === 'boolean' ? Number(cell) : cell))))
    .sort();

/** What two servers find for the second statement over what the first one gives. */
async function inTwoSteps(
  first: string,
  second: string,
  rows: readonly Row[],
  words: () => number,
): Promise<string[]> {
  const made = await runClear(`${TABLE} ${first}`, dealOut(rows, 2));
  const specification = made.query.result;
  const result = `${'0'.repeat(20)}.1`;
  const stored = [{ table: 'g', result, parties: ['party-0', 'party-1'], specification }];
  const { plan, result: answer } = await compileQuery(second, { inputs: [], minGroupSize: 1, stored });
  const { a, b } = halves(made.outputs, words);
  const slice = resultSlice(result);
  const shares = [
    storedRows(plan, slice, { server: 'a', specification, outputs: a }),
    storedRows(plan, slice, { server: 'b', specification, outputs: b }),
  ] as const;
  const run = await runPlan(plan, new Map(), 1, undefined, { results: new Map([[slice, shares]]) });
  return plainRows(tableOf(answer, run.results));
}

async function inSqlite(first: string, second: string, rows: readonly Row[]): Promise<string[]> {
  const oracle = new Oracle();
  try {
    await oracle.run('CREATE TABLE t (k, b, n, w)');
    const values = rows.map(([k, b, n, w]) => [
      k == null ? null : KEYS[Number(k)],
      ...[b, n, w].map((value) => (value == null ? null : Number(value))),
    ]);
    await oracle.insert('t', values);
    await oracle.run(`CREATE TABLE g AS ${first}`);
    return (await oracle.rows(second)).map((row) => JSON.stringify(Object.values(row))).sort();
  } finally {
    await oracle.close();
  }
}

for (const [at, [first, columns]] of FIRST.entries())
  test(`what SQLite finds in two steps over: ${first}`, async () => {
    let compared = 0;
    for (const [number, [second, needs]] of SECOND.entries()) {
      if (needs !== undefined && !columns.includes(needs)) continue;
      const seed = 1000 * at + number;
      const next = splitmix(seed);
      const pick = (below: number): bigint => next() % BigInt(below);
      const orNull = (value: bigint): bigint | null => (pick(5) === 0n ? null : value);
      const rows = Array.from({ length: number === 0 ? 0 : 4 + Number(pick(18)) }, (): Row => {
        const wide = [5n, 70_000n, 30_000n, 100_000n][Number(pick(4))]!;
        return [orNull(pick(3)), orNull(pick(2)), orNull(pick(101) - 50n), wide];
      });
      const found = await inTwoSteps(first, second, rows, () => Number(next() & 0xffffffffn));
      assert.deepEqual(found, await inSqlite(first, second, rows), `${second} (seed ${seed})`);
      compared++;
    }
    assert.ok(compared >= 5);
  });
