/**
 * Rows that servers hold as shares: of parties that came, of parties that did not, of an earlier result; in any mixture,
 * whole and in strips, against plain arithmetic; and that what travels for them is uniform.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { bytesOfWords, concatBytes, wordsOfBytes } from '../../src/base/bytes.ts';
import { evaluateClear } from '../../src/engine/clear.ts';
import { PlanBuilder } from '../../src/plan/builder.ts';
import { planDigest, planInputs, validatePlan } from '../../src/plan/check.ts';
import { planCost } from '../../src/plan/cost.ts';
import { type NodeId, type Plan, resultSlice } from '../../src/plan/plan.ts';
import { xor } from '../../src/ring/bits.ts';
import { add, sub } from '../../src/ring/ring.ts';
import { type Words, wordsOf } from '../../src/ring/words.ts';
import { GATES, Keystream } from '../../src/tape/keystream.ts';
import { Seed } from '../../src/tape/seed.ts';
import { splitmix } from '../support/splitmix.ts';
import { type Held, runPlan } from './two-servers.ts';

const RESULT = resultSlice(`${'0'.repeat(20)}.1`);

const words32 = (seed: number) => {
  const next = splitmix(seed);
  return () => Number(next() & 0xffffffffn);
};

/** Values that are multiplied, summed and compared, with their presence. */
function planOf(slices: Plan['tables'][number]['slices'], isHeld = true): Plan {
  const b = new PlanBuilder();
  b.table('t', slices, isHeld);
  const value = b.input({ table: 't', encoding: 'value', column: 'x', kind: 'ring' });
  const present = b.input({ table: 't', encoding: 'present', kind: 'bits' });
  b.output('sum', b.sum(value));
  b.output('squares', b.multiply(value, value));
  b.output('kept', b.select(present, value, b.constant(7n, value.length)));
  b.output('negative', b.lessThanZero(value));
  return b.build();
}

/** Words of every input node; those of absent parties are zeros. Results are split into two shares by more words. */
function rowsOf(plan: Plan, absent: readonly string[], words: () => number) {
  const plain = new Map<NodeId, Words>();
  const shares = new Map<string, { a: Uint8Array[]; b: Uint8Array[] }>();
  for (const { node, input } of planInputs(plan)) {
    const whole = new Uint32Array(wordsOf(input.kind, input.length));
    let at = 0;
    for (const { party, capacity } of plan.tables[0]!.slices) {
      const part = whole.subarray(at, at + wordsOf(input.kind, capacity));
      at += part.length;
      if (absent.includes(party)) continue;
      // Small enough for a comparison with zero to be exact.
      for (let k = 0; k < part.length; k++)
        part[k] =
          input.kind === 'bits'
            ? words()
            : k % 2 === 0
              ? words()
              : words() & 0x7
                ? words() & 0xff
                : 0xffffffff;
      if (!party.includes(':')) continue;
      const one = Uint32Array.from({ length: part.length }, words);
      const other = (input.kind === 'ring' ? sub : xor)(new Uint32Array(part.length), part, one);
      const halves = shares.get(party) ?? { a: [], b: [] };
      halves.a.push(bytesOfWords(one));
      halves.b.push(bytesOfWords(other));
      shares.set(party, halves);
    }
    plain.set(node, whole);
  }
  const results = new Map(
    [...shares].map(([slice, { a, b }]) => [slice, [concatBytes(...a), concatBytes(...b)] as const]),
  );
  return { plain, held: { absent, results } satisfies Held };
}

test('parties that came, parties that did not and earlier results give what plain rows give, absent rows being zeros', async () => {
  const names = ['acme', 'bolt', 'cora'];
  let absences = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 3 }),
      fc.subarray(names),
      fc.boolean(),
      fc.boolean(),
      fc.integer({ min: 1, max: 50 }),
      async (sizes, missing, withResult, inStrips, salt) => {
        const slices = [
          ...sizes.map((size, k) => ({ party: names[k]!, capacity: 64 * size })),
          ...(withResult ? [{ party: RESULT, capacity: 128 }] : []),
        ];
        const plan = planOf(slices);
        const absent = missing.filter((name) => slices.some(({ party }) => party === name));
        absences += absent.length;
        const { plain, held } = rowsOf(plan, absent, words32(salt));
        const strips = inStrips ? { stripRows: 64, bandRows: 128 } : undefined;
        const run = await runPlan(plan, plain, salt, strips, held);
        assert.deepEqual(run.results, evaluateClear(plan, plain));
      },
    ),
    { numRuns: 60 },
  );
  assert.ok(absences > 20, `only ${absences} parties were absent`);
});

