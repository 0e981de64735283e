/**
 * Owns what joins mean, against SQLite on random tables of several parties, full of NULLs, duplicates and keys that nobody has; whichever way
 * they are computed.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { planCost } from '../../src/plan/cost.ts';
import { compileQuery } from '../../src/sql/compile.ts';
import { oracleAnswer, runJoined, type Tables, unordered } from './joined.ts';
import { dealOut, Oracle, type Row, sortsOf } from './support.ts';

const CITIES = ['ulm', 'bonn', 'kiel'];
const PLACES = ['kiel', 'hof', 'ulm', 'jena'];

/** `id` is a key of customers; parts have keys of two columns and of one that may be NULL; nothing has one in orders. */
const TABLES = `CREATE TABLE customers (
  id INTEGER CHECK (id BETWEEN -3 AND 12) PRIMARY KEY,
  city TEXT CHECK (city IN ('ulm', 'bonn', 'kiel')),
  credit DECIMAL(6, 2) CHECK (credit BETWEEN -50 AND 50),
  vip BOOLEAN,
  age SMALLINT NOT NULL CHECK (age BETWEEN 18 AND 99));
CREATE TABLE orders (
  customer SMALLINT CHECK (customer BETWEEN 0 AND 20),
  amount INTEGER CHECK (amount BETWEEN -9 AND 9),
  place TEXT CHECK (place IN ('kiel', 'hof', 'ulm', 'jena')),
  paid BOOLEAN NOT NULL,
  part SMALLINT NOT NULL CHECK (part BETWEEN 1 AND 4),
  kind SMALLINT CHECK (kind BETWEEN 1 AND 3));
CREATE TABLE parts (
  part DECIMAL(5, 1) CHECK (part BETWEEN 0 AND 5),
  kind SMALLINT NOT NULL CHECK (kind BETWEEN 0 AND 3),
  serial INTEGER CHECK (serial BETWEEN 0 AND 30),
  price INTEGER NOT NULL CHECK (price BETWEEN 1 AND 100),
  UNIQUE (part, kind), UNIQUE (serial));
`;

const orNull = (value: fc.Arbitrary<bigint>, freq = 6) => fc.option<bigint, null>(value, { freq, nil: null });
const customer: fc.Arbitrary<Row> = fc.tuple(
  fc.bigInt(-3n, 12n),
  orNull(fc.bigInt(0n, 2n)),
  orNull(fc.bigInt(-200n, 200n).map((quarters) => 25n * quarters)),
  orNull(fc.bigInt(0n, 1n)),
  fc.bigInt(18n, 99n),
);
const order: fc.Arbitrary<Row> = fc.tuple(
  orNull(fc.oneof(fc.bigInt(0n, 3n), fc.bigInt(0n, 20n))),
  orNull(fc.bigInt(-9n, 9n)),
  orNull(fc.bigInt(0n, 3n)),
  fc.bigInt(0n, 1n),
  fc.bigInt(1n, 4n),
  orNull(fc.bigInt(1n, 3n)),
);
const part: fc.Arbitrary<Row> = fc.tuple(
  orNull(
    fc.oneof(
      fc.bigInt(1n, 4n).map((whole) => 10n * whole),
      fc.bigInt(0n, 50n),
    ),
  ),
  fc.bigInt(0n, 3n),
  orNull(fc.bigInt(0n, 30n)),
  fc.bigInt(1n, 100n),
);

/** Rows without those that a key forbids. */
function withKeys(rows: readonly Row[], keys: readonly (readonly number[])[]): Row[] {
  const kept: Row[] = [];
  for (const row of rows) {
    const clashes = keys.some((key) =>
      kept.some((other) => key.every((place) => row[place] !== null && row[place] === other[place])),
    );
    if (!clashes) kept.push(row);
  }
  return kept;
}

const many = (row: fc.Arbitrary<Row>, maxLength: number) =>
  fc.oneof(
    { weight: 1, arbitrary: fc.constant<Row[]>([]) },
    { weight: 5, arbitrary: fc.array(row, { minLength: 1, maxLength, size: 'max' }) },
  );
