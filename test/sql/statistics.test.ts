/**
 * Owns variances, deviations, covariances, correlations and lines, against exact rational numbers worked out from the rows
 * with BigInt. Variances and covariances are the nearest unit; everything else is within one unit of its last decimal.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { floorRoot } from '../../src/plan/compose/square-root.ts';
import { parseDecimal } from '../../src/sql/literals.ts';
import { dealOut, type Row, runBothWays, runClear } from './support.ts';

/** The counts of what was checked depend on it; MPC_SEED tries another. */
const SEED = Number(process.env.MPC_SEED ?? 20_261_121);

type Pair = readonly [y: bigint | null, x: bigint | null];
interface Scales {
  readonly y: number;
  readonly x: number;
}

const power = (exponent: number): bigint => 10n ** BigInt(exponent);

/** A thousandth of a unit of 10^-decimals, cut towards minus infinity, of n / d and of its root. */
const thousandths = (n: bigint, d: bigint, decimals: number): bigint => {
  const scaled = n * power(decimals + 3);
  const quotient = scaled / d;
  return scaled < 0n && quotient * d !== scaled ? quotient - 1n : quotient;
};
const rootThousandths = (n: bigint, d: bigint, decimals: number): bigint =>
  floorRoot((n * power(2 * (decimals + 3))) / d);

/** What PostgreSQL would compute, in thousandths of the last decimal; null for NULL. */
function truth(name: string, pairs: readonly Pair[], scales: Scales, decimals: number): bigint | null {
  const single = !name.startsWith('regr') && !name.startsWith('co');
  const rows = pairs.flatMap(([y, x]) =>
    single ? (y === null ? [] : [[y, y] as const]) : y === null || x === null ? [] : [[y, x] as const],
  );
  const n = BigInt(rows.length);
  const sum = (of: (y: bigint, x: bigint) => bigint) => rows.reduce((total, [y, x]) => total + of(y, x), 0n);
  const [sy, sx] = [sum((y) => y), sum((_, x) => x)];
  const cyy = n * sum((y) => y * y) - sy * sy;
  const cxx = n * sum((_, x) => x * x) - sx * sx;
  const cxy = n * sum((y, x) => x * y) - sx * sy;
  const units = { yy: power(2 * scales.y), xy: power(scales.x + scales.y) };
  const [up, down] = [power(scales.x), power(scales.y)];
  const sample = n * (n - 1n);
  switch (name) {
    case 'var_pop':
      return n === 0n ? null : thousandths(cyy, n * n * units.yy, decimals);
    case 'variance':
    case 'var_samp':
      return n < 2n ? null : thousandths(cyy, sample * units.yy, decimals);
    case 'stddev_pop':
      return n === 0n ? null : rootThousandths(cyy, n * n * units.yy, decimals);
    case 'stddev':
    case 'stddev_samp':
      return n < 2n ? null : rootThousandths(cyy, sample * units.yy, decimals);
    case 'covar_pop':
      return n === 0n ? null : thousandths(cxy, n * n * units.xy, decimals);
    case 'covar_samp':
      return n < 2n ? null : thousandths(cxy, sample * units.xy, decimals);
    case 'regr_slope':
      return cxx === 0n ? null : thousandths(cxy * up, cxx * down, decimals);
    case 'regr_intercept':
      return cxx === 0n ? null : thousandths(sy * cxx - sx * cxy, n * cxx * down, decimals);
    case 'corr': {
      if (cxx === 0n || cyy === 0n) return null;
      const root = rootThousandths(cxy * cxy, cxx * cyy, decimals);
      return cxy < 0n ? -root : root;
    }
    case 'regr_r2':
      if (cxx === 0n) return null;
      return cyy === 0n ? power(decimals + 3) : thousandths(cxy * cxy, cxx * cyy, decimals);
    default:
      return assert.fail(name);
  }
}

