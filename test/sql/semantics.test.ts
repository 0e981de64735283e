/**
 * Owns what single features mean, against answers written out by hand as PostgreSQL gives them: division and rounding,
 * NULL results, groups of NULLs, hidden groups, dates, texts, ORDER BY.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planDigest } from '../../src/plan/check.ts';
import { planCost } from '../../src/plan/cost.ts';
import { compileQuery } from '../../src/sql/compile.ts';
import { parseDate } from '../../src/sql/literals.ts';
import { type Row, type RunOptions, runClear } from './support.ts';

const NUMBERS = `CREATE TABLE t (a INTEGER CHECK (a BETWEEN -1000 AND 1000), d DECIMAL(8, 2) CHECK (d BETWEEN -1000 AND 1000));`;

/** The cells of the one row a query gives over (a, d); d in hundredths. */
async function answer(select: string, rows: readonly (readonly [number | null, number | null])[]) {
  const coded = rows.map((row): Row => row.map((cell) => (cell === null ? null : BigInt(cell))));
  const { table } = await runClear(`${NUMBERS}SELECT ${select} FROM t`, { acme: coded });
  assert.equal(table.rows.length, 1);
  return table.rows[0]!;
}

test('integers divide towards zero, decimals round half away from zero', async () => {
  const one = (a: number, d: number, select: string) => answer(select, [[a, d]]);
  assert.deepEqual(
    await one(7, 0, 'SUM(a) / 2, SUM(a) / -2, -SUM(a) / 2, SUM(a) / 8, SUM(a) / 7'),
    [3, -3, -3, 0, 1],
  );
  assert.deepEqual(
    await one(-7, 0, 'SUM(a) / 2, SUM(a / 2), SUM(a) / SUM(a), SUM(a * 10 / a)'),
    [-3, -3, 1, 10],
  );
  assert.deepEqual(
    await one(1, 0, 'SUM(a) / 3.0, SUM(a) * 2 / 3.0, ROUND(SUM(a) / 3.0, 2), ROUND(SUM(a) * 2 / 3.0, 1)'),
    [0.333333, 0.666667, 0.33, 0.7],
  );
  assert.deepEqual(
    await one(0, 125, 'ROUND(SUM(d), 1), ROUND(-SUM(d), 1), ROUND(SUM(d)), ROUND(SUM(d), 4)'),
    [1.3, -1.3, 1, 1.25],
  );
  assert.deepEqual(
    await one(0, 150, 'ROUND(SUM(d)), ROUND(-SUM(d)), SUM(d)::INTEGER, CAST(SUM(d) AS DECIMAL(6, 1))'),
    [2, -2, 2, 1.5],
  );
  assert.deepEqual(
    await one(0, 149, 'ROUND(SUM(d)), SUM(d)::BIGINT, ABS(-SUM(d)), SUM(d) * SUM(d)'),
    [1, 1, 1.49, 2.2201],
  );
  assert.deepEqual(await one(5, 0, 'SUM(a)::NUMERIC / 2, SUM(a) * 1.0 / 4'), [2.5, 1.25]);
});

test('averages have four more decimals than their column, or as many as are asked for', async () => {
  const thirds = [
    [1, 100],
    [1, 0],
    [0, 0],
  ] as const;
  assert.deepEqual(
    await answer('AVG(a), AVG(d), ROUND(AVG(a), 2), AVG(d)::DECIMAL(9, 1), ROUND(AVG(-a), 1)', thirds),
    [0.6667, 0.333333, 0.67, 0.3, -0.7],
  );
  assert.deepEqual(
    await answer('ROUND(AVG(a), 0), ROUND(AVG(a) * 100, 1), AVG(a) - AVG(d)', thirds),
    [1, 66.7, 0.333367],
  );
  // Rounded once: 0.4445 would become 0.45 by way of three decimals.
  const rows = Array.from({ length: 2000 }, (_, at): [number, number] => [at < 889 ? 1 : 0, 0]);
  assert.deepEqual(await answer('ROUND(AVG(a), 2), AVG(a)', rows), [0.44, 0.4445]);
});

