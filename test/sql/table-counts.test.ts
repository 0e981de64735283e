/**
 * The agreed minimum over joins, against SQLite, which counts different rows by their row ids: groups and values that fewer rows of
 * any table are behind are not shown, however often a row is put together with others.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { compileQuery } from '../../src/sql/compile.ts';
import { oracleAnswer, runJoined, type Tables, unordered } from './joined.ts';
import { dealOut, Oracle, type Row } from './support.ts';

const CITIES = ['ulm', 'bonn'];
const TABLE_C = `CREATE TABLE c (
  id INTEGER PRIMARY KEY CHECK (id BETWEEN 0 AND 50),
  city TEXT NOT NULL CHECK (city IN ('ulm', 'bonn')),
  zip INTEGER NOT NULL CHECK (zip BETWEEN 10000 AND 99999),
  age INTEGER CHECK (age BETWEEN 0 AND 120));
`;
const TABLE_O = `CREATE TABLE o (
  customer INTEGER CHECK (customer BETWEEN 0 AND 60),
  item INTEGER CHECK (item BETWEEN 0 AND 9),
  amount INTEGER CHECK (amount BETWEEN -900 AND 900));
`;
const TABLES = TABLE_C + TABLE_O;
const orNull = (value: fc.Arbitrary<bigint>) => fc.option<bigint, null>(value, { freq: 5, nil: null });
const ID = fc.bigInt(0n, 11n);
const customer: fc.Arbitrary<Row> = fc.tuple(
  ID,
  fc.bigInt(0n, 1n),
  fc.constantFrom(10_000n, 22_222n),
  orNull(fc.bigInt(20n, 60n)),
);
const order: fc.Arbitrary<Row> = fc.tuple(orNull(ID), orNull(fc.bigInt(0n, 3n)), orNull(fc.bigInt(-9n, 9n)));
const data: fc.Arbitrary<Tables> = fc
  .record({
    c: fc.uniqueArray(customer, { minLength: 6, maxLength: 12, selector: ([id]) => id, size: 'max' }),
    o: fc.array(order, { minLength: 12, maxLength: 40, size: 'max' }),
    parties: fc.integer({ min: 1, max: 3 }),
  })
  .map(({ c, o, parties }) => ({ c: { beta: c }, o: dealOut(o, parties) }));

function plain(table: string, [a, b, ...others]: Row): unknown[] {
  const number = (cell: bigint | null | undefined) => (cell === null ? null : Number(cell));
  return [number(a), table === 'c' ? CITIES[Number(b)] : number(b), ...others.map(number)];
}

const oracle = new Oracle();
before(async () => {
  await oracle.run('CREATE TABLE c (id INT, city TEXT, zip INT, age INT)');
  await oracle.run('CREATE TABLE o (customer INT, item INT, amount INT)');
});
after(() => oracle.close());

/** Enough different rows of a table, among those where a value is not NULL. */
const enough = (alias: string, value?: string) =>
  `COUNT(DISTINCT ${value ? `CASE WHEN ${value} IS NOT NULL THEN ${alias}.rowid END` : `${alias}.rowid`}) >= :k`;
const orNone = (alias: string) => `(${enough(alias)} OR COUNT(${alias}.rowid) = 0)`;
const shownIf = (value: string, ...conditions: string[]) =>
  `CASE WHEN ${conditions.join(' AND ')} THEN ${value} END`;
const guarded = (aggregate: string, value: string) =>
  shownIf(`${aggregate}(${value})`, enough('c', value), enough('o', value));

const BOTH = `HAVING ${enough('c')} AND ${enough('o')}`;
const JOINED = 'c JOIN o ON o.customer = c.id';

