/**
 * Owns the wording of disclosure statements: people agree to a query by reading it, so every change of a word is seen here.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileQuery } from '../../src/sql/compile.ts';

const TABLE = `CREATE TABLE pay (
  gender TEXT NOT NULL CHECK (gender IN ('f', 'm', 'x')), site BOOLEAN,
  salary DECIMAL(9, 2) NOT NULL CHECK (salary BETWEEN 0 AND 100000), bonus INTEGER CHECK (bonus BETWEEN 0 AND 1000));`;

const LAST = "Nothing else about anyone's rows is revealed, except row limits, who takes part and the query.";

const SORTS = 'This query sorts: a server that departs from the protocol could learn about what is sorted.';

const STATEMENTS: readonly (readonly [string, number, readonly string[], readonly string[]])[] = [
  [
    'SELECT gender, AVG(salary) FROM pay GROUP BY gender HAVING COUNT(*) >= 3',
    1,
    ['analyst'],
    [
      'analyst learns, per gender with at least 3 rows: the average of salary (6 decimals); and which of the 3 possible groups have at least 3 rows.',
    ],
  ],
  [
    'SELECT gender, site, COUNT(*), ROUND(AVG(salary), 2), SUM(bonus) FROM pay WHERE salary > 10 AND site IS NOT NULL GROUP BY gender, site',
    5,
    ['acme', 'beta', 'gamma'],
    [
      'acme, beta and gamma learn, per gender and site with at least 5 rows: the number of rows; the average of salary (2 decimals); the sum of bonus; and which of the 9 possible groups have at least 5 rows.',
      'Only rows where (salary > 10) AND (site IS NOT NULL) count.',
      'A sum, average, smallest or largest value over fewer than 5 rows is not shown; numbers of rows are.',
    ],
  ],
  [
    'SELECT COUNT(*), COUNT(bonus) FROM pay',
    1,
    ['analyst'],
    ['analyst learns: the number of rows; the number of rows with bonus.'],
  ],
  [
    'SELECT MAX(salary) - MIN(salary) AS spread, MIN(bonus) FILTER (WHERE site) FROM pay',
    2,
    [],
    [
      'the output party learns, if at least 2 rows count: MAX(salary) - MIN(salary); the smallest value of bonus among rows where site; and whether that is so.',
      'A smallest or largest value is the value of a single row.',
      'A sum, average, smallest or largest value over fewer than 2 rows is not shown; numbers of rows are.',
    ],
  ],
  [
    "SELECT SUM(CASE WHEN gender = 'f' THEN salary ELSE 0 END) * 100 / SUM(salary) AS share FROM pay HAVING COUNT(*) > 9 AND SUM(bonus) < 50",
    1,
    ['a', 'b'],
    [
      "a and b learn, if at least 10 rows count and SUM(bonus) < 50: (SUM(CASE WHEN gender = 'f' THEN salary ELSE 0 END) * 100) / SUM(salary); and whether that is so.",
    ],
  ],
  [
    'SELECT gender FROM pay GROUP BY gender HAVING 2 <= COUNT(*) AND (AVG(bonus) > 5 OR MAX(bonus) IS NULL)',
    1,
    ['analyst'],
    [
      'analyst learns, per gender with at least 2 rows where (AVG(bonus) > 5) OR (MAX(bonus) IS NULL): that it exists; and which of the 3 possible groups have at least 2 rows and satisfy (AVG(bonus) > 5) OR (MAX(bonus) IS NULL).',
      'A smallest or largest value is the value of a single row.',
    ],
  ],
  [
    'SELECT gender, STDDEV(salary), ROUND(CORR(bonus, salary) FILTER (WHERE site), 2), COUNT(DISTINCT site), REGR_COUNT(bonus, salary) FROM pay GROUP BY gender',
    4,
    ['analyst'],
    [
      'analyst learns, per gender with at least 4 rows: the sample standard deviation of salary (4 decimals); the correlation of bonus and salary among rows where site (2 decimals); the number of different values of site; the number of rows with bonus and salary; and which of the 3 possible groups have at least 4 rows.',
      'A sum, average, statistic, number of different values, smallest or largest value over fewer than 4 rows is not shown; numbers of rows are.',
    ],
  ],
  [
    'SELECT VAR_POP(bonus), COVAR_SAMP(bonus, salary), REGR_SLOPE(bonus, salary), REGR_INTERCEPT(bonus, salary), REGR_R2(bonus, salary), VARIANCE(salary) * 2 FROM pay',
    1,
    ['analyst'],
    [
      'analyst learns: the variance of bonus (4 decimals); the sample covariance of bonus and salary (4 decimals); the slope of the line that fits bonus by salary (4 decimals); the intercept of the line that fits bonus by salary (4 decimals); the square of the correlation of bonus and salary (4 decimals); VARIANCE(salary) * 2.',
    ],
  ],
  [
    'WITH s AS (SELECT gender AS who, salary + 1 AS more FROM pay WHERE bonus % 2 = 1) SELECT MAX(GREATEST(more, 3)) AS m FROM s',
    1,
    ['analyst'],
    [
      'analyst learns: the largest value of GREATEST(salary + 1, 3).',
      'Only rows where (bonus % 2) = 1 count.',
      'A smallest or largest value is the value of a single row.',
    ],
  ],
  [
    'SELECT DISTINCT gender FROM pay WHERE SIGN(bonus) = 1',
    1,
    ['analyst'],
    [
      'analyst learns, per gender with at least 1 row: that it exists; and which of the 3 possible groups have at least 1 row.',
      'Only rows where SIGN(bonus) = 1 count.',
    ],
  ],
  [
    'SELECT gender, MEDIAN(salary), PERCENTILE_CONT(0.9) WITHIN GROUP (ORDER BY bonus DESC) FILTER (WHERE site) FROM pay GROUP BY gender',
    4,
    ['analyst'],
    [
      'analyst learns, per gender with at least 4 rows: the median of salary; the percentile at 0.1 of bonus among rows where site; and which of the 3 possible groups have at least 4 rows.',
      'A median or percentile is the value of a single row, or lies between those of two.',
      'A sum, average, median, percentile, smallest or largest value over fewer than 4 rows is not shown; numbers of rows are.',
      SORTS,
    ],
  ],
  [
    'SELECT COUNT(DISTINCT bonus) FILTER (WHERE site) FROM pay',
    3,
    ['analyst'],
    [
      'analyst learns, if at least 3 rows count: the number of different values of bonus among rows where site; and whether that is so.',
      'A sum, average, number of different values, smallest or largest value over fewer than 3 rows is not shown; numbers of rows are.',
      SORTS,
    ],
  ],
  [
    'SELECT gender, site, SUM(bonus) AS paid, COUNT(*) FROM pay GROUP BY gender, site HAVING COUNT(*) >= 3 ORDER BY paid DESC, gender LIMIT 2',
    1,
    ['analyst'],
    [
      'analyst learns, for the first 2 groups per gender and site with at least 3 rows, in the order of SUM(bonus) descending and gender: gender; site; the sum of bonus; the number of rows; and how many there are if there are fewer.',
      SORTS,
    ],
  ],
  [
    'SELECT COUNT(*) FROM pay GROUP BY gender LIMIT 1',
    1,
    ['analyst'],
    [
      'analyst learns, for the first group per gender with at least 1 row, in the order of their declaration: the number of rows; and how many there are if there are fewer.',
      SORTS,
    ],
  ],
  [
    'SELECT gender, COUNT(*) FROM pay GROUP BY gender LIMIT 3',
    1,
    ['analyst'],
    [
      'analyst learns, per gender with at least 1 row: the number of rows; and which of the 3 possible groups have at least 1 row.',
    ],
  ],
  [
    'SELECT salary, MAX(bonus) FROM pay WHERE site GROUP BY salary HAVING COUNT(*) > 4 AND SUM(bonus) > 9 ORDER BY 2',
    3,
    ['analyst'],
    [
      'analyst learns, for each value of salary with at least 5 rows where SUM(bonus) > 9, in their order: salary; the largest value of bonus; and how many such values there are.',
      'Only rows where site count.',
      'A smallest or largest value is the value of a single row.',
      'A sum, average, smallest or largest value over fewer than 3 rows is not shown; numbers of rows are.',
      SORTS,
    ],
  ],
  [
    'SELECT COUNT(*) FROM pay GROUP BY salary / 1000, bonus % 7, gender',
    1,
    ['a', 'b'],
    [
      'a and b learn, for each combination of salary / 1000, bonus % 7 and gender with at least 1 row, in their order: the number of rows; and how many such combinations there are.',
      SORTS,
    ],
  ],
  [
    'SELECT DISTINCT salary, site FROM pay LIMIT 5',
    1,
    ['analyst'],
    [
      'analyst learns, for the first 5 groups per salary and site with at least 1 row, in their order: salary; site; and how many there are if there are fewer.',
      SORTS,
    ],
  ],
  [
    "WITH s AS (SELECT salary, COUNT(*) AS n, MAX(bonus) AS most FROM pay WHERE gender = 'f' GROUP BY salary HAVING SUM(bonus) > 3) SELECT n, AVG(most) FROM s WHERE most > 2 GROUP BY n",
    2,
    ['analyst'],
    [
      'analyst learns, per n with at least 2 rows: the average of most (4 decimals); and which of the 1000 possible groups have at least 2 rows.',
      'Only rows where most > 2 count.',
      "A row here stands for all rows with one value of salary among those where gender = 'f', if SUM(bonus) > 3: n is the number of rows; most is the largest value of bonus.",
      'A sum, average, smallest or largest value over fewer than 2 rows is not shown; numbers of rows are.',
      SORTS,
    ],
  ],
  [
    'SELECT MAX(n) FROM (SELECT k, SUM(c) AS n FROM (SELECT DISTINCT salary AS c, site AS k FROM pay) AS s GROUP BY k) AS u',
    1,
    ['analyst'],
    [
      'analyst learns: the largest value of n.',
      'A row here stands for all rows with one value of k: n is the sum of c.',
      'Each of those rows stands for all rows with one combination of salary and site: c is salary; k is site.',
      'A smallest or largest value is the value of a single row.',
      SORTS,
    ],
  ],
  [
    'SELECT 1 AS one, gender, COUNT(*) FROM pay GROUP BY gender',
    1,
    ['analyst'],
    [
      'analyst learns, per gender with at least 1 row: the number of rows; and which of the 3 possible groups have at least 1 row.',
    ],
  ],
];

test('a disclosure statement says who learns what, and that it is all', async () => {
  for (const [select, minGroupSize, outputs, expected] of STATEMENTS) {
    const inputs = [{ party: 'acme', table: 'pay', maxRows: 1000 }];
    const { disclosure } = await compileQuery(`${TABLE}${select}`, { inputs, outputs, minGroupSize });
    assert.deepEqual(disclosure, [...expected, LAST], select);
  }
});

test('the statement does not depend on who brings how many rows', async () => {
  const text = `${TABLE}SELECT site, COUNT(*) FROM pay GROUP BY site`;
  const of = async (party: string, maxRows: number) =>
    (
      await compileQuery(text, {
        inputs: [{ party, table: 'pay', maxRows }],
        outputs: ['z'],
        minGroupSize: 1,
      })
    ).disclosure;
  assert.deepEqual(await of('a', 10), await of('b', 99_999));
});

test('what a row is where groups are joined, and where joined rows are grouped', async () => {
  const tables = `CREATE TABLE c (id INTEGER CHECK (id BETWEEN 0 AND 50) PRIMARY KEY, zip INTEGER);
    CREATE TABLE o (customer INTEGER CHECK (customer BETWEEN 0 AND 50), amount INTEGER CHECK (amount BETWEEN 0 AND 9));`;
  const of = async (select: string) => {
    const inputs = ['c', 'o'].map((table) => ({ party: 'acme', table, maxRows: 100 }));
    return (await compileQuery(tables + select, { inputs, outputs: ['analyst'], minGroupSize: 1 }))
      .disclosure;
  };
  const groups = await of(
    'SELECT zip, SUM(g.s) FROM c LEFT JOIN (SELECT customer, SUM(amount) AS s FROM o WHERE amount > 1 GROUP BY customer) g ON g.customer = id GROUP BY zip',
  );
  assert.deepEqual(groups, [
    'analyst learns, for each value of c.zip with at least 1 row, in their order: c.zip; the sum of g.s; and how many such values there are.',
    'A row is a row of c together with a row, or none, of g where g.customer = c.id; a row of one table may be in several of them.',
    'Which rows match is not revealed, nor how many, beyond what is said above.',
    'A row of g stands for all rows of o with one value of customer among those where amount > 1: s is the sum of amount.',
    SORTS,
    LAST,
  ]);
  const joined = await of(
    'SELECT COUNT(*) FROM (SELECT zip, SUM(amount) AS s FROM c JOIN o ON customer = id GROUP BY zip) g WHERE s > 3',
  );
  assert.deepEqual(joined, [
    'analyst learns: the number of rows.',
    'Only rows where s > 3 count.',
    'A row here stands for all rows with one value of c.zip: zip is c.zip; s is the sum of o.amount.',
    'Each of those rows is a row of c together with one of o where o.customer = c.id; a row of one table may be in several of them.',
    SORTS,
    LAST,
  ]);
});

test('a minimum is one of different rows of each joined table, HAVING is one of rows put together', async () => {
  const tables = `CREATE TABLE o (customer INTEGER CHECK (customer BETWEEN 0 AND 9), amount SMALLINT);
    CREATE TABLE c (id INTEGER PRIMARY KEY CHECK (id BETWEEN 0 AND 9), city TEXT CHECK (city IN ('ulm', 'bonn')));`;
  const inputs = ['o', 'c'].map((table) => ({ party: 'acme', table, maxRows: 10 }));
  const added = async (select: string, minGroupSize: number) => {
    const { disclosure } = await compileQuery(`${tables}SELECT city, SUM(amount) FROM ${select}`, {
      inputs,
      outputs: ['analyst'],
      minGroupSize,
    });
    const known = [SORTS, LAST, 'analyst learns', 'A row is', 'Which rows match', 'A sum, average'];
    return disclosure.filter((sentence) => !known.some((start) => sentence.startsWith(start)));
  };
  const inner = 'o JOIN c ON customer = id GROUP BY city';
  assert.deepEqual(await added(inner, 1), []);
  assert.deepEqual(await added(inner, 5), [
    'That minimum is one of different rows of each of o and c, however many rows they are put together with; numbers of rows count rows that are put together.',
  ]);
  assert.deepEqual(await added('o LEFT JOIN c ON customer = id GROUP BY city', 5), [
    'That minimum is one of different rows of each of o and c (of c: as many, or none), however many rows they are put together with; numbers of rows count rows that are put together.',
  ]);
  assert.deepEqual(await added(`${inner} HAVING COUNT(*) >= 7`, 1), [
    'HAVING counts rows that are put together: a single row of one table may be in all of them.',
  ]);
});

test('what a row of a join is, and that joining reveals nothing of its own', async () => {
  const tables = `CREATE TABLE o (customer INTEGER CHECK (customer BETWEEN 0 AND 9), amount SMALLINT);
    CREATE TABLE c (id INTEGER PRIMARY KEY CHECK (id BETWEEN 0 AND 9), city TEXT CHECK (city IN ('ulm', 'bonn')));`;
  const inputs = ['o', 'c'].map((table) => ({ party: 'acme', table, maxRows: 10 }));
  const disclosureOf = async (select: string) =>
    (await compileQuery(`${tables}${select}`, { inputs, outputs: ['analyst'], minGroupSize: 1 })).disclosure;
  const secret = 'Which rows match is not revealed, nor how many, beyond what is said above.';
  assert.deepEqual(
    await disclosureOf(
      'SELECT city, SUM(amount) FROM o LEFT JOIN c AS k ON customer = id AND amount > 3 WHERE o.customer > 0 GROUP BY k.city',
    ),
    [
      'analyst learns, per k.city with at least 1 row: the sum of o.amount; and which of the 3 possible groups have at least 1 row.',
      'A row is a row of o together with a row, or none, of c as k where o.customer = k.id AND o.amount > 3; a row of one table may be in several of them.',
      secret,
      'Only rows where o.customer > 0 count.',
      LAST,
    ],
  );
  assert.deepEqual(
    await disclosureOf(
      'SELECT COUNT(*) FROM o, c, (SELECT customer AS n FROM o WHERE amount > 9) s WHERE customer = id AND s.n = id',
    ),
    [
      'analyst learns: the number of rows.',
      'A row is a row of o together with one of c and with one of o as o_2; a row of one table may be in several of them.',
      secret,
      'Only rows where (o_2.amount > 9) AND ((o.customer = c.id) AND (o_2.customer = c.id)) count.',
      LAST,
    ],
  );
});
