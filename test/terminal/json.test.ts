/**
 * Owns the promise that `--json` prints data and nothing else on standard output, one JSON value a line, whatever the verb: every verb
 * that there is runs here with it, on real processes. One that has no `--json` is named with the reason.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { systemClock } from '../../src/base/clock.ts';
import { mpc } from '../support/mpc.ts';
import { freePorts } from '../support/ports.ts';
import { ROOT } from '../support/rows.ts';

/** Verbs whose output is for people, or for one program in that program's own language. */
const WITHOUT: Readonly<Record<string, string>> = {
  up: 'stays; what it says goes to standard error',
  broker: "runs nats-server; with --print it prints nats-server's own configuration",
  graph: 'has --format json',
  inspect: 'shows a page',
  chat: 'is a conversation',
  completion: "prints a shell's script",
};

const PARTIES = ['acme', 'beta', 'analyst'];
const directory = mkdtempSync(join(tmpdir(), 'mpc-json-'));
const file = (name: string, content?: string): string => {
  const path = join(directory, name);
  if (content !== undefined) writeFileSync(path, content);
  return path;
};
const asked = new Set<string>();
let base = 0;
let up: ChildProcess | undefined;
let verbs = new Map<string, readonly string[]>();

before(async () => {
  verbs = await leafVerbs();
  base = await freePorts();
  const parties = PARTIES.flatMap((party) => ['--party', party]);
  const args = [join(ROOT, 'bin/mpc'), 'up', '--dir', directory, ...parties, '--rest', String(base)];
  up = spawn(process.execPath, args, { stdio: 'ignore' });
  for (const port of [base, base + 10, base + 11, base + 12]) await ready(`http://127.0.0.1:${port}/readyz`);
});

after(async () => {
  if (up !== undefined && up.exitCode === null && up.signalCode === null) {
    up.kill('SIGTERM');
    await once(up, 'exit');
  }
  rmSync(directory, { recursive: true, force: true });
});

const config = (place: string): string[] => ['--config', join(directory, `${place}.toml`)];

/** What a verb answers with --json: exactly one value on one line. */
async function json(party: string, verb: string, ...args: string[]): Promise<Answer> {
  const home = { MPC_HOME: file(`home-${party}`), MPC_COORDINATORS: `http://127.0.0.1:${base}` };
  const { code, stdout, stderr } = await mpc([...verb.split(' '), ...args, '--json'], home);
  assert.equal(code, 0, `mpc ${verb} ${args.join(' ')}: ${stderr}`);
  const [line = '', ...rest] = stdout.split('\n');
  assert.deepEqual(rest, [''], `mpc ${verb}: one line`);
  asked.add(verb);
  return JSON.parse(line);
}

/** Only what the test goes on with is looked at. */
type Answer = Readonly<Record<string, string>>;

const SQL = `CREATE TABLE pay (wage INTEGER NOT NULL CHECK (wage BETWEEN 0 AND 9999)); SELECT COUNT(*), SUM(wage) FROM pay;`;
const TIMEOUT = { timeout: 280_000 };