const SINGLE = ['variance', 'var_samp', 'var_pop', 'stddev', 'stddev_samp', 'stddev_pop'];
const PAIRED = ['covar_pop', 'covar_samp', 'corr', 'regr_slope', 'regr_intercept', 'regr_r2'];
const EXACT = /^(var|cov)/;

/** A cell in units of 10^-decimals. */
function unitsOf(cell: unknown, decimals: number): bigint {
  const value = parseDecimal(typeof cell === 'number' ? cell.toFixed(decimals) : String(cell), decimals);
  assert.ok(typeof value === 'bigint', `${cell} has ${decimals} decimals`);
  return value;
}

let compared = 0;
let nulls = 0;

function check(name: string, cell: unknown, pairs: readonly Pair[], scales: Scales, decimals = 4): void {
  const expected = truth(name, pairs, scales, decimals);
  const context = `${name} with ${decimals} decimals of ${pairs.length} rows ${JSON.stringify(pairs.slice(0, 20), (_, v) => (typeof v === 'bigint' ? `${v}` : v))}`;
  compared += 1;
  if (expected === null || cell === null) {
    nulls += 1;
    assert.equal(cell, expected === null ? null : `${expected} thousandths`, context);
    return;
  }
  const distance = unitsOf(cell, decimals) * 1000n - expected;
  const most = EXACT.test(name) ? 501n : 1001n;
  assert.ok(
    distance <= most && distance >= -most,
    `${context}: ${cell} is ${distance} thousandths of a unit off`,
  );
}

interface Columns {
  readonly y: string;
  readonly x: string;
  readonly scales: Scales;
}

const tableOf = ({ y, x }: Columns, nullable = '') =>
  `CREATE TABLE t (g TEXT NOT NULL CHECK (g IN ('a', 'b', 'c')), f BOOLEAN NOT NULL, y ${y}${nullable}, x ${x}${nullable});`;
const callOf = (name: string) => `${name.toUpperCase()}(${SINGLE.includes(name) ? 'y' : 'y, x'})`;

const SMALL: Columns = {
  y: 'INTEGER CHECK (y BETWEEN -20 AND 50)',
  x: 'DECIMAL(3, 1) CHECK (x BETWEEN -3 AND 12)',
  scales: { y: 0, x: 1 },
};
const PAY: Columns = {
  y: 'DECIMAL(9, 2) CHECK (y BETWEEN 0 AND 100000)',
  x: 'INTEGER CHECK (x BETWEEN 16 AND 70)',
  scales: { y: 2, x: 0 },
};
const RANGES = new Map([
  [SMALL, { y: [-20n, 50n], x: [-30n, 120n] }],
  [PAY, { y: [0n, 10_000_000n], x: [16n, 70n] }],
] as const);

/** Rows anywhere, near one another, on a line, at the ends, or all alike. */
function rowsIn(columns: Columns, most: number) {
  const { y, x } = RANGES.get(columns)!;
  const [lowY, highY, lowX, highX] = [y[0]!, y[1]!, x[0]!, x[1]!];
  const clamp = (value: bigint, low: bigint, high: bigint) =>
    value < low ? low : value > high ? high : value;
  const anywhere = fc.tuple(fc.bigInt(lowY, highY), fc.bigInt(lowX, highX));
  const near = fc.tuple(fc.bigInt(lowY, lowY + 2n), fc.bigInt(highX - 1n, highX));
  const ends = fc.tuple(fc.constantFrom(lowY, highY), fc.constantFrom(lowX, highX));
  const line = fc.bigInt(lowX, highX).map((at) => {
    const along = lowY + ((highY - lowY) * (at - lowX)) / (highX - lowX);
    return [clamp(along, lowY, highY), at] as [bigint, bigint];
  });
  const list = (row: fc.Arbitrary<[bigint, bigint]>) => fc.array(row, { minLength: 0, maxLength: most });
  const alike = fc
    .tuple(anywhere, fc.integer({ min: 1, max: most }), anywhere, fc.boolean())
    .map(([row, count, other, odd]) => [
      ...Array.from({ length: count }, () => row),
      ...(odd ? [other] : []),
    ]);
  return fc.oneof(list(anywhere), list(near), list(ends), list(line), alike);
}

