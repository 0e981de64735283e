/**
 * Owns the promise that `mpc collaboration` takes two parties' rows to a third one's result, on real processes and a real broker,
 * and moves on when a coordinator is silent.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemClock } from '../../src/base/clock.ts';
import { type Ended, mpc } from '../support/mpc.ts';
import { freePorts } from '../support/ports.ts';
import { ROOT } from '../support/rows.ts';

const SQL = `CREATE TABLE pay (wage INTEGER NOT NULL CHECK (wage BETWEEN 0 AND 9999));
SELECT COUNT(*), AVG(wage) FROM pay;`;
const PARTIES = ['acme', 'beta', 'analyst'];

test('create, join, upload, watch, result, withdraw', { timeout: 290_000 }, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'mpc-cli-'));
  const base = await freePorts();
  const up = start(directory, base);
  try {
    const coordinator = `http://127.0.0.1:${base}`;
    for (const port of [base, base + 10, base + 11, base + 12])
      await ready(`http://127.0.0.1:${port}/readyz`);
    const as = (party: string, ...args: string[]): Promise<Ended> =>
      mpc(args, {
        MPC_HOME: join(directory, 'homes', party),
        MPC_COORDINATORS: `http://127.0.0.1:1,${coordinator}`,
      });
    const well = async (party: string, ...args: string[]): Promise<string> => {
      const { code, stdout, stderr } = await as(party, ...args);
      assert.equal(code, 0, `${args.join(' ')}: ${stderr}`);
      return stdout;
    };
    const atHome = (party: string): string[] => ['--config', join(directory, `party-${party}.toml`)];
    for (const party of PARTIES)
      await well(
        party,
        'account',
        'register',
        party,
        '--key',
        join(directory, 'keys', `party-${party}.seed`),
      );
    const query = join(directory, 'query.sql');
    writeFileSync(query, SQL);
    const inputs = ['--input', 'acme=10', '--input', 'beta=10', '--output', 'analyst', '--result-uses', '1'];
    const created = await well('analyst', 'collaboration', 'create', query, ...inputs, '--json');
    const { id, digest } = JSON.parse(created);
    assert.match(await well('acme', 'collaboration', 'list', '--party', 'acme'), new RegExp(id));
    assert.match(await well('acme', 'collaboration', 'join', id), /columns wage/);
    const watching = as('analyst', 'collaboration', 'watch', id);
    for (const [party, rows] of [
      ['acme', 'wage\n4100\n3900\n'],
      ['beta', 'wage\n5200\n'],
    ] as const) {
      const file = join(directory, `${party}.csv`);
      writeFileSync(file, rows);
      const unapproved = await as(party, 'collaboration', 'upload', id, file, ...atHome(party));
      assert.equal(unapproved.code, 77, unapproved.stderr);
      assert.match(unapproved.stderr, /descriptor\.not-approved/);
      await well(party, 'collaboration', 'upload', id, file, '--digest', digest, ...atHome(party));
    }
    await well('analyst', 'collaboration', 'approve', id, '--digest', digest, ...atHome('analyst'));
    const watched = await watching;
    assert.equal(watched.code, 0, watched.stderr);
    assert.match(watched.stdout, /acme: uploaded/);
    assert.equal(
      await well('analyst', 'collaboration', 'result', id, '--csv', ...atHome('analyst')),
      'count,avg\r\n3,4400\r\n',
    );
    assert.match(await well('analyst', 'collaboration', 'result', id, ...atHome('analyst')), /\(1 row\)/);
    assert.match(await well('beta', 'collaboration', 'show', id), /finished[\s\S]*result {6}[0-9a-f]{20}\.1/);
    // A second query reads that result where the servers keep it; those whose rows are in it approve again.
    const second = join(directory, 'second.sql');
    writeFileSync(second, 'SELECT SUM(count) AS wages, MAX(avg) AS average FROM before;');
    const source = ['--source', `before=${id}.1`, '--output', 'analyst', '--json'];
    const next = JSON.parse(await well('analyst', 'collaboration', 'create', second, ...source));
    assert.match(
      next.disclosure.join(' '),
      /Rows of before are the result [0-9a-f]{20}\.1, in which rows of acme and beta are/,
    );
    for (const party of PARTIES)
      await well(party, 'collaboration', 'approve', next.id, '--digest', next.digest, ...atHome(party));
    await well('analyst', 'collaboration', 'watch', next.id);
    assert.equal(
      await well('analyst', 'collaboration', 'result', next.id, '--csv', ...atHome('analyst')),
      'wages,average\r\n3,4400\r\n',
    );
    const wrong = await as('analyst', 'collaboration', 'create', second, '--source', 'before=nothing');
    assert.match(wrong.stderr, /usage\.source/);
    // What a party's own key has approved, that key takes back, at its client.
    const third = JSON.parse(
      await well('analyst', 'collaboration', 'create', query, ...inputs, '--hours', '1', '--json'),
    );
    const acmes = join(directory, 'acme.csv');
    await well(
      'acme',
      'collaboration',
      'upload',
      third.id,
      acmes,
      '--digest',
      third.digest,
      ...atHome('acme'),
    );
    while (!/acme .*: (approved|uploaded)/.test(await well('acme', 'collaboration', 'show', third.id)));
    const vouched = await as('acme', 'collaboration', 'withdraw', third.id);
    assert.equal(vouched.code, 77, vouched.stderr);
    assert.match(vouched.stderr, /own-key[\s\S]*add --config/);
    assert.match(
      await well('acme', 'collaboration', 'withdraw', third.id, ...atHome('acme')),
      /here: your part is taken back/,
    );
    assert.match(await well('beta', 'collaboration', 'show', third.id), /failed[\s\S]*took its part back/);
    const late = await as('analyst', 'collaboration', 'cancel', id);
    assert.equal(late.code, 75, late.stderr);
    assert.match(late.stderr, /collaboration\./);
    const unknown = await as('acme', 'collaboration', 'show', '0'.repeat(20));
    assert.equal(unknown.code, 66, unknown.stderr);
  } finally {
    await end(up);
    rmSync(directory, { recursive: true, force: true });
  }
});

function start(directory: string, base: number): ChildProcess {
  const parties = PARTIES.flatMap((party) => ['--party', party]);
  const args = [join(ROOT, 'bin/mpc'), 'up', '--dir', directory, ...parties, '--rest', String(base)];
  return spawn(process.execPath, args, { stdio: 'ignore' });
}

async function ready(url: string): Promise<void> {
  for (let tries = 0; ; tries++) {
    const answer = await fetch(url).catch(() => undefined);
    if (answer?.ok) return;
    assert.ok(tries < 300, `${url} is not ready`);
    await systemClock.sleep(200);
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await ended;
}
