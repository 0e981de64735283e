/**
 * TypeScript programs: what their vectors mean, compared with plain arithmetic on made-up rows, and what is refused.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after } from 'node:test';
import fc from 'fast-check';
import { MpcError } from '../../src/base/errors.ts';
import { compileProgram, declaredOf } from '../../src/programs/compile.ts';
import { planFor } from '../../src/programs/compiled.ts';
import { decimal, integer, type ProgramTools, program, truth } from '../../src/programs/entry.ts';
import { packProgram, unpackProgram, type WrittenProgram } from '../../src/programs/packed-plan.ts';
import { prepareFiles, resultTable } from '../../src/rows/prepare.ts';
import type { Cell } from '../../src/sql/specification.ts';
import { runPlan } from '../engine/two-servers.ts';

const directory = mkdtempSync(join(tmpdir(), 'mpc-programs-'));
after(() => rmSync(directory, { recursive: true }));

const compiledOf = async (written: WrittenProgram) => {
  const source = { kind: 'plan', name: 'p', plan: packProgram(written) } as const;
  const declared = await declaredOf(source);
  assert.ok(declared.form === 'plan', 'a program names its participants');
  const { inputs, receivers: outputs } = declared;
  const compiled = await compileProgram(source, { inputs, outputs, minGroupSize: 1 });
  return { compiled, inputs };
};

/** What each receiver reads, column by column, when the tables hold this CSV text. */
async function run(
  body: (t: ProgramTools) => void,
  tables: Readonly<Record<string, string>>,
): Promise<Record<string, Record<string, Cell[]>>> {
  const { compiled, inputs } = await compiledOf(program(body).write());
  const plain = new Map();
  for (const party of new Set(inputs.map((input) => input.party))) {
    const files = inputs
      .filter((input) => input.party === party)
      .map((input) => ({ ...input, file: join(directory, `${input.table}.csv`) }));
    for (const { file, table } of files) writeFileSync(file, tables[table] ?? '');
    for (const [node, words] of await prepareFiles(compiled, { party, files })) plain.set(node, words);
  }
  const { results } = await runPlan(compiled.plan, plain);
  assert.ok(compiled.form === 'plan', 'a plan');
  const receivers = new Set(compiled.reveals.flatMap(({ to }) => to));
  return Object.fromEntries(
    [...receivers].map((party) => {
      const own = planFor(compiled, party).outputs.map(({ name }) => name);
      const seen = results.filter(({ name }) => own.includes(name));
      const { columns, rows } = resultTable(compiled, party, seen);
      return [party, Object.fromEntries(columns.map(({ name }, at) => [name, rows.map((row) => row[at]!)]))];
    }),
  );
}

const csv = (header: string, ...rows: readonly (readonly unknown[])[]): string =>
  `${[header, ...rows.map((row) => row.join(','))].join('\n')}\n`;

test('arithmetic, comparisons and choices are those of plain numbers', async () => {
  let checked = 0;
  const anyRow = fc.record({
    x: fc.integer({ min: -1000, max: 1000 }),
    y: fc.integer({ min: -1000, max: 1000 }),
    b: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(anyRow, { minLength: 1, maxLength: 70 }), async (rows) => {
      const columns = { x: integer(-1000, 1000), y: integer(-1000, 1000), b: truth };
      const { all } = await run(
        (t) => {
          const { x, y, b } = t.input('ada', { rows: rows.length, columns });
          const show = (name: string, value: Parameters<ProgramTools['reveal']>[1]) =>
            t.reveal(name, value, 'all');
          show('plus', x.plus(y));
          show('minus', x.minus(y).minus(5));
          show('times', x.times(y).times(3));
          show('less', x.lessThan(y));
          show('at_least', x.atLeast(y));
          show('greater', x.greaterThan(-7n));
          show('at_most', x.atMost('12'));
          show('equals', x.equals(y));
          show('choice', b.choose(x, y));
          show('max', x.max(y));
          show('min', x.min(0));
          show('both', b.and(x.lessThan(0), y.lessThan(0)));
          show('any', b.or(x.lessThan(0)));
          show('odd', b.xor(x.lessThan(0), y.lessThan(0)));
          show('not', b.not());
        },
        { ada: csv('x,y,b', ...rows.map(({ x, y, b }) => [x, y, b])) },
      );
      const wanted = {
        plus: rows.map(({ x, y }) => x + y),
        minus: rows.map(({ x, y }) => x - y - 5),
        times: rows.map(({ x, y }) => x * y * 3 + 0),
        less: rows.map(({ x, y }) => x < y),
        at_least: rows.map(({ x, y }) => x >= y),
        greater: rows.map(({ x }) => x > -7),
        at_most: rows.map(({ x }) => x <= 12),
        equals: rows.map(({ x, y }) => x === y),
        choice: rows.map(({ x, y, b }) => (b ? x : y)),
        max: rows.map(({ x, y }) => Math.max(x, y)),
        min: rows.map(({ x }) => Math.min(x, 0)),
        both: rows.map(({ x, y, b }) => b && x < 0 && y < 0),
        any: rows.map(({ x, b }) => b || x < 0),
        odd: rows.map(({ x, y, b }) => (Number(b) + Number(x < 0) + Number(y < 0)) % 2 === 1),
        not: rows.map(({ b }) => !b),
      };
      assert.deepEqual(JSON.stringify(all), JSON.stringify(wanted));
      checked += rows.length;
    }),
    { numRuns: 12 },
  );
  assert.ok(checked > 20, `checked ${checked} rows`);
});

