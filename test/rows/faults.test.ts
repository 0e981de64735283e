/**
 * Owns the list of what a party's file may have wrong: each is refused at home with file, line, column and exit code 65,
 * and no cell is repeated in the message.
 */
import assert from 'node:assert/strict';
import { createWriteStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after } from 'node:test';
import { MpcError } from '../../src/base/errors.ts';
import { checkCsv } from '../../src/rows/check.ts';
import { readTable } from '../../src/rows/table.ts';
import type { TableSpecification } from '../../src/sql/specification.ts';

const directory = mkdtempSync(join(tmpdir(), 'mpc-rows-'));
after(() => rmSync(directory, { recursive: true }));

const table: TableSpecification = {
  name: 'pay',
  columns: [
    { name: 'team', type: 'text', scale: 0, lo: 0n, hi: 1n, values: ['red', 'green'], nullable: false },
    { name: 'wage', type: 'decimal', scale: 2, lo: 0n, hi: 100_000n, nullable: true },
    { name: 'since', type: 'date', scale: 0, lo: 0n, hi: 30_000n, nullable: false },
    { name: 'full', type: 'boolean', scale: 0, lo: 0n, hi: 1n, nullable: false },
    { name: 'age', type: 'integer', scale: 0, lo: -5n, hi: 120n, nullable: false },
  ],
};
const HEADER = 'team,wage,since,full,age';
const GOOD = 'red,12.50,2020-02-29,true,44';

const FAULTS: readonly {
  readonly what: string;
  readonly csv: string | Buffer;
  readonly code: string;
  readonly line?: number;
  readonly column?: string;
}[] = [
  { what: 'a wrong header', csv: `team,wages,since,full,age\n${GOOD}\n`, code: 'rows.header', line: 1 },
  { what: 'a column twice', csv: `${HEADER},age\n${GOOD},3\n`, code: 'rows.header', line: 1, column: 'age' },
  {
    what: 'a value above its range',
    csv: `${HEADER}\n${GOOD}\nred,1000.01,2020-01-01,true,4\n`,
    code: 'rows.out-of-range',
    line: 3,
    column: 'wage',
  },
  {
    what: 'a value below its range',
    csv: `${HEADER}\nred,1,2020-01-01,true,-6\n`,
    code: 'rows.out-of-range',
    line: 2,
    column: 'age',
  },
  {
    what: 'a value not of its enumeration',
    csv: `${HEADER}\n${GOOD}\nsecretteam,1,2020-01-01,true,4\n`,
    code: 'rows.not-in-enumeration',
    line: 3,
    column: 'team',
  },
  {
    what: 'a non-number',
    csv: `${HEADER}\nred,abc,2020-01-01,true,4\n`,
    code: 'rows.not-a-number',
    line: 2,
    column: 'wage',
  },
  {
    what: 'a number in another notation',
    csv: `${HEADER}\nred,1e2,2020-01-01,true,4\n`,
    code: 'rows.not-a-number',
    line: 2,
    column: 'wage',
  },
  {
    what: 'too many decimals',
    csv: `${HEADER}\nred,1.005,2020-01-01,true,4\n`,
    code: 'rows.too-many-decimals',
    line: 2,
    column: 'wage',
  },
  {
    what: 'decimals of a whole number',
    csv: `${HEADER}\nred,1,2020-01-01,true,4.5\n`,
    code: 'rows.too-many-decimals',
    line: 2,
    column: 'age',
  },
  {
    what: 'no date',
    csv: `${HEADER}\nred,1,2021-02-29,true,4\n`,
    code: 'rows.not-a-date',
    line: 2,
    column: 'since',
  },
  {
    what: 'no boolean',
    csv: `${HEADER}\nred,1,2020-01-01,maybe,4\n`,
    code: 'rows.not-boolean',
    line: 2,
    column: 'full',
  },
  {
    what: 'NULL where it is not allowed',
    csv: `${HEADER}\n,1,2020-01-01,true,4\n`,
    code: 'rows.null',
    line: 2,
    column: 'team',
  },
  { what: 'a ragged line', csv: `${HEADER}\n${GOOD}\nred,1,2020-01-01\n`, code: 'rows.ragged', line: 3 },
  { what: 'a line too long by a cell', csv: `${HEADER}\n${GOOD},7\n`, code: 'rows.ragged', line: 2 },
  { what: 'an empty file', csv: '', code: 'rows.empty' },
  { what: 'too many rows', csv: `${HEADER}\n${`${GOOD}\n`.repeat(4)}`, code: 'rows.too-many', line: 5 },
  {
    what: 'invalid UTF-8',
    csv: Buffer.concat([
      Buffer.from(`${HEADER}\n${GOOD}\nred`),
      Buffer.from([0xff, 0xfe]),
      Buffer.from(',1\n'),
    ]),
    code: 'rows.not-utf8',
    line: 3,
  },
  { what: 'a NUL byte', csv: `${HEADER}\n${GOOD}\nred\0,1,2020-01-01,true,4\n`, code: 'rows.nul', line: 3 },
  { what: 'an open quote', csv: `${HEADER}\n"red,1,2020-01-01,true,4\n`, code: 'rows.quote' },
  {
    what: 'a fault after a record of several lines',
    csv: `${HEADER}\n"red",1,2020-01-01,"tr\nue",4\n`,
    code: 'rows.not-boolean',
    line: 2,
    column: 'full',
  },
];