test('division by zero gives NULL, and so do aggregates of nothing', async () => {
  assert.deepEqual(
    await answer('SUM(a) / (COUNT(*) - 1), 3 / 0, SUM(a) / 0.0, SUM(a / a), SUM(a) / NULLIF(COUNT(*), 1)', [
      [0, 0],
    ]),
    [null, null, null, null, null],
  );
  assert.deepEqual(
    await answer('SUM(COALESCE(a, a / 0)), MIN(COALESCE(a / 0, d)), SUM(COALESCE(a, 0))', [[3, 125]]),
    [3, 1.25, 3],
  );
  assert.deepEqual(
    await answer('COUNT(*), COUNT(a), SUM(a), AVG(a), MIN(a), MAX(d), COALESCE(SUM(a), 5)', []),
    [0, 0, null, null, null, null, 5],
  );
  assert.deepEqual(
    await answer('COUNT(*), COUNT(a), SUM(a), MIN(a), SUM(d), MAX(d)', [
      [null, 5],
      [null, 7],
    ]),
    [2, 0, null, null, 0.12, 0.07],
  );
  assert.deepEqual(await answer('COUNT(NULL), SUM(NULL), MAX(NULL), NULL, SUM(a) + NULL', [[1, 1]]), [
    0,
    null,
    null,
    null,
    null,
  ]);
});

test('a term that is NULL takes its row out of a sum, whatever the other terms are', async () => {
  const rows = [
    [2, 100],
    [3, null],
    [null, 500],
    [4, 200],
  ] as const;
  assert.deepEqual(
    await answer('SUM(a * (d + 1)), SUM((d + 1) * a), SUM(a + d), SUM(a + 1), COUNT(a * d)', rows),
    [16, 16, 9, 12, 2],
  );
});

test('nullable whole numbers with few values make groups', async () => {
  const table =
    'CREATE TABLE t (k INTEGER CHECK (k BETWEEN -2 AND 3), j DECIMAL(3, 1) CHECK (j BETWEEN 0.5 AND 0.7), v INTEGER NOT NULL CHECK (v BETWEEN 0 AND 9));';
  const rows: Row[] = [
    [-2n, 5n, 1n],
    [3n, null, 2n],
    [null, 7n, 3n],
    [-2n, null, 4n],
    [0n, 5n, 5n],
  ];
  const group = async (by: string) =>
    (await runClear(`${table}SELECT ${by}, SUM(v) FROM t GROUP BY ${by}`, { acme: rows })).table.rows;
  assert.deepEqual(await group('k'), [
    [-2, 5],
    [0, 5],
    [3, 2],
    [null, 3],
  ]);
  assert.deepEqual(await group('j'), [
    [0.5, 6],
    [0.7, 3],
    [null, 6],
  ]);
  assert.deepEqual(await group('j, k'), [
    [0.5, -2, 1],
    [0.5, 0, 5],
    [0.7, null, 3],
    [null, -2, 4],
    [null, 3, 2],
  ]);
});

test('constants are told without being computed', async () => {
  const { query, table } = await runClear(
    `${NUMBERS}SELECT 1 AS one, 'x' AS text, TRUE AS yes, DATE '2020-01-02' AS day, 1.50 AS half, COUNT(*) FROM t`,
    { acme: [[1n, 1n]] },
  );
  assert.deepEqual(table.rows, [[1, 'x', true, '2020-01-02', 1.5, 1]]);
  assert.deepEqual(
    query.plan.outputs.map(({ name }) => name),
    ['value-6'],
  );
  assert.deepEqual(
    table.columns.map(({ name, type }) => [name, type]),
    [
      ['one', 'integer'],
      ['text', 'text'],
      ['yes', 'boolean'],
      ['day', 'date'],
      ['half', 'decimal'],
      ['count', 'integer'],
    ],
  );
});

const STAFF = `CREATE TABLE staff (
  team TEXT CHECK (team IN ('red', 'green')), lead BOOLEAN, level INTEGER NOT NULL CHECK (level BETWEEN 2 AND 4),
  pay INTEGER NOT NULL CHECK (pay BETWEEN 0 AND 100), since DATE CHECK (since BETWEEN '2000-01-01' AND '2030-12-31'));`;

const day = (text: string): bigint => BigInt(parseDate(text)!);
const PEOPLE: readonly Row[] = [
  [0n, 1n, 2n, 10n, day('2010-05-05')],
  [0n, 1n, 2n, 20n, day('2001-01-31')],
  [0n, 0n, 3n, 30n, null],
  [1n, null, 4n, 40n, day('2024-02-29')],
  [null, 0n, 4n, 50n, null],
  [null, 0n, 2n, 60n, day('2010-05-05')],
];

const staff = async (select: string, options?: RunOptions) =>
  (
    await runClear(
      `${STAFF}SELECT ${select}`,
      { acme: PEOPLE.slice(0, 2), beta: PEOPLE.slice(2, 5), gamma: PEOPLE.slice(5) },
      options,
    )
  ).table.rows;