test('whole vectors become sums, counts, extremes and sorted vectors', async () => {
  const values = [5, -3, 12, 0, 7, 7, -20, 3];
  const { r } = await run(
    (t) => {
      const { x } = t.input('ada', { rows: 8, columns: { x: integer(-50, 50) } });
      t.reveal('sum', x.sum(), 'r');
      t.reveal('largest', x.largest(), 'r');
      t.reveal('smallest', x.smallest(), 'r');
      t.reveal('positive', x.greaterThan(0).count(), 'r');
      t.reveal('sorted', x.sorted(), 'r');
      t.reveal('lowest', x.lowest(3), 'r');
      t.reveal('highest', x.highest(2), 'r');
      t.reveal('above_mean', x.times(8).greaterThan(x.sum()), 'r');
      t.reveal('part', x.slice(2, 3), 'r');
      t.reveal('joined', t.concat(x.slice(7), x.slice(0, 2)), 'r');
      t.reveal('bits', x.lessThan(0).slice(1, 2), 'r');
    },
    { ada: csv('x', ...values.map((x) => [x])) },
  );
  const padded = (list: Cell[]): Cell[] => [...list, ...Array.from({ length: 8 - list.length }, () => null)];
  assert.deepEqual(r, {
    sum: padded([11]),
    largest: padded([12]),
    smallest: padded([-20]),
    positive: padded([5]),
    sorted: [...values].sort((a, b) => a - b),
    lowest: padded([...values].sort((a, b) => a - b).slice(0, 3)),
    highest: padded([...values].sort((a, b) => b - a).slice(0, 2)),
    above_mean: values.map((x) => 8 * x > 11),
    part: padded([12, 0, 7]),
    joined: padded([3, 5, -3]),
    bits: padded([true, false]),
  });
});

test('decimals are exact, whatever their number', async () => {
  const { r } = await run(
    (t) => {
      const { price } = t.input('ada', { rows: 2, columns: { price: decimal(2, 0, '99.99') } });
      const { rate } = t.input('ben', { rows: 2, columns: { rate: decimal(3, '-1.5', 2) } });
      t.reveal('product', price.times(rate), 'r');
      t.reveal('sum', price.plus(rate).plus('0.0001'), 'r');
      t.reveal('more', price.greaterThan(rate), 'r');
    },
    { ada: csv('price', ['0.1'], ['99.99']), ben: csv('rate', ['-1.5'], ['0.125']) },
  );
  assert.deepEqual(r, {
    product: [-0.15, 12.49875],
    sum: [-1.3999, 100.1151],
    more: [true, true],
  });
});

test('each receiver learns its own results and no others', async () => {
  const body = (t: ProgramTools) => {
    const { x } = t.input('ada', { rows: 1, columns: { x: integer(0, 9) } });
    const { x: y } = t.input('ben', { rows: 1, columns: { x: integer(0, 9) } });
    t.reveal('sum', x.plus(y), 'ada', 'carl');
    t.reveal('product', x.times(y), 'ben');
  };
  const tables = { ada: csv('x', [3]), ben: csv('x', [4]) };
  assert.deepEqual(await run(body, tables), {
    ada: { sum: [7] },
    carl: { sum: [7] },
    ben: { product: [12] },
  });
  const { compiled } = await compiledOf(program(body).write());
  const servedTo = (party: string) => planFor(compiled, party).outputs.map(({ name }) => name);
  assert.deepEqual([servedTo('ada'), servedTo('carl'), servedTo('ben')], [['sum'], ['sum'], ['product']]);
  assert.throws(() => servedTo('stranger'), /learns at least one output/);
  const text = compiled.disclosure.join('\n');
  assert.match(text, /ada learns sum \(1 number\) of program p, sha256 [0-9a-f]{64}\./);
  assert.match(text, /ben learns product \(1 number\) of program/);
  assert.doesNotMatch(text, /carl learns .*product/);
  assert.match(text, /ada brings 1 row of ada \(x\); ben brings 1 row of ben \(x\)/);
});

