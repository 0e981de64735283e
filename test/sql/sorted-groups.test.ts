/**
 * Owns what GROUP BY means where groups cannot be numbered beforehand, against SQLite on random rows: keys of any range, several of
 * them, expressions, NULLs, every aggregate; in the clear and on two servers. And that the answer holds nothing of groups that are not
 * shown, not even their places.
 */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import fc from 'fast-check';
import { planCost } from '../../src/plan/cost.ts';
import { compileQuery } from '../../src/sql/compile.ts';
import { formatDate } from '../../src/sql/literals.ts';
import { dealOut, Oracle, type Row, runClear, sortsOf } from './support.ts';

const TABLE = `CREATE TABLE t (
  z INTEGER,
  id BIGINT,
  day DATE NOT NULL,
  price DECIMAL(6, 2) CHECK (price BETWEEN -1000 AND 1000),
  x INTEGER CHECK (x BETWEEN -20 AND 20),
  n INTEGER NOT NULL CHECK (n BETWEEN 0 AND 5000),
  f BOOLEAN,
  e TEXT CHECK (e IN ('p', 'q')));`;

const orNull = (value: fc.Arbitrary<bigint>) => fc.option<bigint, null>(value, { freq: 4, nil: null });
const row: fc.Arbitrary<Row> = fc.tuple(
  orNull(fc.constantFrom(-(2n ** 31n), -7n, 0n, 7n, 2n ** 31n - 1n)),
  orNull(fc.constantFrom(-(2n ** 63n), -1n, 2n ** 40n, 2n ** 63n - 1n)),
  fc.bigInt(-2n, 1n),
  orNull(fc.constantFrom(-100_000n, -25n, 0n, 75n, 100_000n)),
  orNull(fc.bigInt(-20n, 20n)),
  fc.constantFrom(0n, 1n, 4999n, 5000n),
  orNull(fc.bigInt(0n, 1n)),
  orNull(fc.bigInt(0n, 1n)),
);

const QUERIES: readonly string[] = [
  'SELECT z, COUNT(*), COUNT(x), SUM(x), SUM(n) FROM t GROUP BY z',
  'SELECT COUNT(*), MIN(x), MAX(x), MIN(n), MAX(n) FROM t GROUP BY id',
  'SELECT id IS NULL, COUNT(*), SUM(price), n FROM t GROUP BY n, id',
  'SELECT day, e, f, MAX(day), MIN(price) FILTER (WHERE f), MAX(price) FILTER (WHERE NOT f), COUNT(DISTINCT x) FROM t WHERE x > -15 GROUP BY f, z, e, day',
  'SELECT n / 3 AS third, x % 4 AS rest, COUNT(DISTINCT price), COUNT(DISTINCT e) FILTER (WHERE f), COUNT(DISTINCT n) FROM t GROUP BY third, rest',
  'SELECT z + x, COUNT(*) * 10 + MAX(n), z + x > 3 FROM t GROUP BY z + x HAVING COUNT(*) > 1 AND SUM(n) > 10',
  "SELECT price, CASE WHEN z > 0 THEN 'up' WHEN z = 0 THEN 'flat' END AS way, COUNT(*), SUM(x) FILTER (WHERE e = 'p') FROM t GROUP BY 1, way",
  'SELECT DISTINCT z, id IS NULL, price FROM t WHERE f',
  'SELECT t.z AS z, COUNT(*) AS c FROM t GROUP BY z, price ORDER BY c DESC, z NULLS FIRST LIMIT 4',
  'SELECT n, z, SUM(x) AS s FROM t GROUP BY z, n ORDER BY s DESC NULLS LAST, n, z NULLS FIRST LIMIT 5',
  'SELECT n, -price, MAX(x) FROM t WHERE n > 6000 GROUP BY n, -price',
];

const oracle = new Oracle();
after(() => oracle.close());

