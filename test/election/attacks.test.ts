/** What voters and servers might try: each attempt fails, with its reason, and the others' result stays exact. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { BallotType } from '../../src/ballot/election-type.ts';
import { encodeVector, FIELD128 } from '../../src/ballot/field.ts';
import { ballotKernels } from '../../src/ballot/kernels/kernels.ts';
import { circuitOf } from '../../src/ballot/kinds.ts';
import { shardEncoded } from '../../src/ballot/shard.ts';
import { Workspace } from '../../src/ballot/workspace.ts';
import { systemRandom } from '../../src/base/random.ts';
import {
  ballotContext,
  ballotNonce,
  type Envelope,
  encodeEnvelope,
  readEnvelope,
} from '../../src/election/envelope.ts';
import { signedStatement } from '../../src/election/items.ts';
import { checkBallots, ElectionWorld, finish, REGISTRAR, type TestServer } from './world.ts';

const LABELS = ['a', 'b', 'c'];
const type = new BallotType({ kind: 'oneOf', options: 3 });
const space = new Workspace(circuitOf({ kind: 'oneOf', options: 3 }), { shares: 3, kernels: ballotKernels });

interface Opened {
  readonly world: ElectionWorld;
  readonly servers: readonly TestServer[];
  /** An honest ballot. */
  readonly cast: (voter: number, choice: number, counter?: number) => Uint8Array;
}

function opened(voters: number): Opened {
  const world = new ElectionWorld(systemRandom, { kind: 'oneOf' }, LABELS, voters, type);
  const servers = world.opened();
  const caster = world.caster();
  return {
    world,
    servers,
    cast: (voter, choice, counter = 1) =>
      caster.cast(voter, world.voter(voter).identity, counter, choice, systemRandom),
  };
}

/** A ballot with any shares at all, sealed and signed as its voter would. */
function forged(
  world: ElectionWorld,
  voter: number,
  change: (parts: Forgery) => Partial<Forgery>,
): Uint8Array {
  const salt = systemRandom(16);
  const nonce = ballotNonce(world.digest, { voter, counter: 1, salt });
  const honest = type.cast(1, ballotContext(world.digest), nonce, systemRandom);
  const parts: Forgery = { salt, nonce, publicShare: honest.publicShare, inputShares: honest.inputShares };
  const { identity } = world.voter(voter);
  return world
    .caster()
    .seal({ voter, identity, counter: 1, random: systemRandom, ...parts, ...change(parts) });
}

interface Forgery {
  readonly salt: Uint8Array;
  readonly nonce: Uint8Array;
  readonly publicShare: Uint8Array;
  readonly inputShares: readonly Uint8Array[];
}

/** Every server takes and boxes it, and the election is finished. */
function through({ world, servers }: Opened, ballots: readonly Uint8Array[]): void {
  const envelopes = ballots.map((ballot) => servers.map((server) => server.take(ballot))[0]!);
  assert.equal(servers[0]?.box(envelopes), undefined);
  world.close();
  finish(world, servers);
}

const resultOf = ({ world }: Opened): readonly number[] | null => world.election.life.context.result;

/** Signs an envelope anew after it was changed. */
function resigned(world: ElectionWorld, envelope: Envelope, signer: number): Uint8Array {
  const unsigned = readEnvelope(type.sizes, encodeEnvelope(envelope));
  const signature = world.voter(signer).identity.sign(signedStatement(world.id, unsigned));
  return encodeEnvelope({ ...unsigned, signature });
}

test('measurements of every wrong shape are rejected by all three servers, and the others are counted', () => {
  const shapes: readonly (readonly bigint[])[] = [
    [1n, 1n, 0n],
    [0n, 0n, 0n],
    [2n, 0n, 0n],
    [1n, 1n, FIELD128.modulus - 1n],
    [FIELD128.modulus - 1n, 1n, 1n],
    [0n, 0n, FIELD128.modulus - 1n],
    [1n, 1n, 1n],
    [1n << 64n, 0n, 0n],
  ];
  const open = opened(shapes.length + 2);
  const bad = shapes.map((values, voter) =>
    forged(open.world, voter, ({ nonce }) =>
      shardEncoded(
        space,
        ballotContext(open.world.digest),
        encodeVector(FIELD128, values),
        nonce,
        systemRandom(space.sizes.rand),
      ),
    ),
  );
  through(open, [...bad, open.cast(shapes.length, 2), open.cast(shapes.length + 1, 0)]);
  assert.deepEqual(resultOf(open), [1, 0, 1]);
  for (const { rejected } of open.servers)
    assert.deepEqual(
      rejected,
      shapes.map((_, position) => [position, 'invalid']),
    );
});