test('rows of parties alone cost nothing more; held ones a round and 8 bytes a cell, or a bit, where a wire is wanted', () => {
  const slices = [{ party: 'acme', capacity: 128 }];
  const [wires, shares] = [planCost(planOf(slices, false)), planCost(planOf(slices, true))];
  assert.equal(shares.rounds, wires.rounds + 1);
  assert.equal(shares.bytesOnline, wires.bytesOnline + 128 * 8 + 128 / 8);
  assert.equal(shares.bytesTape, wires.bytesTape);
});

test('a plan that reads a result as masked rows is refused', () => {
  assert.throws(() => validatePlan(planOf([{ party: RESULT, capacity: 64 }], false)), {
    code: 'plan.bad-input',
  });
  assert.notEqual(
    planDigest(planOf([{ party: 'acme', capacity: 64 }], false)),
    planDigest(planOf([{ party: 'acme', capacity: 64 }], true)),
  );
});

/** What is opened of x, and nothing else: the sum of both servers' first messages. */
async function openedFor(plan: Plan, plain: ReadonlyMap<NodeId, Words>, salt: number, held: Held) {
  const { sentByA, sentByB } = await runPlan(plan, plain, salt, undefined, held);
  const [a, b] = [wordsOfBytes(sentByA[0]!), wordsOfBytes(sentByB[0]!)];
  return { a, b, opened: add(new Uint32Array(a.length), a, b) };
}

test('what is sent and what is opened for held rows is uniform, whoever holds or lacks them', async () => {
  const b = new PlanBuilder();
  b.table(
    't',
    [
      { party: 'acme', capacity: 64 },
      { party: 'bolt', capacity: 64 },
      { party: RESULT, capacity: 64 },
    ],
    true,
  );
  b.output('x', b.input({ table: 't', encoding: 'value', column: 'x', kind: 'ring' }));
  const plan = b.build();
  const { plain, held } = rowsOf(plan, ['bolt'], words32(5));
  const ones = { a: [0, 0, 0], b: [0, 0, 0], opened: [0, 0, 0] };
  const runs = 60;
  for (let salt = 1; salt <= runs; salt++) {
    const seen = await openedFor(plan, plain, salt, held);
    for (const [name, counts] of Object.entries(ones))
      seen[name as keyof typeof ones].forEach((word, at) => {
        const part = Math.floor(at / 128);
        for (let rest = word; rest !== 0; rest >>>= 1) counts[part]! += rest & 1;
      });
  }
  const bits = runs * 64 * 64;
  for (const [name, counts] of Object.entries(ones))
    counts.forEach((count, part) => {
      const deviation = Math.abs(count - bits / 2) / Math.sqrt(bits / 4);
      assert.ok(deviation < 5, `${name}, part ${part}: ${deviation} standard deviations`);
    });
});

test("for an absent party each server sends its own part of a fresh mask alone: the party's masks are in nothing", async () => {
  const b = new PlanBuilder();
  const slices = ['acme', 'bolt'].map((party) => ({ party, capacity: 64 }));
  b.table('t', slices, true);
  b.output('x', b.input({ table: 't', encoding: 'value', column: 'x', kind: 'ring' }));
  const plan = b.build();
  const { plain, held } = rowsOf(plan, ['bolt'], words32(6));
  const salt = 9;
  const { a, b: fromB } = await openedFor(plan, plain, salt, held);
  const opening = plan.outputs[0]!.node;
  for (const [seed, sent] of [
    [salt, a],
    [salt + 100, fromB],
  ] as const) {
    const fresh = new Keystream(new Seed(new Uint8Array(32).fill(seed)), GATES).ring(opening, 0, 128);
    assert.deepEqual(sent.subarray(128), fresh.subarray(128));
    assert.notDeepEqual(
      sent.subarray(0, 128),
      fresh.subarray(0, 128),
      'of the party that is here it sends more',
    );
  }
});
