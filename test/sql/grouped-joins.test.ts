/**
 * Owns what groups and joins mean together, against SQLite on random tables: groups of any values over joined rows, joins with groups of
 * a subquery, medians and different combinations of joined rows; in the clear and on two servers.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { compileQuery } from '../../src/sql/compile.ts';
import { oracleAnswer, runJoined, type Tables, unordered } from './joined.ts';
import { dealOut, Oracle, type Row, sortsOf } from './support.ts';

const CITIES = ['ulm', 'bonn', 'kiel'];
const TABLES = `CREATE TABLE customers (
  id INTEGER PRIMARY KEY CHECK (id BETWEEN 0 AND 5000),
  city TEXT CHECK (city IN ('ulm', 'bonn', 'kiel')),
  zip INTEGER CHECK (zip BETWEEN 10000 AND 99999),
  vip BOOLEAN NOT NULL);
CREATE TABLE orders (
  customer INTEGER CHECK (customer BETWEEN 0 AND 6000),
  item BIGINT CHECK (item BETWEEN -2000000000000 AND 2000000000000000),
  amount INTEGER CHECK (amount BETWEEN -900 AND 900),
  paid BOOLEAN);
`;

const orNull = (value: fc.Arbitrary<bigint>) => fc.option<bigint, null>(value, { freq: 5, nil: null });
const ID = fc.constantFrom(0n, 1n, 2n, 17n, 4999n, 5000n);
const customer: fc.Arbitrary<Row> = fc.tuple(
  ID,
  orNull(fc.bigInt(0n, 2n)),
  orNull(fc.constantFrom(10_000n, 22_222n, 99_999n)),
  fc.bigInt(0n, 1n),
);
const order: fc.Arbitrary<Row> = fc.tuple(
  orNull(fc.oneof(ID, ID, fc.constant(6000n))),
  orNull(fc.constantFrom(-(2n ** 40n), 0n, 7n, 2n ** 50n)),
  orNull(fc.constantFrom(-900n, -1n, 0n, 5n, 6n, 900n)),
  orNull(fc.bigInt(0n, 1n)),
);
const data: fc.Arbitrary<Tables> = fc
  .record({
    customers: fc.uniqueArray(customer, { minLength: 1, maxLength: 6, selector: ([id]) => id, size: 'max' }),
    orders: fc.array(order, { maxLength: 40, size: 'max' }),
    parties: fc.integer({ min: 1, max: 3 }),
  })
  .map(({ customers, orders, parties }) => ({
    customers: { beta: customers },
    orders: dealOut(orders, parties),
  }));

const number = (cell: bigint | null | undefined) => (cell === null ? null : Number(cell));
function plain(table: string, [a, b, c, d]: Row): unknown[] {
  const second = table === 'customers' && b !== null ? CITIES[Number(b)] : number(b);
  return [number(a), second, number(c), number(d)];
}

const oracle = new Oracle();
before(async () => {
  await oracle.run('CREATE TABLE customers (id INT, city TEXT, zip INT, vip INT)');
  await oracle.run('CREATE TABLE orders (customer INT, item INT, amount INT, paid INT)');
});
after(() => oracle.close());

const JOINED = 'orders o JOIN customers c ON o.customer = c.id';
const QUERIES: readonly string[] = [
  `SELECT c.zip, COUNT(*), SUM(o.amount), MIN(o.amount), MAX(o.item) FROM ${JOINED} GROUP BY c.zip`,
  `SELECT o.item, c.zip, COUNT(DISTINCT o.amount), COUNT(o.paid) FROM ${JOINED} GROUP BY o.item, c.zip`,
  `SELECT zip / 100 + amount AS s, city, COUNT(*) FROM ${JOINED} WHERE NOT paid GROUP BY s, city HAVING COUNT(*) > 1`,
  'SELECT c.zip, o.item, COUNT(*), COUNT(c.id), SUM(amount) FROM orders o LEFT JOIN customers c ON o.customer = c.id GROUP BY c.zip, o.item',
  'SELECT c.zip, c.id, COUNT(o.amount), MAX(o.amount) FROM customers c LEFT JOIN orders o ON o.customer = c.id AND o.paid GROUP BY c.zip, c.id',
  'SELECT a.item, COUNT(*), SUM(b.amount) FROM orders a JOIN orders b ON a.customer = b.customer AND a.amount < b.amount GROUP BY a.item',
  `SELECT DISTINCT o.item, c.zip FROM ${JOINED}`,
  `SELECT DISTINCT c.zip + 1, o.paid AND c.vip FROM ${JOINED}`,
  `SELECT o.item, c.zip, SUM(o.amount) AS s FROM ${JOINED} GROUP BY o.item, c.zip ORDER BY s DESC NULLS LAST, o.item NULLS FIRST, c.zip NULLS FIRST LIMIT 3`,
  // Groups as rows.
  `SELECT g.zip > 20000, COUNT(*), SUM(g.n), MAX(g.s) FROM (SELECT c.zip, COUNT(*) AS n, SUM(o.amount) AS s FROM ${JOINED} GROUP BY c.zip) g GROUP BY g.zip > 20000`,
  'SELECT COUNT(*), SUM(g.n), SUM(g.s), COUNT(g.most) FROM customers c JOIN (SELECT customer, COUNT(*) AS n, SUM(amount) AS s, MAX(item) AS most FROM orders GROUP BY customer) g ON g.customer = c.id WHERE c.vip',
  'SELECT c.city, COUNT(*), COUNT(g.n), SUM(COALESCE(g.n, 100)) FROM customers c LEFT JOIN (SELECT customer, COUNT(*) AS n FROM orders WHERE paid GROUP BY customer HAVING COUNT(*) > 1) g ON g.customer = c.id GROUP BY c.city',
  'WITH sums AS (SELECT item, customer, SUM(amount) AS s FROM orders GROUP BY customer, item) SELECT o.item, COUNT(*), SUM(o.amount), SUM(x.s) FROM orders o JOIN sums x ON x.item = o.item AND x.customer = o.customer GROUP BY o.item',
  'WITH sums AS (SELECT customer, SUM(amount) AS s FROM orders GROUP BY customer) SELECT COUNT(*), SUM(a.s + b.s) FROM sums a JOIN sums b ON a.customer = b.customer',
  'SELECT COUNT(*), SUM(g.s) FROM customers c JOIN (SELECT customer, SUM(amount) AS s FROM orders GROUP BY customer, item) g ON g.customer = c.id',
  'SELECT COUNT(*), SUM(o.amount - a.least) FROM orders o CROSS JOIN (SELECT MIN(amount) AS least, COUNT(*) AS n FROM orders) a WHERE o.amount > a.least',
  `SELECT g.zip, COUNT(*), SUM(g.n) FROM (SELECT c.id, c.zip, COUNT(*) AS n FROM ${JOINED} GROUP BY c.id, c.zip) g JOIN customers d ON d.id = g.id AND d.vip GROUP BY g.zip`,
  'SELECT COUNT(*), SUM(d.double) FROM orders o JOIN (SELECT g.customer, g.n * 2 AS double FROM (SELECT customer, COUNT(*) AS n FROM orders GROUP BY customer) g WHERE g.n > 1) d ON d.customer = o.customer',
  'SELECT COUNT(*), COUNT(u.zip), SUM(u.zip) FROM orders o LEFT JOIN (SELECT DISTINCT id, zip FROM customers WHERE vip) u ON u.id = o.customer',
];

const tablesIn = (query: string, all: Tables): { sql: string; tables: Tables } => {
  const names = Object.keys(all).filter((name) => query.includes(name));
  const declarations = TABLES.split(/(?=CREATE TABLE)/).filter((text) =>
    names.some((name) => text.startsWith(`CREATE TABLE ${name} `)),
  );
  return {
    sql: declarations.join('') + query,
    tables: Object.fromEntries(names.map((name) => [name, all[name]!])),
  };
};

for (const spare of [3, 280]) {
  test(`groups of joins and joins of groups are SQLite’s, with room for ${spare} rows more`, async () => {
    const seen = { cells: 0, nulls: 0, sorting: 0 };
    await fc.assert(
      fc.asyncProperty(data, async (all) => {
        for (const query of QUERIES) {
          const { sql, tables } = tablesIn(query, all);
          const { query: compiled, table } = await runJoined(sql, tables, { spare });
          const theirs = await oracleAnswer(oracle, query, tables, plain);
          assert.deepEqual(unordered(table.rows), unordered(theirs), query);
          const cells = table.rows.flat();
          seen.cells += cells.length;
          seen.nulls += cells.filter((cell) => cell === null).length;
          seen.sorting += Math.sign(sortsOf(compiled.plan));
        }
      }),
      { numRuns: spare > 100 ? 5 : 12 },
    );
    assert.ok(seen.cells > 150 && seen.nulls > 10 && seen.sorting > 20, JSON.stringify(seen));
  });
}

test('two servers find the same', async () => {
  const [all] = fc.sample(
    data.filter(({ orders }) => Object.values(orders!).flat().length > 20),
    { numRuns: 1, seed: 3 },
  );
  for (const query of QUERIES) {
    const { sql, tables } = tablesIn(query, all!);
    await runJoined(sql, tables, { spare: 20, twoServers: true });
  }
});

test('the median of each group of joined rows is that of its values', async () => {
  let medians = 0;
  await fc.assert(
    fc.asyncProperty(data, async (tables) => {
      const query = `SELECT c.zip, MEDIAN(o.amount) AS m FROM ${JOINED} GROUP BY c.zip`;
      const { table } = await runJoined(TABLES + query, tables);
      const listed = `SELECT c.zip, json_group_array(o.amount) FROM ${JOINED} GROUP BY c.zip`;
      const theirs = (await oracleAnswer(oracle, listed, tables, plain)).map(([zip, list]) => {
        const all: (number | null)[] = JSON.parse(String(list));
        const values = all.filter((value) => value !== null).sort((x, y) => x - y);
        const middle = (values.length - 1) / 2;
        const [low, high] = [values[Math.floor(middle)], values[Math.ceil(middle)]];
        return [zip, low === undefined || high === undefined ? null : (low + high) / 2];
      });
      assert.deepEqual(unordered(table.rows), unordered(theirs));
      medians += theirs.length;
    }),
    { numRuns: 30 },
  );
  assert.ok(medians > 15, `${medians} medians were compared`);
});

test('groups of joined rows that are too few are not shown, whichever table their rows are of', async () => {
  const tables: Tables = {
    customers: {
      beta: [
        [1n, 0n, 10_000n, 1n],
        [2n, 0n, 22_222n, 1n],
        [3n, 0n, 10_000n, 1n],
        [4n, 0n, 10_000n, 1n],
        [5n, 0n, 99_999n, 1n],
      ],
    },
    orders: {
      // Three customers of one zip, two orders of one of another, and many of a single customer.
      acme: [1n, 3n, 4n, 1n, 2n, 2n, 5n, 5n, 5n, 5n, 6000n, null].map((id): Row => [id, 0n, 1n, 1n]),
    },
  };
  const query = `SELECT c.zip, COUNT(*) FROM ${JOINED} GROUP BY c.zip`;
  const { table, outputs } = await runJoined(TABLES + query, tables, { minGroupSize: 3, twoServers: true });
  assert.deepEqual(table.rows, [[10_000, 4]]);
  const others = outputs.flatMap(({ values }) => [...values].slice(1).map(Number));
  assert.ok(others.length > 0 && others.every((value) => value === 0), 'what is not shown is 0');
});

const REFUSED: readonly (readonly [string, string])[] = [
  ['not-grouped', `SELECT c.zip, »o.item FROM ${JOINED} GROUP BY c.zip`],
  ['ambiguous-column', 'SELECT COUNT(*) FROM orders a JOIN orders b ON a.item = b.item GROUP BY »item'],
  [
    'unsupported',
    'SELECT COUNT(*) FROM customers c JOIN (SELECT customer FROM orders GROUP BY customer ORDER BY »customer) g ON g.customer = c.id',
  ],
  [
    'unsupported',
    'SELECT SUM(g.x) FROM orders o LEFT JOIN (SELECT h.id, »h.n + 1 AS x FROM (SELECT id, COUNT(*) AS n FROM customers GROUP BY id) h) g ON g.id = o.customer',
  ],
  [
    'join-too-large',
    'SELECT COUNT(*) FROM customers c JOIN (SELECT item, COUNT(*) AS n FROM »orders GROUP BY item) g ON g.n = c.zip',
  ],
  [
    'unknown-column',
    'SELECT COUNT(*) FROM customers c JOIN (SELECT customer FROM orders GROUP BY customer) g ON g.customer = c.id WHERE »g.item > 0',
  ],
  [
    'unknown-table',
    'SELECT COUNT(*) FROM customers c JOIN (SELECT customer FROM »sales GROUP BY customer) g ON g.customer = c.id',
  ],
];

test('what groups and joins cannot do together is refused with its place', async () => {
  for (const [code, marked] of REFUSED) {
    const text = TABLES + marked;
    const before = text.slice(0, text.indexOf('»')).split('\n');
    const inputs = ['customers', 'orders'].map((table) => ({ party: 'acme', table, maxRows: 5000 }));
    await assert.rejects(
      compileQuery(text.replace('»', ''), { inputs, minGroupSize: 1 }),
      { code: `sql.${code}`, place: { line: before.length, column: [...before.at(-1)!].length + 1 } },
      marked,
    );
  }
});
