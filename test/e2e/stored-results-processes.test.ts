/**
 * Owns the promise that a result is computed with again from the command line: real processes, `mpc describe --source`, and
 * SQLite's answer in two steps.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { writeConfig } from '../../bin/local/deployment.ts';
import { collaborationId, descriptorDigest } from '../../src/coordination/descriptor.ts';
import { mpc, TestDeployment } from '../support/mpc.ts';
import { sqliteAnswer } from '../support/rows.ts';

const HEADER = 'region,amount';
const REGIONS = ['north', 'south', 'east'];
const ROWS = Array.from({ length: 60 }, (_, row) => `${REGIONS[(row * 7) % 3]},${(row * 131) % 900}`);
const SALES = `CREATE TABLE sales (region TEXT NOT NULL CHECK (region IN ('north', 'south', 'east')),
                                  amount INTEGER NOT NULL CHECK (amount BETWEEN 0 AND 1000));
  SELECT region, COUNT(*) AS orders, SUM(amount) AS revenue FROM sales GROUP BY region`;
const SECOND = 'SELECT COUNT(*), SUM(orders), MAX(revenue), MIN(revenue) FROM regions WHERE revenue > 5000';

test('the command line reads an earlier result by its id; its parties approve, and it never leaves the servers', async () => {
  const expected = await sqliteAnswer(
    SECOND.replace(
      'regions',
      '(SELECT region, COUNT(*) AS orders, SUM(amount) AS revenue FROM sales GROUP BY region)',
    ),
    'sales',
    HEADER,
    ROWS,
  );
  const parties = ['acme', 'beta'].map((party, at) => ({
    party,
    table: 'sales',
    maxRows: 40,
    csv: `${[HEADER, ...ROWS.filter((_, row) => row % 2 === at)].join('\n')}\n`,
  }));
  const deployment = await TestDeployment.open(SALES, parties, { resultUses: 1 });
  try {
    deployment.start();
    await deployment.result();
    const config = deployment.configOf('party-analyst');
    const status = await mpc(['status', '--config', config, '--json']);
    const { collaborations } = JSON.parse(status.stdout) as { collaborations: { results: string[] }[] };
    const [first] = collaborations;
    assert.deepEqual(first?.results, [`${deployment.id}.1`]);

    const query = join(deployment.directory, 'second.sql');
    const out = join(deployment.directory, 'second.json');
    writeFileSync(query, `${SECOND};`);
    const source = `regions=${first!.results[0]}`;
    const checked = await mpc(['check', query, '--config', config, '--source', source]);
    assert.equal(checked.code, 0, checked.stderr);
    assert.match(checked.stdout, /nobody brings rows of regions: they are the result [0-9a-f]{20}\.1/);
    assert.doesNotMatch(checked.stdout, /brings a CSV file/);
    const described = await mpc([
      'describe',
      query,
      '--config',
      config,
      '--source',
      source,
      '--output',
      'analyst',
      '--out',
      out,
    ]);
    assert.equal(described.code, 0, described.stderr);
    assert.match(
      described.stderr,
      /Rows of regions are the result [0-9a-f]{20}\.1, in which rows of acme and beta are/,
    );
    const descriptor = JSON.parse(readFileSync(out, 'utf8'));
    assert.equal(described.stdout.trim(), descriptorDigest(descriptor));

    const approve = [descriptorDigest(descriptor)];
    const result = join(deployment.directory, 'second-result.json');
    for (const party of ['acme', 'beta', 'analyst'] as const) {
      await deployment.terminate(`party-${party}`);
      const more = party === 'analyst' ? { create: out, result } : {};
      writeConfig(deployment.deployment, `party-${party}`, { party, approve, ...more });
    }
    // Not all whose rows are in it have approved: nothing starts.
    deployment.start('party-acme', 'party-analyst');
    const id = collaborationId(descriptorDigest(descriptor));
    await deployment.follower.until(
      (log) => log.collaboration(id)?.lifecycle.context.randomness.length === 2,
      AbortSignal.timeout(30_000),
    );
    assert.equal(deployment.follower.collaboration(id)?.status, 'registering');
    assert.ok(!existsSync(result));
    deployment.start('party-beta');
    await deployment.follower.until(
      (log) => log.collaboration(id)?.lifecycle.context.received.includes('analyst'),
      AbortSignal.timeout(30_000),
    );
    assert.deepEqual(JSON.parse(readFileSync(result, 'utf8')).table.rows, expected);

    const again = await mpc([
      'describe',
      query,
      '--config',
      config,
      '--source',
      'regions=ffffffffffffffffffff.1',
      '--output',
      'analyst',
    ]);
    assert.equal(again.code === 0, false);
    assert.match(again.stderr, /result\.unknown|there is no result/);
  } finally {
    await deployment.stop();
  }
});