test('groups come in declared order, NULL last, and NULLs are one group', async () => {
  assert.deepEqual(await staff('team, COUNT(*), SUM(pay) FROM staff GROUP BY team'), [
    ['red', 3, 60],
    ['green', 1, 40],
    [null, 2, 110],
  ]);
  assert.deepEqual(await staff('lead, team, COUNT(*) FROM staff GROUP BY lead, team'), [
    [false, 'red', 1],
    [false, null, 2],
    [true, 'red', 2],
    [null, 'green', 1],
  ]);
  assert.deepEqual(await staff('level, MAX(pay) FROM staff GROUP BY level'), [
    [2, 60],
    [3, 30],
    [4, 50],
  ]);
  assert.deepEqual(await staff('level AS l, COUNT(*) FROM staff AS s GROUP BY l'), [
    [2, 3],
    [3, 1],
    [4, 2],
  ]);
  assert.deepEqual(await staff('COUNT(*), s.team FROM staff s GROUP BY 2'), [
    [3, 'red'],
    [1, 'green'],
    [2, null],
  ]);
  assert.deepEqual(await staff('team FROM staff WHERE pay > 35 GROUP BY team'), [['green'], [null]]);
});

test('grouped columns take part in expressions over groups', async () => {
  assert.deepEqual(
    await staff(
      "team, CASE WHEN team = 'red' THEN SUM(pay) ELSE -1 END, team IS NULL, COALESCE(team, 'none') FROM staff GROUP BY team",
    ),
    [
      ['red', 60, false, 'red'],
      ['green', -1, false, 'green'],
      [null, -1, true, 'none'],
    ],
  );
  assert.deepEqual(await staff('level, SUM(pay) * level, lead FROM staff WHERE lead GROUP BY level, lead'), [
    [2, 60, true],
  ]);
  assert.deepEqual(await staff("team FROM staff GROUP BY team HAVING team IN ('green') OR COUNT(*) = 2"), [
    ['green'],
    [null],
  ]);
  assert.deepEqual(
    await staff(
      "level, CASE WHEN COUNT(*) > 2 THEN 'many' WHEN COUNT(*) = 2 THEN 'some' ELSE 'few' END FROM staff GROUP BY level",
    ),
    [
      [2, 'many'],
      [3, 'few'],
      [4, 'some'],
    ],
  );
});

test('HAVING and the smallest group hide groups, and values over too few rows', async () => {
  assert.deepEqual(await staff('team, SUM(pay) FROM staff GROUP BY team HAVING COUNT(*) >= 2'), [
    ['red', 60],
    [null, 110],
  ]);
  assert.deepEqual(
    await staff('team, SUM(pay) FROM staff GROUP BY team HAVING SUM(pay) < 100 AND MIN(pay) < 40'),
    [['red', 60]],
  );
  assert.deepEqual(
    await staff(
      'team, COUNT(*), COUNT(since), MAX(since), AVG(pay) FILTER (WHERE pay > 20), SUM(pay) FROM staff GROUP BY team',
      { minGroupSize: 2 },
    ),
    [
      ['red', 3, 2, '2010-05-05', null, 60],
      [null, 2, 1, null, 55, 110],
    ],
  );
  assert.deepEqual(await staff('COUNT(*), SUM(pay) FROM staff', { minGroupSize: 6 }), [[6, 210]]);
  assert.deepEqual(await staff('COUNT(*), SUM(pay) FROM staff', { minGroupSize: 7 }), []);
  assert.deepEqual(await staff('COUNT(*), SUM(pay) FROM staff WHERE team IS NULL', { minGroupSize: 3 }), []);
  assert.deepEqual(await staff('COUNT(*) FROM staff HAVING COUNT(*) > 6'), []);
  assert.deepEqual(await staff('COUNT(*) FROM staff HAVING COUNT(*) > 5'), [[6]]);
});

test('what is hidden is zero before it is opened', async () => {
  const sql = `${STAFF}SELECT team, SUM(pay), MIN(pay), COUNT(*), SUM(pay) > 0, AVG(pay) FILTER (WHERE lead) FROM staff GROUP BY team`;
  const { query, outputs } = await runClear(sql, { acme: PEOPLE }, { minGroupSize: 3 });
  assert.equal(query.result.rows, 3);
  const shown = outputs.find(({ name }) => name === 'shown')!.values;
  assert.deepEqual(shown, [true, false, false]);
  let hidden = 0;
  for (const { name, values } of outputs) {
    for (const value of values.slice(1)) {
      assert.ok(value === 0n || value === false, `${name} of a hidden group`);
      hidden += 1;
    }
  }
  assert.ok(hidden >= 12);
  const average = outputs.filter(({ name }) => name.endsWith('-6'));
  assert.deepEqual(
    average.map(({ values }) => values[0]),
    [0n, false],
    'two rows are too few for an average',
  );
});