/** What is asked, and SQLite's way to ask for it with the minimum k. */
const QUERIES: readonly (readonly [asked: string, oracle: string])[] = [
  // Groups that are numbered beforehand, groups that are found, and none.
  [
    `SELECT c.city, COUNT(*), SUM(o.amount), MAX(c.age) FROM ${JOINED} GROUP BY c.city`,
    `SELECT c.city, COUNT(*), ${guarded('SUM', 'o.amount')}, ${guarded('MAX', 'c.age')} FROM ${JOINED} GROUP BY c.city ${BOTH}`,
  ],
  [
    `SELECT c.zip, COUNT(*), SUM(o.amount), COUNT(c.age) FROM ${JOINED} GROUP BY c.zip`,
    `SELECT c.zip, COUNT(*), ${guarded('SUM', 'o.amount')}, COUNT(c.age) FROM ${JOINED} GROUP BY c.zip ${BOTH}`,
  ],
  [
    `SELECT COUNT(*), SUM(o.amount) FROM ${JOINED} WHERE c.age > 30`,
    `SELECT COUNT(*), ${guarded('SUM', 'o.amount')} FROM ${JOINED} WHERE c.age > 30 ${BOTH}`,
  ],
  // A combination that HAVING leaves out besides.
  [
    `SELECT o.item, SUM(c.age) FROM ${JOINED} GROUP BY o.item HAVING SUM(o.amount) > -30`,
    `SELECT o.item, ${guarded('SUM', 'c.age')} FROM ${JOINED} GROUP BY o.item ${BOTH} AND ${guarded('SUM', 'o.amount')} > -30`,
  ],
  // Rows that need not have a partner, on either side.
  [
    'SELECT c.city, COUNT(*), SUM(o.amount), SUM(c.age) FROM c LEFT JOIN o ON o.customer = c.id GROUP BY c.city',
    `SELECT c.city, COUNT(*), ${shownIf('SUM(o.amount)', enough('c', 'o.amount'), enough('o', 'o.amount'))},
      ${shownIf('SUM(c.age)', enough('c', 'c.age'), `COUNT(c.age) >= :k`, `(COUNT(DISTINCT CASE WHEN c.age IS NOT NULL THEN o.rowid END) >= :k OR COUNT(CASE WHEN c.age IS NOT NULL THEN o.rowid END) = 0)`)}
      FROM c LEFT JOIN o ON o.customer = c.id GROUP BY c.city HAVING ${enough('c')} AND ${orNone('o')}`,
  ],
  [
    'SELECT o.item, COUNT(*), SUM(c.age) FROM o LEFT JOIN c ON o.customer = c.id GROUP BY o.item',
    `SELECT o.item, COUNT(*), ${guarded('SUM', 'c.age')} FROM o LEFT JOIN c ON o.customer = c.id GROUP BY o.item HAVING ${enough('o')} AND ${orNone('c')}`,
  ],
  // A table of which nothing is read besides its own condition has no say.
  [
    'SELECT o.item, COUNT(*) FROM o LEFT JOIN c ON o.customer = c.id GROUP BY o.item',
    `SELECT o.item, COUNT(*) FROM o GROUP BY o.item HAVING ${enough('o')}`,
  ],
  // Every row beside every row, and a table with itself.
  [
    'SELECT a.item, COUNT(*), SUM(b.amount) FROM o a JOIN o b ON a.item = b.item GROUP BY a.item',
    `SELECT a.item, COUNT(*), ${shownIf('SUM(b.amount)', enough('a', 'b.amount'), enough('b', 'b.amount'))} FROM o a JOIN o b ON a.item = b.item GROUP BY a.item HAVING ${enough('a')} AND ${enough('b')}`,
  ],
];

for (const [at, [asked, theirs]] of QUERIES.entries()) {
  test(`a minimum is one of every table's different rows: ${asked}`, async () => {
    let [shown, hidden] = [0, 0];
    await fc.assert(
      fc.asyncProperty(data, fc.constantFrom(2, 3, 4), async (all, minGroupSize) => {
        const isOneTable = !asked.includes('c.');
        const tables: Tables = isOneTable ? { o: all.o! } : all;
        const text = (isOneTable ? TABLE_O : TABLES) + asked;
        const { table } = await runJoined(text, tables, { minGroupSize, twoServers: at % 3 === 1 });
        const expected = await oracleAnswer(
          oracle,
          theirs.replaceAll(':k', String(minGroupSize)),
          tables,
          plain,
        );
        // Without groups what is hidden is a row of NULLs.
        const isShown = (row: readonly unknown[]) =>
          asked.includes('GROUP BY') || row.some((cell) => cell !== null);
        const answer = table.rows.filter(isShown);
        assert.deepEqual(unordered(answer), unordered(expected));
        const every = await oracleAnswer(oracle, asked, tables, plain);
        shown += expected.length;
        hidden += every.length - expected.length;
      }),
      { numRuns: 25 },
    );
    assert.ok(shown > 0 && hidden > 0, `${shown} groups shown, ${hidden} hidden`);
  });
}

const inputs = ['c', 'o'].map((table) => ({ party: 'acme', table, maxRows: 50 }));

test('what is counted is what the minimum needs: nothing of it is in a plan without one', async () => {
  const query = `${TABLES}SELECT c.city, SUM(o.amount) FROM ${JOINED} GROUP BY c.city`;
  const nodes = async (minGroupSize: number) =>
    (await compileQuery(query, { inputs, minGroupSize })).plan.nodes.map(({ operation }) => operation.op);
  const sorts = (list: readonly string[]) => list.filter((op) => op === 'sort' || op === 'sampleSort').length;
  assert.ok(sorts(await nodes(2)) > sorts(await nodes(1)), 'different rows are counted by sorting');
});

test('groups of joined rows inside a subquery are refused: nobody could say of how many rows they are made', async () => {
  const query = `${TABLES}SELECT AVG(s) FROM (SELECT zip, SUM(amount) AS s FROM ${JOINED} GROUP BY zip) g`;
  await assert.rejects(compileQuery(query, { inputs, minGroupSize: 2 }), { code: 'sql.min-group-size' });
  await compileQuery(query, { inputs, minGroupSize: 1 });
  const outside = `${TABLES}SELECT c.city, AVG(s) FROM c JOIN (SELECT customer, SUM(amount) AS s FROM o GROUP BY customer) g ON g.customer = c.id GROUP BY c.city`;
  await compileQuery(outside, { inputs, minGroupSize: 2 });
});
