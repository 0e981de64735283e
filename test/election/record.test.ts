import assert from 'node:assert/strict';
import test from 'node:test';
import { plainCount } from '../../bin/verbs/election-demo.ts';
import { electionChart } from '../../roles/election.ts';
import { BallotType } from '../../src/ballot/election-type.ts';
import { MpcError } from '../../src/base/errors.ts';
import { systemRandom } from '../../src/base/random.ts';
import { signCommand } from '../../src/coordination/commands.ts';
import { Counting } from '../../src/election/counting.ts';
import { boxRoot, packItems } from '../../src/election/items.ts';
import { type CheckedRecord, checkRecord, recordLine } from '../../src/election/record.ts';
import { draws } from '../support/ballots.ts';
import { checkBallots, DEPLOYMENT, ElectionWorld, finish, REGISTRAR } from './world.ts';

const seed = Number(process.env.SEED ?? Date.now() % 1e6);
console.log(`SEED=${seed}`);
const VOTERS = 24;
const type = new BallotType({ kind: 'oneOf', options: 3 });

/** An election in which some vote again, one never, and one badly. */
function held(): { readonly world: ElectionWorld; readonly plain: number[] } {
  const world = new ElectionWorld(systemRandom, { kind: 'oneOf' }, ['a', 'b', 'c'], VOTERS, type);
  const servers = world.opened();
  const caster = world.caster();
  const choices: number[] = [];
  for (let voter = 1; voter < VOTERS; voter++) {
    const { identity } = world.voter(voter);
    const ballots = [caster.cast(voter, identity, 1, voter % 3, systemRandom)];
    if (voter % 4 === 0) ballots.push(caster.cast(voter, identity, 2, 0, systemRandom));
    choices.push(voter % 4 === 0 ? 0 : voter % 3);
    for (const ballot of ballots) for (const server of servers) server.take(ballot);
    if (voter % 8 === 0) servers[voter % 3]?.box([...servers[0]!.held.values()]);
  }
  servers[1]?.box([...servers[1].held.values()]);
  world.close();
  finish(world, servers);
  return { world, plain: plainCount(3, choices) };
}

const bytesOf = (world: ElectionWorld): Uint8Array =>
  new TextEncoder().encode(world.commands.map(recordLine).join(''));

const check = (world: ElectionWorld, bytes: Uint8Array): CheckedRecord =>
  checkRecord(bytes, world.identityOf(REGISTRAR).publicKey, electionChart);

function refusalOf(world: ElectionWorld, bytes: Uint8Array): string {
  try {
    check(world, bytes);
  } catch (error) {
    if (error instanceof MpcError) return error.code;
    throw error;
  }
  return 'accepted';
}

const { world, plain } = held();

test('a record holds offline, and its result is the plain count', () => {
  const checked = check(world, bytesOf(world));
  assert.equal(checked.status, 'published');
  assert.deepEqual(
    checked.result.map(({ sum }) => sum),
    plain,
  );
  assert.equal(checked.counted, VOTERS - 1);
  assert.equal(checked.replaced, 5);
  assert.equal(
    plain.reduce((sum, one) => sum + one, 0),
    checked.counted,
  );
});

test('each of 1,000 random changes of one byte is found', () => {
  const { below } = draws(seed);
  const bytes = bytesOf(world);
  let found = 0;
  for (let change = 0; change < 1000; change++) {
    const at = below(bytes.length);
    const changed = bytes.slice();
    changed[at] = (changed[at]! + 1 + below(255)) % 256;
    const code = refusalOf(world, changed);
    assert.match(code, /^record\./, `byte ${at} of ${bytes.length} became ${changed[at]}, seed ${seed}`);
    found++;
  }
  assert.equal(found, 1000);
});

test('a record without one of its lines, with one twice, cut off, or with space added does not hold', () => {
  const lines = world.commands.map(recordLine);
  const encode = (some: readonly string[]): Uint8Array => new TextEncoder().encode(some.join(''));
  let checked = 0;
  for (let at = 0; at < lines.length; at++) {
    assert.notEqual(
      refusalOf(world, encode(lines.filter((_, other) => other !== at))),
      'accepted',
      `line ${at + 1} left out`,
    );
    assert.equal(refusalOf(world, encode([...lines, lines[at]!])), 'record.repeated');
    checked++;
  }
  assert.ok(checked > 15);
  const whole = lines.join('');
  for (const text of [
    whole.slice(0, -1),
    `${whole}\n`,
    ` ${whole}`,
    whole.replace('\n', '\r\n'),
    whole.replace(':', ': '),
    `\ufeff${whole}`,
    '',
  ])
    assert.notEqual(refusalOf(world, new TextEncoder().encode(text)), 'accepted');
});