const data: fc.Arbitrary<Tables> = fc
  .record({
    customers: many(customer, 14),
    orders: many(order, 40),
    parts: many(part, 20),
    parties: fc.nat(2),
  })
  .map(({ customers, orders, parts, parties }) => ({
    customers: { beta: withKeys(customers, [[0]]) },
    orders: dealOut(orders, 1 + parties),
    parts: { acme: withKeys(parts, [[0, 1], [2]]) },
  }));

const number = (cell: bigint | null, unit = 1) => (cell === null ? null : Number(cell) / unit);
const text = (values: readonly string[], code: bigint | null) =>
  code === null ? null : values[Number(code)];
function plain(table: string, row: Row): unknown[] {
  const [a, b, c, d, e, f] = row as (bigint | null)[];
  if (table === 'customers') return [number(a!), text(CITIES, b!), number(c!, 100), number(d!), number(e!)];
  if (table === 'parts') return [number(a!, 10), number(b!), number(c!), number(d!)];
  return [number(a!), number(b!), text(PLACES, c!), number(d!), number(e!), number(f!)];
}

const oracle = new Oracle();
before(async () => {
  await oracle.run('CREATE TABLE customers (id INT, city TEXT, credit REAL, vip INT, age INT)');
  await oracle.run(
    'CREATE TABLE orders (customer INT, amount INT, place TEXT, paid INT, part INT, kind INT)',
  );
  await oracle.run('CREATE TABLE parts (part REAL, kind INT, serial INT, price INT)');
});
after(() => oracle.close());

/** The tables that a query reads, declared and filled. */
function restrictedTo(query: string, tables: Tables): { sql: string; tables: Tables } {
  const names = Object.keys(tables).filter((name) => new RegExp(`\\b${name}\\b`).test(query));
  const declarations = TABLES.split(/(?=CREATE TABLE)/).filter((text) =>
    names.some((name) => text.startsWith(`CREATE TABLE ${name} `)),
  );
  return {
    sql: `${declarations.join('')}${query}`,
    tables: Object.fromEntries(names.map((name) => [name, tables[name]!])),
  };
}

