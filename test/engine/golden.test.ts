/**
 * Pins the bytes of tapes and messages: whatever computes them, and however fast, tapes that were dealt before must serve
 * and both servers must send what they sent.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import { hex, sha256 } from '../../src/base/bytes.ts';
import { PlanBuilder } from '../../src/plan/builder.ts';
import { planInputs } from '../../src/plan/check.ts';
import type { Plan } from '../../src/plan/plan.ts';
import { type Words, wordsOf } from '../../src/ring/words.ts';
import { runPlan } from './two-servers.ts';

/** More than a block of 4,096 rows, and no whole number of 128-element vectors. */
const ROWS = 4096 + 1088;

test('the tape, the uploads and the messages of both servers are the bytes they have always been', async () => {
  const plan = everyBusyGate();
  const run = await runPlan(plan, inputsOf(plan));
  const digest = (...messages: readonly Uint8Array[]) => hex.encode(sha256(...messages)).slice(0, 32);
  assert.deepEqual(
    {
      corrections: digest(run.corrections),
      uploads: digest(...run.uploads.values()),
      sentByA: run.sentByA.map((message) => digest(message)),
      sentByB: run.sentByB.map((message) => digest(message)),
      results: run.results.map(({ values }) => digest(new TextEncoder().encode(values.join()))),
    },
    {
      corrections: '5d08295efee4b370c5ae604dc9187d87',
      uploads: '5c70452041b74744e4e7b6585fcebc09',
      sentByA: [
        '32f7c1f263c925fe59b2cb08e7d8e4ed',
        '971490674461bd089da16bf2b2f8398c',
        'd0fa23e350836b34b5a177f32a2900ac',
        '52b03235e0ab9732a1ec8a0094af1e77',
      ],
      sentByB: [
        '950803e30a0818ee1b805eca7d3c6770',
        '597326f00a0fe6c86facf519d82f130a',
        '5684f5c066a5ae8ebe67902c15e5ad7d',
        'f4541d44f97ffed934c521025ddc4715',
      ],
      results: [
        '92e2dfacd96bc47bec861fc7eb68722e',
        '6c0d53c33be5ef05d5ea0a3357113154',
        'bd9e4bf88e7803571f49f5bdef9fb6da',
        '311e9ae321a32672b376db592743f055',
        '03911814ae56044bb868f0b7253755b9',
        '996b5b05df9da398dfc7c265f6a9319d',
        '71ab2ab6af60a83980f7a820708b8b6f',
        'a670dd379b3b60992f0ed1cc5cb6b7df',
        'f84f32a7a2d0043b341bd31e98a72131',
        'f9c13e8d69b96fcc3f926b8b05140d61',
        'b2bb708b548906e81eec8eb76b49b5cb',
        '2ea4d3ac9d9229fa10fda390d57f1644',
        'ff29efdd72242679afc5ee91b45a764a',
        '361976ecbed26c4e0a1f52f468c70770',
      ],
    },
  );
});

test('so are they where vectors are cut in strips and bands', async () => {
  const plan = everyBusyGate();
  const run = await runPlan(plan, inputsOf(plan), 1, { stripRows: 512, bandRows: 2048 });
  const digest = (...messages: readonly Uint8Array[]) => hex.encode(sha256(...messages)).slice(0, 32);
  assert.deepEqual(
    {
      messages: run.sentByA.length,
      corrections: digest(run.corrections),
      sentByA: digest(...run.sentByA),
      sentByB: digest(...run.sentByB),
      results: digest(...run.results.map(({ values }) => new TextEncoder().encode(values.join()))),
    },
    {
      messages: 8,
      corrections: '37b58da382dd0b6ad71f54877b825a8d',
      sentByA: 'c36219701a393d301896970618d14c19',
      sentByB: '35446cbe1d90b480d944e379362963f7',
      results: '9ecb098f6a74e4b133f0ebfb9fbe4c59',
    },
  );
  const whole = await runPlan(plan, inputsOf(plan));
  assert.deepEqual(
    run.results.filter(({ name }) => name !== 'truncated'),
    whole.results.filter(({ name }) => name !== 'truncated'),
  );
});

/** Comparisons, one-hots, sums by group of few and many groups, products of bits, ring products, truncation; odd lengths. */
function everyBusyGate(): Plan {
  const b = new PlanBuilder();
  b.table('t', [
    { party: 'p', capacity: 4096 },
    { party: 'q', capacity: 1088 },
  ]);
  const column = (name: string) => b.input({ table: 't', column: name, encoding: 'value', kind: 'ring' });
  const [x, y, key] = [column('x'), column('y'), column('key')];
  const flag = b.input({ table: 't', column: 'flag', encoding: 'value', kind: 'bits' });
  const short = b.slice(x, 0, ROWS - 45);
  const negative = b.lessThanZero(x);
  const isZero = b.equalsZero(key);
  b.output('negative', negative);
  b.output('short negative', b.lessThanZero(short));
  b.output('is zero', isZero);
  b.output('short is zero', b.equalsZero(short));
  b.output('all', b.and(negative, isZero, flag, b.lessThanZero(y)));
  b.output('product', b.multiply(x, y));
  b.output('dot', b.dot(x, y, 16));
  b.output('chosen', b.select(flag, x, y));
  b.output('truncated', b.truncate(key, 1));
  b.output('one-hot', b.oneHot(key, 8)[3]!);
  for (const domain of [8, 32]) {
    const { counts, sums } = b.groupSum(key, domain, [x, y]);
    b.output(`counts by ${domain}`, counts);
    b.output(`sums by ${domain}`, b.concat(...sums));
  }
  return b.build();
}

/** The same words on every run, with small keys. */
function inputsOf(plan: Plan): Map<number, Words> {
  let state = 1;
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state ^ (state >>> 15)) >>> 0;
  };
  return new Map(
    planInputs(plan).map(({ node, input }) => {
      const words = new Uint32Array(wordsOf(input.kind, input.length)).map(next);
      return [node, input.column === 'key' ? words.map((word, i) => (i % 2 === 0 ? word % 32 : 0)) : words];
    }),
  );
}