for (const [name, columns] of [
  ['small numbers', SMALL],
  ['pay and age', PAY],
] as const) {
  test(`all statistics of ${name} are what the rows say`, async () => {
    const before = compared;
    await fc.assert(
      fc.asyncProperty(rowsIn(columns, 60), async (pairs) => {
        const names = [...SINGLE, ...PAIRED];
        const rows = pairs.map(([y, x]): Row => [0n, 1n, y, x]);
        const select = `SELECT ${names.map(callOf).join(', ')}, REGR_COUNT(y, x) FROM t`;
        const { table } = await runClear(tableOf(columns, ' NOT NULL') + select, dealOut(rows, 2));
        const cells = table.rows[0]!;
        names.forEach((statistic, at) => {
          check(statistic, cells[at], pairs, columns.scales);
        });
        assert.equal(cells.at(-1), pairs.length);
      }),
      { numRuns: 40, seed: SEED },
    );
    assert.ok(compared - before >= 480, `only ${compared - before} cells were compared`);
  });

  test(`statistics of ${name} with NULLs, filters and groups count the rows they should`, async () => {
    const before = [compared, nulls];
    const withNulls = rowsIn(columns, 40).chain((pairs) =>
      fc.tuple(
        fc.constant(pairs),
        fc.array(fc.tuple(fc.nat(3), fc.nat(3), fc.nat(2), fc.nat(1)), {
          minLength: pairs.length,
          maxLength: pairs.length,
        }),
      ),
    );
    await fc.assert(
      fc.asyncProperty(withNulls, fc.boolean(), async ([pairs, marks], where) => {
        const rows = pairs.map(([y, x], at): Row => {
          const [noY, noX, group, flag] = marks[at]!;
          return [BigInt(group), BigInt(flag), noY === 0 ? null : y, noX === 0 ? null : x];
        });
        const names = [
          'var_samp',
          'stddev_pop',
          'corr',
          'regr_slope',
          'regr_intercept',
          'covar_samp',
          'regr_r2',
        ];
        const calls = names.flatMap((statistic) => [
          callOf(statistic),
          `${callOf(statistic)} FILTER (WHERE f)`,
        ]);
        const condition = where ? ' WHERE y > 5 OR x IS NULL' : '';
        const kept = rows.filter(
          ([, , y, x]) => !where || x === null || (y !== null && y! > 5n * power(columns.scales.y)),
        );
        const whole = await runClear(
          `${tableOf(columns)}SELECT ${calls.join(', ')} FROM t${condition}`,
          dealOut(rows, 3),
        );
        const grouped = await runClear(
          `${tableOf(columns)}SELECT g, ${calls.join(', ')} FROM t${condition} GROUP BY g`,
          dealOut(rows, 2),
        );
        const compare = (cells: readonly unknown[], of: readonly Row[]) =>
          names.forEach((statistic, at) => {
            const all = of.map(([, , y, x]): Pair => [y!, x!]);
            const some = of.filter(([, f]) => f === 1n).map(([, , y, x]): Pair => [y!, x!]);
            check(statistic, cells[2 * at], all, columns.scales);
            check(statistic, cells[2 * at + 1], some, columns.scales);
          });
        compare(whole.table.rows[0]!, kept);
        const shown = ['a', 'b', 'c'].filter((_, g) => kept.some(([group]) => group === BigInt(g)));
        assert.deepEqual(
          grouped.table.rows.map(([g]) => g),
          shown,
        );
        for (const [g, ...cells] of grouped.table.rows)
          compare(
            cells,
            kept.filter(([group]) => group === BigInt('abc'.indexOf(String(g)))),
          );
      }),
      { numRuns: 15, seed: SEED },
    );
    assert.ok(compared - before[0]! > 300, `only ${compared - before[0]!} cells were compared`);
    assert.ok(nulls - before[1]! > 10, `only ${nulls - before[1]!} were NULL`);
  });
}