const QUERIES: readonly string[] = [
  'SELECT COUNT(*) FROM orders JOIN customers ON orders.customer = customers.id',
  'SELECT COUNT(*), SUM(o.amount), SUM(c.age), SUM(c.credit), COUNT(c.vip), COUNT(o.kind) FROM orders o JOIN customers AS c ON c.id = o.customer',
  'SELECT c.city, COUNT(*), SUM(o.amount), MIN(c.age), MAX(credit) FROM customers c JOIN orders o ON o.customer = c.id GROUP BY c.city',
  'SELECT city, paid, COUNT(*) AS n, SUM(CASE WHEN vip THEN amount ELSE age END) FROM orders, customers WHERE customer = id AND amount > -4 GROUP BY paid, city HAVING COUNT(*) > 1',
  'SELECT c.id, COUNT(o.amount), SUM(o.customer) FROM orders o JOIN customers c ON o.customer = c.id GROUP BY c.id',
  'SELECT SUM(o.amount * c.age), COUNT(*) FROM orders o JOIN customers c ON o.customer = c.id AND o.amount > 0 AND (c.vip OR c.age < 50)',
  'SELECT o.place, COUNT(*), SUM(c.age), COUNT(c.id), COUNT(c.vip), COUNT(c.credit), SUM(o.amount) FROM orders o LEFT JOIN customers c ON o.customer = c.id GROUP BY o.place',
  'SELECT c.city, COUNT(*), COUNT(c.id) FROM orders o LEFT JOIN customers c ON o.customer = c.id AND o.amount < c.age - 40 GROUP BY c.city',
  'SELECT COUNT(*), COUNT(c.age), SUM(COALESCE(c.age, 1000)), SUM(COALESCE(o.amount, 7)) FROM orders o LEFT JOIN customers c ON o.customer = c.id WHERE c.vip IS NULL',
  'SELECT c.city, COUNT(*), COUNT(o.paid), SUM(o.amount), COUNT(o.customer), SUM(c.age) FROM customers c LEFT JOIN orders o ON o.customer = c.id GROUP BY c.city',
  'SELECT COUNT(*), COUNT(o.amount), SUM(COALESCE(o.amount, 100)), SUM(c.age) FROM customers c LEFT JOIN orders o ON o.customer = c.id AND o.paid',
  'SELECT COUNT(*), COUNT(o.amount), SUM(COALESCE(o.amount, 100) * c.age) FROM customers c LEFT JOIN orders o ON o.customer = c.id AND c.vip',
  'SELECT COUNT(*), SUM(price), SUM(amount) FROM orders JOIN parts USING (part, kind)',
  'SELECT kind, COUNT(*), SUM(parts.kind) FROM orders JOIN parts USING (part, kind) GROUP BY kind',
  'SELECT COUNT(*), SUM(s.price), SUM(s.kind) FROM (SELECT * FROM orders JOIN parts USING (part, kind)) s',
  'SELECT o.kind, COUNT(*), SUM(price) FROM parts p JOIN orders o ON o.kind = p.kind AND p.part = o.part AND p.price > 30 GROUP BY o.kind',
  'SELECT COUNT(*), SUM(p.price), SUM(o.amount) FROM orders o JOIN parts p ON o.part = p.part',
  'SELECT COUNT(*), SUM(p.price), COUNT(p.price), SUM(o.amount), COUNT(p.part) FROM orders o LEFT JOIN parts p ON o.part = p.part AND p.price > o.amount * 9',
  'SELECT COUNT(*), SUM(p.price), SUM(o.amount) FROM orders o JOIN parts p ON o.amount = p.serial',
  'SELECT COUNT(*), COUNT(o.amount), SUM(p.price), SUM(p.serial) FROM parts p LEFT JOIN orders o ON o.amount = p.serial',
  'SELECT COUNT(*), COUNT(p.part), SUM(p.price) FROM orders o LEFT JOIN parts p ON o.part = p.part AND o.kind = p.kind',
  'SELECT city, COUNT(*), SUM(price), SUM(amount) FROM orders o JOIN customers c ON o.customer = c.id JOIN parts p ON p.part = o.part AND p.kind = o.kind GROUP BY city',
  'SELECT COUNT(*), SUM(p.price), SUM(c.age) FROM customers c, parts p, orders o WHERE o.customer = c.id AND o.amount = p.serial AND c.age > 30',
  'SELECT COUNT(*), COUNT(p.price), SUM(c.age) FROM customers c LEFT JOIN orders o ON o.customer = c.id LEFT JOIN parts p ON o.amount = p.serial',
  'SELECT COUNT(*), COUNT(c.id), SUM(p.price) FROM orders o LEFT JOIN customers c ON o.customer = c.id JOIN parts p ON p.serial = o.amount WHERE c.age IS NULL OR c.age < 70',
  'SELECT COUNT(*), COUNT(p.price), SUM(p.price) FROM orders o LEFT JOIN customers c ON o.customer = c.id LEFT JOIN parts p ON p.serial = c.id WHERE c.vip',
  'SELECT COUNT(*), SUM(p.price), SUM(b.amount) FROM orders o LEFT JOIN parts p ON o.amount = p.serial JOIN orders b ON b.amount = p.kind AND b.kind = o.kind',
  'SELECT COUNT(*), SUM(p.price), SUM(q.price) FROM orders o JOIN parts p ON o.part = p.part AND o.kind = p.kind JOIN parts q ON o.amount = q.serial',
  'SELECT COUNT(*), SUM(p.price - q.price) FROM parts p JOIN parts q ON p.part = q.part AND q.kind = p.kind JOIN orders o ON o.amount = q.serial',
  'SELECT COUNT(*), COUNT(o.kind), SUM(p.price), SUM(c.age) FROM parts p JOIN customers c ON p.serial = c.id LEFT JOIN orders o ON o.amount = p.serial',
  'SELECT COUNT(*), COUNT(c.id), SUM(c.age), SUM(p.price) FROM parts p LEFT JOIN customers c ON c.vip',
  'SELECT COUNT(*), COUNT(c.id), SUM(p.price) FROM parts p LEFT JOIN customers c ON FALSE',
  'SELECT COUNT(*), SUM(a.age - b.age) FROM customers a JOIN customers b ON a.id = b.id',
  'SELECT COUNT(*), SUM(b.amount) FROM orders a JOIN orders b ON a.customer = b.customer AND a.amount < b.amount',
  'SELECT COUNT(*), SUM(x.age) FROM customers x JOIN customers y ON x.age > y.age AND x.city = y.city',
  'SELECT COUNT(*) FROM orders o JOIN customers c ON o.place = c.city',
  'SELECT o.place, c.city, COUNT(*) FROM orders o JOIN customers c ON o.place = c.city AND c.vip = o.paid GROUP BY o.place, c.city',
  'SELECT s.town, COUNT(*), SUM(s.half) FROM orders o JOIN (SELECT id, city AS town, age / 2 AS half FROM customers WHERE vip IS NOT NULL) s ON s.id = o.customer GROUP BY s.town',
  'WITH rich AS (SELECT id, age FROM customers WHERE credit > 0) SELECT COUNT(*), SUM(a.age + b.age) FROM rich a JOIN orders o ON a.id = o.customer JOIN rich AS b ON b.id = o.amount',
  'SELECT s.city, SUM(s.worth) FROM (SELECT c.city, o.amount * c.age AS worth, o.paid FROM orders o JOIN customers c ON o.customer = c.id WHERE c.age > 20) s WHERE s.paid GROUP BY s.city',
  'SELECT COUNT(*), COUNT(s.id) FROM orders o LEFT JOIN (SELECT id, vip FROM customers WHERE age < 60) s ON s.id = o.customer AND s.vip',
  'SELECT COUNT(*) FROM orders CROSS JOIN customers WHERE amount > age - 30',
  'SELECT MIN(c.age), MAX(o.amount), COUNT(DISTINCT c.city), COUNT(DISTINCT o.part) FROM orders o JOIN customers c ON o.customer = c.id',
  'SELECT DISTINCT c.city, o.place FROM orders o JOIN customers c ON o.customer = c.id',
  'SELECT c.city, SUM(o.amount) AS s FROM orders o JOIN customers c ON o.customer = c.id GROUP BY c.city ORDER BY s DESC NULLS LAST, c.city NULLS FIRST LIMIT 2',
  'SELECT COUNT(DISTINCT o.amount), COUNT(DISTINCT c.age) FROM orders o LEFT JOIN customers c ON o.customer = c.id',
];

