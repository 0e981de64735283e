/**
 * Owns the promise that a crash of any one role in the middle of a run costs time and nothing else: real processes, a real
 * broker, kill -9, and the same answer.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import type { Address } from '../../src/bus/subjects.ts';
import type { Collaboration } from '../../src/coordination/collaboration.ts';
import { type PartyRows, TestDeployment } from '../support/mpc.ts';
import { sqliteAnswer } from '../support/rows.ts';

const SQL = `
  CREATE TABLE pay (team TEXT NOT NULL CHECK (team IN ('red', 'green', 'blue')),
                    wage INTEGER NOT NULL CHECK (wage BETWEEN 0 AND 1000000));
  SELECT team, COUNT(*) AS people, SUM(wage) AS wages, MIN(wage) AS least, MAX(wage) AS most FROM pay GROUP BY team;`;

const HEADER = 'team,wage';
const ROWS = Array.from(
  { length: 3000 },
  (_, row) => `${['red', 'green', 'blue'][row % 3]},${(row * 7919) % 1_000_001}`,
);
const PARTIES: PartyRows[] = ['acme', 'beta'].map((party, at) => ({
  party,
  table: 'pay',
  maxRows: 2000,
  csv: `${[HEADER, ...ROWS.filter((_, row) => row % 2 === at)].join('\n')}\n`,
}));

/** When each role is in the middle of its work. */
const MOMENTS: readonly {
  readonly victim: Address;
  readonly when: string;
  readonly is: (collaboration: Collaboration) => boolean;
}[] = [
  { victim: 'server-a', when: 'the servers have begun to compute', is: ({ status }) => status === 'running' },
  { victim: 'server-b', when: 'the servers have begun to compute', is: ({ status }) => status === 'running' },
  {
    victim: 'server-a',
    when: 'it has its tape',
    is: ({ lifecycle }) => lifecycle.context.randomness.includes('server-a'),
  },
  { victim: 'dealer', when: 'the collaboration has just been created', is: () => true },
  {
    victim: 'party-acme',
    when: 'it has approved',
    is: ({ lifecycle }) => lifecycle.context.approvals.includes('acme'),
  },
  {
    victim: 'party-analyst',
    when: 'the servers have begun to compute',
    is: ({ status }) => status === 'running',
  },
  {
    victim: 'coordinator',
    when: 'everyone has approved',
    is: ({ lifecycle }) => lifecycle.context.approvals.length >= 2,
  },
];

for (const { victim, when, is } of MOMENTS) {
  test(`${victim} is killed when ${when}: the run finishes after it is started again, with the same answer`, async () => {
    const deployment = await TestDeployment.open(SQL, PARTIES);
    try {
      deployment.start();
      await deployment.until(when, is);
      await deployment.kill(victim);
      assert.equal(deployment.isRunning(victim), false);
      deployment.start(victim);
      const { table } = await deployment.result();
      const expected = await sqliteAnswer(
        'SELECT team, COUNT(*), SUM(wage), MIN(wage), MAX(wage) FROM pay GROUP BY team',
        'pay',
        HEADER,
        ROWS,
      );
      const byTeam = (rows: readonly unknown[][]): unknown[][] =>
        [...rows].sort((x, y) => (String(x[0]) < String(y[0]) ? -1 : 1));
      assert.deepEqual(byTeam(table.rows), byTeam(expected));
    } finally {
      await deployment.stop();
    }
  });
}
