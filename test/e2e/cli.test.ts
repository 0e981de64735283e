/**
 * Owns what a person at the command line sees: verbs, exit codes, and complaints that say what, where and what to do.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { ownDirectory } from '../support/files.ts';
import { mpc } from '../support/mpc.ts';
import { ROOT } from '../support/rows.ts';

const { at, directory } = ownDirectory('cli');

const query = at(
  'query.sql',
  `CREATE TABLE pay (team TEXT NOT NULL CHECK (team IN ('red', 'green')), wage INTEGER NOT NULL CHECK (wage BETWEEN 0 AND 100));
SELECT team, COUNT(*), AVG(wage) FROM pay GROUP BY team HAVING COUNT(*) >= 3;`,
);
const good = at('good.csv', 'team,wage\nred,1\nred,2\nred,4\ngreen,5\n');

test('mpc check says what is revealed, what to bring, and what it costs', async () => {
  const { code, stdout } = await mpc(['check', query, '--input', good]);
  assert.equal(code, 0);
  assert.match(stdout, /analyst learns, per team with at least 3 rows/);
  assert.match(stdout, /team: text, one of red, green/);
  assert.match(stdout, /wage: integer, 0 to 100/);
  assert.match(stdout, /\d+ rounds, .* of tape/);
  assert.match(stdout, /good\.csv: 4 rows, all fit/);
});

test('mpc check --json prints one object', async () => {
  const { code, stdout } = await mpc(['check', query, '--json']);
  assert.equal(code, 0);
  const { disclosure, inputs, rounds, bytesOnline, bytesTape } = JSON.parse(stdout);
  assert.ok(disclosure.length > 0 && inputs[0].columns.length === 2);
  assert.ok(rounds > 0 && bytesOnline > 0 && bytesTape > 0);
});

const BAD_ROWS: readonly { readonly csv: string; readonly says: RegExp }[] = [
  { csv: 'team,wages\nred,1\n', says: /acme, .*bad\.csv, line 1: the header lacks wage .*\[rows\.header\]/ },
  { csv: 'team,wage\nred,1\nred,101\n', says: /line 3, column wage: .*\[rows\.out-of-range\]/ },
  { csv: 'team,wage\nblue,1\n', says: /line 2, column team: .*\[rows\.not-in-enumeration\]/ },
  { csv: 'team,wage\nred,1,2\n', says: /line 2: .*\[rows\.ragged\]/ },
  { csv: '', says: /\[rows\.empty\]/ },
];

for (const { csv, says } of BAD_ROWS) {
  test(`mpc run refuses rows before anything is started: ${says.source.slice(-24)}`, async () => {
    const file = at('bad.csv', csv);
    const { code, stdout, stderr } = await mpc([
      'run',
      query,
      '--input',
      `acme=${file}`,
      '--input',
      `beta=${good}`,
      '--json',
    ]);
    assert.equal(code, 65);
    assert.equal(stdout, '');
    assert.match(stderr, says);
    assert.doesNotMatch(stderr, /\bat .*\.js/);
  });
}

test('a file that is not there, too many rows, and a query that is not supported are refused with exit code 65', async () => {
  const missing = await mpc(['run', query, '--input', `acme=${join(directory, 'no.csv')}`]);
  assert.equal(missing.code, 65);
  assert.match(missing.stderr, /rows\.no-file/);
  const many = await mpc(['run', query, '--input', `acme=${good}`, '--rows', '3']);
  assert.equal(many.code, 65);
  assert.match(many.stderr, /line 5: there are more than 3 rows/);
  const unsupported = at(
    'window.sql',
    `CREATE TABLE t (x INTEGER CHECK (x BETWEEN 0 AND 9));\nSELECT COUNT(*) OVER () FROM t;`,
  );
  const refused = await mpc(['check', unsupported]);
  assert.equal(refused.code, 65);
  assert.match(refused.stderr, /line 2, column \d+: .*\[sql\./);
});

test('a wrong call ends with 64, a wrong configuration with 78', async () => {
  assert.equal((await mpc(['run'])).code, 64);
  assert.equal((await mpc(['nonsense'])).code, 64);
  assert.equal((await mpc(['run', query])).code, 64);
  assert.equal((await mpc(['--role', 'server-a', '--config', join(directory, 'none.toml')])).code, 78);
  const config = at('bad.toml', 'role = "server-a"\nstate = 7\n');
  const { code, stderr } = await mpc(['--config', config]);
  assert.equal(code, 78);
  for (const setting of ['state', 'key', 'trust'])
    assert.match(stderr, new RegExp(`\\b${setting}: `), setting);
  const broken = at('broken.toml', 'role = "server-a"\nstate = \n');
  assert.match((await mpc(['--config', broken])).stderr, /line 2.*\[config\.syntax\]/);
});

test('a role that waits for a broker ends well when it is told to, and in good time', async () => {
  const key = join(directory, 'alone.seed');
  const publicKey = (await mpc(['key', key])).stdout.trim();
  const config = at(
    'alone.toml',
    `role = "dealer"\nstate = "alone"\nkey = "alone.seed"\nnats = "nats://127.0.0.1:1"\n[trust]\ndealer = "${publicKey}"\n`,
  );
  const role = spawn(process.execPath, [join(ROOT, 'bin/mpc'), '--config', config], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const ended = new Promise<number | null>((resolve) => role.once('exit', resolve));
  await new Promise<void>((resolve) => {
    role.stderr.on('data', (bytes: Buffer) => bytes.includes('dealer: init') && resolve());
  });
  role.kill('SIGTERM');
  assert.equal(await ended, 0);
});

test('keys are made once, shown again, and never printed', async () => {
  const file = join(directory, 'me.seed');
  const made = await mpc(['key', file]);
  const shown = await mpc(['key', file]);
  assert.match(made.stdout, /^U[A-Z2-7]{55}\n$/);
  assert.equal(shown.stdout, made.stdout);
  const seed = readFileSync(file, 'utf8').trim();
  assert.match(seed, /^SU/);
  assert.ok(!`${made.stdout}${made.stderr}${shown.stderr}`.includes(seed));
});

test('mpc up stays until it is told to end; describe, status and a client work with it', async () => {
  const deployment = join(directory, 'up');
  const up = spawn(
    process.execPath,
    [join(ROOT, 'bin/mpc'), 'up', '--dir', deployment, '--party', 'acme', '--party', 'analyst'],
    {
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  const ended = new Promise<number | null>((resolve) => up.once('exit', resolve));
  try {
    let said = '';
    await new Promise<void>((resolve) => {
      up.stderr.on('data', (bytes: Buffer) => {
        said += bytes.toString();
        if (said.includes('party-analyst.toml')) resolve();
      });
    });
    const config = join(deployment, 'server-a.toml');
    const descriptor = join(directory, 'descriptor.json');
    const described = await mpc([
      'describe',
      query,
      '--config',
      config,
      '--input',
      'acme=10',
      '--output',
      'analyst',
      '--out',
      descriptor,
    ]);
    assert.match(described.stdout, /^[0-9a-f]{64}\n$/);
    const add = (party: string, more: string): string => {
      const path = join(deployment, `party-${party}.toml`);
      const text = readFileSync(path, 'utf8').replace(
        /\[client\]\n/,
        `[client]\napprove = ["${described.stdout.trim()}"]\nonce = true\n${more}`,
      );
      writeFileSync(path, text);
      return path;
    };
    const result = join(directory, 'result.json');
    const clients = [
      mpc(['--config', add('analyst', `create = "${descriptor}"\nresult = "${result}"\n`)]),
      mpc(['--config', add('acme', `tables = { pay = "${good}" }\n`)]),
    ];
    assert.deepEqual(
      (await Promise.all(clients)).map(({ code }) => code),
      [0, 0],
    );
    assert.deepEqual(JSON.parse(readFileSync(result, 'utf8')).table.rows, [['red', 3, 2.3333]]);
    const status = await mpc(['status', '--config', config]);
    assert.match(status.stdout, /finished {2}opened by analyst/);
  } finally {
    up.kill('SIGTERM');
    assert.equal(await ended, 0);
  }
});
