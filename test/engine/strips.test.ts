/**
 * Plans whose long vectors are run in strips and bands say what they say whole, cost what they are said to, and hold no more
 * than bands.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { concatBytes } from '../../src/base/bytes.ts';
import { PlanBuilder } from '../../src/plan/builder.ts';
import { planInputs } from '../../src/plan/check.ts';
import { planCost } from '../../src/plan/cost.ts';
import { type StripSizes, stripsOf } from '../../src/plan/strips.ts';
import { wordsOf } from '../../src/ring/words.ts';
import { CHI_SQUARE_LIMIT, chiSquareOfBytes } from '../support/gate-harness.ts';
import { modelOf, type Program, programs } from './random-plans.ts';
import { runPlan } from './two-servers.ts';

const bytes = (messages: readonly Uint8Array[]) => messages.reduce((sum, m) => sum + m.length, 0);

/** The random programs, on tables long enough for several strips of 64 rows. */
const longPrograms = fc
  .tuple(programs, fc.integer({ min: 1, max: 4 }))
  .map(([program, times]) => ({ ...program, capacities: program.capacities.map((rows) => rows * times) }));

const sizes: fc.Arbitrary<StripSizes> = fc
  .tuple(fc.constantFrom(64, 128), fc.constantFrom(1, 2, 64))
  .map(([stripRows, strips]) => ({ stripRows, bandRows: strips * stripRows }));

test('random plans in strips and bands give what plain arithmetic gives, at exactly the stated cost', async () => {
  const inStrips = new Map<string, number>();
  let banded = 0;
  await fc.assert(
    fc.asyncProperty(longPrograms, sizes, async (program: Program, sizes: StripSizes) => {
      const { plan, plain, expected } = modelOf(program);
      const run = await runPlan(plan, plain, 1, sizes);
      assert.deepEqual(run.results, expected);
      const cost = planCost(plan, sizes);
      assert.equal(bytes(run.sentByA), cost.bytesOnline);
      assert.equal(bytes(run.sentByB), cost.bytesOnlineB);
      assert.equal(run.corrections.length, cost.bytesTape);
      const whole = planCost(plan, { stripRows: 2 ** 20, bandRows: 2 ** 20 });
      assert.equal(cost.bytesOnline, whole.bytesOnline, 'strips move the same bytes');
      assert.equal(cost.bytesOnlineB, whole.bytesOnlineB);
      assert.ok(cost.rounds >= whole.rounds, 'bands take turns');
      if (sizes.bandRows >= 64 * 64) assert.equal(cost.rounds, whole.rounds, 'one band takes no more rounds');
      if (cost.rounds > whole.rounds) banded++;
      const strips = stripsOf(plan, sizes);
      for (const { strips: ends } of strips.groups) {
        for (const { operation } of strips.nodes.slice(ends[0], ends.at(-1)))
          inStrips.set(operation.op, (inStrips.get(operation.op) ?? 0) + 1);
      }
    }),
    { numRuns: 200 },
  );
  assert.ok(banded > 10, `${banded} plans had several bands under way`);
  const rare = ['repeat', 'groupSum', 'concat', 'slice', 'sum', 'dot', 'select', 'and', 'equalsZero'];
  const met = rare.filter((op) => inStrips.has(op));
  assert.ok(met.length >= 5, `only ${met} came in strips`);
});

test('no two strips share a mask: what is sent of equal rows is uniform and never repeats', async () => {
  const b = new PlanBuilder();
  b.table('t', [{ party: 'p', capacity: 64 * 48 }]);
  const column = (name: string) => b.input({ table: 't', encoding: 'value', column: name, kind: 'ring' });
  const [x, y] = [column('x'), column('y')];
  const products = b.multiply(x, y);
  b.output('kept', b.timesBit(b.lessThanZero(x), b.opened(products)));
  const plan = b.build();
  const zeros = new Map(
    planInputs(plan).map(({ node, input }) => [node, new Uint32Array(wordsOf(input.kind, input.length))]),
  );
  const run = await runPlan(plan, zeros, 1, { stripRows: 64, bandRows: 640 });
  let checked = 0;
  for (const message of [run.sentByA, run.sentByB, [run.corrections], [...run.uploads.values()]]) {
    const sent = concatBytes(...message);
    const words = new BigUint64Array(sent.buffer);
    assert.equal(new Set(words).size, words.length, 'no 64 bits come twice');
    assert.ok(chiSquareOfBytes(sent) < CHI_SQUARE_LIMIT, 'bytes are uniform');
    checked += words.length;
  }
  assert.ok(checked > 20_000, `looked at ${checked} words`);
});
