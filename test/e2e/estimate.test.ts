/**
 * What `mpc check` expects is of the order of what `mpc run` takes: within a factor of four here, because machines that run
 * tests are busy, and are allowed as many times longer as processes wait for a core; `npm run bench:estimates` shows all kinds of queries, within two.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after } from 'node:test';
import { ESTIMATED_QUERIES, writeEstimated } from '../support/estimated-queries.ts';
import { timedRun } from '../support/timed-run.ts';

const directory = mkdtempSync(join(tmpdir(), 'mpc-estimate-'));
after(() => rmSync(directory, { recursive: true }));

const NAMES = ['small', 'grouped, 28,155 rows', 'far apart'];
const queries = ESTIMATED_QUERIES.filter(({ name }) => NAMES.includes(name));
assert.equal(queries.length, NAMES.length);

for (const query of queries) {
  test(`a run takes about as long as expected: ${query.name}`, async () => {
    const run = await timedRun(writeEstimated(query, directory));
    for (const ratio of Object.values(run.ratios))
      assert.ok(ratio > 1 / 4 && ratio < 4 * run.waiting, JSON.stringify(run));
  });
}