test('dates are compared, counted in days and told as dates', async () => {
  assert.deepEqual(
    await staff('MIN(since), MAX(since), MAX(since) - MIN(since), MIN(since) + 30 FROM staff'),
    [['2001-01-31', '2024-02-29', 8429, '2001-03-02']],
  );
  assert.deepEqual(await staff("COUNT(*) FROM staff WHERE since < DATE '2010-05-05'"), [[1]]);
  assert.deepEqual(await staff("COUNT(*) FROM staff WHERE since BETWEEN '2010-05-05' AND '2024-02-28'"), [
    [2],
  ]);
  assert.deepEqual(
    await staff("COUNT(*) FROM staff WHERE '2024-02-29' = since OR since IN ('2001-01-31', '2010-05-05')"),
    [[4]],
  );
});

test('the output party sorts, NULLs where PostgreSQL puts them', async () => {
  const by = async (order: string) =>
    (await staff(`team, SUM(pay) AS total FROM staff GROUP BY team ORDER BY ${order}`)).map(([team]) => team);
  assert.deepEqual(await by('total'), ['green', 'red', null]);
  assert.deepEqual(await by('total DESC'), [null, 'red', 'green']);
  assert.deepEqual(await by('team'), ['green', 'red', null]);
  assert.deepEqual(await by('team DESC'), [null, 'red', 'green']);
  assert.deepEqual(await by('team NULLS FIRST, 2'), [null, 'green', 'red']);
  assert.deepEqual(await by('1 DESC NULLS LAST'), ['red', 'green', null]);
  const levels = await staff(
    'lead, level, COUNT(*) FROM staff GROUP BY lead, level ORDER BY level DESC, lead',
  );
  assert.deepEqual(
    levels.map(([lead, level]) => [lead, level]),
    [
      [false, 4],
      [null, 4],
      [false, 3],
      [false, 2],
      [true, 2],
    ],
  );
});

const compileStaff = (select: string, maxRows = 640) =>
  compileQuery(`${STAFF}SELECT ${select}`, {
    inputs: [{ party: 'acme', table: 'staff', maxRows }],
    minGroupSize: 1,
  });

test('only what the query uses is brought: dead columns are never masked', async () => {
  const inputs = async (select: string) =>
    (await compileStaff(select)).plan.nodes
      .flatMap(({ operation: o }) => (o.op === 'input' ? [`${o.encoding} ${o.column ?? '-'} ${o.kind}`] : []))
      .sort();
  assert.deepEqual(await inputs('SUM(pay) FROM staff'), ['present - ring', 'value pay ring']);
  assert.deepEqual(await inputs('COUNT(since) FROM staff'), ['known since ring']);
  assert.deepEqual(await inputs('team, COUNT(*) FROM staff GROUP BY team'), [
    'known team ring',
    'present - ring',
    'value team ring',
  ]);
  assert.deepEqual(await inputs('COUNT(*) FROM staff WHERE lead'), ['present - bits', 'value lead bits']);
});

test('sums and counts cost the servers nothing for each row', async () => {
  for (const select of [
    'SUM(pay), COUNT(*), COUNT(since) FROM staff',
    'team, lead, SUM(pay), COUNT(*) FROM staff GROUP BY team, lead',
  ]) {
    // Counts of as many digits, which are compared with the least that is shown.
    const [small, large] = await Promise.all([compileStaff(select, 70_000), compileStaff(select, 500_000)]);
    assert.equal(planCost(small.plan).bytesOnline, planCost(large.plan).bytesOnline, select);
    assert.equal(planCost(small.plan).rounds, planCost(large.plan).rounds, select);
  }
});

test('the same text and limits give the same plan, whatever the order of the inputs', async () => {
  const text = `${STAFF}SELECT team, AVG(pay), MIN(pay) FROM staff WHERE level > 2 GROUP BY team HAVING COUNT(*) > 1`;
  const inputs = ['b', 'a', 'c'].map((party, at) => ({ party, table: 'staff', maxRows: 100 * (at + 1) }));
  const digests = await Promise.all(
    [inputs, [...inputs].reverse(), inputs].map(async (order) =>
      planDigest((await compileQuery(text, { inputs: order, minGroupSize: 2 })).plan),
    ),
  );
  assert.equal(new Set(digests).size, 1);
  const other = await compileQuery(text, { inputs, minGroupSize: 3 });
  assert.notEqual(planDigest(other.plan), digests[0]);
});