test('shares that were changed, cut, swapped or made up are rejected alike by all three', () => {
  const flip = (bytes: Uint8Array, at: number): Uint8Array => {
    const changed = bytes.slice();
    changed[at]! ^= 1;
    return changed;
  };
  const forgeries: readonly ((parts: Forgery) => Partial<Forgery>)[] = [
    ({ publicShare }) => ({ publicShare: flip(publicShare, 0) }),
    ({ publicShare }) => ({ publicShare: flip(publicShare, 33) }),
    // One server alone sees the right hints: all must reject it nonetheless.
    ({ publicShare }) => ({ publicShare: flip(publicShare, 95) }),
    ({ inputShares: [a, b, c] }) => ({ inputShares: [flip(a!, 3), b!, c!] }),
    ({ inputShares: [a, b, c] }) => ({ inputShares: [a!, flip(b!, 3), c!] }),
    ({ inputShares: [a, b, c] }) => ({ inputShares: [a!, b!, flip(c!, 40)] }),
    ({ inputShares: [a, b, c] }) => ({ inputShares: [a!, c!, b!] }),
    ({ inputShares: [a, b, c] }) => ({ inputShares: [systemRandom(a!.length), b!, c!] }),
    ({ inputShares: [a, b, c] }) => ({ inputShares: [new Uint8Array(a!.length).fill(255), b!, c!] }),
    () => ({ salt: systemRandom(16) }),
  ];
  const open = opened(forgeries.length + 1);
  const bad = forgeries.map((change, voter) => forged(open.world, voter, change));
  through(open, [...bad, open.cast(forgeries.length, 1)]);
  assert.deepEqual(resultOf(open), [0, 1, 0]);
  const [first] = open.servers;
  assert.equal(first?.rejected.length, forgeries.length);
  for (const { rejected } of open.servers) assert.deepEqual(rejected, first?.rejected);
});

test('hints that are not the parts which the servers used are rejected even where the proof holds', () => {
  const open = opened(1);
  const [envelope] = open.servers.map((server) => server.take(open.cast(0, 1)));
  assert.ok(envelope);
  const prepared = open.servers.map(({ verifier }) => verifier.prepare([envelope]));
  const words = prepared.map(({ word }) => word);
  for (let hint = 0; hint < 3; hint++) {
    const publicShare = envelope.publicShare.slice();
    publicShare[32 * hint]! ^= 1;
    for (const [at, { verifier }] of open.servers.entries()) {
      const honest = verifier.finish(0, [envelope], prepared[at]!, words);
      assert.equal(honest.valid.length, 1);
      const changed = verifier.finish(0, [{ ...envelope, publicShare }], prepared[at]!, words);
      assert.deepEqual(changed.rejected, [[0, 'joint-randomness']]);
    }
  }
});

test('a word that is no word stops the box and names the server', () => {
  const open = opened(1);
  const [envelope] = open.servers.map((server) => server.take(open.cast(0, 1)));
  assert.ok(envelope);
  const [first] = open.servers;
  const prepared = first!.verifier.prepare([envelope]);
  const honest = open.servers.map(({ verifier }) => verifier.prepare([envelope]).word);
  for (const word of [
    new Uint8Array(0),
    honest[1]!.subarray(1),
    Buffer.concat([honest[1]!, new Uint8Array(1)]),
    new Uint8Array([9]),
  ])
    assert.throws(() => first!.verifier.finish(0, [envelope], prepared, [honest[0]!, word, honest[2]!]), {
      code: 'election.word',
      message: /server-b/,
    });
});

test('a part that is no seal is rejected, and the reason names the server it was for', () => {
  const open = opened(4);
  const bad = [0, 1, 2].map((server) => {
    const envelope = readEnvelope(type.sizes, open.cast(server, 0));
    const sealed = envelope.sealed.map((part, at) => (at === server ? systemRandom(part.length) : part));
    return resigned(open.world, { ...envelope, sealed }, server);
  });
  through(open, [...bad, open.cast(3, 2)]);
  assert.deepEqual(resultOf(open), [0, 0, 1]);
  for (const { rejected } of open.servers)
    assert.deepEqual(rejected, [
      [0, 'sealed-for-another:server-a'],
      [1, 'sealed-for-another:server-b'],
      [2, 'sealed-for-another:server-c'],
    ]);
});

