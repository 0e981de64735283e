/**
 * Owns `npm run bench:estimates`: what `mpc check` expects of queries of different kinds beside what `mpc run` takes.
 * The last two columns should lie between a half and two, on a machine that does nothing else: nothing is allowed for.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ESTIMATED_QUERIES, writeEstimated } from '../test/support/estimated-queries.ts';
import { timedRun } from '../test/support/timed-run.ts';

const directory = mkdtempSync(join(tmpdir(), 'mpc-estimates-'));
const inMs = (...times: readonly number[]): string => times.map((ms) => ms.toFixed(0).padStart(8)).join('');
try {
  process.stdout.write('                            expected, ms    measured, ms  measured/expected\n');
  process.stdout.write('                            deal compute    deal compute    deal compute\n');
  for (const query of ESTIMATED_QUERIES) {
    const { estimate, measured, ratios } = await timedRun(writeEstimated(query, directory));
    const expected = inMs(estimate.dealMs, estimate.computeMs);
    const took = inMs(measured.dealMs, measured.computeMs);
    process.stdout.write(
      `${query.name.padEnd(24)}${expected}${took}${ratios.deal.toFixed(2).padStart(8)}${ratios.compute.toFixed(2).padStart(8)}\n`,
    );
  }
} finally {
  rmSync(directory, { recursive: true, force: true });
}
