import assert from 'node:assert/strict';
import test from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { concatBytes, wordsOfBytes } from '../../src/base/bytes.ts';
import { combineOutputs, outputBytes, outputsOfBytes } from '../../src/engine/combine.ts';
import { dealPlan } from '../../src/engine/dealer.ts';
import {
  assembleInputs,
  inputParties,
  maskRows,
  uploadBytes,
  uploadDigest,
  uploadParts,
} from '../../src/engine/mask.ts';
import type { Link } from '../../src/engine/openings.ts';
import type { ServerOutput } from '../../src/engine/outputs.ts';
import { evaluatePlan, type Progress } from '../../src/engine/server.ts';
import { planTapeLayout } from '../../src/engine/tape.ts';
import { Values } from '../../src/engine/values.ts';
import { PlanBuilder } from '../../src/plan/builder.ts';
import { planInputs } from '../../src/plan/check.ts';
import { planCost } from '../../src/plan/cost.ts';
import type { NodeId, Plan } from '../../src/plan/plan.ts';
import { stripsOf } from '../../src/plan/strips.ts';
import { isEqual } from '../../src/ring/ring.ts';
import { newBits, newRing, type Words, wordsOf } from '../../src/ring/words.ts';
import { inputSeed, Seed } from '../../src/tape/seed.ts';
import { tapeOfServerA } from '../../src/tape/server-tape.ts';
import { runPlan } from './two-servers.ts';

const seed = (fill: number) => new Seed(new Uint8Array(32).fill(fill));

/** Two tables: alice in both, bob in the first only, so that uploads differ. */
function twoTables(rows = 64): Plan {
  const b = new PlanBuilder();
  b.table('t', [
    { party: 'alice', capacity: rows },
    { party: 'bob', capacity: 2 * rows },
  ]);
  b.table('u', [{ party: 'alice', capacity: 3 * rows }]);
  const x = b.input({ table: 't', encoding: 'value', column: 'x', kind: 'ring' });
  const present = b.input({ table: 't', encoding: 'present', kind: 'bits' });
  const y = b.input({ table: 'u', encoding: 'value', column: 'y', kind: 'ring' });
  b.output('low', b.and(b.lessThan(x, y), present));
  b.output('product', b.multiply(b.multiply(x, y), y));
  return b.build();
}

const zeros = (plan: Plan): Map<NodeId, Words> =>
  new Map(
    planInputs(plan).map(({ node, input }) => [node, new Uint32Array(wordsOf(input.kind, input.length))]),
  );

/** Parties' uploads of rows that are all zero: the masks themselves. */
function uploadsOf(plan: Plan): Map<string, Uint8Array> {
  return new Map(
    inputParties(plan).map((party) => {
      const rows = new Map(
        uploadParts(plan, party).map(({ node, kind, capacity }) => [
          node,
          kind === 'ring' ? newRing(capacity) : newBits(capacity),
        ]),
      );
      const [subSeedA, subSeedB] = [inputSeed(seed(1), party), inputSeed(seed(2), party)];
      return [party, maskRows({ plan, party, rows, subSeedA, subSeedB })];
    }),
  );
}

/** Server A alone, with whatever the test answers. */
const serverA = (plan: Plan, link: Link, signal?: AbortSignal, onProgress?: (p: Progress) => void) =>
  evaluatePlan({
    plan,
    server: 'a',
    tape: tapeOfServerA(seed(1)),
    inputs: assembleInputs(plan, uploadsOf(plan)),
    link,
    ...(signal ? { signal } : {}),
    ...(onProgress ? { onProgress } : {}),
  });

/** Answers each message with what the test makes of it. */
function answering(answer: (payload: Uint8Array, message: number) => Uint8Array): Link {
  const sent: Uint8Array[] = [];
  let taken = 0;
  return {
    send: (message) => void sent.push(message.slice()),
    receive: async () => answer(sent[taken]!, taken++),
  };
}

