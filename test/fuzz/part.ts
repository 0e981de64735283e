/**
 * Owns the generated queries of every test run: a thousand of them, in parts of their own files. MPC_SEED sets the first seed.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Comparison } from './compare.ts';

const SEED = Number(process.env.MPC_SEED ?? 20_261_121);
const QUERIES = 250;

/** Declares the test of part 0, 1, …: seeds that no other part has. */
export function fuzzPart(part: number): void {
  const first = SEED + part * QUERIES;
  test(`${QUERIES} generated queries give what SQLite gives (seeds from ${first})`, async (t) => {
    const comparison = new Comparison();
    await comparison.open();
    const sum = { cells: 0, nulls: 0, refused: 0 };
    for (let seed = first; seed < first + QUERIES; seed++) {
      const outcome = await comparison.seed(seed);
      if ('reason' in outcome)
        assert.fail(
          `npm run fuzz -- --seed ${seed} --count 1\n${outcome.smaller}\nrows: ${outcome.rows.join(' ')}\n${outcome.reason}`,
        );
      sum.cells += outcome.cells;
      sum.nulls += outcome.nulls;
      sum.refused += outcome.refused ? 1 : 0;
    }
    await comparison.close();
    t.diagnostic(`${sum.cells} cells compared, ${sum.nulls} of them NULL, ${sum.refused} queries refused`);
    assert.ok(sum.cells > 5 * QUERIES, `only ${sum.cells} cells were compared`);
    assert.ok(sum.nulls > QUERIES / 5, `only ${sum.nulls} were NULL`);
    assert.ok(sum.refused < QUERIES / 20, `${sum.refused} queries were refused`);
  });
}
