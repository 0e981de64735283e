/** Small elections held whole, each in some order of arrival; `every-order.test.ts` tries all of them. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { plainCount } from '../../bin/verbs/election-demo.ts';
import type { Choice } from '../../src/ballot/election-type.ts';
import { BallotType } from '../../src/ballot/election-type.ts';
import type { ElectionType } from '../../src/election/descriptor.ts';
import { resultLines } from '../../src/election/result.ts';
import { draws } from '../support/ballots.ts';
import { combinations } from './orders.ts';
import { ElectionWorld, finish } from './world.ts';

const ORDERS = [
  [0, 1, 2],
  [0, 2, 1],
  [1, 0, 2],
  [1, 2, 0],
  [2, 0, 1],
  [2, 1, 0],
] as const;

function held(
  type: ElectionType,
  labels: readonly string[],
  ballotType: BallotType,
  choices: readonly Choice[],
  seed: number,
) {
  const { bytes, below } = draws(seed);
  const world = new ElectionWorld(bytes, type, labels, choices.length, ballotType);
  const servers = world.opened();
  const caster = world.caster();
  const envelopes = choices.map((choice, number) =>
    caster.cast(number, world.voter(number).identity, 1, choice, bytes),
  );
  // Each server gets the ballots in another order, and boxes what it has when it likes: all orders come up.
  const arrivals = servers.map((server, at) => {
    const order = shuffled(envelopes, below);
    return { server, order, at };
  });
  for (let round = 0; round < envelopes.length; round++) {
    const turn = ORDERS[below(6)] ?? [0, 1, 2];
    for (const at of turn) {
      const arrival = arrivals[at];
      const envelope = arrival?.order[round];
      if (arrival === undefined || envelope === undefined) continue;
      const taken = arrival.server.take(envelope);
      if (below(2) === 0) assert.equal(arrival.server.box([taken]), undefined);
    }
  }
  for (const server of servers) server.box([...server.held.values()]);
  world.close();
  finish(world, servers);
  const { status, life } = world.election;
  assert.equal(status, 'published');
  return resultLines(world.descriptor, life.context.result ?? [], choices.length).map(({ sum }) => sum);
}

function shuffled<Item>(items: readonly Item[], below: (bound: number) => number): Item[] {
  const left = [...items];
  return items.map(() => left.splice(below(left.length), 1)[0]!);
}

test('every election of one of three with up to three voters comes out as counted plainly', () => {
  const type = new BallotType({ kind: 'oneOf', options: 3 });
  let elections = 0;
  for (let voters = 1; voters <= 3; voters++)
    for (const choices of combinations([0, 1, 2], voters)) {
      elections++;
      const sums = held({ kind: 'oneOf' }, ['a', 'b', 'c'], type, choices, elections);
      assert.deepEqual(sums, plainCount(3, choices), `choices ${choices.join()}, seed ${elections}`);
    }
  assert.equal(elections, 39);
});

test('every yes-or-no election with up to six voters comes out as counted plainly', () => {
  const type = new BallotType({ kind: 'yesNo' });
  let elections = 0;
  for (let voters = 1; voters <= 6; voters++)
    for (const choices of combinations([false, true], voters)) {
      elections++;
      const sums = held({ kind: 'yesNo' }, ['no', 'yes'], type, choices, elections);
      assert.deepEqual(sums, plainCount(2, choices), `choices ${choices.join()}, seed ${elections}`);
    }
  assert.equal(elections, 126);
});

test('every approval and score election of two voters over two options comes out as counted plainly', () => {
  const marks: Choice[] = [
    [false, false],
    [true, false],
    [false, true],
  ];
  const approval = new BallotType({ kind: 'approval', options: 2, most: 1 });
  const scores: Choice[] = [0, 1, 2, 3].flatMap((a) => [0, 1, 2, 3].map((b) => [a, b]));
  const score = new BallotType({ kind: 'score', options: 2, max: 3 });
  let elections = 0;
  for (const choices of combinations(marks, 2))
    assert.deepEqual(
      held({ kind: 'approval', most: 1 }, ['a', 'b'], approval, choices, ++elections),
      plainCount(2, choices),
    );
  for (const choices of combinations(scores, 1).concat(combinations(scores.slice(0, 6), 2)))
    assert.deepEqual(
      held({ kind: 'score', max: 3 }, ['a', 'b'], score, choices, ++elections),
      plainCount(2, choices),
    );
  assert.equal(elections, 9 + 16 + 36);
});

/** Lists that do not descend: one for each way a tally can come out. */
function sortedCombinations(choices: readonly number[], length: number): number[][] {
  return combinations(choices, length)
    .map((list) => list.map(Number))
    .filter((list) => list.every((choice, at) => at === 0 || choice >= (list[at - 1] ?? 0)));
}

test('every tally that four to six voters over three options can make comes out as counted plainly', () => {
  const type = new BallotType({ kind: 'oneOf', options: 3 });
  let elections = 0;
  for (let voters = 4; voters <= 6; voters++)
    for (const choices of sortedCombinations([0, 1, 2], voters)) {
      elections++;
      const sums = held({ kind: 'oneOf' }, ['a', 'b', 'c'], type, choices, 1000 + elections);
      assert.deepEqual(sums, plainCount(3, choices), `choices ${choices.join()}, seed ${1000 + elections}`);
    }
  assert.equal(elections, 15 + 21 + 28);
});

test('an election in which nobody votes has a result, too', () => {
  const type = new BallotType({ kind: 'yesNo' });
  const world = new ElectionWorld(draws(3).bytes, { kind: 'yesNo' }, ['no', 'yes'], 1, type);
  const servers = world.opened();
  world.close();
  finish(world, servers);
  assert.equal(world.election.status, 'published');
  assert.deepEqual(world.election.life.context.result, [0]);
});
