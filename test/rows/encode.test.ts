/**
 * Owns what a party's file becomes: the plain words of each input node, element by element, whatever the chunks of the file
 * and the size of its numbers; and the places of faults that depend on how a file is cut into pieces.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { MpcError } from '../../src/base/errors.ts';
import { planInputs } from '../../src/plan/check.ts';
import { toBools } from '../../src/ring/bits.ts';
import { toBigInts } from '../../src/ring/ring.ts';
import { checkCsv } from '../../src/rows/check.ts';
import { encodeRows } from '../../src/rows/encode.ts';
import { compileQuery, declaredTables } from '../../src/sql/compile.ts';

const directory = mkdtempSync(join(tmpdir(), 'mpc-encode-'));
after(() => rmSync(directory, { recursive: true }));

const SQL = `CREATE TABLE t (
  k TEXT NOT NULL CHECK (k IN ('a', 'ö', 'c')), n BIGINT, d DECIMAL(18, 4), f BOOLEAN, g DATE, note TEXT);
  SELECT k, f, COUNT(*), COUNT(n) FILTER (WHERE n < 0 AND f), COUNT(*) FILTER (WHERE n >= 0 AND g > '2000-01-01'), COUNT(d), MIN(d), COUNT(g) FROM t
  WHERE f IS NOT NULL GROUP BY k, f`;

const file = (name: string, text: string | Buffer): string => {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
};

const faultOf = async (promise: Promise<unknown>): Promise<MpcError> => {
  const error = await promise.then(
    () => assert.fail('the file was accepted'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof MpcError, String(error));
  assert.equal(error.exitCode, 65);
  return error;
};

test('cells become the elements of the party’s slice, padding stays zero', async () => {
  const cells: readonly (readonly [string, bigint | null, bigint | null, boolean | null, string])[] =
    Array.from({ length: 130 }, (_, at) => [
      ['a', 'ö', 'c'][at % 3]!,
      [null, -1n, 2n ** 62n + 1n, -(2n ** 53n) - 1n, 9_007_199_254_740_991n, -4_294_967_296n][at % 6]!,
      [0n, -5n, 999_999_999_999_999_999n, null, -123_456_789_012_345n][at % 5]!,
      [true, null, false, false][at % 4]!,
      ['', '1969-12-31', '2024-02-29'][at % 3]!,
    ]);
  const decimal = (units: bigint | null) =>
    units === null
      ? ''
      : `${units < 0n ? '-' : ''}${String(units < 0n ? -units : units)
          .padStart(5, '0')
          .replace(/(....)$/, '.$1')}`;
  const lines = cells.map(
    ([k, n, d, f, g]) => `${g},${k},"say ""hi"", then\r\nmore",${n ?? ''},${decimal(d)},${f ?? ''}`,
  );
  const path = file('rows.csv', `\ufeffg,k,note,n,d,f\r\n${lines.join('\r\n')}`);
  const inputs = [
    { party: 'acme', table: 't', maxRows: 200 },
    { party: 'beta', table: 't', maxRows: 10 },
  ];
  const { plan, tables } = await compileQuery(SQL, { inputs, minGroupSize: 1 });
  const encoded = await encodeRows({
    plan,
    tables,
    party: 'acme',
    files: [{ table: 't', file: path, maxRows: 200 }],
  });
  const expected = (column: string | undefined, encoding: string, at: number): bigint => {
    const row = cells[at];
    if (row === undefined) return 0n;
    if (encoding === 'present') return 1n;
    const [k, n, d, f, g] = row;
    const days = g === '' ? null : BigInt(Date.parse(g) / 86_400_000);
    const value = { k: BigInt(['a', 'ö', 'c'].indexOf(k)), n, d, f: f === null ? null : BigInt(f), g: days }[
      column ?? ''
    ];
    assert.ok(value !== undefined, 'a column of the table');
    return encoding === 'known' ? BigInt(value !== null) : (value ?? 0n);
  };
  const seen = new Set<string>();
  for (const { node, input } of planInputs(plan)) {
    const words = encoded.get(node) ?? assert.fail('every input has its words');
    const values = input.kind === 'ring' ? toBigInts(words) : toBools(words, 256).map(BigInt);
    assert.equal(values.length, 256);
    values.forEach((value, at) => {
      assert.equal(
        value,
        expected(input.column, input.encoding, at),
        `${input.encoding} ${input.column} of row ${at}`,
      );
    });
    seen.add(`${input.encoding} ${input.column ?? ''} ${input.kind}`);
  }
  for (const wanted of [
    'value k ring',
    'value n ring',
    'known n bits',
    'value d ring',
    'value f bits',
    'known f bits',
    'value g ring',
    'known g ring',
  ])
    assert.ok(seen.has(wanted), `${wanted} among ${[...seen].join('; ')}`);
  assert.ok(![...seen].some((input) => input.includes('note')), 'what the query does not use is not encoded');
});

test('characters cut at the border of two chunks are whole again', async () => {
  const [table] = await declaredTables(
    "CREATE TABLE t (k TEXT CHECK (k IN ('ö𝄞€'))); SELECT COUNT(*) FROM t",
  );
  for (const shift of [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]) {
    const text = `${'x'.repeat(shift)},k\n${',ö𝄞€\n'.repeat(30_000)}`;
    assert.equal(
      await checkCsv({ file: file('cut.csv', text), table: table! }),
      30_000,
      `shifted by ${shift}`,
    );
  }
});

test('broken UTF-8 is told with its byte and line, wherever the file is cut', async () => {
  const [table] = await declaredTables('CREATE TABLE t (k TEXT, n INTEGER); SELECT COUNT(*) FROM t');
  const head = Buffer.from('k,n\n');
  const line = Buffer.from('ö€,1\n');
  for (const before of [0, 1, 9_360, 9_361, 9_362, 20_000]) {
    for (const bad of [[0xff], [0xc3, 0x28], [0xe2, 0x82], [0xed, 0xa0, 0x80], [0xf8, 0x88, 0x80, 0x80]]) {
      const good = Buffer.concat([head, ...Array.from({ length: before }, () => line)]);
      const path = file('broken.csv', Buffer.concat([good, Buffer.from(bad), Buffer.from(',2\n'), line]));
      const error = await faultOf(checkCsv({ file: path, table: table! }));
      assert.equal(error.code, 'rows.not-utf8');
      assert.equal(error.place?.line, before + 2);
      assert.match(error.message, new RegExp(`at byte ${good.length + 1}$`), `${bad} after ${before} lines`);
    }
  }
  const cut = file('end.csv', Buffer.concat([head, Buffer.from([0x61, 0xe2, 0x82])]));
  assert.match((await faultOf(checkCsv({ file: cut, table: table! }))).message, /at byte 6$/);
});

test('line ends inside quotes count as lines, whichever kind they are', async () => {
  const [table] = await declaredTables('CREATE TABLE t (k TEXT, n INTEGER); SELECT COUNT(*) FROM t');
  for (const end of ['\n', '\r\n']) {
    const lines = ['k,n', `"a${end}b${end}${end}c",1`, 'd,2', 'e,wrong'];
    const error = await faultOf(checkCsv({ file: file('lines.csv', lines.join(end)), table: table! }));
    assert.deepEqual([error.code, error.place?.line], ['rows.not-a-number', 7]);
    const open = await faultOf(
      checkCsv({ file: file('lines.csv', [...lines.slice(0, 3), '"e,3', ''].join(end)), table: table! }),
    );
    assert.deepEqual([open.code, open.place?.line], ['rows.quote', 7]);
  }
});

test('a table of one column reads an empty line as NULL; wider ones pass it over', async () => {
  const [one] = await declaredTables('CREATE TABLE t (n INTEGER); SELECT COUNT(*) FROM t');
  assert.equal(await checkCsv({ file: file('one.csv', 'n\n1\n\n3'), table: one! }), 3);
  const [strict] = await declaredTables('CREATE TABLE t (n INTEGER NOT NULL); SELECT COUNT(*) FROM t');
  const error = await faultOf(checkCsv({ file: file('one.csv', 'n\n1\n\n3'), table: strict! }));
  assert.deepEqual([error.code, error.place?.line, error.place?.column], ['rows.null', 3, 'n']);
  const [two] = await declaredTables('CREATE TABLE t (n INTEGER, m INTEGER); SELECT COUNT(*) FROM t');
  assert.equal(await checkCsv({ file: file('two.csv', 'n,m\n1,2\n\n3,\n\n'), table: two! }), 2);
});

test('a line as long as allowed is read, one character more is not; quotes do not hide long records', async () => {
  const [table] = await declaredTables('CREATE TABLE t (k TEXT, n INTEGER); SELECT COUNT(*) FROM t');
  const limit = 1024 * 1024;
  assert.equal(
    await checkCsv({ file: file('long.csv', `k,n\n${'é'.repeat(limit - 3)},1\n`), table: table! }),
    1,
  );
  const long = await faultOf(
    checkCsv({ file: file('long.csv', `k,n\nx,1\n${'x'.repeat(limit)},1\n`), table: table! }),
  );
  assert.deepEqual([long.code, long.place?.line], ['rows.line-too-long', 3]);
  const hidden = await faultOf(
    checkCsv({ file: file('long.csv', `k,n\nx,1\n"${'xxxx\n'.repeat(limit)}`), table: table! }),
  );
  assert.deepEqual([hidden.code, hidden.place?.line], ['rows.line-too-long', 3]);
});

test('numbers are exact at the ends of their ranges, and one unit beyond is refused', async () => {
  const declared =
    'CREATE TABLE t (d DECIMAL(20, 3) CHECK (d BETWEEN -9007199254740993.5 AND 9007199254740993.5), n SMALLINT); SELECT COUNT(*) FROM t';
  const [table] = await declaredTables(declared);
  const read = (d: string, n: string) =>
    checkCsv({ file: file('ends.csv', `d,n\n${d},${n}\n`), table: table! });
  for (const good of ['9007199254740993.5', '-9007199254740993.500', '+1', ' 2.5 ', '0.001', '-.5', '00012'])
    assert.equal(await read(good, '32767'), 1, good);
  for (const wrong of ['9007199254740993.501', '-9007199254740993.501', '9'.repeat(30)])
    assert.equal((await faultOf(read(wrong, '1'))).code, 'rows.out-of-range', wrong);
  assert.equal((await faultOf(read('1', '32768'))).code, 'rows.out-of-range');
  assert.equal((await faultOf(read('1', '-32769'))).code, 'rows.out-of-range');
  for (const wrong of ['1,5', '1 000', '0x10', '1e3', 'NaN', '--1', '.', '1.2.3', '٣', '9'.repeat(60)]) {
    const error = await faultOf(read(`"${wrong}"`, '1'));
    assert.equal(error.code, 'rows.not-a-number', wrong);
    assert.ok(!error.message.includes(wrong) || wrong === '.');
  }
});
