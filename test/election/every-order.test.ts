/**
 * Small elections in every order. Six ballots can reach three servers in (6!)^3 = 373,248,000 orders; that all of them give the plain
 * count follows from four facts, each tried in full here:
 *
 *   1. A server does not see what reaches the others, only the log. Whatever the order in which it gets ballots, it names each of them
 *      in the log once, unless the log has it already. [all 720 orders, with a server's real intake, disk and boxing]
 *   2. The log makes one list of what the three name, however their words are mixed: a ballot stands where it was named first. So all
 *      orders of arrival together come down to the 720 orders of one list, in batches. [two ballots: all 8 orders of arrival, mixed in
 *      all 90 ways; three: all 216 orders, through the whole election; six: all 720 lists, through the real chapter]
 *   3. What a server finds of a ballot depends on that ballot alone, not on its place or its batch.
 *   4. All 720 lists of six ballots, with all assignments of choices, are counted as plainly by all three servers; also where voters vote
 *      several times, in all 11 ways to share six ballots among voters.
 *
 * EVERY=1 tries more of the same: fact 1 at each server, fact 2 with all assignments of three ballots, each a whole election (minutes).
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import type { Choice } from '../../src/ballot/election-type.ts';
import type { ElectionType } from '../../src/election/descriptor.ts';
import { envelopeFor } from '../../src/election/envelope.ts';
import { CastBallots, combinations, orders, outSharesOf, partitions } from './orders.ts';
import { Takers } from './takers.ts';
import { type ElectionWorld, finish, TestServer } from './world.ts';

const EVERY = process.env.EVERY === '1';
const ONE_OF_3: readonly Choice[] = [0, 1, 2];
const MARKS: readonly Choice[] = combinations([false, true], 3)
  .map((marks) => marks.map(Boolean))
  .filter((marks) => marks.filter(Boolean).length <= 2);
const POINTS: readonly Choice[] = combinations([0, 1, 2], 2).map((points) => points.map(Number));
const LABELS = ['a', 'b', 'c'];

const sixOf3 = new CastBallots({ kind: 'oneOf' }, LABELS, ONE_OF_3, [1, 1, 1, 1, 1, 1], 1);

/** Who is in the list that the log has, in its order. */
const listOf = (world: ElectionWorld): number[] =>
  Array.from(
    { length: world.election.ballots },
    (_, position) => world.view.itemAt(world.id, position)!.voter,
  );

test('six ballots reach a server in any of 720 orders: it has each on its disk, and names each in the log once', async () => {
  const takers = await Takers.open(sixOf3);
  let tried = 0;
  try {
    for (const [index, order] of orders(6).entries())
      for (const at of EVERY ? [0, 1, 2] : [index % 3]) {
        const together = await takers.box(at, order, 'at the end');
        assert.deepEqual(together, order);
        // Its own third of the voters at once, the others when their servers have had time to.
        const apart = await takers.box(at, order, 'as they come');
        const own = order.filter((ballot) => ballot % 3 === at);
        assert.deepEqual(apart.slice(0, 2), own);
        assert.deepEqual(
          apart.slice(2),
          order.filter((ballot) => ballot % 3 !== at),
        );
        tried++;
      }
  } finally {
    await takers.close();
  }
  assert.equal(tried, EVERY ? 3 * 720 : 720);
});

test('two ballots, in all orders of arrival and all ways in which the words of three servers can be mixed, make one list', () => {
  const { world } = sixOf3;
  const item = (ballot: number) => sixOf3.envelope(ballot, ballot);
  let logs = 0;
  const lists = new Set<string>();
  for (const a of orders(2))
    for (const b of orders(2))
      for (const c of orders(2))
        for (const turns of mixtures([2, 2, 2])) {
          const log = world.fork();
          const left = [a, b, c].map((order) => [...order]);
          const named: number[] = [];
          for (const at of turns) {
            const ballot = left[at]!.shift()!;
            named.push(ballot);
            assert.equal(new TestServer(log, SERVERS[at]!).box([item(ballot)]), undefined);
          }
          assert.deepEqual(listOf(log), [...new Set(named)]);
          lists.add(listOf(log).join());
          logs++;
        }
  assert.equal(logs, 8 * 90);
  assert.equal(lists.size, 2);
});

test('three ballots that reach three servers in any of the 216 orders are counted alike, through the whole election', () => {
  const three = new CastBallots({ kind: 'oneOf' }, LABELS, ONE_OF_3, [1, 1, 1], 2);
  const all = combinations(ONE_OF_3, 3).map((choices) => choices.map(Number));
  let elections = 0;
  const lists = new Set<string>();
  for (const a of orders(3))
    for (const b of orders(3))
      for (const c of orders(3))
        for (const choices of EVERY ? all : [all[elections % all.length]!]) {
          const log = three.world.fork();
          const servers = three.servers.map((server) => new TestServer(log, server.name, server));
          const envelopes = choices.map((choice, ballot) => three.envelope(ballot, choice));
          for (const server of servers)
            for (const one of envelopes) server.held.set(Buffer.from(one.contents).toString('hex'), one);
          for (let round = 0; round < 3; round++)
            for (const [at, order] of [a, b, c].entries())
              assert.equal(servers[at]!.box([envelopes[order[round]!]!]), undefined);
          lists.add(listOf(log).join());
          log.close();
          finish(log, servers);
          const { result } = log.election.life.context;
          assert.deepEqual(
            result,
            [0, 1, 2].map((option) => choices.filter((one) => one === option).length),
          );
          elections++;
        }
  assert.equal(elections, EVERY ? 216 * 27 : 216);
  assert.equal(lists.size, 6, 'every list came up');
});