test("another voter's sealed parts, copied under one's own name or number, are rejected", () => {
  const open = opened(4);
  const original = readEnvelope(type.sizes, open.cast(0, 2));
  const copies = [
    resigned(open.world, { ...original, voter: 1 }, 1),
    resigned(open.world, { ...original, voter: 2, counter: 77 }, 2),
    resigned(open.world, { ...original, salt: systemRandom(16), voter: 3 }, 3),
  ];
  through(open, [encodeEnvelope(original), ...copies]);
  assert.deepEqual(resultOf(open), [0, 0, 1]);
  for (const { rejected } of open.servers)
    assert.deepEqual(rejected, [
      [1, 'sealed-for-another:server-a'],
      [2, 'sealed-for-another:server-a'],
      [3, 'sealed-for-another:server-a'],
    ]);
});

test('a ballot of one election is none in another, though voters, servers and all their keys are the same', () => {
  const open = opened(2);
  const other = open.world.beside();
  other.opened(open.servers);
  const cast = other.caster().cast(0, other.voter(0).identity, 1, 2, systemRandom);
  const foreign = readEnvelope(type.sizes, cast);
  // As it is, the signature is for the other election.
  assert.equal(open.servers[0]?.box([foreign]), 'election.items');
  through(open, [resigned(open.world, foreign, 0), open.cast(1, 1)]);
  assert.deepEqual(resultOf(open), [0, 1, 0]);
  assert.deepEqual(open.servers[2]?.rejected, [[0, 'sealed-for-another:server-a']]);
});

test('of several ballots of a voter the one with the highest number counts, in whatever order they come', () => {
  for (const order of [
    [1, 2, 3],
    [3, 1, 2],
    [2, 3, 1],
  ]) {
    const open = opened(2);
    const ballots = order.map((counter) => open.cast(0, counter - 1, counter));
    for (const ballot of [...ballots, open.cast(1, 0)]) {
      const [envelope] = open.servers.map((server) => server.take(ballot));
      assert.equal(open.servers[1]?.box([envelope!]), undefined);
    }
    open.world.close();
    finish(open.world, open.servers);
    assert.deepEqual(resultOf(open), [1, 0, 1]);
    assert.equal(open.world.election.ballots, 4);
  }
});

test('an invalid later ballot does not destroy the valid one before', () => {
  const open = opened(1);
  const bad = readEnvelope(type.sizes, open.cast(0, 1, 9));
  const sealed = bad.sealed.map((part) => systemRandom(part.length));
  through(open, [open.cast(0, 2, 1), resigned(open.world, { ...bad, sealed }, 0)]);
  assert.deepEqual(resultOf(open), [0, 0, 1]);
});

test('a ballot that is told again, by whomever, is in the box once', () => {
  const open = opened(2);
  const envelope = open.servers.map((server) => server.take(open.cast(0, 1)))[0]!;
  for (const server of open.servers) {
    server.held.set(Buffer.from(envelope.contents).toString('hex'), envelope);
    for (let times = 0; times < 3; times++) assert.equal(server.box([envelope, envelope]), undefined);
  }
  assert.equal(open.world.election.ballots, 1);
  assert.equal(open.world.election.batches, 1);
});

test('no voter fills the box: after so many ballots the next are passed over', () => {
  const open = opened(1);
  const all = Array.from({ length: 40 }, (_, at) => readEnvelope(type.sizes, open.cast(0, 0, at + 1)));
  open.servers[0]?.box(all);
  assert.equal(open.world.election.ballots, 32);
});

test('who is not on the list has no ballot, and nobody has one that another signed', () => {
  const open = opened(2);
  const envelope = readEnvelope(type.sizes, open.cast(0, 1));
  const [server] = open.servers;
  assert.equal(server?.box([{ ...envelope, voter: 2 }]), 'election.items');
  assert.equal(server?.box([{ ...envelope, voter: 1 }]), 'election.items');
  assert.equal(server?.box([{ ...envelope, counter: 2 }]), 'election.items');
  assert.equal(server?.box([{ ...envelope, contents: systemRandom(32) }]), 'election.items');
  assert.equal(server?.box([{ ...envelope, signature: systemRandom(64) }]), 'election.items');
  assert.equal(open.world.election.ballots, 0);
});

test('a server that boxes after it said it was done, or after the box is frozen, is refused', () => {
  const open = opened(3);
  const [a, b] = open.servers;
  const envelopes = [0, 1, 2].map(
    (voter) => open.servers.map((server) => server.take(open.cast(voter, 0)))[0]!,
  );
  a?.box([envelopes[0]!]);
  open.world.close();
  open.world.must('server-a', { kind: 'election.flushed', election: open.world.id });
  assert.equal(a?.box([envelopes[1]!]), 'election.flushed');
  for (const server of ['server-b', 'server-c'])
    open.world.must(server, { kind: 'election.flushed', election: open.world.id });
  assert.equal(b?.box([envelopes[2]!]), 'election.wrong-state');
  assert.equal(open.world.election.ballots, 1);
});

