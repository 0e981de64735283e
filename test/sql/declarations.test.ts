/**
 * Owns what declarations mean: the integers of each type, bounds from CHECKs, codes of texts; and how literals are read.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { declaredTables } from '../../src/sql/compile.ts';
import {
  formatDate,
  formatDecimal,
  parseDate,
  parseDecimal,
  parseShortDecimal,
} from '../../src/sql/literals.ts';
import { tableOf } from '../../src/sql/result.ts';
import type { ColumnType } from '../../src/sql/specification.ts';

const bounds = async (column: string) => {
  const [table] = await declaredTables(`CREATE TABLE t (${column}); SELECT COUNT(*) FROM t`);
  const { lo, hi } = table!.columns[0]!;
  return [lo, hi];
};

test('types and CHECKs give bounds in the column’s units', async () => {
  assert.deepEqual(await bounds('a SMALLINT'), [-32_768n, 32_767n]);
  assert.deepEqual(await bounds('a INT'), [-(2n ** 31n), 2n ** 31n - 1n]);
  assert.deepEqual(await bounds('a BIGINT'), [-(2n ** 63n), 2n ** 63n - 1n]);
  assert.deepEqual(await bounds('a NUMERIC(5)'), [-99_999n, 99_999n]);
  assert.deepEqual(await bounds('a DECIMAL(5, 2)'), [-99_999n, 99_999n]);
  assert.deepEqual(await bounds('a DECIMAL(5, 2) CHECK (a BETWEEN -1 AND 7.5)'), [-100n, 750n]);
  assert.deepEqual(await bounds('a DECIMAL(5, 2) CHECK (a > 0 AND a < 10)'), [1n, 999n]);
  assert.deepEqual(await bounds('a DECIMAL(5, 2) CHECK (a > 0.001 AND 9.999 >= a)'), [1n, 999n]);
  assert.deepEqual(await bounds('a DECIMAL(38, 2) CHECK (a BETWEEN 0 AND 1000000)'), [0n, 100_000_000n]);
  assert.deepEqual(await bounds('a INT CHECK (a >= -2.5), CHECK (a <= 2.5)'), [-2n, 2n]);
  assert.deepEqual(await bounds('a INT CHECK (-(3) <= a) CHECK (a < 4) CHECK (a < 100)'), [-3n, 3n]);
  assert.deepEqual(await bounds('a INT, CONSTRAINT low CHECK (a BETWEEN 1 AND 2)'), [1n, 2n]);
  assert.deepEqual(await bounds('a INT CHECK (a = 7)'), [7n, 7n]);
  assert.deepEqual(await bounds("a DATE CHECK (a >= '1970-01-01' AND a < DATE '1970-02-01')"), [0n, 30n]);
  assert.deepEqual(await bounds('a DATE'), [-719_162n, 2_932_896n]);
  assert.deepEqual(await bounds('a BOOLEAN'), [0n, 1n]);
});

test('columns keep names, values and whether they may be NULL', async () => {
  const [table] = await declaredTables(
    `CREATE TABLE t ("Full Name" TEXT, e VARCHAR(3) NOT NULL CHECK (e IN ('b', 'a', 'ö''s')), n INT NULL); SELECT COUNT(*) FROM t`,
  );
  assert.deepEqual(
    table!.columns.map(({ name, type, values, nullable }) => [name, type, values, nullable]),
    [
      ['Full Name', 'text', undefined, true],
      ['e', 'text', ['b', 'a', "ö's"], false],
      ['n', 'integer', undefined, true],
    ],
  );
});

test('decimals are read and written exactly', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }), fc.nat({ max: 18 }), (value, scale) => {
      const text = formatDecimal(value, scale);
      assert.equal(parseDecimal(text, scale), value);
      const short = parseShortDecimal(text, scale);
      if (short !== undefined) assert.equal(BigInt(short), value);
    }),
  );
  const cases: readonly (readonly [string, number, bigint | string])[] = [
    ['1.50', 1, 15n],
    ['1.5', 3, 1500n],
    ['+2', 0, 2n],
    ['-.5', 2, -50n],
    ['5.', 1, 50n],
    ['1.55', 1, 'too-many-decimals'],
    ['', 0, 'not-a-number'],
    ['.', 0, 'not-a-number'],
    ['1e3', 0, 'not-a-number'],
    ['1,5', 1, 'not-a-number'],
    ['NaN', 0, 'not-a-number'],
    ['9'.repeat(60), 0, 'not-a-number'],
  ];
  for (const [text, scale, expected] of cases) {
    assert.equal(parseDecimal(text, scale), expected, text);
    const short = parseShortDecimal(text, scale);
    if (short !== undefined) assert.equal(BigInt(short), expected, text);
  }
});

test('dates are read and written exactly', () => {
  fc.assert(
    fc.property(fc.integer({ min: -719_162, max: 2_932_896 }), (days) => {
      assert.equal(parseDate(formatDate(days)), days);
    }),
  );
  for (const text of [
    '2023-02-29',
    '2024-13-01',
    '2024-00-10',
    '0000-01-01',
    '24-01-01',
    '2024-1-1',
    '2024-01-01 ',
    'x',
  ])
    assert.equal(parseDate(text), undefined, text);
});

test('cells are JSON numbers exactly where reading them back gives the same digits', () => {
  const cell = (type: ColumnType, scale: number, value: bigint) =>
    tableOf({ columns: [{ name: 'c', type, scale, source: { from: 'output', value: 'v' } }], rows: 1 }, [
      { name: 'v', kind: 'ring', values: [value] },
    ]).rows[0]![0];
  assert.equal(cell('integer', 0, 2n ** 53n - 1n), 9_007_199_254_740_991);
  assert.equal(cell('integer', 0, 2n ** 53n), '9007199254740992');
  assert.equal(cell('decimal', 2, -5n), -0.05);
  assert.equal(cell('decimal', 2, 123_456_789_012_345n), 1_234_567_890_123.45);
  assert.equal(cell('decimal', 2, 1_234_567_890_123_456n), '12345678901234.56');
  assert.equal(cell('decimal', 18, 1n), 1e-18);
  assert.equal(cell('date', 0, -1n), '1969-12-31');
  fc.assert(
    fc.property(
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
      fc.nat({ max: 18 }),
      (value, scale) => {
        const shown = cell('decimal', scale, value);
        const text = typeof shown === 'string' ? shown : shown === 0 ? '0' : Number(shown).toFixed(scale);
        assert.equal(parseDecimal(text, scale), value);
      },
    ),
  );
});