test('a program that sorts long keys, or the first of them, says so too', async () => {
  for (const ask of ['sorted', 'lowest', 'highest'] as const) {
    const { compiled } = await compiledOf(
      program((t) => {
        const { x } = t.input('ada', { rows: 50, columns: { x: integer(0, 1_000_000) } });
        t.reveal('some', ask === 'sorted' ? x.sorted() : x[ask](7), 'r');
      }).write(),
    );
    assert.match(
      compiled.disclosure.join('\n'),
      /sorts: a server that departs from the protocol could learn/,
    );
  }
});

test('a program that sorts says so, as a query does', async () => {
  const { compiled } = await compiledOf(
    program((t) => {
      const { x } = t.input('ada', { rows: 5, columns: { x: integer(0, 9) } });
      t.reveal('sorted', x.sorted(), 'r');
    }).write(),
  );
  assert.match(compiled.disclosure.join('\n'), /sorts: a server that departs from the protocol could learn/);
});

const isFault =
  (code: string) =>
  (error: unknown): boolean =>
    error instanceof MpcError && error.code === code && error.exitCode === 65;

test('a program that makes no sense is refused while it is written', () => {
  const one = { rows: 4, columns: { x: integer(0, 2 ** 40) } };
  const cases: readonly (readonly [string, (t: ProgramTools) => unknown])[] = [
    ['program.no-input', () => {}],
    ['program.no-result', (t) => void t.input('ada', one)],
    ['program.nobody', (t) => t.reveal('x', t.input('ada', one).x)],
    ['program.name', (t) => t.reveal('a b', t.input('ada', one).x, 'r')],
    ['program.name', (t) => t.reveal('x', t.input('Ada', one).x, 'r')],
    ['program.name', (t) => void t.input('ada', { rows: 1, columns: { 'x,y': integer(0, 1) } })],
    ['program.table-twice', (t) => [t.input('ada', one), t.input('ada', one)]],
    ['program.rows', (t) => void t.input('ada', { ...one, rows: 0 })],
    ['program.bound', () => integer(3, 2)],
    ['program.bound', () => decimal(2, 0, '1.005')],
    ['program.bound', () => integer(0, 2n ** 63n)],
    ['program.too-wide', (t) => t.input('ada', one).x.times(2 ** 30)],
    [
      'program.too-wide',
      (t) => t.input('ada', { rows: 4, columns: { x: decimal(18, 0, 1) } }).x.times('0.5'),
    ],
    ['program.lengths', (t) => t.input('ada', one).x.plus(t.input('ben', { ...one, rows: 3 }).x)],
    ['program.slice', (t) => t.input('ada', one).x.slice(3, 2)],
    ['program.slice', (t) => t.input('ada', one).x.lessThan(3).slice(-1)],
    ['program.not-a-number', (t) => t.input('ada', one).x.plus('many')],
    ['program.not-a-number', (t) => t.input('ada', one).x.plus(1e30)],
    ['program.concat', (t) => t.concat()],
    [
      'program.unread',
      (t) => {
        t.input('ben', one);
        t.reveal('x', t.input('ada', one).x, 'r');
      },
    ],
    [
      'program.foreign',
      (t) => {
        let other = t.input('ada', one).x;
        program((inner) => {
          other = inner.input('ada', one).x;
          inner.reveal('x', other, 'r');
        }).write();
        t.input('ben', one).x.plus(other);
      },
    ],
    [
      'plan.duplicate-output',
      (t) => {
        const { x } = t.input('ada', one);
        t.reveal('x', x, 'r');
        t.reveal('x', x, 'r');
      },
    ],
  ];
  for (const [code, body] of cases)
    assert.throws(() => program((t) => void body(t)).write(), isFault(code), `${code}: ${body}`);
  assert.throws(() => program(async () => {}).write(), isFault('program.returns'));
});

