/**
 * Owns the promise that the charts in docs/charts are those of the machines that run: whoever changes one draws them anew.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { mpc } from '../support/mpc.ts';
import { ROOT } from '../support/rows.ts';

const CHARTS = join(ROOT, 'docs/charts');

test('docs/charts are the charts of the machines', { timeout: 240_000 }, async () => {
  const files = readdirSync(CHARTS).filter((name) => name.endsWith('.svg'));
  assert.deepEqual(files, ['client.svg', 'coordinator.svg', 'dealer.svg', 'server-a.svg', 'server-c.svg']);
  for (const file of files) {
    const { code, stdout, stderr } = await mpc(['graph', '--role', file.replace('.svg', '')]);
    assert.equal(code, 0, stderr);
    const drawn = wordsOf(readFileSync(join(CHARTS, file), 'utf8'));
    assert.ok(drawn.length > 20, file);
    assert.deepEqual(
      drawn,
      wordsOf(stdout),
      `docs/charts/${file} is not the chart of the machines: npm run charts`,
    );
  }
});

/** Every state, event, guard and description that stands in a chart; not where, nor how it looks. */
const wordsOf = (svg: string): string[] =>
  [...svg.matchAll(/<(?:text|tspan|title)[^>]*>([^<]+)</g)].map(([, words = '']) => words).sort();
