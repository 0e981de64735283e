import assert from 'node:assert/strict';
import { test } from 'node:test';
import { electionChart } from '../../roles/election.ts';
import { openCoordinatorFace } from '../../src/api/coordinator/open.ts';
import type { Replica } from '../../src/api/coordinator/seams.ts';
import { systemRandom } from '../../src/base/random.ts';
import { MemoryHub } from '../../src/bus/memory.ts';
import { ELECTION_SERVERS } from '../../src/election/descriptor.ts';
import { readEnvelope } from '../../src/election/envelope.ts';
import { trackerOf } from '../../src/election/items.ts';
import { checkRecord, recordLine } from '../../src/election/record.ts';
import { serve } from '../election/answering.ts';
import { DEPLOYMENT, ElectionWorld, finish, REGISTRAR, type TestServer } from '../election/world.ts';

/** The face of a replica that knows this world's election; `answering` servers take ballots. */
async function faceOf(world: ElectionWorld, answering: readonly TestServer[]) {
  const hub = new MemoryHub({ seed: 1 });
  for (const server of answering) serve(hub.connect(server.name), world, server);
  const face = await openCoordinatorFace({
    requestsPerMinute: 10_000,
    tls: undefined,
    describe: async () => {
      throw new Error('nothing is described here');
    },
    onTrouble: (report) => assert.fail(report.message),
  });
  const elections = {
    view: world.view,
    place: { bus: hub.connect('coordinator'), deployment: DEPLOYMENT, patienceMs: 2_000 },
    record: async () => world.commands.map(recordLine),
  };
  // Only elections are asked for here.
  face.serve({ sequence: () => 1, elections } as unknown as Replica);
  return {
    ask: async (method: 'GET' | 'POST', url: string, payload?: object) => {
      const answer = await face.app.inject({ method, url, ...(payload === undefined ? {} : { payload }) });
      const isJson = answer.headers['content-type']?.toString().includes('json') === true;
      const isLines = answer.headers['content-type']?.toString().includes('ndjson') === true;
      return { status: answer.statusCode, body: isJson && !isLines ? answer.json() : answer.body };
    },
    close: async () => {
      await face.close();
      await hub.close();
    },
  };
}

test('a ballot is handed in over HTTP, found again, tallied, and its record holds offline', async () => {
  const world = new ElectionWorld(systemRandom, { kind: 'yesNo' }, ['no', 'yes'], 3);
  const servers = world.opened();
  const { ask, close } = await faceOf(world, servers);
  try {
    const listed = await ask('GET', '/election');
    assert.deepEqual(
      listed.body.items.map(({ id, state, voters }: { id: string; state: string; voters: number }) => [
        id,
        state,
        voters,
      ]),
      [[world.id, 'open', 3]],
    );
    const whole = await ask('GET', `/election/${world.id}`);
    assert.equal(whole.status, 200);
    assert.deepEqual(Object.keys(whole.body.sealingKeys).sort(), [...ELECTION_SERVERS]);
    const bytes = world.caster().cast(1, world.voter(1).identity, 5, true, systemRandom);
    const envelope = Buffer.from(bytes).toString('base64url');
    const cast = await ask('POST', `/election/${world.id}/ballot`, { envelope });
    assert.equal(cast.status, 200);
    const tracker = trackerOf(world.id, readEnvelope(world.type.sizes, bytes));
    for (const receipt of cast.body.receipts) assert.deepEqual(receipt.held, [tracker]);
    assert.equal(cast.body.receipts.length, 3);
    const found = await ask('GET', `/election/${world.id}/ballot/${tracker}`);
    assert.deepEqual(
      found.body.servers.map(({ state }: { state: string }) => state),
      ['accepted', 'accepted', 'accepted'],
    );
    const early = await ask('GET', `/election/${world.id}/tally`);
    assert.deepEqual([early.status, early.body.code, early.body.state], [409, 'election.no-tally', 'open']);
    servers[0]?.box([...servers[0].held.values()]);
    world.close();
    finish(world, servers);
    const tally = await ask('GET', `/election/${world.id}/tally`);
    assert.deepEqual(tally.body.result, [
      { label: 'no', sum: 0 },
      { label: 'yes', sum: 1 },
    ]);
    const record = await ask('GET', `/election/${world.id}/record`);
    const checked = checkRecord(
      new TextEncoder().encode(record.body),
      world.identityOf(REGISTRAR).publicKey,
      electionChart,
    );
    assert.equal(checked.counted, 1);
  } finally {
    await close();
  }
});

test('a server that is away is named in the answer; what is unknown or malformed is refused with a reason', async () => {
  const world = new ElectionWorld(systemRandom, { kind: 'yesNo' }, ['no', 'yes'], 1);
  const servers = world.opened();
  const { ask, close } = await faceOf(world, servers.slice(0, 2));
  try {
    const bytes = world.caster().cast(0, world.voter(0).identity, 1, false, systemRandom);
    const cast = await ask('POST', `/election/${world.id}/ballot`, {
      envelope: Buffer.from(bytes).toString('base64url'),
    });
    assert.deepEqual(cast.body.receipts[2], { server: 'server-c', silent: 'bus.no-responders' });
    assert.equal((await ask('GET', `/election/${'0'.repeat(20)}`)).status, 404);
    assert.equal((await ask('GET', '/election/what')).status, 400);
    assert.equal((await ask('POST', `/election/${world.id}/ballot`, { envelope: '%' })).status, 400);
    assert.equal((await ask('POST', `/election/${world.id}/ballot`, {})).status, 400);
    assert.equal((await ask('GET', `/election/${world.id}/ballot/short`)).status, 400);
  } finally {
    await close();
  }
});
