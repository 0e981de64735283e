/**
 * Owns joins of tables that different parties own, in the real executable, against SQLite; and the promise that nothing on the wire tells
 * how many rows match.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import { Oracle } from '../sql/support.ts';
import { ownDirectory } from '../support/files.ts';
import { mpc, type PartyRows } from '../support/mpc.ts';
import { World } from '../support/world.ts';

const { at } = ownDirectory('joins');
const csv = (header: string, rows: readonly (readonly unknown[])[]): string =>
  `${[header, ...rows.map((row) => row.map((cell) => cell ?? '').join(','))].join('\n')}\n`;

const ORDERS =
  'CREATE TABLE orders (customer INTEGER CHECK (customer BETWEEN 1 AND 100000), item SMALLINT NOT NULL CHECK (item BETWEEN 1 AND 50), pieces SMALLINT NOT NULL CHECK (pieces BETWEEN 1 AND 9));\n';
const CUSTOMERS =
  "CREATE TABLE customers (id INTEGER PRIMARY KEY CHECK (id BETWEEN 1 AND 100000), region TEXT CHECK (region IN ('north', 'south', 'west')));\n";
const ITEMS =
  'CREATE TABLE items (item SMALLINT UNIQUE CHECK (item BETWEEN 1 AND 50), price DECIMAL(6, 2) NOT NULL CHECK (price BETWEEN 0 AND 1000));\n';

// Most customers of orders exist, some orders have none; customers come in no order.
const customers = Array.from({ length: 60 }, (_, k) => [
  1 + ((k * 7919) % 99_991),
  ['north', 'south', 'west', null][(k * 5) % 4],
]);
const orders = Array.from({ length: 150 }, (_, k) => [
  k % 11 === 0 ? null : k % 7 === 0 ? 99_999 : customers[(k * 13) % 75]?.[0],
  1 + ((k * 17) % 20),
  1 + (k % 9),
]);
const items = Array.from({ length: 18 }, (_, k) => [k === 4 ? null : 20 - k, k + 0.25]);

test('mpc run joins the tables of several parties as SQLite does', async () => {
  const select = `SELECT c.region, COUNT(*) AS n, SUM(o.pieces) AS pieces, SUM(o.pieces * i.price) AS worth
    FROM orders o JOIN customers c ON o.customer = c.id LEFT JOIN items i ON i.item = o.item GROUP BY c.region`;
  const query = at('query.sql', `${ORDERS}${CUSTOMERS}${ITEMS}${select};\n`);
  const header = 'customer,item,pieces';
  const inputs = [
    `acme:orders=${at(
      'acme.csv',
      csv(
        header,
        orders.filter((_, k) => k % 2 === 0),
      ),
    )}`,
    `beta:orders=${at(
      'beta.csv',
      csv(
        header,
        orders.filter((_, k) => k % 2 === 1),
      ),
    )}`,
    `beta:customers=${at('customers.csv', csv('id,region', customers))}`,
    `acme:items=${at('items.csv', csv('item,price', items))}`,
  ];
  const { code, stdout, stderr } = await mpc([
    'run',
    query,
    ...inputs.flatMap((input) => ['--input', input]),
    '--json',
  ]);
  assert.equal(code, 0, stderr);
  const answer: { rows: unknown[][]; disclosure: string[] } = JSON.parse(stdout);
  const oracle = new Oracle();
  await oracle.run('CREATE TABLE orders (customer INT, item INT, pieces INT)');
  await oracle.run('CREATE TABLE customers (id INT, region TEXT)');
  await oracle.run('CREATE TABLE items (item INT, price REAL)');
  await oracle.insert('orders', orders);
  await oracle.insert('customers', customers);
  await oracle.insert('items', items);
  const expected = (await oracle.rows(select)).map((row) => Object.values(row));
  await oracle.close();
  assert.deepEqual(answer.rows.map(String).sort(), expected.map(String).sort());
  assert.equal(answer.rows.length, 4);
  assert.match(
    answer.disclosure.join('\n'),
    /A row is a row of orders as o together with one of customers as c/,
  );
  assert.match(answer.disclosure.join('\n'), /Which rows match is not revealed/);
});

test('mpc run refuses a key that occurs twice, with the lines of both rows', async () => {
  const query = at(
    'twice.sql',
    `${ORDERS}${CUSTOMERS}SELECT COUNT(*) FROM orders JOIN customers ON customer = id;\n`,
  );
  const inputs = [
    `acme:orders=${at('orders.csv', csv('customer,item,pieces', orders))}`,
    `beta:customers=${at('twice.csv', 'id,region\n5,north\n6,south\n4,west\n6,west\n5,south\n')}`,
  ];
  const { code, stderr } = await mpc(['run', query, ...inputs.flatMap((input) => ['--input', input])]);
  assert.equal(code, 65);
  assert.match(
    stderr,
    /beta, .*twice\.csv, line 5, column id: .* same id as the row in line 3.*\[rows\.duplicate-key\]/,
  );
});

test('mpc check says what a join needs, reveals and costs', async () => {
  const query = at(
    'check.sql',
    `${ORDERS}${CUSTOMERS}SELECT COUNT(*) FROM orders JOIN customers ON customer = id;\n`,
  );
  const file = at('customers.csv', csv('id,region', customers));
  const { code, stdout } = await mpc(['check', query, '--input', `customers=${file}`]);
  assert.equal(code, 0);
  assert.match(stdout, /each party brings a CSV file for orders/);
  assert.match(
    stdout,
    /one party brings a CSV file for customers.*\n.*id: integer.*\n.*\n {2}no two rows with the same id/,
  );
  assert.match(stdout, /Which rows match is not revealed/);
  assert.match(stdout, /\d+ rounds, .* of tape/);
  assert.match(stdout, /customers\.csv: 60 rows, all fit/);
});

/** Sizes of all messages between the servers in one run, each direction by itself. */
async function sizesBetweenServers(
  rows: readonly PartyRows[],
): Promise<{ sizes: number[]; answer: unknown }> {
  const sql = `${ORDERS}${CUSTOMERS}SELECT region, SUM(pieces) FROM orders JOIN customers ON customer = id GROUP BY region HAVING COUNT(*) > 30;`;
  const world = await World.open({ seed: 3, sql, rows });
  const sizes: number[] = [];
  try {
    world.hub.connect('observer').subscribe('>', ({ subject, data }) => {
      if (/server-a/.test(subject) && /server-b/.test(subject) && data.length > 400) sizes.push(data.length);
    });
    await world.start();
    const { table } = await world.result();
    return { sizes: sizes.sort((a, b) => a - b), answer: table.rows };
  } finally {
    await world.close();
  }
}

test('the servers send the same whether all rows match or none', async () => {
  const rowsWith = (customer: number): PartyRows[] => [
    {
      party: 'acme',
      table: 'orders',
      maxRows: 200,
      csv: csv(
        'customer,item,pieces',
        Array.from({ length: 150 }, (_, k) => [customer + (k % 40), 1, 2]),
      ),
    },
    {
      party: 'beta',
      table: 'customers',
      maxRows: 100,
      csv: csv(
        'id,region',
        Array.from({ length: 40 }, (_, k) => [1 + k, 'west']),
      ),
    },
  ];
  const all = await sizesBetweenServers(rowsWith(1));
  const none = await sizesBetweenServers(rowsWith(1000));
  assert.deepEqual(all.answer, [['west', 300]]);
  assert.deepEqual(none.answer, []);
  assert.deepEqual(all.sizes, none.sizes);
  assert.ok(all.sizes.length > 5, `compared ${all.sizes.length} messages`);
});