for (const { what, csv, code, line, column } of FAULTS) {
  test(`${what} is refused: ${code}`, async () => {
    const file = join(directory, 'fault.csv');
    writeFileSync(file, csv);
    const error = await faultOf(file);
    assert.equal(error.code, code);
    assert.equal(error.exitCode, 65);
    assert.equal(error.place?.file, file);
    assert.equal(error.place?.party, 'acme');
    assert.equal(error.place?.line, line ?? error.place?.line);
    assert.equal(error.place?.column, column);
    assert.ok(error.hint !== undefined && error.hint !== '');
    assert.doesNotMatch(error.message, /abc|secretteam|1000\.01|maybe/);
  });
}

test('a missing file is refused', async () => {
  const error = await faultOf(join(directory, 'nowhere.csv'));
  assert.equal(error.code, 'rows.no-file');
  assert.equal(error.exitCode, 65);
});

test('a line of 100 MB is refused without being read', async () => {
  const file = join(directory, 'long.csv');
  const out = createWriteStream(file);
  out.write(`${HEADER}\n${GOOD}\n`);
  const piece = Buffer.alloc(1024 * 1024, 'x');
  for (let megabytes = 0; megabytes < 100; megabytes++)
    if (!out.write(piece)) await new Promise((resolve) => out.once('drain', () => resolve(undefined)));
  await new Promise<void>((resolve) => out.end(() => resolve()));
  const before = process.memoryUsage().arrayBuffers;
  const error = await faultOf(file);
  assert.equal(error.code, 'rows.line-too-long');
  assert.equal(error.place?.line, 3);
  assert.ok(process.memoryUsage().arrayBuffers - before < 50 * 1024 * 1024);
});

test('a good file is read exactly: BOM, CRLF, quotes, more columns than are declared, NULL', async () => {
  const file = join(directory, 'good.csv');
  writeFileSync(
    file,
    `\ufeffage,team,note,wage,since,full\r\n44,red,"a, b",12.5,1970-01-02,YES\r\n-5,"green",,,2000-01-01,0\r\n`,
  );
  const rows: unknown[] = [];
  const { rows: count } = await readTable({ file, table, party: 'acme', maxRows: 3 }, (row, values) =>
    rows.push([row, ...values]),
  );
  assert.equal(count, 2);
  assert.deepEqual(rows, [
    [0, 0, 1250, 1, 1, 44],
    [1, 1, null, 10957, 0, -5],
  ]);
});

async function faultOf(file: string): Promise<MpcError> {
  try {
    await checkCsv({ file, table, party: 'acme', maxRows: 3 });
  } catch (error) {
    assert.ok(error instanceof MpcError, `not a typed error: ${String(error)}`);
    return error;
  }
  throw new Error('the file was accepted');
}