const echo = () => answering((payload) => payload);

test('a party uploads its slices of its own tables only, in node order', () => {
  const plan = twoTables();
  assert.deepEqual(inputParties(plan), ['alice', 'bob']);
  assert.equal(uploadBytes(plan, 'alice'), 64 * 8 + 8 + 192 * 8);
  assert.equal(uploadBytes(plan, 'bob'), 128 * 8 + 16);
  assert.equal(uploadBytes(plan, 'carol'), 0);
  const uploads = uploadsOf(plan);
  for (const [party, upload] of uploads) assert.equal(upload.length, uploadBytes(plan, party));
  const nodes = uploadParts(plan, 'alice').map(({ node }) => node);
  assert.deepEqual(
    nodes,
    [...nodes].sort((a, b) => a - b),
  );
});

test('uploads of the wrong size, or none, are refused with the party’s name', () => {
  const plan = twoTables();
  const uploads = uploadsOf(plan);
  assert.doesNotThrow(() => assembleInputs(plan, uploads));
  const short = new Map(uploads).set('bob', uploads.get('bob')!.subarray(8));
  assert.throws(() => assembleInputs(plan, short), { code: 'rows.wrong-size', place: { party: 'bob' } });
  const long = new Map(uploads).set('bob', concatBytes(uploads.get('bob')!, new Uint8Array(8)));
  assert.throws(() => assembleInputs(plan, long), { code: 'rows.wrong-size' });
  const missing = new Map(uploads);
  missing.delete('alice');
  assert.throws(() => assembleInputs(plan, missing), { code: 'rows.missing', place: { party: 'alice' } });
});

test('digests tell uploads apart', () => {
  const uploads = [new Uint8Array([1]), new Uint8Array([2]), new Uint8Array([1, 0]), new Uint8Array(0)];
  assert.equal(new Set(uploads.map(uploadDigest)).size, 4);
  assert.equal(uploadDigest(uploads[0]!), uploadDigest(Uint8Array.of(1)));
});

test('a message of the wrong size ends the run', async () => {
  const plan = twoTables();
  for (const wrong of [(p: Uint8Array) => p.subarray(8), (p: Uint8Array) => concatBytes(p, p)]) {
    const link = answering((payload, message) => (message === 2 ? wrong(payload) : payload));
    await assert.rejects(serverA(plan, link), { name: 'MpcError', code: 'engine.wrong-size' });
  }
});

test('an unaligned message is as good as any', async () => {
  const plan = twoTables();
  const shifted = answering((payload) => concatBytes(new Uint8Array(1), payload).subarray(1));
  assert.deepEqual(await serverA(plan, shifted), await serverA(plan, echo()));
});

test('a lost peer’s error reaches the caller, and an abort stops the run', async () => {
  const plan = twoTables();
  const lost = answering(() => {
    throw new Error('peer lost');
  });
  await assert.rejects(serverA(plan, lost), /peer lost/);
  const stop = new AbortController();
  const aborting = answering((payload, message) => {
    if (message === 1) stop.abort(new Error('expired'));
    return payload;
  });
  await assert.rejects(serverA(plan, aborting, stop.signal), /expired/);
  const dealing = dealPlan({
    plan,
    seedA: seed(1),
    seedB: seed(2),
    corrections: () => {},
    signal: stop.signal,
  });
  await assert.rejects(dealing, /expired/);
});

test('every round is reported', async () => {
  const plan = twoTables();
  const { rounds } = planCost(plan);
  const seen: Progress[] = [];
  await serverA(plan, echo(), undefined, (progress) => seen.push(progress));
  assert.deepEqual(
    seen,
    Array.from({ length: rounds }, (_, k) => ({ round: k + 1, rounds })),
  );
});

