/**
 * Owns `npm run fuzz -- --count N --seed S`: generated queries against SQLite, as many as asked for, seeds S, S + 1, …
 * Stops at the first difference, prints its seed and query, and ends with code 1. `--seed S --count 1` repeats it.
 */
import { Comparison } from './compare.ts';

function option(name: string, otherwise: number): number {
  const at = process.argv.indexOf(`--${name}`);
  const value = at < 0 ? otherwise : Number(process.argv[at + 1]);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  process.stderr.write(`--${name} takes a whole number\n`);
  process.exit(64);
}

const count = option('count', 10_000);
const first = option('seed', Date.now() % 2 ** 31);
process.stderr.write(`${count} queries from seed ${first} on\n`);
const comparison = new Comparison();
await comparison.open();
const sum = { cells: 0, nulls: 0, refused: 0 };
for (let seed = first; seed < first + count; seed++) {
  const outcome = await comparison.seed(seed);
  if ('reason' in outcome) {
    process.stdout.write(
      `seed ${outcome.seed}: ${outcome.query}\nsmaller: ${outcome.smaller}\nrows: ${outcome.rows.join(' ')}\n${outcome.reason}\n`,
    );
    process.exitCode = 1;
    break;
  }
  sum.cells += outcome.cells;
  sum.nulls += outcome.nulls;
  sum.refused += outcome.refused ? 1 : 0;
  const done = seed - first + 1;
  if (done % 1000 === 0 && done < count) process.stderr.write(`${done} queries equal\n`);
}
await comparison.close();
if (process.exitCode !== 1)
  process.stdout.write(
    `${count} queries equal: ${sum.cells} cells, ${sum.nulls} of them NULL; ${sum.refused} refused\n`,
  );
