/** What lying servers, or whoever speaks in their name on the bus, might tell voters and each other: it is found, and nothing is tallied. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { canonicalJson, type Json } from '../../src/base/canonical.ts';
import { systemRandom } from '../../src/base/random.ts';
import { infoOf } from '../../src/box/answers.ts';
import { askStanding, fetchElection, handIn, type VotingPlace } from '../../src/box/voting.ts';
import type { Bus } from '../../src/bus/bus.ts';
import { readEnvelope } from '../../src/election/envelope.ts';
import { trackerOf } from '../../src/election/items.ts';
import { signReceipt, signSealingKey, signStanding } from '../../src/election/receipts.ts';
import { sealingKeyOf } from '../../src/identity/hpke.ts';
import { DEPLOYMENT, ElectionWorld, type TestServer } from './world.ts';

const LABELS = ['a', 'b', 'c'];

function opened() {
  const world = new ElectionWorld(systemRandom, { kind: 'oneOf' }, LABELS, 3);
  return { world, servers: world.opened() };
}

/** All servers answer every question with this. */
function telling(answer: (server: string) => unknown): VotingPlace {
  const request: Bus['request'] = async (subject) =>
    new TextEncoder().encode(canonicalJson(answer(subject.split('.')[2] ?? '') as Json));
  // A voter uses no more of a bus than this.
  return { bus: { request } as unknown as Bus, deployment: DEPLOYMENT };
}

test('a voter votes by nothing but the election that was asked for, sealed to keys that its servers signed', async () => {
  const { world, servers } = opened();
  const info = infoOf(world.view, world.id)!;
  const other = world.beside();
  other.opened(servers);
  const honest = await fetchElection(
    telling(() => info),
    world.id,
  );
  assert.equal(honest.digest, world.digest);
  const mine = Buffer.from(sealingKeyOf(systemRandom(32)).publicKey).toString('base64url');
  const signedBy = (signer: string, server = 'server-b') => ({
    ...info,
    sealingKeys: {
      ...info.sealingKeys,
      'server-b': {
        key: mine,
        signature: signSealingKey(world.identityOf(signer), world.digest, server, mine),
      },
    },
  });
  const lies: readonly unknown[] = [
    infoOf(other.view, other.id),
    { ...info, descriptor: { ...info.descriptor, labels: ['b', 'a', 'c'] } },
    { ...info, descriptor: { ...info.descriptor, keys: world.descriptor.keys, title: 'Another question' } },
    signedBy('party-town'),
    signedBy('server-a'),
    signedBy('server-b', 'server-a'),
    { ...info, sealingKeys: { ...info.sealingKeys, 'server-b': info.sealingKeys['server-a'] } },
    'no election',
  ];
  for (const lie of lies)
    await assert.rejects(
      fetchElection(
        telling(() => lie),
        world.id,
      ),
      { code: 'election.untrue' },
    );
  const { 'server-c': _, ...two } = info.sealingKeys;
  await assert.rejects(
    fetchElection(
      telling(() => ({ ...info, sealingKeys: two })),
      world.id,
    ),
    {
      code: 'election.not-open',
    },
  );
});

test('a receipt, or a word of where a ballot is, counts for nothing unless that server signed just that', async () => {
  const { world } = opened();
  const election = await fetchElection(
    telling(() => infoOf(world.view, world.id)!),
    world.id,
  );
  const ballot = world.caster().cast(0, world.voter(0).identity, 1, 2, systemRandom);
  const tracker = trackerOf(world.id, readEnvelope(world.type.sizes, ballot));
  const receipt = (server: string, signer = server) =>
    signReceipt(world.identityOf(signer), { election: world.id, server, held: [tracker], refused: [] });
  const standing = (server: string, signer = server) =>
    signStanding(world.identityOf(signer), {
      election: world.id,
      server,
      tracker,
      state: 'counted',
      position: 0,
    });
  const codes = (answers: readonly object[]): unknown[] =>
    answers.map((one) => ('error' in one ? (one.error as { code: string }).code : 'believed'));
  const believed = new Array(3).fill('believed');
  const untrue = new Array(3).fill('election.untrue');
  assert.deepEqual(
    codes(
      await handIn(
        telling((server) => receipt(server)),
        election,
        ballot,
      ),
    ),
    believed,
  );
  assert.deepEqual(
    codes(
      await askStanding(
        telling((server) => standing(server)),
        election,
        tracker,
      ),
    ),
    believed,
  );
  for (const lie of [
    (server: string) => receipt(server, 'party-stranger'),
    (server: string) => ({ ...receipt(server), held: [tracker, 'f'.repeat(40)] }),
    (server: string) => ({ ...receipt(server), election: 'f'.repeat(20) }),
    (server: string) => receipt(server === 'server-a' ? 'server-b' : 'server-a'),
    () => 'held',
  ])
    assert.deepEqual(codes(await handIn(telling(lie), election, ballot)), untrue);
  for (const lie of [
    (server: string) => standing(server, 'party-stranger'),
    (server: string) => ({ ...standing(server), position: 1 }),
    (server: string) => ({ ...standing(server), tracker: 'f'.repeat(40) }),
    (server: string) => standing(server === 'server-a' ? 'server-b' : 'server-a'),
    () => 'counted',
  ])
    assert.deepEqual(codes(await askStanding(telling(lie), election, tracker)), untrue);
});

test('a server that tells the other two different words of a proof makes their roots differ: nothing is tallied', () => {
  const { world, servers } = opened();
  const [a, b, c] = servers as [TestServer, TestServer, TestServer];
  for (const [voter, choice] of [2, 0, 1].entries()) {
    const ballot = world.caster().cast(voter, world.voter(voter).identity, 1, choice, systemRandom);
    for (const server of servers) server.take(ballot);
  }
  a.box([...a.held.values()]);
  world.close();
  for (const { name } of servers) world.must(name, { kind: 'election.flushed', election: world.id });
  for (const server of servers) server.prepareAll(servers);
  const [batch] = c.batches;
  const word = new Uint8Array(batch!.prepared.word);
  word[1]! ^= 1;
  const bent = Object.create(c, {
    batches: { value: [{ ...batch!, prepared: { ...batch!.prepared, word } }] },
  });
  a.finishAll([a, b, bent]);
  b.finishAll(servers);
  c.finishAll(servers);
  assert.equal(a.rejected.length, 1);
  assert.equal(b.rejected.length, 0);
  for (const server of servers) server.sayVerified();
  for (const server of servers) server.saySealed();
  assert.equal(world.election.status, 'disputed');
  assert.equal(world.election.life.context.reason?.code, 'election.roots-differ');
  for (const server of servers) assert.equal(server.sayTallied(), 'election.wrong-state');
});
