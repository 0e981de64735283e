/**
 * Owns the comparison with SQLite on generated queries over tables full of NULLs: SQL's three-valued logic, NULLs in sums,
 * filters, empty groups, nested CASE. The seed is printed and in the test's name; MPC_SEED repeats a run.
 * Decimals are multiples of a quarter, which floating point holds exactly: everything but AVG must be equal.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MpcError } from '../../src/base/errors.ts';
import { dealOut, Oracle, type Row, runClear } from './support.ts';

const SEED = Number(process.env.MPC_SEED ?? 20_261_121);
const QUERIES = 200;
const REFUSED = ['sql.too-wide', 'sql.nothing-computed'];

const TABLE = `CREATE TABLE t (
  a INTEGER CHECK (a BETWEEN -20 AND 20),
  b INTEGER NOT NULL CHECK (b BETWEEN 0 AND 4),
  d DECIMAL(4, 2) CHECK (d BETWEEN -10 AND 10),
  c TEXT CHECK (c IN ('x', 'y', 'z')),
  f BOOLEAN,
  g BOOLEAN NOT NULL
);`;
const TEXTS = ['x', 'y', 'z'];

/** mulberry32: small, seeded, the same everywhere. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

class Writer {
  private readonly random: () => number;

  constructor(seed: number) {
    this.random = generator(seed);
  }

  below(limit: number): number {
    return Math.floor(this.random() * limit);
  }

  one<T>(...choices: readonly (() => T)[]): T {
    return choices[this.below(choices.length)]!();
  }

  integer(depth: number): string {
    if (depth === 0)
      return this.one(
        () => 'a',
        () => 'b',
        () => `${this.below(9) - 4}`,
      );
    const next = () => this.integer(depth - 1);
    return this.one(
      () => this.integer(0),
      () =>
        `(${next()} ${this.one(
          () => '+',
          () => '-',
          () => '*',
        )} ${next()})`,
      () => `(${this.integer(0)} / ${this.integer(0)})`,
      () => `(- ${next()})`,
      () => `ABS(${next()})`,
      () => `COALESCE(${next()}, ${next()})`,
      () => `NULLIF(${next()}, ${this.integer(0)})`,
      () =>
        `CASE WHEN ${this.condition(1)} THEN ${next()} WHEN ${this.condition(0)} THEN ${next()} ELSE ${next()} END`,
      () => `CASE WHEN ${this.condition(1)} THEN ${next()} END`,
    );
  }

  number(depth: number): string {
    return this.one(
      () => this.integer(depth),
      () => 'd',
      () =>
        `(d ${this.one(
          () => '+',
          () => '-',
          () => '*',
        )} ${this.integer(0)})`,
      () => `COALESCE(d, ${this.integer(0)})`,
      () => `CASE WHEN ${this.condition(0)} THEN d ELSE ${this.integer(0)} END`,
    );
  }

  condition(depth: number): string {
    const compare = () => this.one(...['=', '<>', '<', '<=', '>', '>='].map((sign) => () => sign));
    if (depth === 0)
      return this.one(
        () => 'f',
        () => 'g',
        () => `(${this.number(0)} ${compare()} ${this.number(0)})`,
        () =>
          `(c ${this.one(
            () => '=',
            () => '<>',
          )} '${TEXTS[this.below(3)]}')`,
        () =>
          `(c ${this.one(
            () => 'IN',
            () => 'NOT IN',
          )} ('${TEXTS[this.below(2)]}', 'z'))`,
        () =>
          `(a IN (1, ${this.below(9)}, ${this.one(
            () => 'NULL',
            () => '-3',
            () => 'b',
          )}))`,
        () =>
          `(${this.one(
            () => 'a',
            () => 'c',
            () => 'd',
            () => 'f',
          )} IS ${this.one(
            () => '',
            () => 'NOT ',
          )}NULL)`,
        () =>
          `(d ${this.one(
            () => '',
            () => 'NOT ',
          )}BETWEEN -2.5 AND ${this.integer(0)})`,
        () =>
          `(f = ${this.one(
            () => 'g',
            () => 'TRUE',
            () => 'FALSE',
          )})`,
      );
    const next = () => this.condition(depth - 1);
    return this.one(
      () => this.condition(0),
      () => `(${next()} AND ${next()})`,
      () => `(${next()} OR ${next()} OR ${next()})`,
      () => `(NOT ${next()})`,
      () =>
        `(${next()} IS ${this.one(
          () => 'TRUE',
          () => 'FALSE',
          () => 'NOT TRUE',
          () => 'NOT FALSE',
          () => 'NULL',
        )})`,
      () => `(${this.number(depth)} ${compare()} ${this.number(depth)})`,
    );
  }

  aggregate(): string {
    const filter = () =>
      this.one(
        () => '',
        () => '',
        () => ` FILTER (WHERE ${this.condition(1)})`,
      );
    return this.one(
      () => `COUNT(*)${filter()}`,
      () =>
        `COUNT(${this.one(
          () => 'c',
          () => 'f',
          () => 'a',
          () => this.number(1),
        )})${filter()}`,
      () => `SUM(${this.number(2)})${filter()}`,
      () => `MIN(${this.number(1)})${filter()}`,
      () => `MAX(${this.number(1)})${filter()}`,
    );
  }

  output(): string {
    return this.one(
      () => this.aggregate(),
      () => this.aggregate(),
      () =>
        `(${this.aggregate()} ${this.one(
          () => '+',
          () => '-',
        )} ${this.aggregate()})`,
      () => `COALESCE(${this.aggregate()}, 7)`,
      () => `CASE WHEN ${this.aggregate()} > ${this.below(9)} THEN ${this.aggregate()} ELSE 0 END`,
      () =>
        `(COUNT(*) * 100 / COUNT(${this.one(
          () => 'a',
          () => 'd',
          () => 'c',
        )}))`,
      () => `(${this.aggregate()} > ${this.aggregate()})`,
    );
  }

  query(): string {
    const keys = ['c', 'f', 'g', 'b'].filter(() => this.below(3) === 0);
    const outputs = Array.from({ length: 1 + this.below(3) }, (_, at) => `${this.output()} AS o${at}`);
    if (this.below(3) === 0)
      outputs.push(
        `AVG(${this.one(
          () => 'a',
          () => 'd',
          () => 'b',
          () => '(a * b)',
        )}) AS about`,
      );
    const where = this.below(2) === 0 ? ` WHERE ${this.condition(2)}` : '';
    const group = keys.length > 0 ? ` GROUP BY ${keys.join(', ')}` : '';
    const having =
      group && this.below(3) === 0 ? ` HAVING COUNT(*) > ${this.below(6)} OR ${this.aggregate()} > 3` : '';
    return `SELECT ${[...keys, ...outputs].join(', ')} FROM t${where}${group}${having}`;
  }

  row(): Row {
    const maybe = (value: () => bigint) => (this.below(3) === 0 ? null : value());
    return [
      maybe(() => BigInt(this.below(41) - 20)),
      BigInt(this.below(5)),
      maybe(() => BigInt(25 * (this.below(81) - 40))),
      maybe(() => BigInt(this.below(3))),
      maybe(() => BigInt(this.below(2))),
      BigInt(this.below(2)),
    ];
  }
}

const plain = ([a, b, d, c, f, g]: Row): unknown[] => [
  a === null ? null : Number(a),
  Number(b),
  d === null ? null : Number(d) / 100,
  c === null ? null : TEXTS[Number(c)],
  f === null ? null : Number(f),
  Number(g),
];

test(`${QUERIES} generated queries give what SQLite gives (seed ${SEED})`, async (t) => {
  t.diagnostic(`MPC_SEED=${SEED}`);
  const writer = new Writer(SEED);
  const oracle = new Oracle();
  let compared = 0;
  let refused = 0;
  let nulls = 0;
  for (let at = 0; at < QUERIES; at++) {
    if (at % 10 === 0) {
      await oracle.run('DROP TABLE IF EXISTS t');
      await oracle.run('CREATE TABLE t (a INT, b INT, d REAL, c TEXT, f INT, g INT)');
    }
    const rows = Array.from({ length: [0, 1, 5, 40, 70][at % 5]! }, () => writer.row());
    await oracle.run('DELETE FROM t');
    await oracle.insert('t', rows.map(plain));
    const query = writer.query();
    const context = `query ${at} of seed ${SEED}: ${query}`;
    const run = await runClear(TABLE + query, dealOut(rows, 1 + (at % 3))).catch((error: unknown) => {
      // Too wide, or the same whatever the rows are, such as COUNT(*) > COUNT(*).
      if (error instanceof MpcError && REFUSED.includes(error.code)) return undefined;
      throw new Error(`${context}\n${error instanceof Error ? error.stack : error}`);
    });
    if (!run) {
      refused += 1;
      continue;
    }
    const { table } = run;
    const keys = table.columns.findIndex(({ name }) => name.startsWith('o'));
    const cells = (row: readonly unknown[]) =>
      row.map((cell) => (typeof cell === 'boolean' ? Number(cell) : cell));
    const ours = table.rows.map(cells);
    const theirs = (await oracle.rows(query)).map((row) =>
      Object.values(row).map((cell) => (cell === 0 ? 0 : cell)),
    ); // SQLite has -0.0
    const keyOf = (row: readonly unknown[]) => JSON.stringify(row.slice(0, keys));
    const sorted = (list: unknown[][]) => [...list].sort((x, y) => (keyOf(x) < keyOf(y) ? -1 : 1));
    assert.equal(ours.length, theirs.length, context);
    sorted(ours).forEach((row, index) => {
      row.forEach((cell, column) => {
        const other = sorted(theirs)[index]![column];
        compared += 1;
        if (cell === null) nulls += 1;
        if (table.columns[column]!.name === 'about' && cell !== null && other !== null)
          assert.ok(
            Math.abs(Number(cell) - Number(other)) <= 0.0001,
            `${context}\naverage ${cell}, ${other}`,
          );
        else assert.equal(cell, other, `${context}\ncolumn ${column}, row ${JSON.stringify(row)}`);
      });
    });
  }
  await oracle.close();
  t.diagnostic(`${compared} cells compared, ${nulls} of them NULL, ${refused} queries refused`);
  assert.ok(compared > 5 * QUERIES, `only ${compared} cells were compared`);
  assert.ok(nulls > QUERIES / 5, `only ${nulls} were NULL`);
  assert.ok(refused < QUERIES / 20, `${refused} queries were refused`);
});