test('ROUND and CAST around a statistic give its decimals', async () => {
  const before = compared;
  await fc.assert(
    fc.asyncProperty(rowsIn(SMALL, 30), fc.integer({ min: 0, max: 6 }), async (pairs, decimals) => {
      const names = ['var_pop', 'stddev', 'covar_samp', 'corr', 'regr_slope', 'regr_intercept', 'regr_r2'];
      const rows = pairs.map(([y, x]): Row => [0n, 1n, y, x]);
      const calls = names.map((statistic, at) =>
        at % 2 === 0
          ? `ROUND(${callOf(statistic)}, ${decimals})`
          : `CAST(${callOf(statistic)} AS DECIMAL(16, ${decimals}))`,
      );
      const { table } = await runClear(
        `${tableOf(SMALL)}SELECT ${calls.join(', ')} FROM t`,
        dealOut(rows, 1),
      );
      names.forEach((statistic, at) => {
        check(statistic, table.rows[0]![at], pairs, SMALL.scales, decimals);
      });
    }),
    { numRuns: 30, seed: SEED },
  );
  assert.ok(compared - before >= 210, `only ${compared - before} cells were compared`);
});

test('many rows of wide columns are as exact, wherever the rows lie', async () => {
  const wide: Columns = {
    y: 'DECIMAL(9, 2) CHECK (y BETWEEN 0 AND 40000)',
    x: 'DECIMAL(9, 2) CHECK (x BETWEEN 0 AND 40000)',
    scales: { y: 2, x: 2 },
  };
  const top = 4_000_000n;
  const count = 20_000;
  const spread = (at: number) => BigInt((at * 2_654_435_761) % 4_000_001);
  const shapes: readonly ((at: number) => Pair)[] = [
    (at) => [spread(at), spread(at + 77)],
    (at) => [at % 2 === 0 ? 0n : top, at % 2 === 0 ? top : 0n],
    (at) => [at % 3 === 0 ? top : 0n, at === 5 ? 1n : 0n],
    (at) => [at === 7 ? top : 0n, at === 7 ? 1n : 0n],
    (at) => [at === 7 ? 1n : 0n, spread(at)],
    (at) => [spread(at) / 2n + 3n, spread(at)],
    (at) => [top - spread(at), top - spread(at) / 3n],
    (at) => [top - BigInt(at % 2), top - BigInt(at % 3)],
  ];
  const names = [...SINGLE, ...PAIRED].filter((name) => name !== 'regr_intercept');
  const before = compared;
  for (const shape of shapes) {
    const pairs = Array.from({ length: count }, (_, at) => shape(at));
    const rows = pairs.map(([y, x]): Row => [0n, 1n, y, x]);
    const select = `SELECT ${names.map(callOf).join(', ')} FROM t`;
    const { table } = await runClear(tableOf(wide, ' NOT NULL') + select, dealOut(rows, 3));
    names.forEach((statistic, at) => {
      check(statistic, table.rows[0]![at], pairs, wide.scales);
    });
  }
  assert.equal(compared - before, shapes.length * names.length);
});

