/**
 * Watching a run: `mpc run --inspect --record`, `mpc inspect --replay`, `mpc election demo --record`, each as its own process.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import type { FeedRecord } from '../../src/inspect/records.ts';
import { readRun } from '../../src/inspect/run-file.ts';
import { Story } from '../../src/inspect/story.ts';
import type { InspectorView } from '../../src/inspect/view.ts';
import { ownDirectory } from '../support/files.ts';
import { ROOT } from '../support/rows.ts';

const { at, directory } = ownDirectory('inspect');
const TIMEOUT = { timeout: 600_000 };
const ADDRESS = /http:\/\/127\.0\.0\.1:\d+\/page\/#token=\S+/;

test(
  'mpc run --inspect shows every role to whoever has the token, prints the result, and Ctrl-C ends all; the recorded run ends in the same states',
  TIMEOUT,
  async () => {
    const query = at(
      'sum.sql',
      'CREATE TABLE t (v INTEGER NOT NULL CHECK (v BETWEEN 0 AND 99)); SELECT SUM(v) FROM t;',
    );
    const inputs = ['acme', 'beta'].flatMap((party) => [
      '--input',
      `${party}=${at(`${party}.csv`, 'v\n20\n1\n')}`,
    ]);
    const file = join(directory, 'run.ndjson');
    const work = join(directory, 'work');
    mkdirSync(work);
    const run = started(['run', query, ...inputs, '--inspect', '--record', file, '--json'], { TMPDIR: work });
    try {
      const answer = JSON.parse((await run.says('stdout', /^\{.*\}\n/))[0] ?? '');
      assert.deepEqual(answer.rows, [[42]]);
      await run.says('stderr', /the page stays until Ctrl-C/);
      const { origin, ask } = await opened(await run.says('stderr', ADDRESS));
      for (const path of ['/view', '/records', '/events'])
        assert.equal((await fetch(`${origin}${path}`)).status, 401, `${path} without the token`);
      const view = (await (await ask('/view')).json()) as InspectorView; // as our own process makes it, as below
      assert.equal(view.isLive, true);
      for (const [role, machines] of Object.entries(view.machines))
        for (const machine of machines)
          assert.ok((view.charts[machine]?.nodes.length ?? 0) > 3, `the chart ${machine} of ${role}`);
      const seen = await toldUntil(ask, ['server-a session done', 'server-b session done']);
      const roles = [
        'coordinator',
        'dealer',
        'server-a',
        'server-b',
        'party-acme',
        'party-analyst',
        'party-beta',
      ];
      assert.deepEqual(storyOf(seen).roles, roles);
      assert.equal(statSync(file).mode & 0o077, 0, 'nobody else may read what was recorded');

      const family = childrenOf(run.pid);
      assert.ok(family.length >= 5, `${family.length} processes: a broker and four services`);
      run.child.kill('SIGINT');
      assert.deepEqual(await run.ended, [0, null]);
      assert.deepEqual(family.filter(isAlive), [], 'no process is left');
      assert.deepEqual(readdirSync(work), [], 'no directory is left');

      const { records } = readRun(file);
      assert.deepEqual(records.slice(0, seen.length), seen, 'what was shown is what was recorded');
      const states = storyOf(records).statesAt(records.length);
      for (const server of ['server-a', 'server-b']) {
        assert.match(String(states.get(`${server} server`)), /^(draining|stopped)$/);
        assert.deepEqual(states.get(`${server} session:${answer.collaboration}:1`), ['done']);
      }
      const replay = started(['inspect', '--replay', file]);
      try {
        const again = await opened(await replay.says('stdout', ADDRESS));
        const view = (await (await again.ask('/view')).json()) as InspectorView;
        assert.equal(view.isLive, false);
        const replayed = (await (await again.ask('/records')).json()) as FeedRecord[];
        assert.deepEqual(storyOf(replayed).statesAt(replayed.length), states);
        replay.child.kill('SIGINT');
        assert.deepEqual(await replay.ended, [0, null]);
      } finally {
        replay.child.kill('SIGTERM');
        await replay.ended;
      }
    } finally {
      run.child.kill('SIGTERM');
      await run.ended;
    }
  },
);

test(
  'a recorded election tells of its own chart, from its draft to what was published, and of the boxes of all three servers',
  TIMEOUT,
  async () => {
    const file = join(directory, 'election.ndjson');
    const demo = started([
      'election',
      'demo',
      '--voters',
      '3',
      '--options',
      '2',
      '--inspect',
      '--record',
      file,
    ]);
    try {
      await demo.says('stdout', /the result equals the plain count/);
      const { ask } = await opened(await demo.says('stderr', ADDRESS));
      const servers = ['server-a', 'server-b', 'server-c'].map((server) => `${server} ballotBox published`);
      await toldUntil(ask, ['coordinator election published', ...servers]);
      demo.child.kill('SIGINT');
      assert.deepEqual(await demo.ended, [0, null]);
    } finally {
      demo.child.kill('SIGTERM');
      await demo.ended;
    }
    const { records } = readRun(file);
    const moves = records.flatMap((record) =>
      record.kind === 'moved' && record.machine === 'election' && record.role === 'coordinator'
        ? [record]
        : [],
    );
    const states = moves.map(({ to }) => to[0] ?? '');
    assert.deepEqual(
      states.filter((state, index) => state !== states[index - 1]),
      [
        'draft.waitingForServers',
        'draft.waitingForKeys',
        'draft.prepared',
        'open',
        'closing.flushing',
        'closing.sealing',
        'tallying',
        'published',
      ],
    );
    for (const { event, from, to, taken } of moves.slice(1))
      assert.ok(taken.length > 0, `${event} leads from ${from} to ${to} by a transition of the chart`);
    assert.deepEqual(moves.at(-1)?.taken, ['election.tallying/tallied/0', 'election.tallying/always/0']);
    const story = storyOf(records);
    const [election] = story.collaborations.values();
    assert.ok(election !== undefined);
    assert.deepEqual(
      story.moveAt(election, records.length)?.to,
      ['published'],
      'its stages are those of its own chart',
    );
    for (const server of ['server-a', 'server-b', 'server-c'])
      assert.deepEqual(story.statesAt(records.length).get(`${server} election:${election.id}`), [
        'published',
      ]);
  },
);

test(
  'mpc inspect watches a deployment that stays, told what its roles did before it came, and records it',
  TIMEOUT,
  async () => {
    const [home, file] = [join(directory, 'home'), join(directory, 'live.ndjson')];
    const up = started(['up', '--dir', home, '--inspect']);
    try {
      await up.says('stderr', /^running on /m);
      const inspect = started(['inspect', '--config', join(home, 'coordinator.toml'), '--record', file]);
      try {
        const { ask } = await opened(await inspect.says('stdout', ADDRESS));
        await toldUntil(ask, [
          ...['coordinator coordinator serving', 'dealer dealer idle', 'server-c ballotServer serving'],
          ...['server-a server serving.withPeer', 'server-b server serving.withPeer'],
        ]);
        inspect.child.kill('SIGINT');
        assert.deepEqual(await inspect.ended, [0, null]);
        assert.deepEqual(storyOf(readRun(file).records).roles, [
          ...['coordinator', 'dealer', 'server-a', 'server-b', 'server-c'],
        ]);
      } finally {
        inspect.child.kill('SIGTERM');
        await inspect.ended;
      }
    } finally {
      up.child.kill('SIGTERM');
      await up.ended;
    }
  },
);

/** Reads what the page is told until each of these roles' charts has come to that state: `<role> <chart> <state>`. */
async function toldUntil(
  ask: (path: string) => Promise<Response>,
  states: readonly string[],
): Promise<FeedRecord[]> {
  const [records, missing]: [FeedRecord[], Set<string>] = [[], new Set(states)];
  let text = '';
  for await (const bytes of (await ask('/events?from=0')).body?.pipeThrough(new TextDecoderStream()) ?? []) {
    const events = `${text}${bytes}`.split('\n\n');
    text = events.pop() ?? '';
    for (const event of events) {
      const data = /^data: (.*)$/m.exec(event)?.[1];
      for (const record of data === undefined ? [] : (JSON.parse(data) as FeedRecord[])) {
        // as our own process makes them
        records.push(record);
        if (record.kind === 'moved')
          for (const state of record.to) missing.delete(`${record.role} ${record.machine} ${state}`);
      }
    }
    if (missing.size === 0) return records;
  }
  throw new Error(`nothing was told of ${[...missing].join(', ')}`);
}