test('the event loop turns while a large plan runs and while it is dealt', async () => {
  const plan = twoTables(64 * 512);
  const counting = async (work: Promise<unknown>): Promise<number> => {
    let turns = 0;
    let done = false;
    const ended = work.finally(() => {
      done = true;
    });
    while (!done) {
      await turn();
      turns++;
    }
    await ended;
    return turns;
  };
  assert.ok((await counting(serverA(plan, echo()))) > 5, 'the loop turned while a server ran');
  const dealing = dealPlan({ plan, seedA: seed(1), seedB: seed(2), corrections: () => {} });
  assert.ok((await counting(dealing)) > 5, 'the loop turned while the dealer dealt');
});

test('the dealer waits for whoever takes its corrections', async () => {
  const plan = twoTables();
  let busy = false;
  let pieces = 0;
  await dealPlan({
    plan,
    seedA: seed(1),
    seedB: seed(2),
    corrections: async () => {
      assert.equal(busy, false, 'one piece at a time');
      busy = true;
      await turn();
      busy = false;
      pieces++;
    },
  });
  assert.ok(pieces >= 4, `took ${pieces} pieces`);
  assert.equal(planTapeLayout(stripsOf(plan)).totalBytes, planCost(plan).bytesTape);
});

test('results that the servers disagree about are refused', async () => {
  const plan = twoTables();
  const outputs = await serverA(plan, echo());
  assert.doesNotThrow(() => combineOutputs(outputs, outputs));
  const changed = (change: (output: ServerOutput) => ServerOutput) => [
    change(outputs[0]!),
    ...outputs.slice(1),
  ];
  const bad = [
    outputs.slice(1),
    changed((output) => ({ ...output, name: 'other' })),
    changed((output) => ({ ...output, length: output.length - 1 })),
    changed((output) => ({ ...output, masked: output.masked.map((word) => word ^ 1) })),
  ];
  for (const theirs of bad) assert.throws(() => combineOutputs(outputs, theirs), { code: 'result.disagree' });
});

test('outputs survive being bytes, and bytes of another size are refused', async () => {
  const plan = twoTables();
  const outputs = await serverA(plan, echo());
  const bytes = outputBytes(outputs);
  assert.deepEqual(outputsOfBytes(plan, bytes), outputs);
  assert.throws(() => outputsOfBytes(plan, bytes.subarray(4)), { code: 'result.wrong-size' });
});

test('values are let go after their last use', () => {
  const plan = twoTables();
  const values = new Values<number>(plan);
  let most = 0;
  for (const [id, node] of plan.nodes.entries()) {
    values.put(id, id);
    values.release(node);
    most = Math.max(most, values.size);
  }
  assert.equal(values.size, plan.outputs.length);
  assert.ok(most < plan.nodes.length / 2, `at most ${most} values were held`);
  assert.throws(() => values.get(0), /until its last use/);
});

test('what goes over the wire is balanced, and unlike what it hides', async () => {
  const plan = twoTables(64 * 32);
  const run = await runPlan(plan, zeros(plan));
  const views = {
    sentByA: concatBytes(...run.sentByA),
    sentByB: concatBytes(...run.sentByB),
    tape: run.corrections,
    uploads: concatBytes(...run.uploads.values()),
  };
  for (const [name, bytes] of Object.entries(views)) {
    const counts = new Array<number>(256).fill(0);
    for (const byte of bytes) counts[byte] = counts[byte]! + 1;
    const expected = bytes.length / 256;
    const chiSquare = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
    // 255 degrees of freedom: the seeds are fixed, so this is one fixed number, within six deviations.
    assert.ok(Math.abs(chiSquare - 255) < 6 * Math.sqrt(2 * 255), `${name}: chi square ${chiSquare}`);
  }
  for (const [round, mine] of run.sentByA.entries()) {
    assert.equal(isEqual(wordsOfBytes(mine), wordsOfBytes(run.sentByB[round]!)), false);
  }
  for (const { values } of run.results) assert.deepEqual(new Set(values.map(Number)), new Set([0]));
});