async function fill(rows: readonly Row[]): Promise<void> {
  const number = (cell: bigint | null | undefined) => (cell === null ? null : Number(cell));
  await oracle.run('DROP TABLE IF EXISTS t');
  await oracle.run('CREATE TABLE t (z INT, id INT, day TEXT, price REAL, x INT, n INT, f INT, e TEXT)');
  await oracle.insert(
    't',
    rows.map(([z, id, day, price, x, n, f, e]) => [
      number(z),
      id === null ? null : String(id),
      formatDate(Number(day)),
      price === null ? null : Number(price) / 100,
      number(x),
      number(n),
      number(f),
      e === null ? null : 'pq'[Number(e)],
    ]),
  );
}

const plain = (rows: readonly (readonly unknown[])[]) =>
  rows.map((cells) =>
    cells.map((cell) => (typeof cell === 'boolean' ? Number(cell) : cell === 0 ? 0 : cell)),
  );
const inAnyOrder = (rows: readonly (readonly unknown[])[]) =>
  rows.map((cells) => JSON.stringify(cells)).sort();

const compiled = (select: string, maxRows = 1000, minGroupSize = 1) =>
  compileQuery(TABLE + select, { inputs: [{ party: 'p', table: 't', maxRows }], minGroupSize });

test('answers equal those of SQLite', async () => {
  let cells = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(row, { maxLength: 40, size: 'max' }), async (rows) => {
      await fill(rows);
      for (const query of QUERIES) {
        const { table } = await runClear(TABLE + query, dealOut(rows, 2));
        const expected = plain((await oracle.rows(query)).map((found) => Object.values(found)));
        if (query.includes('LIMIT')) assert.deepEqual(plain(table.rows), expected, query);
        else assert.deepEqual(inAnyOrder(plain(table.rows)), inAnyOrder(expected), query);
        cells += expected.flat().length;
      }
    }),
    { numRuns: 15 },
  );
  assert.ok(cells > 1000, `${cells} cells were compared`);
});

test('keys of 64 bits are exact, and NULL is none of them', async () => {
  const rows = fc.sample(row, { numRuns: 40, seed: 7 });
  await fill(rows);
  const { table } = await runClear(`${TABLE}SELECT id, COUNT(*) FROM t GROUP BY id`, dealOut(rows, 2));
  const expected = await oracle.rows(
    'SELECT CAST(id AS TEXT) AS id, COUNT(*) AS n FROM t GROUP BY t.id ORDER BY t.id NULLS LAST',
  );
  assert.equal(expected.length, 5);
  assert.deepEqual(
    table.rows.map(([id, n]) => [id === null ? null : String(id), n]),
    expected.map(({ id, n }) => [id, n]),
  );
});

test('two servers find the same', async () => {
  const rows = fc.sample(row, { numRuns: 40, seed: 5 });
  let sorted = 0;
  for (const query of QUERIES) {
    const run = await runClear(TABLE + query, dealOut(rows, 2), { twoServers: true });
    if (run.query.result.found) sorted += 1;
  }
  assert.equal(sorted, QUERIES.length);
});