/** Room for so many rows more: small tables are joined by pairs, large ones by sorting. */
const SPARES = [3, 280];

for (const spare of SPARES) {
  test(`joins find what SQLite finds, with room for ${spare} rows more`, async (t) => {
    const seen = { cells: 0, nulls: 0, zeros: 0, sorting: 0 };
    await fc.assert(
      fc.asyncProperty(data, async (all) => {
        for (const query of QUERIES) {
          const { sql, tables } = restrictedTo(query, all);
          const run = await runJoined(sql, tables, { spare });
          const ours = run.table.rows;
          const theirs = await oracleAnswer(oracle, query, tables, plain);
          assert.deepEqual(unordered(ours), unordered(theirs), query);
          const cells = ours.flat();
          seen.cells += cells.length;
          seen.nulls += cells.filter((cell) => cell === null).length;
          seen.zeros += cells.filter((cell) => cell === 0).length;
          if (sortsOf(run.query.plan) > 0) seen.sorting += 1;
        }
      }),
      { numRuns: spare > 100 ? 4 : 10 },
    );
    t.diagnostic(JSON.stringify(seen));
    assert.ok(seen.cells > 300 && seen.nulls > 30 && seen.zeros > 30, JSON.stringify(seen));
  });
}

test('two servers find the same', async () => {
  const [all] = fc.sample(
    data.filter(({ customers, orders, parts }) =>
      [customers, orders, parts].every((parties) => Object.values(parties!).flat().length > 10),
    ),
    { numRuns: 1, seed: 5 },
  );
  let sorted = 0;
  for (const query of QUERIES) {
    const { sql, tables } = restrictedTo(query, all!);
    const { query: compiled } = await runJoined(sql, tables, { spare: 60, twoServers: true });
    if (sortsOf(compiled.plan) > 0) sorted += 1;
  }
  assert.ok(sorted > 10 && sorted < QUERIES.length, `${sorted} of ${QUERIES.length} queries sort`);
});