const good = (): WrittenProgram =>
  program((t) => {
    const { x, b } = t.input('ada', { rows: 4, columns: { x: integer(0, 9), b: truth } });
    t.reveal('chosen', b.choose(x, 0), 'r');
    t.reveal('flags', b, 'r');
  }).write();

test('a program packs into a text that unpacks to the same', () => {
  assert.deepEqual(unpackProgram(packProgram(good())), JSON.parse(JSON.stringify(good())));
});

test('a packed program that says other than its plan is refused', async () => {
  const written = good();
  const changes: readonly (readonly [string, unknown])[] = [
    ['program.malformed', { ...written, version: 2 }],
    ['program.malformed', { ...written, extra: 1 }],
    ['program.malformed', { ...written, reveals: [] }],
    ['program.malformed', { ...written, reveals: written.reveals.slice(1) }],
    ['program.malformed', { ...written, reveals: [...written.reveals].reverse() }],
    [
      'program.malformed',
      { ...written, reveals: written.reveals.map((one) => ({ ...one, type: 'integer' })) },
    ],
    ['program.malformed', { ...written, tables: [{ ...written.tables[0], rows: 100 }] }],
    ['program.malformed', { ...written, tables: [{ ...written.tables[0], party: 'ben' }] }],
    ['program.malformed', { ...written, tables: [{ ...written.tables[0], columns: [] }] }],
    [
      'program.malformed',
      { ...written, tables: [{ ...written.tables[0], columns: written.tables[0]!.columns.slice(1) }] },
    ],
    [
      'program.malformed',
      { ...written, tables: [...written.tables, { ...written.tables[0], name: 'other' }] },
    ],
    ['program.malformed', { ...written, plan: { ...written.plan, nodes: 'none' } }],
    [
      'program.malformed',
      {
        ...written,
        plan: { ...written.plan, nodes: [{ operation: { op: 'sum', groups: '1' }, inputs: [] }] },
      },
    ],
    ['plan.forward-reference', { ...written, plan: { ...written.plan, nodes: written.plan.nodes.slice(1) } }],
    [
      'plan.unknown-operation',
      {
        ...written,
        plan: { ...written.plan, nodes: [...written.plan.nodes, { operation: { op: 'tell' }, inputs: [] }] },
      },
    ],
  ];
  for (const [code, changed] of changes) {
    // Whatever is packed, the types of the author's side do not hold for what arrives.
    const plan = packProgram(changed as WrittenProgram);
    const participants = {
      inputs: [{ party: 'ada', table: 'ada', maxRows: 4 }],
      outputs: ['r'],
      minGroupSize: 1,
    };
    await assert.rejects(
      compileProgram({ kind: 'plan', name: 'p', plan }, participants),
      (error) => error instanceof MpcError && (error.code === code || error.code === 'program.inputs'),
      JSON.stringify(changed).slice(0, 300),
    );
  }
});

test('participants other than the program’s are refused', async () => {
  const source = { kind: 'plan', name: 'p', plan: packProgram(good()) } as const;
  const input = { party: 'ada', table: 'ada', maxRows: 4 };
  const right = { inputs: [input], outputs: ['r'], minGroupSize: 1 };
  await compileProgram(source, right);
  const cases: readonly (readonly [string, Partial<typeof right>])[] = [
    ['program.inputs', { inputs: [] }],
    ['program.inputs', { inputs: [{ ...input, maxRows: 5 }] }],
    ['program.inputs', { inputs: [input, { ...input, table: 'more' }] }],
    ['program.receivers', { outputs: ['ada'] }],
    ['program.receivers', { outputs: ['r', 'x'] }],
    ['program.min-group', { minGroupSize: 3 }],
  ];
  for (const [code, change] of cases)
    await assert.rejects(compileProgram(source, { ...right, ...change }), isFault(code));
});

test('a file with more or fewer rows than agreed is refused', async () => {
  const { compiled, inputs } = await compiledOf(good());
  const file = join(directory, 'rows.csv');
  for (const [content, code] of [
    [csv('x,b', [1, 1], [2, 0]), 'rows.count'],
    [csv('x,b', [1, 1], [2, 0], [1, 1], [1, 1], [1, 1]), 'rows.too-many'],
    [csv('x,b', [1, 1], [2, 0], [1, 1], [10, 1]), 'rows.out-of-range'],
  ] as const) {
    writeFileSync(file, content);
    const files = inputs.map((input) => ({ ...input, file }));
    await assert.rejects(prepareFiles(compiled, { party: 'ada', files }), isFault(code));
  }
});
