/**
 * Owns the promise that no join is guessed at: what cannot be joined, or not named, is refused with its line and column, a code, and
 * a hint. The mark » in a text is where the refusal must point.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EXIT, MpcError } from '../../src/base/errors.ts';
import { compileQuery, type QueryInput } from '../../src/sql/compile.ts';

const TABLES = `CREATE TABLE o (
  customer INTEGER CHECK (customer BETWEEN 0 AND 100), amount DECIMAL(5, 2), day DATE,
  size TEXT CHECK (size IN ('s', 'm')), name TEXT, big BIGINT, huge BIGINT);
CREATE TABLE c (
  id INTEGER PRIMARY KEY CHECK (id BETWEEN 0 AND 100), amount INTEGER CHECK (amount > 0),
  size TEXT CHECK (size IN ('m', 'l')), since DATE, label TEXT, huge BIGINT UNIQUE);
`;

const inputs = (rows: number): QueryInput[] => [
  { party: 'acme', table: 'o', maxRows: rows },
  { party: 'beta', table: 'c', maxRows: rows },
];

async function refusal(marked: string, given = inputs(100), tables = TABLES): Promise<MpcError> {
  const text = tables + marked;
  const before = text.slice(0, text.indexOf('»')).split('\n');
  const error = await compileQuery(text.replace('»', ''), { inputs: given, minGroupSize: 1 }).then(
    () => assert.fail(`accepted: ${marked}`),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof MpcError, `${marked}\n${error}`);
  assert.equal(error.exitCode, EXIT.badData, marked);
  assert.ok(error.hint !== undefined && error.hint.length > 3, `${marked}: a hint`);
  if (text.includes('»'))
    assert.deepEqual(
      error.place,
      { line: before.length, column: [...before.at(-1)!].length + 1 },
      `${marked}: ${error.message}`,
    );
  return error;
}

const ON = 'o.customer = c.id';

const REFUSED: readonly (readonly [string, string])[] = [
  ['unsupported', `SELECT COUNT(*) FROM o RIGHT JOIN »c ON ${ON}`],
  ['unsupported', `SELECT COUNT(*) FROM o FULL JOIN »c ON ${ON}`],
  ['unsupported', 'SELECT COUNT(*) FROM o NATURAL JOIN »c'],
  ['unsupported', `SELECT COUNT(*) FROM (o JOIN »c ON ${ON}) AS j`],
  ['unsupported', `SELECT COUNT(*) FROM o LEFT JOIN (»c JOIN o AS p ON p.customer = c.id) ON ${ON}`],
  [
    'unsupported',
    'SELECT COUNT(s.x) FROM o LEFT JOIN (SELECT id, »id + 1 AS x FROM c) AS s ON o.customer = s.id',
  ],
  ['unsupported', 'SELECT COUNT(*) FROM o JOIN (SELECT id FROM c ORDER BY »id) AS s ON o.customer = s.id'],
  ['unsupported', 'SELECT COUNT(*) FROM o, LATERAL (SELECT »id FROM c) AS s'],
  ['unsupported', `SELECT COUNT(*) FROM o JOIN c ON ${ON} WHERE c.amount »IS DISTINCT FROM 3`],
  ['unsupported', `SELECT »c.* FROM o JOIN c ON ${ON}`],
  ['unknown-table', 'SELECT COUNT(*) FROM o JOIN »d ON o.customer = d.id'],
  ['unknown-table', 'SELECT COUNT(*) FROM o, »d'],
  ['unknown-table', 'SELECT COUNT(*) FROM o AS x JOIN c ON »o.customer = c.id'],
  ['unknown-table', `SELECT SUM(»d.id) FROM o JOIN c ON ${ON}`],
  // A condition names the tables that it joins, not those beside them.
  ['unknown-table', 'SELECT COUNT(*) FROM c AS b, o JOIN c ON »b.id = o.customer'],
  ['unknown-column', 'SELECT COUNT(*) FROM o JOIN c ON o.customer = »c.customer'],
  ['unknown-column', `SELECT SUM(»wage) FROM o JOIN c ON ${ON}`],
  ['unknown-column', 'SELECT COUNT(*) FROM o JOIN »c USING (id)'],
  [
    'unknown-column',
    'SELECT COUNT(*) FROM o JOIN (SELECT id FROM c WHERE »wage > 1) AS s ON o.customer = s.id',
  ],
  ['ambiguous-column', `SELECT SUM(»amount) FROM o JOIN c ON ${ON}`],
  ['ambiguous-column', 'SELECT COUNT(*) FROM o JOIN c ON customer = id AND »size = o.size'],
  ['ambiguous-column', `SELECT »size, COUNT(*) FROM o JOIN c ON ${ON} GROUP BY size`],
  ['duplicate-table', 'SELECT COUNT(*) FROM o, c JOIN »o ON o.customer = c.id'],
  ['duplicate-table', 'SELECT COUNT(*) FROM c JOIN »c ON c.id = c.id'],
  ['not-grouped', `SELECT o.size, »c.size FROM o JOIN c ON ${ON} GROUP BY o.size`],
  ['misplaced-aggregate', `SELECT COUNT(*) FROM o JOIN c ON ${ON} AND »SUM(c.amount) > 3`],
  ['bad-type', 'SELECT COUNT(*) FROM o JOIN c ON o.day »= c.id'],
  ['bad-type', 'SELECT COUNT(*) FROM o JOIN c ON o.size »= c.amount'],
  ['bad-type', `SELECT COUNT(*) FROM o JOIN c ON ${ON} AND »c.amount`],
  ['no-values', 'SELECT COUNT(*) FROM o JOIN c ON o.name »= c.label'],
  ['too-wide', 'SELECT COUNT(*) FROM o JOIN c ON o.big »= c.huge'],
  ['no-aggregate', `»SELECT 1 FROM o JOIN c ON ${ON}`],
];

test('what cannot be joined is refused with its place', async () => {
  for (const [code, query] of REFUSED) {
    const error = await refusal(query);
    assert.equal(error.code, `sql.${code}`, `${query}: ${error.message}`);
  }
});

test('a join that has no key is refused where its tables are large, and says what to do', async () => {
  const query = 'SELECT COUNT(*) FROM o JOIN »c ON o.amount = c.amount';
  const byAmount = await refusal(query, inputs(2000));
  assert.equal(byAmount.code, 'sql.join-too-large');
  assert.match(byAmount.message, /2000 times 2000 pairs of rows are more than the 1048576/);
  assert.match(byAmount.hint ?? '', /PRIMARY KEY or UNIQUE/);
  const product = await refusal('SELECT COUNT(*) FROM o, »c WHERE o.amount > c.amount', inputs(2000));
  assert.match(product.hint ?? '', /join by an equality/);
  await compileQuery(TABLES + query.replace('»', ''), { inputs: inputs(1000), minGroupSize: 1 });
  const keyed = TABLES + query.replace('»', '').replace('o.amount = c.amount', ON);
  await compileQuery(keyed, { inputs: inputs(50_000), minGroupSize: 1 });
});

test('a key of a table that several parties bring is refused: nobody could see that it occurs once', async () => {
  const two = [...inputs(10), { party: 'gamma', table: 'c', maxRows: 10 }];
  const keyed = 'CREATE TABLE c (id INTEGER NOT NULL CHECK (id BETWEEN 0 AND 9), »UNIQUE (id));\n';
  const others = 'CREATE TABLE o (customer INTEGER CHECK (customer BETWEEN 0 AND 9));\n';
  const error = await refusal(`${keyed}${others}SELECT COUNT(*) FROM o JOIN c ON ${ON}`, two, '');
  assert.equal(error.code, 'sql.unsupported');
  assert.match(error.message, /UNIQUE \(id\) in c, which 2 parties bring/);
});

test('parties and tables that do not fit the query are refused', async () => {
  const query = `SELECT COUNT(*) FROM o JOIN c ON ${ON}`;
  const [first, second] = inputs(10);
  const wrong: readonly (readonly [RegExp, QueryInput[]])[] = [
    [/nobody brings rows of c/, [first!]],
    [/acme is named twice for o/, [first!, first!, second!]],
    [/gamma is to bring rows of d/, [first!, second!, { party: 'gamma', table: 'd', maxRows: 1 }]],
  ];
  for (const [says, given] of wrong) assert.match((await refusal(query, given)).message, says);
  const both = [...inputs(10), { party: 'beta', table: 'o', maxRows: 70 }];
  const { plan } = await compileQuery(TABLES + query, { inputs: both, minGroupSize: 1 });
  assert.deepEqual(plan.tables, [
    {
      name: 'o',
      slices: [
        { party: 'acme', capacity: 64 },
        { party: 'beta', capacity: 128 },
      ],
    },
    { name: 'c', slices: [{ party: 'beta', capacity: 64 }] },
  ]);
});