test('lines through so many rows that only rounded deviations fit are told as exactly', async () => {
  const count = 60_000;
  const [top, young, old] = [10_000_000n, 16n, 70n];
  const age = (at: number) => young + BigInt((at * 31) % 55);
  const shapes: readonly ((at: number) => Pair)[] = [
    (at) => (at % 2 === 0 ? [0n, young] : [top, old]),
    // The same with means that are no whole numbers.
    (at) => (at < 17_001 ? [top - 1n, old - 1n] : at % 2 === 0 ? [0n, young] : [top, old]),
    (at) => (at < 13_337 ? [3n, old] : at % 2 === 0 ? [0n, old - 1n] : [top, young]),
    (at) => (at % 2 === 0 ? [top, 40n] : [0n, 41n]),
    (at) => [at === 3 ? top : 0n, at === 3 ? 41n : 40n],
    (at) => [BigInt((at * 7919) % 10_000_001), age(at)],
    (at) => [100_000n * age(at) + BigInt(at % 7), age(at)],
  ];
  const before = compared;
  for (const shape of shapes) {
    const pairs = Array.from({ length: count }, (_, at) => shape(at));
    const rows = pairs.map(([y, x]): Row => [0n, 1n, y, x]);
    const names = ['regr_slope', 'covar_pop', 'covar_samp', 'stddev_samp'];
    const select = `SELECT ${names.map(callOf).join(', ')}, ROUND(REGR_INTERCEPT(y, x), 2) FROM t`;
    const { table } = await runClear(tableOf(PAY, ' NOT NULL') + select, { p: rows });
    names.forEach((statistic, at) => {
      check(statistic, table.rows[0]![at], pairs, PAY.scales);
    });
    check('regr_intercept', table.rows[0]!.at(-1), pairs, PAY.scales, 2);
  }
  assert.equal(compared - before, 5 * shapes.length);
});

test('values over too few rows, and of no or equal rows, are NULL', async () => {
  const rows: Row[] = [
    [0n, 1n, 5n, 10n],
    [0n, 1n, 7n, 10n],
    [1n, 1n, 5n, 20n],
    [1n, 0n, 5n, 30n],
    [2n, 1n, 5n, null],
  ];
  const select =
    'SELECT g, VAR_SAMP(y), VAR_POP(y), STDDEV_POP(x), CORR(y, x), REGR_SLOPE(y, x), REGR_R2(y, x), REGR_COUNT(y, x) FROM t';
  const of = async (options: { minGroupSize?: number }) =>
    (await runClear(`${tableOf(SMALL)}${select} GROUP BY g`, dealOut(rows, 2), options)).table.rows;
  assert.deepEqual(await of({}), [
    ['a', 2, 1, 0, null, null, null, 2],
    ['b', 0, 0, 0.5, null, 0, 1, 2],
    ['c', null, 0, null, null, null, null, 0],
  ]);
  assert.deepEqual(await of({ minGroupSize: 2 }), [
    ['a', 2, 1, 0, null, null, null, 2],
    ['b', 0, 0, 0.5, null, 0, 1, 2],
  ]);
  const filtered =
    'SELECT g, VAR_POP(y) FILTER (WHERE f), REGR_COUNT(y, x) FILTER (WHERE f), CORR(y, NULL) FROM t GROUP BY g';
  const { table } = await runClear(tableOf(SMALL) + filtered, dealOut(rows, 2), { minGroupSize: 2 });
  assert.deepEqual(table.rows, [
    ['a', 1, 2, null],
    ['b', null, 1, null],
  ]);
});

test('two servers compute what the clear interpreter does', async () => {
  const rows = Array.from(
    { length: 50 },
    (_, at): Row => [
      BigInt(at % 3),
      BigInt(at % 2),
      at % 7 === 0 ? null : BigInt(at - 20),
      BigInt((at * at) % 90),
    ],
  );
  const calls = [...SINGLE, ...PAIRED].map(callOf).join(', ');
  const select = `SELECT g, ${calls}, COUNT(DISTINCT f), SUM(MOD(y, 7)), MAX(GREATEST(y, x)), SUM(SIGN(y)) FROM t GROUP BY g`;
  const { table } = await runBothWays(tableOf(SMALL) + select, dealOut(rows, 2));
  assert.equal(table.rows.length, 3);
  assert.ok(
    table.rows.flat().every((cell) => cell !== null),
    'all have a value',
  );
});