test("another registrar's election does not pass for this one's", () => {
  const other = world.identityOf('party-stranger').publicKey;
  assert.throws(() => checkRecord(bytesOf(world), other, electionChart), { code: 'record.other-registrar' });
});

/** Servers that have closed the box on these ballots and checked them; what they say next is up to them. */
function verified(
  voters: number,
  casts: readonly (readonly [voter: number, counter: number, choice: number])[],
) {
  const world = new ElectionWorld(systemRandom, { kind: 'oneOf' }, ['a', 'b', 'c'], voters, type);
  const servers = world.opened();
  const caster = world.caster();
  for (const [voter, counter, choice] of casts) {
    const ballot = caster.cast(voter, world.voter(voter).identity, counter, choice, systemRandom);
    for (const server of servers) server.take(ballot);
  }
  servers[0]?.box([...servers[0].held.values()]);
  world.close();
  checkBallots(world, servers);
  for (const server of servers) server.sayVerified();
  return { cheated: world, servers };
}

test('three servers that agree to drop a ballot have the result they want, and a record that does not hold', () => {
  const { cheated, servers } = verified(4, [
    [0, 1, 0],
    [1, 1, 1],
    [2, 1, 2],
    [3, 1, 2],
  ]);
  for (const server of servers) {
    const counted = server.counting.counted(cheated.id).filter(({ position }) => position !== 1);
    const { history = '' } = cheated.election.life.context.frozen ?? {};
    cheated.must(server.name, {
      kind: 'election.sealed',
      election: cheated.id,
      root: boxRoot(counted),
      counted: 3,
      rejected: 0,
      history,
    });
  }
  for (const server of servers) {
    server.tally.remove([server.verifier.outShareOf(server.envelopeAt(1))]);
    server.sayTallied();
  }
  assert.equal(cheated.election.status, 'published');
  assert.deepEqual(cheated.election.life.context.result, [1, 0, 2]);
  assert.equal(refusalOf(cheated, bytesOf(cheated)), 'record.root');
});

test('three servers that agree to count an older ballot of a voter have their result, and a record that does not hold', () => {
  const { cheated, servers } = verified(2, [
    [0, 1, 0],
    [0, 2, 1],
    [1, 1, 2],
  ]);
  const older = new Counting();
  for (const position of [0, 2]) older.take(position, servers[0]!.envelopeAt(position));
  for (const server of servers) server.saySealed(boxRoot(older.counted(cheated.id)));
  for (const server of servers) {
    server.tally.add([server.verifier.outShareOf(server.envelopeAt(0))]);
    server.tally.remove([server.verifier.outShareOf(server.envelopeAt(1))]);
    server.sayTallied();
  }
  assert.equal(cheated.election.status, 'published');
  assert.deepEqual(cheated.election.life.context.result, [1, 0, 1]);
  assert.equal(refusalOf(cheated, bytesOf(cheated)), 'record.root');
});

test('three servers, with every replica of the log on their side, cannot add a ballot that its voter did not sign', () => {
  const cheated = new ElectionWorld(systemRandom, { kind: 'oneOf' }, ['a', 'b', 'c'], 2, type);
  const servers = cheated.opened();
  const forged = cheated.caster().cast(1, cheated.identityOf('server-a'), 1, 2, systemRandom);
  const [envelope] = servers.map((server) => server.take(forged));
  assert.equal(servers[0]?.box([envelope!]), 'election.items');
  // Replicas that have been told that the signature is good.
  cheated.memo.note(cheated.id, envelope!);
  assert.equal(servers[0]?.box([envelope!]), undefined);
  cheated.close();
  finish(cheated, servers);
  assert.equal(cheated.election.status, 'published');
  assert.deepEqual(cheated.election.life.context.result, [0, 0, 1]);
  assert.equal(refusalOf(cheated, bytesOf(cheated)), 'record.refused');
});

test('a ballot written into the record, which the log never had, is found', () => {
  const cheated = new ElectionWorld(systemRandom, { kind: 'oneOf' }, ['a', 'b', 'c'], 2, type);
  const servers = cheated.opened();
  const real = servers.map((server) =>
    server.take(cheated.caster().cast(0, cheated.voter(0).identity, 1, 0, systemRandom)),
  )[0]!;
  servers[0]?.box([real]);
  // Written into the record though no log took it.
  const added = signCommand({
    deployment: DEPLOYMENT,
    identity: cheated.identityOf('server-a'),
    author: 'server-a',
    body: { kind: 'election.boxed', election: cheated.id, items: packItems([{ ...real, voter: 1 }]) },
    id: 'c'.repeat(32),
  });
  cheated.commands.push(added);
  cheated.close();
  finish(cheated, servers);
  assert.equal(refusalOf(cheated, bytesOf(cheated)), 'record.refused');
});
