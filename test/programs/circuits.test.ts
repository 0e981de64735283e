/**
 * Circuits as programs: who brings which value, how instances lie in the plan, what is revealed, what is refused.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after } from 'node:test';
import fc from 'fast-check';
import { MpcError } from '../../src/base/errors.ts';
import { parseBristol } from '../../src/circuits/bristol.ts';
import { circuitDigest, packCircuit } from '../../src/circuits/packed.ts';
import { planDigest, validatePlan } from '../../src/plan/check.ts';
import { planCost } from '../../src/plan/cost.ts';
import { planText } from '../../src/plan/text.ts';
import { compileProgram, declaredOf } from '../../src/programs/compile.ts';
import type { CompiledProgram } from '../../src/programs/compiled.ts';
import { bitsOfLine } from '../../src/programs/instances.ts';
import type { Program } from '../../src/programs/program.ts';
import { prepareFiles, resultTable } from '../../src/rows/prepare.ts';
import { runPlan } from '../engine/two-servers.ts';
import { adder, type CircuitFile, comparator } from '../support/circuits.ts';

const directory = mkdtempSync(join(tmpdir(), 'mpc-circuits-'));
after(() => rmSync(directory, { recursive: true }));

const programOf = ({ text }: CircuitFile): Program => ({
  kind: 'circuit',
  name: 'c',
  circuit: packCircuit(parseBristol(text)),
});

const compiledFor = (file: CircuitFile, counts: readonly number[]): Promise<CompiledProgram> =>
  compileProgram(programOf(file), {
    inputs: counts.map((maxRows, k) => ({ party: `p${k}`, table: `input-${k + 1}`, maxRows })),
    outputs: ['analyst'],
    minGroupSize: 1,
  });

/** What the analyst reads when each party brings these lines. */
async function answer(file: CircuitFile, lines: readonly (readonly string[])[]): Promise<unknown[][]> {
  const compiled = await compiledFor(
    file,
    lines.map((own) => own.length),
  );
  validatePlan(compiled.plan);
  const plain = new Map();
  for (const [k, own] of lines.entries()) {
    const path = join(directory, `${k}.txt`);
    writeFileSync(path, `${own.join('\n')}\n`);
    const files = [{ table: `input-${k + 1}`, file: path, maxRows: own.length }];
    for (const [node, words] of await prepareFiles(compiled, { party: `p${k}`, files }))
      plain.set(node, words);
  }
  const run = await runPlan(compiled.plan, plain);
  assert.equal(run.rounds, planCost(compiled.plan).rounds);
  return resultTable(compiled, 'analyst', run.results).rows.map((row) => [...row]);
}

const hexOf = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');

test('instances are computed one by one, in the order of their lines', async () => {
  const [x, y] = [
    [1, 2, 250, 255],
    [3, 4, 10, 255],
  ] as const;
  const lines = [x.map((v) => hexOf(v, 2)), y.map((v) => v.toString(2).padStart(8, '0'))];
  assert.deepEqual(await answer(adder(8), lines), [['04'], ['06'], ['04'], ['fe']]);
  assert.deepEqual(await answer(comparator(8), lines), [
    ['1', '0'],
    ['1', '0'],
    ['0', '0'],
    ['0', '1'],
  ]);
});

test('one line stands for all instances, and one instance alone is fine', async () => {
  assert.deepEqual(await answer(adder(8), [['0x05'], ['01', '02', 'FF']]), [['06'], ['07'], ['04']]);
  assert.deepEqual(await answer(adder(8), [['05'], ['07']]), [['0c']]);
  assert.deepEqual(await answer(adder(5), [['1f'], ['00011']]), [['02']]);
});

test('more instances than one gate holds go through several, in the same rounds', async () => {
  const count = 16_384 + 700;
  const values = Array.from({ length: count }, (_, k) => (k * 7) % 16);
  const lines = [values.map((v) => hexOf(v, 1)), values.map((v, k) => hexOf((v + k) % 16, 1))];
  const rows = await answer(adder(4), lines);
  assert.deepEqual(
    rows,
    values.map((v, k) => [hexOf((2 * v + k) % 16, 1)]),
  );
  const [small, large] = [await compiledFor(adder(4), [100, 100]), await compiledFor(adder(4), [count, 1])];
  assert.equal(planCost(large.plan).rounds, planCost(small.plan).rounds);
  assert.equal(large.plan.outputs.length, 2);
});