test('percentiles, averages and statistics of each group', async () => {
  const rows = fc.sample(row, { numRuns: 70, seed: 9 });
  const select =
    'SELECT z, n, MEDIAN(x), PERCENTILE_CONT(0.3) WITHIN GROUP (ORDER BY x) FILTER (WHERE f), AVG(x), ROUND(VAR_POP(n), 2), ROUND(COVAR_POP(x, n), 1) FROM t GROUP BY z, n';
  const { table } = await runClear(TABLE + select, dealOut(rows, 3), { twoServers: true });
  const groups = new Map<string, Row[]>();
  for (const one of rows) {
    const key = JSON.stringify([one[0], one[5]].map((cell) => (cell === null ? null : Number(cell))));
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  assert.equal(table.rows.length, groups.size);
  for (const [z, n, median, third, average, variance, covariance] of table.rows) {
    const own = groups.get(JSON.stringify([z, n]));
    assert.ok(own, 'the group is one of the rows');
    const xs = own.flatMap(([, , , , x]) => (x === null ? [] : [Number(x)])).sort((a, b) => a - b);
    const some = own.flatMap(([, , , , x, , f]) => (x === null || f !== 1n ? [] : [Number(x)]));
    const at = (values: readonly number[], fraction: number) => {
      const place = fraction * (values.length - 1);
      const [low, high] = [values[Math.floor(place)], values[Math.ceil(place)]];
      return low === undefined || high === undefined
        ? null
        : low + (place - Math.floor(place)) * (high - low);
    };
    const near = (cell: unknown, expected: number | null, digit: number) =>
      expected === null ? cell === null : Math.abs(Number(cell) - expected) <= digit;
    const mean = xs.length === 0 ? null : xs.reduce((sum, x) => sum + x, 0) / xs.length;
    assert.equal(median, at(xs, 0.5), `median of ${z}, ${n}`);
    assert.ok(
      near(
        third,
        at(
          some.sort((a, b) => a - b),
          0.3,
        ),
        1e-9,
      ),
      `percentile of ${z}, ${n}: ${third}`,
    );
    assert.ok(near(average, mean, 0.00005), `average of ${z}, ${n}: ${average}`);
    assert.equal(variance, 0, 'n is the same in its group');
    assert.equal(covariance, mean === null ? null : 0);
  }
});

describe('what the answer holds', () => {
  const rows: Row[] = [5n, 5n, 1n, 9n, 9n, 9n, 3n, null, null].map((z) => [z, 0n, 0n, 0n, 1n, 2n, 1n, 0n]);

  test('groups stand in the order of their keys, NULL last, and no gap tells of a smaller one', async () => {
    const select = 'SELECT z, COUNT(*), MEDIAN(x) FROM t GROUP BY z';
    const { table, outputs, query } = await runClear(TABLE + select, { acme: rows }, { minGroupSize: 2 });
    assert.deepEqual(table.rows, [
      [5, 2, 1],
      [9, 3, 1],
      [null, 2, 1],
    ]);
    assert.equal(query.result.rows, 6, 'of 12 rows at most, no more groups of two');
    const zeros = outputs.flatMap<bigint | boolean>(({ values }) => values.slice(3));
    assert.equal(zeros.length, 3 * outputs.length);
    assert.ok(
      zeros.every((value) => value === 0n || value === false),
      'nothing behind the groups',
    );
  });

  test('nor where HAVING hides what lies between', async () => {
    const select =
      'SELECT z, SUM(x) AS s FROM t GROUP BY z HAVING SUM(x) <> 2 AND COUNT(*) < 9 ORDER BY z DESC';
    const { table, outputs } = await runClear(TABLE + select, { acme: rows });
    assert.deepEqual(table.rows, [
      [9, 3],
      [3, 1],
      [1, 1],
    ]);
    assert.deepEqual(outputs[0]?.name, 'shown');
    assert.deepEqual(outputs[0].values.slice(0, 4), [1n, 1n, 1n, 0n]);
    const behind = outputs.flatMap<bigint | boolean>(({ values }) => values.slice(3));
    assert.ok(
      behind.every((value) => value === 0n || value === false),
      'nothing behind the groups',
    );
  });

  test('there are no more candidates than rows, combinations, or rows in groups of the least size', async () => {
    const candidates = async (select: string, minGroupSize = 1) =>
      (await compiled(select, 100, minGroupSize)).result.rows;
    assert.equal(await candidates('SELECT z, COUNT(*) FROM t GROUP BY z'), 100);
    assert.equal(await candidates('SELECT z, COUNT(*) FROM t GROUP BY z', 30), 3);
    assert.equal(await candidates('SELECT z, COUNT(*) FROM t GROUP BY z HAVING COUNT(*) > 9'), 10);
    assert.equal(await candidates('SELECT z, COUNT(*) FROM t GROUP BY z HAVING COUNT(*) > 900'), 1);
    assert.equal((await compiled('SELECT n, COUNT(*) FROM t GROUP BY n', 100_000)).result.rows, 5001);
  });
});

describe('what it costs', () => {
  test('groups are numbered where that is cheap, and sorted where it is several times dearer', async () => {
    const domain = async (values: number, maxRows: number) => {
      const text = `CREATE TABLE t (a INTEGER NOT NULL CHECK (a BETWEEN 1 AND ${values})); SELECT a, COUNT(*) FROM t GROUP BY a`;
      const { plan, disclosure } = await compileQuery(text, {
        inputs: [{ party: 'p', table: 't', maxRows }],
        minGroupSize: 1,
      });
      const sorts = sortsOf(plan) > 0;
      assert.equal(
        disclosure.some((sentence) => sentence.startsWith('This query sorts')),
        sorts,
      );
      return sorts;
    };
    assert.deepEqual(
      [
        await domain(64, 100_000),
        await domain(1000, 100),
        await domain(1000, 100_000),
        await domain(1023, 10),
        await domain(1024, 10),
      ],
      [false, false, true, false, true],
    );
  });

  test('rounds grow slower than rows, and bytes only as rows do', async () => {
    const select = 'SELECT z, COUNT(*), SUM(n), MAX(n) FROM t GROUP BY z';
    const [few, many] = [await compiled(select, 1024), await compiled(select, 8192)];
    const [one, other] = [planCost(few.plan), planCost(many.plan)];
    assert.ok(other.rounds < 2 * one.rounds, `${one.rounds}, ${other.rounds}`);
    assert.ok(other.bytesOnline < 8.2 * one.bytesOnline, `${one.bytesOnline}, ${other.bytesOnline}`);
    assert.ok(one.bytesOnline < 2560 * 1024, `${one.bytesOnline / 1024} bytes a row`);
  });

  test('all totals share one sort, and so do the smallest, the largest and the median of one column', async () => {
    const sorts = async (select: string) => sortsOf((await compiled(select)).plan);
    assert.equal(
      await sorts('SELECT z, COUNT(*), SUM(n), AVG(x), STDDEV(n), CORR(x, n) FROM t GROUP BY z'),
      2,
    );
    assert.equal(
      await sorts('SELECT z, COUNT(*), SUM(x), MIN(n), MAX(n), COUNT(DISTINCT n) FROM t GROUP BY z'),
      2,
    );
    assert.equal(
      await sorts('SELECT z, MIN(n), MEDIAN(n) FROM t GROUP BY z'),
      4,
      'a median is read by two more',
    );
    assert.equal(await sorts('SELECT z, MIN(n), MIN(x) FROM t GROUP BY z'), 3);
  });

  test('different values of a column of few numbers are counted without sorting', async () => {
    const sorts = async (select: string) => sortsOf((await compiled(select)).plan);
    assert.equal(await sorts('SELECT COUNT(DISTINCT x) FROM t'), 0);
    assert.equal(await sorts('SELECT e, COUNT(DISTINCT x) FROM t GROUP BY e'), 0);
    assert.equal(await sorts('SELECT COUNT(DISTINCT n) FROM t'), 1);
  });
});

test('a name in GROUP BY is a column if there is one, else an alias', async () => {
  const rows: Row[] = [1n, 1n, 2n, 2n].map((z, at) => [z, 0n, 0n, 0n, BigInt(at), 2n, 1n, 0n]);
  const of = async (select: string) => (await runClear(TABLE + select, { acme: rows })).table.rows;
  assert.deepEqual(await of('SELECT z / 2 AS half, COUNT(*) FROM t GROUP BY half'), [
    [0, 2],
    [1, 2],
  ]);
  assert.deepEqual(await of('SELECT z + 0 AS sum, COUNT(*) FROM t GROUP BY x % 2, z'), [
    [1, 1],
    [2, 1],
    [1, 1],
    [2, 1],
  ]);
  await assert.rejects(of('SELECT x / 2 AS z, COUNT(*) FROM t GROUP BY z'), { code: 'sql.not-grouped' });
  assert.deepEqual(await of('SELECT t.z % 2 AS odd, COUNT(*) FROM t GROUP BY z % 2'), [
    [0, 2],
    [1, 2],
  ]);
});
