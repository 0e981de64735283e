/** Ten thousand random ballots, with repetitions, revotes, other orders at each server, and servers that lose all they had in memory. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { plainCount } from '../../bin/verbs/election-demo.ts';
import { BallotType, type Choice } from '../../src/ballot/election-type.ts';
import { systemRandom } from '../../src/base/random.ts';
import { resultLines } from '../../src/election/result.ts';
import { draws } from '../support/ballots.ts';
import { ElectionWorld, TestServer } from './world.ts';

const seed = Number(process.env.SEED ?? Date.now() % 1e6);
console.log(`SEED=${seed}`);
const BALLOTS = 10_000;
const VOTERS = 4_000;

test('10,000 random ballots are counted as plainly, whatever order, repetition and restart', () => {
  const { below } = draws(seed);
  const world = new ElectionWorld(
    systemRandom,
    { kind: 'yesNo' },
    ['no', 'yes'],
    VOTERS,
    new BallotType({ kind: 'yesNo' }),
  );
  let servers = world.opened();
  const caster = world.caster();
  const standing = new Map<number, { readonly counter: number; readonly choice: Choice }>();
  const boxed = new Map<number, number>();
  let [made, repeated, restarts] = [0, 0, 0];
  while (made < BALLOTS) {
    const ballots: Uint8Array[] = [];
    for (let some = 1 + below(300); some > 0 && made < BALLOTS; some--) {
      const voter = below(VOTERS);
      if ((boxed.get(voter) ?? 0) >= 30) continue;
      boxed.set(voter, (boxed.get(voter) ?? 0) + 1);
      // Numbers need not rise in the order of casting: the highest counts.
      const counter = 1 + below(2 ** 40);
      const choice = below(2) === 1;
      ballots.push(caster.cast(voter, world.voter(voter).identity, counter, choice, systemRandom));
      made++;
      const before = standing.get(voter);
      assert.notEqual(before?.counter, counter);
      if (before === undefined || before.counter < counter) standing.set(voter, { counter, choice });
    }
    const envelopes = servers.map((server) => ballots.map((ballot) => server.take(ballot)));
    for (let turn = 0; turn < 2; turn++) {
      const at = below(3);
      const order = [...(envelopes[at] ?? [])].sort(() => below(3) - 1);
      repeated += turn === 0 ? 0 : order.length;
      assert.equal(servers[at]?.box(order), undefined);
    }
    if (below(4) === 0) {
      for (const server of servers) server.prepareAll(servers);
      for (const server of servers) server.finishAll(servers);
    }
    if (below(6) === 0) {
      restarts++;
      const lost = below(3);
      servers = servers.map((server, at) => (at === lost ? restarted(server) : server));
    }
  }
  world.close();
  // After each step of the close one of them loses what it had in memory, and does it again before the next.
  const steps: ((server: TestServer) => void)[] = [
    ({ name }) => world.must(name, { kind: 'election.flushed', election: world.id }),
    (server) => server.sayVerified(),
    (server) => server.saySealed(),
    (server) => server.sayTallied(),
  ];
  for (const step of steps) {
    for (const server of servers) server.prepareAll(servers);
    for (const server of servers) server.finishAll(servers);
    for (const server of servers) step(server);
    const lost = below(3);
    restarts++;
    servers = servers.map((server, at) => (at === lost ? restarted(server) : server));
  }
  const { status, life } = world.election;
  assert.equal(status, 'published', JSON.stringify(life.context.reason));
  const sums = resultLines(world.descriptor, life.context.result ?? [], standing.size).map(({ sum }) => sum);
  assert.deepEqual(
    sums,
    plainCount(
      2,
      [...standing.values()].map(({ choice }) => choice),
    ),
    `seed ${seed}`,
  );
  assert.equal(world.election.ballots, BALLOTS);
  assert.ok(repeated > 3000 && restarts > 3, `${repeated} repeated, ${restarts} restarts`);
});

/** It has its keys and what was on its disk, and does everything else again. */
function restarted(server: TestServer): TestServer {
  const again = new TestServer(server.world, server.name, server);
  for (const [name, envelope] of server.held) again.held.set(name, envelope);
  return again;
}