test('six ballots make each of the 720 lists in the log, in one batch, in six, and in others', () => {
  const cuts = Array.from({ length: 32 }, (_, bits) => bits);
  let lists = 0;
  for (const [index, order] of orders(6).entries())
    for (const cut of EVERY ? cuts : [0, 31, cuts[index % 32]!]) {
      const log = sixOf3.world.fork();
      const server = new TestServer(log, SERVERS[index % 3]!);
      let batch: number[] = [];
      for (const [at, ballot] of order.entries()) {
        batch.push(ballot);
        if (at < 5 && ((cut >> at) & 1) === 0) continue;
        assert.equal(server.box(batch.map((one) => sixOf3.envelope(one, one % 3))), undefined);
        batch = [];
      }
      assert.deepEqual(listOf(log), order);
      lists++;
    }
  assert.equal(lists, 720 * (EVERY ? 32 : 3));
});

test('what three servers find of a ballot does not depend on the ballots around it', () => {
  const { servers } = sixOf3;
  const all = Array.from({ length: 18 }, (_, at) => sixOf3.envelope(Math.floor(at / 3), at % 3));
  const together = outSharesOf(servers, all);
  const backwards = outSharesOf(servers, [...all].reverse());
  let compared = 0;
  for (const [at, envelope] of all.entries()) {
    const alone = outSharesOf(servers, [envelopeFor(envelope, envelope)]);
    for (const server of [0, 1, 2]) {
      assert.deepEqual(alone[server]![0], together[server]![at]);
      assert.deepEqual(alone[server]![0], backwards[server]![17 - at]);
      compared++;
    }
  }
  assert.equal(compared, 54);
});

test('all 729 elections of six voters over three options, in all 720 lists, are counted as plainly', () => {
  let elections = 0;
  for (const order of orders(6)) elections += sixOf3.countAll(order);
  assert.equal(elections, 729 * 720);
});

test('six yes-or-no ballots, shared among voters in all 11 ways, in all lists and with all choices, count the last of each', () => {
  const ways = partitions(6);
  let elections = 0;
  for (const [seed, perVoter] of ways.entries()) {
    const cast = new CastBallots({ kind: 'yesNo' }, ['no', 'yes'], [false, true], perVoter, 10 + seed);
    for (const order of orders(6)) elections += cast.countAll(order);
  }
  assert.equal(ways.length, 11);
  assert.equal(elections, 11 * 720 * 64);
});

test('all elections of up to six voters are counted as plainly in the order of casting, of approval and points up to five', () => {
  let elections = 0;
  const inOrder = (
    type: ElectionType,
    labels: readonly string[],
    choices: readonly Choice[],
    voters: number,
  ): void => {
    for (let some = 1; some <= voters; some++) {
      const cast = new CastBallots(type, labels, choices, new Array<number>(some).fill(1), 30 + some);
      elections += cast.countAll(Array.from({ length: some }, (_, at) => at));
    }
  };
  inOrder({ kind: 'oneOf' }, LABELS, ONE_OF_3, 6);
  inOrder({ kind: 'oneOf' }, ['a', 'b'], [0, 1], 6);
  inOrder({ kind: 'yesNo' }, ['no', 'yes'], [false, true], 6);
  inOrder({ kind: 'approval', most: 2 }, LABELS, MARKS, 5);
  inOrder({ kind: 'score', max: 2 }, ['a', 'b'], POINTS, 5);
  const lists = (choices: number, voters: number): number =>
    Array.from({ length: voters }, (_, at) => choices ** (at + 1)).reduce((sum, one) => sum + one, 0);
  assert.equal(elections, lists(3, 6) + 2 * lists(2, 6) + lists(7, 5) + lists(9, 5));
});

test('all approval and points elections of four voters, in all 24 lists, are counted as plainly', () => {
  const approval = new CastBallots({ kind: 'approval', most: 2 }, LABELS, MARKS, [1, 1, 1, 1], 50);
  const points = new CastBallots({ kind: 'score', max: 2 }, ['a', 'b'], POINTS, [1, 1, 1, 1], 51);
  let elections = 0;
  for (const order of orders(4)) elections += approval.countAll(order) + points.countAll(order);
  assert.equal(elections, 24 * (7 ** 4 + 9 ** 4));
});

const SERVERS = ['server-a', 'server-b', 'server-c'] as const;

/** All lists with so many 0s, 1s and 2s. */
function mixtures(counts: readonly number[]): number[][] {
  if (counts.every((count) => count === 0)) return [[]];
  return counts.flatMap((count, at) =>
    count === 0
      ? []
      : mixtures(counts.map((one, other) => (other === at ? one - 1 : one))).map((rest) => [at, ...rest]),
  );
}