test('only the registrar says who votes, and only servers say what is in the box', () => {
  const { world } = opened(1);
  const election = world.id;
  for (const author of ['party-stranger', 'server-a'])
    assert.equal(
      world.say(author, { kind: 'election.eligible', election, from: 1, keys: 'A'.repeat(43) }),
      'election.not-yours',
    );
  for (const author of ['party-stranger', REGISTRAR])
    assert.equal(world.say(author, { kind: 'election.boxed', election, items: 'AA' }), 'election.not-yours');
  assert.equal(world.say('party-stranger', { kind: 'election.close', election }), 'election.not-yours');
  assert.equal(world.say('server-a', { kind: 'election.close', election }), 'election.too-early');
  assert.equal(
    world.say(REGISTRAR, { kind: 'election.close', election }, 'party-stranger'),
    'command.bad-signature',
  );
});

test('a server whose box has another content is refused by its chain', () => {
  const open = opened(2);
  const [server] = open.servers;
  server?.box([server.take(open.cast(0, 1))]);
  const said = { kind: 'election.held' as const, election: open.world.id, batches: 1 };
  assert.equal(open.world.say('server-b', { ...said, chain: 'f'.repeat(64) }), 'election.chain');
  assert.equal(open.world.say('server-b', { ...said, chain: open.world.election.chain }), undefined);
});

test('a server that counts other ballots stops the election, and is named', () => {
  const open = opened(4);
  const { world, servers } = open;
  const ballots = [0, 1, 2, 0].map((choice, voter) => open.cast(voter, choice));
  for (const ballot of ballots) for (const server of servers) server.take(ballot);
  servers[0]?.box([...servers[0].held.values()]);
  world.close();
  checkBallots(world, servers);
  servers[0]?.saySealed();
  servers[1]?.saySealed('e'.repeat(64));
  servers[2]?.saySealed();
  assert.equal(world.election.status, 'disputed');
  assert.match(world.election.life.context.reason?.message ?? '', /server-b differs from the others/);
  assert.equal(servers[0]?.sayTallied(), 'election.wrong-state');
});

test('no fragment is taken before all three signed one root, nor one for another root', () => {
  const open = opened(2);
  const { world, servers } = open;
  const fragment = servers[0]!.tally.fragment();
  const root = 'a'.repeat(64);
  const say = (): string | undefined =>
    world.say('server-a', { kind: 'election.tallied', election: world.id, root, fragment });
  assert.equal(say(), 'election.other-root');
  for (const ballot of [open.cast(0, 0), open.cast(1, 1)]) for (const server of servers) server.take(ballot);
  servers[2]?.box([...servers[2].held.values()]);
  world.close();
  checkBallots(world, servers);
  servers[0]?.saySealed();
  assert.equal(servers[0]?.sayTallied(), 'election.wrong-state');
  servers[1]?.saySealed();
  servers[2]?.saySealed();
  assert.equal(say(), 'election.other-root');
  assert.equal(servers[0]?.sayTallied(), undefined);
});

test('a false fragment gives no possible result: the election is disputed', () => {
  const open = opened(3);
  const { world, servers } = open;
  for (const ballot of [0, 1, 2].map((voter) => open.cast(voter, voter)))
    for (const server of servers) server.take(ballot);
  servers[0]?.box([...servers[0].held.values()]);
  world.close();
  checkBallots(world, servers);
  for (const server of servers) server.saySealed();
  servers[0]?.sayTallied();
  const bytes = Buffer.from(servers[1]!.tally.fragment(), 'base64url');
  bytes[0]! ^= 1;
  servers[1]?.sayTallied(bytes.toString('base64url'));
  servers[2]?.sayTallied();
  assert.equal(world.election.status, 'disputed');
  assert.equal(world.election.life.context.reason?.code, 'election.impossible-tally');
});

test('a log entry with one changed byte is nobody’s command', () => {
  const { world } = opened(1);
  const before = world.election;
  const [command] = world.commands.slice(-1);
  const text = new TextEncoder().encode(
    JSON.stringify({ version: 2, signed: [{ ...command, id: 'f'.repeat(32) }] }),
  );
  const [applied] = world.append(text);
  assert.equal(applied?.command, undefined);
  assert.equal(world.election, before);
});