test('on one machine: run, check, key, describe, status', TIMEOUT, async () => {
  const query = file('query.sql', SQL);
  const rows = file('rows.csv', 'wage\n4100\n3900\n');
  await json('acme', 'run', query, '--input', `acme=${rows}`);
  await json('acme', 'check', query, '--input', rows);
  await json('acme', 'key', file('new.seed'));
  const parts = ['--input', 'acme=10', '--input', 'beta=10', '--output', 'analyst', '--out', file('d.json')];
  await json('analyst', 'describe', query, ...parts, ...config('party-analyst'));
  await json('acme', 'status', ...config('server-a'));
  const mine = [
    '--deployment',
    'pay',
    '--organisation',
    'north',
    '--role',
    'server-a',
    '--broker',
    '127.0.0.1:4222',
  ];
  await json('acme', 'init', ...mine, '--dir', file('north'));
  const theirs = [
    '--deployment',
    'pay',
    '--organisation',
    'south',
    '--role',
    'server-b',
    '--nats',
    'tls://127.0.0.1:4222',
  ];
  const { fingerprint = '' } = await json('acme', 'init', ...theirs, '--dir', file('south'));
  const card = join(directory, 'south', 'card.toml');
  await json('acme', 'trust add', card, '--dir', file('north'), '--fingerprint', fingerprint);
  await json('acme', 'trust list', '--dir', file('north'));
  await json('acme', 'config check', join(directory, 'north', 'broker.toml'));
  if (verbs.has('demo')) await json('acme', 'demo');
  if (verbs.has('doctor')) {
    const { stdout } = await mpc(['doctor', '--json', ...config('server-a')]);
    assert.ok(Array.isArray(JSON.parse(stdout).findings));
    asked.add('doctor');
  }
  const watching = spawn(
    process.execPath,
    [join(ROOT, 'bin/mpc'), 'status', '--watch', '--json', ...config('server-a')],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const [first] = await once(watching.stdout, 'data');
  watching.kill('SIGINT');
  assert.deepEqual(await once(watching, 'exit'), [0, null], 'Ctrl-C ends it well');
  for (const line of String(first).trimEnd().split('\n')) assert.ok(JSON.parse(line).collaborations);
});

test('accounts and collaborations', TIMEOUT, async () => {
  const account = (party: string, verb: string, ...args: string[]): Promise<Answer> =>
    json(party, `account ${verb}`, ...args);
  for (const party of PARTIES)
    await account(party, 'register', party, '--key', join(directory, 'keys', `party-${party}.seed`));
  await account('acme', 'login', 'acme');
  await account('acme', 'list', '*');
  await account('acme', 'show', 'beta');
  const { fingerprint = '' } = await account('ann', 'register', 'ann').then(() => account('ann', 'rekey'));
  await account('acme', 'trust', 'ann', '--fingerprint', fingerprint);
  const password = file('password', 'a password of ann\n');
  await account('ann', 'password', '--new-password-file', password);
  const { token = '' } = await account('ann', 'token');
  assert.ok(token.length > 20);
  await account('ann', 'logout');
  await account('ann', 'delete', '--yes');

  const query = file('query.sql', SQL);
  const inputs = ['--input', 'acme=10', '--input', 'beta=10', '--output', 'analyst', '--reruns', '1'];
  const about = (party: string, verb: string, ...args: string[]): Promise<Answer> =>
    json(party, `collaboration ${verb}`, ...args);
  const { id = '', digest = '' } = await about('analyst', 'create', query, ...inputs);
  await about('acme', 'list');
  await about('acme', 'show', id);
  for (const party of PARTIES) await about(party, 'join', id);
  for (const party of ['acme', 'beta'])
    await about(
      party,
      'upload',
      id,
      file(`${party}.csv`, 'wage\n1\n'),
      '--digest',
      digest,
      ...config(`party-${party}`),
    );
  await about('analyst', 'approve', id, '--digest', digest, ...config('party-analyst'));
  const { code, stdout, stderr } = await mpc(['collaboration', 'watch', id, '--json'], {
    MPC_HOME: file('home-acme'),
    MPC_COORDINATORS: `http://127.0.0.1:${base}`,
  });
  assert.equal(code, 0, stderr);
  for (const line of stdout.trimEnd().split('\n')) assert.ok(JSON.parse(line).collaboration);
  asked.add('collaboration watch');
  await about('analyst', 'result', id, ...config('party-analyst'));
  await json('acme', 'page', ...config('party-acme'));
  await about('analyst', 'rerun', id);
  const second = await about('analyst', 'create', query, ...inputs);
  await about('acme', 'join', second.id ?? '');
  await about('acme', 'withdraw', second.id ?? '');
  await about('analyst', 'cancel', second.id ?? '');
});

test('elections', TIMEOUT, async () => {
  const at = config('party-acme');
  const held = (verb: string, ...args: string[]): Promise<Answer> =>
    json('acme', `election ${verb}`, ...args);
  const { election: id = '' } = await held('create', ...at, '--title', 'Tea?', '--type', 'yesNo');
  const voters = file('voters.ndjson');
  await held('eligible', id, ...at, '--make', '3', '--out', voters);
  await held('open', id, ...at);
  const [first = ''] = readFileSync(voters, 'utf8').split('\n');
  const mine = file('mine.json');
  writeFileSync(mine, `${first}\n`, { mode: 0o600 });
  const { tracker = '' } = await json('acme', 'vote', '--credential', mine, '--choice', 'yes', ...at);
  await json('acme', 'vote', '--credential', voters, '--random', '3', ...at);
  await held('close', id, ...at);
  for (const deadlineMs = Date.now() + 120_000; ; ) {
    const elections: unknown = await held('status', ...at);
    if (JSON.stringify(elections).includes('"published"')) break;
    assert.ok(Date.now() < deadlineMs, JSON.stringify(elections));
  }
  await held('tally', id, ...at);
  await held('receipt', tracker, '--election', id, ...at);
  const record = file('record.ndjson');
  await held('record', id, '--out', record, ...at);
  const { publicKey = '' } = await json('acme', 'key', join(directory, 'keys', 'party-acme.seed'));
  await held('verify', record, '--registrar', publicKey);
  const other = await held('create', ...at, '--title', 'Coffee?', '--type', 'yesNo');
  await held('cancel', other.election ?? '', ...at);
  await held('demo', '--voters', '20', '--options', '2');
});

test('that were all verbs that there are', TIMEOUT, () => {
  assert.ok(verbs.size > 30, `${verbs.size} verbs`);
  for (const [verb, flags] of verbs) {
    if (verb in WITHOUT) assert.ok(!flags.includes('--json'), `${verb} has --json now`);
    else
      assert.ok(
        asked.has(verb),
        `mpc ${verb} was not asked: give it --json and a line here, or a reason in WITHOUT`,
      );
  }
});

/** Every verb with its options, as the completion script has them. */
async function leafVerbs(): Promise<Map<string, readonly string[]>> {
  const { stdout } = await mpc(['completion', 'bash']);
  const places = [...stdout.matchAll(/^ {4}'mpc ([a-z -]+)'\) if .*?compgen -W '([^']*)'/gm)];
  const paths = places.map(([, path = '']) => path);
  return new Map(
    places
      .filter(([, path]) => !paths.some((other) => other.startsWith(`${path} `)))
      .map(([, path = '', flags = '']) => [path, flags.split(' ')]),
  );
}

async function ready(url: string): Promise<void> {
  for (let tries = 0; ; tries++) {
    const answer = await fetch(url).catch(() => undefined);
    if (answer?.ok) return;
    assert.ok(tries < 600, `${url} is not ready`);
    await systemClock.sleep(200);
  }
}
