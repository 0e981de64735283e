/**
 * Owns what a party does with a table that has keys: it brings its rows in order of the key that a join asks for, and refuses two rows with
 * one key, naming both lines and neither row.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { MpcError } from '../../src/base/errors.ts';
import { planInputs } from '../../src/plan/check.ts';
import { toBools } from '../../src/ring/bits.ts';
import { toBigInts } from '../../src/ring/ring.ts';
import { checkCsv } from '../../src/rows/check.ts';
import { encodeRows } from '../../src/rows/encode.ts';
import { compileQuery, declaredTables } from '../../src/sql/compile.ts';

const directory = mkdtempSync(join(tmpdir(), 'mpc-keys-'));
after(() => rmSync(directory, { recursive: true }));

const file = (name: string, text: string): string => {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
};

const SQL = `CREATE TABLE o (a BIGINT CHECK (a BETWEEN -4000000000000000 AND 4000000000000000), t TEXT CHECK (t IN ('x', 'y')), d DATE);
CREATE TABLE c (note TEXT, a BIGINT CHECK (a BETWEEN -4000000000000000 AND 4000000000000000), t TEXT CHECK (t IN ('y', 'x')), d DATE NOT NULL, v SMALLINT,
  UNIQUE (t, a), UNIQUE (d, a));
SELECT COUNT(*), SUM(c.v) FROM o JOIN c ON o.a = c.a AND c.t = o.t`;

interface Keyed {
  readonly a: bigint | null;
  readonly t: 'x' | 'y' | null;
}
const keys: fc.Arbitrary<Keyed[]> = fc.uniqueArray(
  fc.record({
    a: fc.option(fc.oneof(fc.bigInt(-3n, 3n), fc.bigInt(-4_000_000_000_000_000n, 4_000_000_000_000_000n)), {
      freq: 8,
      nil: null,
    }),
    t: fc.option(fc.constantFrom('x' as const, 'y' as const), { freq: 8, nil: null }),
  }),
  { maxLength: 100, size: 'max', selector: ({ a, t }) => (a === null || t === null ? {} : `${a} ${t}`) },
);

test('rows stand in ascending order of the key that is asked for, those without it at the end in the file’s order', async () => {
  const inputs = ['o', 'c'].map((table) => ({ party: `with-${table}`, table, maxRows: 100 }));
  const { plan, tables } = await compileQuery(SQL, { inputs, minGroupSize: 1 });
  const table = tables.find(({ name }) => name === 'c')!;
  assert.deepEqual(table.keys, [
    ['t', 'a'],
    ['d', 'a'],
  ]);
  assert.deepEqual(table.order, ['t', 'a']);
  assert.equal(tables.find(({ name }) => name === 'o')!.order, undefined);
  let moved = 0;
  await fc.assert(
    fc.asyncProperty(keys, async (rows) => {
      // A row's number is its v.
      const lines = rows.map(({ a, t }, v) => `n,${a ?? ''},${t ?? ''},${2000 + v}-01-01,${v}`);
      const path = file('c.csv', `note,a,t,d,v\n${lines.join('\n')}\n`);
      const encoded = await encodeRows({
        plan,
        tables,
        party: 'with-c',
        files: [{ table: 'c', file: path, maxRows: 100 }],
      });
      const whole = (row: number) => rows[row]!.a !== null && rows[row]!.t !== null;
      const expected = [...rows.keys()].sort((i, j) => {
        if (!whole(i) || !whole(j)) return Number(!whole(i)) - Number(!whole(j)) || i - j;
        const [p, q] = [rows[i]!, rows[j]!];
        return p.t !== q.t ? (p.t === 'y' ? -1 : 1) : p.a! < q.a! ? -1 : 1;
      });
      for (const { node, input } of planInputs(plan).filter((entry) => entry.input.table === 'c')) {
        const words = encoded.get(node)!;
        const found =
          input.kind === 'bits' ? toBools(words, 100).map((bit) => (bit ? 1n : 0n)) : toBigInts(words);
        const cell = (row: number): bigint => {
          if (input.encoding === 'present') return 1n;
          const { a, t } = rows[row]!;
          const value =
            input.column === 'a' ? a : input.column === 't' ? t && BigInt('yx'.indexOf(t)) : BigInt(row);
          return input.encoding === 'known' ? (value === null ? 0n : 1n) : (value ?? 0n);
        };
        assert.deepEqual(
          found.slice(0, rows.length),
          expected.map(cell),
          `${input.column} ${input.encoding}`,
        );
        assert.ok(
          found.slice(rows.length).every((padding) => padding === 0n),
          'padding is zero',
        );
      }
      moved += expected.filter((row, place) => row !== place).length;
    }),
    { numRuns: 40 },
  );
  assert.ok(moved > 300, `${moved} rows were moved`);
});

async function faultOf(text: string): Promise<MpcError> {
  const table = (await declaredTables(SQL)).find(({ name }) => name === 'c')!;
  const error = await checkCsv({ file: file('twice.csv', text), table, party: 'beta' }).then(
    () => assert.fail('the file was accepted'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof MpcError, String(error));
  return error;
}

test('a key that occurs twice is refused with both lines, the earliest first', async () => {
  const text =
    'note,a,t,d,v\nk,40961,x,2001-01-01,1\n"two\nlines",7,y,2001-01-02,\nm,,y,2001-01-03,3\nn,7,y,2001-01-04,4\no,40961,x,2001-01-05,5\n';
  const error = await faultOf(text);
  assert.equal(error.code, 'rows.duplicate-key');
  assert.equal(error.exitCode, 65);
  assert.deepEqual([error.place?.party, error.place?.line, error.place?.column], ['beta', 6, 't, a']);
  assert.match(error.message, /row in line 3,/);
  assert.doesNotMatch(`${error.message} ${error.hint}`, /40961/);
});

test('NULLs are no duplicates, and every key is checked', async () => {
  const table = (await declaredTables(SQL)).find(({ name }) => name === 'c')!;
  const rows = 'note,a,t,d,v\nk,,x,2001-01-01,1\nl,,x,2001-01-01,2\nm,1,,2001-01-01,3\n';
  assert.equal(await checkCsv({ file: file('nulls.csv', rows), table }), 3);
  const error = await faultOf(`${rows}n,1,x,2001-01-01,4\n`);
  assert.deepEqual([error.place?.line, error.place?.column], [5, 'd, a']);
});
