/**
 * The engine in a thread of its own does what it does in this one; and however it ends, whoever waits for it is told why.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after } from 'node:test';
import { concatBytes, wordsOfBytes } from '../../src/base/bytes.ts';
import { MpcError } from '../../src/base/errors.ts';
import { Mailbox } from '../../src/channel/streams.ts';
import { type EngineJob, type EngineOptions, runJob } from '../../src/duties/engine-job.ts';
import { runJobInThread } from '../../src/duties/engine-thread.ts';
import { combineOutputs, outputsOfBytes } from '../../src/engine/combine.ts';
import { dealPlan } from '../../src/engine/dealer.ts';
import { maskRows, uploadParts } from '../../src/engine/mask.ts';
import { PlanBuilder } from '../../src/plan/builder.ts';
import type { Plan } from '../../src/plan/plan.ts';
import { wordsOf } from '../../src/ring/words.ts';
import { inputSeed, Seed } from '../../src/tape/seed.ts';

const ENGINE = new URL('../../bin/engine-source.mjs', import.meta.url);
const ROWS = 64 * 1500;

const directory = mkdtempSync(join(tmpdir(), 'mpc-thread-'));
after(() => rmSync(directory, { recursive: true, force: true }));

function comparingPlan(): Plan {
  const b = new PlanBuilder();
  b.table('t', [
    { party: 'acme', capacity: 640 },
    { party: 'beta', capacity: ROWS - 640 },
  ]);
  const x = b.input({ table: 't', encoding: 'value', column: 'x', kind: 'ring' });
  b.output('negative', b.sum(b.toRing(b.lessThanZero(x))));
  b.output('squares', b.dot(x, x));
  return b.build();
}

const plan = comparingPlan();
const seeds = { a: new Seed(new Uint8Array(32).fill(1)), b: new Seed(new Uint8Array(32).fill(2)) };

/** Files of both servers: rows -1, 0, 1, 2, 3, -1, ... of both parties. */
async function written(): Promise<(server: 'a' | 'b') => EngineJob> {
  const pieces: Uint8Array[] = [];
  await dealPlan({ plan, seedA: seeds.a, seedB: seeds.b, corrections: (bytes) => void pieces.push(bytes) });
  writeFileSync(join(directory, 'corrections'), concatBytes(...pieces));
  for (const party of ['acme', 'beta']) {
    const rows = new Map(
      uploadParts(plan, party).map(({ node, kind, capacity }) => {
        const values = BigInt64Array.from({ length: capacity }, (_, row) => BigInt((row % 5) - 1));
        const words = wordsOfBytes(new Uint8Array(values.buffer));
        assert.equal(words.length, wordsOf(kind, capacity));
        return [node, words];
      }),
    );
    const [subSeedA, subSeedB] = [inputSeed(seeds.a, party), inputSeed(seeds.b, party)];
    writeFileSync(join(directory, party), maskRows({ plan, party, rows, subSeedA, subSeedB }));
  }
  return (server) => ({
    plan,
    server,
    seed: seeds[server].exposeSecretBytes(),
    corrections: join(directory, 'corrections'),
    rows: ['acme', 'beta'].map((party) => [party, join(directory, party)]),
  });
}

/** Both ends of a way that carries chunks at once. */
function ends(signal = new AbortController().signal): [EngineOptions, EngineOptions] {
  const boxes = [new Mailbox(Number.POSITIVE_INFINITY), new Mailbox(Number.POSITIVE_INFINITY)] as const;
  const end = (mine: Mailbox, theirs: Mailbox): EngineOptions => ({
    outgoing: { append: (chunk) => void theirs.accept(chunk.slice()) },
    incoming: mine,
    onProgress: () => {},
    signal,
  });
  return [end(boxes[0], boxes[1]), end(boxes[1], boxes[0])];
}

const job = await written();

test('a server in a thread and one in this thread compute together', async () => {
  const [here, there] = ends();
  const rounds: number[] = [];
  const thread: EngineOptions = { ...there, onProgress: ({ round }) => rounds.push(round) };
  const jobs = [job('a'), job('b')] as const;
  const halves = await Promise.all([runJob(jobs[0], here), runJobInThread(ENGINE, jobs[1], thread)]);
  const [a, b] = halves.map((half) => outputsOfBytes(plan, half));
  const results = combineOutputs(a!, b!).map(({ name, values }) => [name, values]);
  assert.deepEqual(results, [
    ['negative', [BigInt(ROWS / 5)]],
    ['squares', [BigInt(ROWS / 5) * 15n]],
  ]);
  assert.deepEqual(rounds, [1, 2, 3, 4]);
  for (const { seed } of jobs) assert.deepEqual(seed, new Uint8Array(32), 'no seed stays behind');
});

test('an error in the thread arrives as it was thrown', async () => {
  const short = join(directory, 'short');
  writeFileSync(short, new Uint8Array(64));
  const [, there] = ends();
  const failing = runJobInThread(
    ENGINE,
    {
      ...job('b'),
      rows: [
        ['acme', short],
        ['beta', short],
      ],
    },
    there,
  );
  await assert.rejects(failing, (error) => {
    assert.ok(error instanceof MpcError, 'typed');
    assert.equal(error.code, 'rows.wrong-size');
    assert.deepEqual(error.place, { party: 'acme' });
    assert.equal(error.exitCode, 65);
    return true;
  });
});

test('a tape that was cut ends the run with its name', async () => {
  const cut = join(directory, 'cut');
  writeFileSync(cut, new Uint8Array(1000));
  truncateSync(cut, 999);
  const [, there] = ends();
  const failing = runJobInThread(ENGINE, { ...job('b'), corrections: cut }, there);
  await assert.rejects(failing, { name: 'MpcError', code: 'tape.truncated' });
});

test('a thread that dies is an operating error', async () => {
  const [, there] = ends();
  for (const source of ['throw new Error("out of order")', 'process.exit(3)']) {
    const entry = new URL(`data:text/javascript,${encodeURIComponent(source)}`);
    await assert.rejects(runJobInThread(entry, job('b'), there), {
      name: 'MpcError',
      code: 'engine.thread-failed',
    });
  }
});

test('an abort ends a thread that waits for its peer, with the reason', async () => {
  const stop = new AbortController();
  const [, there] = ends(stop.signal);
  let sent = 0;
  const outgoing = {
    append(chunk: Uint8Array) {
      sent += chunk.length;
      stop.abort(new Error('expired'));
    },
  };
  await assert.rejects(runJobInThread(ENGINE, job('b'), { ...there, outgoing }), /expired/);
  assert.ok(sent > 0, 'it had begun');
  await assert.rejects(runJobInThread(ENGINE, job('b'), there), /expired/, 'and none is begun afterwards');
});
