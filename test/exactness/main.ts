/**
 * Owns `npm run exactness -- --count N --seed S`: quotients and roots of long vectors on two servers in memory against BigInt, N of
 * each (a million unless said otherwise). Stops at the first difference with code 1.
 */
import { evaluateClear } from '../../src/engine/clear.ts';
import type { PlanBuilder, Ring } from '../../src/plan/builder.ts';
import { divideFloor, divideRound } from '../../src/plan/compose/divide.ts';
import { floorRoot, squareRoot } from '../../src/plan/compose/square-root.ts';
import { runPlan } from '../engine/two-servers.ts';
import { rowsOf } from '../plan/vectors.ts';
import { type Bounds, dividendsAndDivisors, radicands } from './numbers.ts';

const BLOCK = 50_000;

function option(name: string, otherwise: number): number {
  const at = process.argv.indexOf(`--${name}`);
  const value = at < 0 ? otherwise : Number(process.argv[at + 1]);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  process.stderr.write(`--${name} takes a whole number\n`);
  process.exit(64);
}

/** Computes a vector of results from columns of numbers. */
type Compute = (builder: PlanBuilder, columns: readonly Ring[]) => Ring;

/** The first row where two servers, or the clear interpreter, do not give what is true; -1 where there is none. */
async function firstDifference(
  columns: readonly (readonly bigint[])[],
  truth: readonly bigint[],
  compute: Compute,
): Promise<number> {
  const rows = rowsOf(columns);
  rows.builder.output('z', compute(rows.builder, rows.columns));
  const plan = rows.builder.build();
  const plain = rows.plain(plan);
  const [secure] = (await runPlan(plan, plain)).results;
  const [clear] = evaluateClear(plan, plain);
  return truth.findIndex((value, i) => secure?.values[i] !== value || clear?.values[i] !== value);
}

const count = option('count', 1_000_000);
const first = option('seed', 1);

async function check(
  name: string,
  columnsOf: (length: number, seed: number) => readonly (readonly bigint[])[],
  truthOf: (row: readonly bigint[]) => bigint,
  compute: Compute,
): Promise<void> {
  for (let done = 0, seed = first; done < count; done += BLOCK, seed++) {
    const columns = columnsOf(Math.min(BLOCK, count - done), seed);
    const row = (i: number) => columns.map((column) => column[i]!);
    const at = await firstDifference(
      columns,
      columns[0]!.map((_, i) => truthOf(row(i))),
      compute,
    );
    if (at >= 0) {
      process.stdout.write(`${name}: seed ${seed}, of ${row(at).join(' and ')}: not ${truthOf(row(at))}\n`);
      process.exit(1);
    }
  }
  process.stdout.write(`${count} ${name} are exact\n`);
}

const ranges: readonly { readonly n: Bounds; readonly d: Bounds }[] = [
  { n: { lo: 0n, hi: 2n ** 31n - 1n }, d: { lo: 1n, hi: 2n ** 16n - 1n } },
  { n: { lo: 0n, hi: 2n ** 40n - 1n }, d: { lo: 1n, hi: 2n ** 20n - 1n } },
];
for (const { n, d } of ranges) {
  const columns = (length: number, seed: number) => {
    const { dividends, divisors } = dividendsAndDivisors(length, seed, n, d);
    return [dividends, divisors];
  };
  const ranged = ([top, bottom]: readonly Ring[]) =>
    [
      { value: top!, ...n },
      { value: bottom!, ...d },
    ] as const;
  const sizes = `of up to ${n.hi} by up to ${d.hi}`;
  await check(
    `quotients ${sizes}, cut`,
    columns,
    ([top, bottom]) => top! / bottom!,
    (builder, vectors) => divideFloor(builder, ...ranged(vectors)).value,
  );
  await check(
    `quotients ${sizes}, rounded`,
    columns,
    ([top, bottom]) => (2n * top! + bottom!) / (2n * bottom!),
    (builder, vectors) => divideRound(builder, ...ranged(vectors)).value,
  );
}
for (const rounded of [false, true]) {
  const x = { lo: 0n, hi: 2n ** 48n - 1n };
  await check(
    `roots of up to ${x.hi}, ${rounded ? 'rounded' : 'cut'}`,
    (length, seed) => [radicands(length, seed, x)],
    ([value]) => {
      const root = floorRoot(value!);
      return rounded && value! - root * root > root ? root + 1n : root;
    },
    (builder, [column]) => squareRoot(builder, { value: column!, ...x }, rounded).value,
  );
}