interface Started {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly ended: Promise<unknown[]>;
  /** Waits until it has said that; throws what it said instead when it ends before. */
  says(stream: 'stdout' | 'stderr', what: RegExp): Promise<RegExpExecArray>;
}

function started(args: readonly string[], env: Readonly<Record<string, string>> = {}): Started {
  const child = spawn(process.execPath, [join(ROOT, 'bin/mpc'), ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = { stdout: '', stderr: '' };
  const checks = new Set<() => void>();
  const check = (): void => {
    for (const each of checks) each();
  };
  for (const stream of ['stdout', 'stderr'] as const)
    child[stream].on('data', (bytes: Buffer) => {
      said[stream] += bytes.toString();
      check();
    });
  child.once('close', check);
  return {
    child,
    pid: child.pid ?? -1,
    ended: once(child, 'exit'),
    says: (stream, what) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const found = what.exec(said[stream]);
          if (found !== null) resolve(found);
          else if (child.exitCode === null && child.signalCode === null) return;
          else reject(new Error(`it ended (${child.exitCode}) and said ${said.stderr}${said.stdout}`));
          checks.delete(look);
        };
        checks.add(look);
        look();
      }),
  };
}

/** The page is there for everyone; what it asks for needs the token of its address. */
async function opened([address]: RegExpExecArray) {
  const { origin, hash } = new URL(address);
  const headers = { authorization: `Bearer ${hash.replace('#token=', '')}` };
  assert.match(await (await fetch(`${origin}/page/`)).text(), /<title>mpc inspector<\/title>/);
  for (const file of ['main.js', 'page.css'])
    assert.equal((await fetch(`${origin}/page/${file}`)).status, 200, file);
  return { origin, ask: (path: string) => fetch(`${origin}${path}`, { headers }) };
}

function storyOf(records: readonly FeedRecord[]): Story {
  const story = new Story();
  story.add(records);
  return story;
}

/** Linux tells the parent of every process in /proc: the fourth word, behind the name in brackets. */
function childrenOf(parent: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      try {
        const [, ppid] = readFileSync(`/proc/${name}/stat`, 'utf8')
          .replace(/^.*\) /s, '')
          .split(' ');
        return Number(ppid) === parent;
      } catch {
        return false; // it has just ended
      }
    })
    .map(Number);
}

const isAlive = (pid: number): boolean => existsSync(`/proc/${pid}`);
