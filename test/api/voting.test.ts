/** Elections at a party's own service: what it tells of them, ballots that it seals, and what it refuses. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { openClientFace } from '../../src/api/client/open.ts';
import type { PartyDesk } from '../../src/api/client/seams.ts';
import { tokenOnly } from '../../src/api/client/token.ts';
import type { Choice } from '../../src/ballot/election-type.ts';
import { systemRandom } from '../../src/base/random.ts';
import { MemoryHub } from '../../src/bus/memory.ts';
import type { ElectionType } from '../../src/election/descriptor.ts';
import { identityFromSeed } from '../../src/identity/identity.ts';
import { encodeSeed } from '../../src/identity/nkey.ts';
import { serve } from '../election/answering.ts';
import { DEPLOYMENT, ElectionWorld, finish } from '../election/world.ts';

const LABELS = ['a', 'b', 'c'];
const TOKEN = 'T'.repeat(43);

/** An election with one voter, whose credential is there, and a service before it. */
async function held(type: ElectionType, labels: readonly string[] = LABELS) {
  const seed = encodeSeed(systemRandom(32));
  const people = new ElectionWorld(systemRandom, type, labels, 0);
  const world = people.beside([{ number: 0, identity: identityFromSeed(seed) }]);
  const servers = world.opened();
  const hub = new MemoryHub({ seed: 1 });
  for (const server of servers) serve(hub.connect(server.name), world, server);
  const face = await openClientFace({
    requestsPerMinute: 10_000,
    authenticate: tokenOnly(TOKEN, 'town'),
    onTrouble: (report) => assert.fail(report.message),
  });
  let now = 100;
  const elections: PartyDesk['elections'] = {
    view: world.view,
    place: { bus: hub.connect('party-town'), deployment: DEPLOYMENT, patienceMs: 2_000 },
    random: systemRandom,
    now: () => now++,
  };
  // Only elections are asked for here.
  face.serve({ elections } as unknown as PartyDesk);
  const ask = async (method: 'GET' | 'POST', url: string, payload?: object) => {
    const headers = { authorization: `Bearer ${TOKEN}` };
    const answer = await face.app.inject({
      method,
      url,
      headers,
      ...(payload === undefined ? {} : { payload }),
    });
    return { status: answer.statusCode, body: answer.json() };
  };
  return {
    ...{ world, servers, ask },
    vote: (choice: Choice, credential = JSON.stringify({ election: world.id, voter: 0, seed })) =>
      ask('POST', `/election/${world.id}/vote`, { credential, choice }),
    close: async () => {
      await face.close();
      await hub.close();
    },
  };
}

test('a choice of every kind is sealed at home, held by all three servers, found again, and counted', async () => {
  const kinds: readonly (readonly [ElectionType, readonly string[], Choice, object, readonly number[]])[] = [
    [{ kind: 'yesNo' }, ['no', 'yes'], true, {}, [0, 1]],
    [{ kind: 'oneOf' }, LABELS, 1, {}, [0, 1, 0]],
    [{ kind: 'approval', most: 2 }, LABELS, [true, false, true], { most: 2 }, [1, 0, 1]],
    [{ kind: 'score', max: 5 }, LABELS, [5, 0, 3], { max: 5 }, [5, 0, 3]],
  ];
  for (const [type, labels, choice, extra, sums] of kinds) {
    const { world, servers, ask, vote, close } = await held(type, labels);
    try {
      const before = await ask('GET', '/election');
      const { deadline: _, ...told } = before.body.items[0];
      assert.deepEqual(told, {
        ...{ id: world.id, title: 'A question', state: 'open', kind: type.kind, options: labels, ...extra },
        ...{ voters: 1, ballots: 0, waiting: told.waiting, counted: 0, result: null },
      });
      const cast = await vote(choice);
      assert.equal(cast.status, 200, JSON.stringify(cast.body));
      assert.deepEqual(
        cast.body.servers.map(({ holds }: { holds: boolean }) => holds),
        [true, true, true],
      );
      const found = await ask('GET', `/election/${world.id}/ballot/${cast.body.tracker}`);
      assert.deepEqual(found.body.servers[2], { server: 'server-c', state: 'accepted' });
      servers[0]?.box([...servers[0].held.values()]);
      world.close();
      finish(world, servers);
      const [after] = (await ask('GET', '/election')).body.items;
      assert.deepEqual([after.state, after.counted], ['published', 1]);
      assert.deepEqual(
        after.result,
        labels.map((label, at) => ({ label, sum: sums[at] })),
      );
    } finally {
      await close();
    }
  }
});

test('a choice that none may make, a credential of another election, and what is none are refused; nothing of them is repeated', async () => {
  const { world, servers, ask, vote, close } = await held({ kind: 'approval', most: 1 });
  try {
    for (const choice of [[true, true, false], [true], 1, [1, 0, 0], true] as Choice[]) {
      const { status, body } = await vote(choice);
      assert.deepEqual([status, body.code], [400, 'ballot.bad-choice']);
    }
    const secret = 'SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY';
    for (const [credential, code] of [
      [JSON.stringify({ election: 'f'.repeat(20), voter: 0, seed: secret }), 'credential.other-election'],
      [JSON.stringify({ election: world.id, voter: -1, seed: secret }), 'credential.malformed'],
      [JSON.stringify({ election: world.id, voter: 0, seed: `${secret}A` }), 'credential.malformed'],
      [`${secret} is no credential`, 'credential.malformed'],
    ] as const) {
      const { status, body } = await vote([true, false, false], credential);
      assert.deepEqual([status, body.code], [400, code]);
      assert.ok(!JSON.stringify(body).includes(secret));
    }
    assert.equal(
      (await ask('POST', `/election/${'f'.repeat(20)}/vote`, { credential: '', choice: 1 })).status,
      404,
    );
    assert.equal((await ask('GET', `/election/${world.id}/ballot/none`)).status, 400);
    assert.equal(servers[0]?.held.size, 0);
  } finally {
    await close();
  }
});