test('any two numbers add up, as hexadecimal or as 0 and 1', async () => {
  let checked = 0;
  const anyValue = fc.tuple(fc.nat({ max: 0xffff }), fc.nat({ max: 0xffff }), fc.boolean());
  await fc.assert(
    fc.asyncProperty(fc.array(anyValue, { minLength: 1, maxLength: 70 }), async (rows) => {
      const line = (value: number, bits: boolean) =>
        bits ? value.toString(2).padStart(16, '0') : hexOf(value, 4);
      const got = await answer(adder(16), [
        rows.map(([x, , bits]) => line(x, bits)),
        rows.map(([, y, bits]) => line(y, !bits)),
      ]);
      assert.deepEqual(
        got,
        rows.map(([x, y]) => [hexOf((x + y) % 65_536, 4)]),
      );
      checked += rows.length;
    }),
    { numRuns: 15 },
  );
  assert.ok(checked > 30, `checked ${checked} sums`);
});

test('a line that is no number of its width is none', () => {
  assert.deepEqual([...bitsOfLine('a3', 8)!], [1, 1, 0, 0, 0, 1, 0, 1]);
  assert.deepEqual([...bitsOfLine('011', 3)!], [1, 1, 0]);
  assert.deepEqual([...bitsOfLine('7', 3)!], [1, 1, 1]);
  for (const [line, width] of [
    ['', 8],
    ['a', 8],
    ['a33', 8],
    ['g0', 8],
    ['8', 3],
    ['0x', 8],
    ['-1', 8],
    ['0102', 4],
    ['a 3', 8],
  ] as const)
    assert.equal(bitsOfLine(line, width), undefined, line);
});

test('the statement names circuit and digest, who brings what, and how often', async () => {
  const file = adder(8);
  const { disclosure, plan } = await compiledFor(file, [1, 20]);
  const digest = circuitDigest(parseBristol(file.text));
  const text = disclosure.join('\n');
  assert.match(text, /^analyst learns the 8 output bits of circuit c \(8 ANDs\), sha256 /);
  assert.match(text, new RegExp(digest));
  assert.match(text, /p0 brings input-1: 1 instance of 8 bits; p1 brings input-2: 20 instances of 8 bits/);
  assert.match(planText(plan), new RegExp(`circuit n\\d+ n\\d+ instances=20 sha256=${digest}`));
});

test('the same circuit and participants give the same plan; other ones another', async () => {
  const digest = async (file: CircuitFile, counts: readonly number[]) =>
    planDigest((await compiledFor(file, counts)).plan);
  assert.equal(await digest(adder(8), [1, 20]), await digest(adder(8), [1, 20]));
  assert.notEqual(await digest(adder(8), [1, 20]), await digest(adder(8), [1, 21]));
  assert.notEqual(await digest(adder(8), [1, 20]), await digest(adder(9), [1, 20]));
});

test('inputs that are not the circuit’s are refused', async () => {
  const program = programOf(adder(8));
  const input = (party: string, table: string, maxRows: number) => ({ party, table, maxRows });
  const cases: readonly (readonly [string, readonly ReturnType<typeof input>[], number])[] = [
    ['program.inputs', [input('a', 'input-1', 5)], 1],
    ['program.inputs', [input('a', 'input-1', 5), input('b', 'input-1', 5)], 1],
    ['program.inputs', [input('a', 'input-1', 5), input('b', 'input-2', 5), input('c', 'input-3', 5)], 1],
    ['program.instances', [input('a', 'input-1', 5), input('b', 'input-2', 6)], 1],
    ['program.min-group', [input('a', 'input-1', 5), input('b', 'input-2', 5)], 2],
    ['program.too-large', [input('a', 'input-1', 20_000_000), input('b', 'input-2', 20_000_000)], 1],
  ];
  for (const [code, inputs, minGroupSize] of cases)
    await assert.rejects(
      compileProgram(program, { inputs, outputs: ['x'], minGroupSize }),
      (error) => error instanceof MpcError && error.code === code && error.exitCode === 65,
      code,
    );
  assert.deepEqual(await declaredOf(program), { form: 'bits', inputs: [8, 8], outputs: [8] });
});

const BAD_FILES: readonly (readonly [string, string, string, number | undefined])[] = [
  ['fewer lines than agreed', '01\n02\n', 'rows.count', undefined],
  ['more lines than agreed', '01\n02\n03\n04\n', 'rows.count', 4],
  ['a line of another width', '01\n002\n03\n', 'rows.not-bits', 2],
  ['no line', '\n\n', 'rows.empty', undefined],
];

for (const [what, content, code, line] of BAD_FILES) {
  test(`a file with ${what} is refused, and not repeated`, async () => {
    const compiled = await compiledFor(adder(8), [3, 3]);
    const file = join(directory, 'bad.txt');
    writeFileSync(file, content);
    await assert.rejects(
      prepareFiles(compiled, { party: 'p0', files: [{ table: 'input-1', file, maxRows: 3 }] }),
      (error) => {
        assert.ok(error instanceof MpcError, 'a typed error');
        assert.equal(error.code, code);
        assert.equal(error.place?.party, 'p0');
        assert.equal(error.place?.line, line);
        assert.doesNotMatch(error.message, /002/);
        return true;
      },
    );
  });
}