test('a join of many rows asks nothing of a party but its rows in order, and costs rounds by the bits of its key', async () => {
  const query = `${TABLES.split('CREATE TABLE parts')[0]}SELECT city, SUM(amount) FROM orders JOIN customers ON customer = id GROUP BY city`;
  const inputs = [
    { party: 'acme', table: 'orders', maxRows: 100_000 },
    { party: 'beta', table: 'customers', maxRows: 10_000 },
  ];
  const { plan, tables } = await compileQuery(query, { inputs, minGroupSize: 1 });
  assert.deepEqual(
    tables.map(({ name, order }) => [name, order]),
    [
      ['customers', ['id']],
      ['orders', undefined],
    ],
  );
  assert.ok(sortsOf(plan) > 0, 'the join sorts');
  assert.ok(planCost(plan).rounds < 20, `${planCost(plan).rounds} rounds`);
});

test('what nothing names does not travel through a join', async () => {
  const wide = `${TABLES.split('CREATE TABLE parts')[0]}SELECT COUNT(*) FROM orders JOIN customers ON customer = id`;
  const inputs = ['orders', 'customers'].map((table) => ({ party: 'acme', table, maxRows: 3000 }));
  const { plan } = await compileQuery(wide, { inputs, minGroupSize: 1 });
  const read = plan.nodes.flatMap(({ operation }) =>
    operation.op === 'input' ? [operation.column ?? ''] : [],
  );
  assert.deepEqual(read.sort(), ['', 'customer', 'customer', 'id']);
});

test('keys of several wide columns are compared column by column', async () => {
  const pair =
    'x BIGINT CHECK (x BETWEEN -100000000000000 AND 100000000000000), y INTEGER, z INTEGER NOT NULL';
  const sql = `CREATE TABLE l (${pair}, v INTEGER NOT NULL CHECK (v BETWEEN 0 AND 99), UNIQUE (z, x, y));
    CREATE TABLE r (${pair});`;
  const top = 2_000_000_000n;
  const wide = 99_999_999_999_999n;
  const l: Row[] = [
    [wide, -top, top, 1n],
    [-wide, -top, top, 2n],
    [wide, null, top, 4n],
    [null, -top, -top, 8n],
    [wide, -top, -top, 16n],
    [wide, -top + 1n, top, 32n],
  ];
  const r: Row[] = [
    [wide, -top, top],
    [wide, -top, top],
    [wide, null, top],
    [null, -top, -top],
    [wide, -top, -top],
    [-wide, -top, -top],
  ];
  const tables = { l: { beta: l }, r: { acme: r } };
  for (const spare of [3, 500]) {
    const inner = await runJoined(`${sql}SELECT COUNT(*), SUM(v) FROM l JOIN r USING (x, y, z)`, tables, {
      spare,
      twoServers: true,
    });
    assert.deepEqual(inner.table.rows, [[3, 18]]);
    const outer = await runJoined(
      `${sql}SELECT COUNT(*), COUNT(r.z), SUM(v) FROM l LEFT JOIN r ON l.x = r.x AND l.y = r.y AND l.z = r.z`,
      tables,
      { spare },
    );
    assert.deepEqual(outer.table.rows, [[7, 3, 64]]);
  }
});
