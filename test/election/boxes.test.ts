/** The servers as they are composed for real, on a bus that drops, repeats, delays and reorders, with servers cut off and restarted. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import test from 'node:test';
import { electionChapters } from '../../bin/compose/chapters.ts';
import { coordinatorRole } from '../../bin/compose/coordinator.ts';
import { ballotServerRole, electionParts } from '../../bin/compose/election.ts';
import { Runtime } from '../../bin/compose/runtime.ts';
import { openConsole } from '../../bin/console.ts';
import { makeCredentials } from '../../bin/local/credentials.ts';
import { speak } from '../../bin/local/election-log.ts';
import { plainCount } from '../../bin/verbs/election-demo.ts';
import { systemClock } from '../../src/base/clock.ts';
import { systemRandom } from '../../src/base/random.ts';
import { fetchElection, handIn } from '../../src/box/voting.ts';
import { MemoryHub } from '../../src/bus/memory.ts';
import type { Address } from '../../src/bus/subjects.ts';
import { followLog } from '../../src/coordination/follower.ts';
import type { ElectionBody } from '../../src/election/bodies.ts';
import {
  buildElection,
  ELECTION_SERVERS,
  type ElectionServer,
  electionDigest,
  electionId,
} from '../../src/election/descriptor.ts';
import { stateOfLife } from '../../src/election/life.ts';
import { resultLines } from '../../src/election/result.ts';
import { ElectionsView } from '../../src/election/rows.ts';
import { packVoters, votersRoot } from '../../src/election/voters.ts';
import { createIdentity } from '../../src/identity/identity.ts';
import { decodePublicKey } from '../../src/identity/nkey.ts';
import { openLogger } from '../../src/observe/logger.ts';
import { draws } from '../support/ballots.ts';

const seed = Number(process.env.SEED ?? Date.now() % 1e6);
console.log(`SEED=${seed}`);
const VOTERS = 40;
const LABELS = ['a', 'b', 'c'];

test('on a bus that fails, with servers cut off and restarted, the result is the plain count', {
  timeout: 240_000,
}, async () => {
  const { below } = draws(seed);
  const directory = mkdtempSync(join(tmpdir(), 'mpc-boxes-'));
  const hub = new MemoryHub({
    seed,
    faults: { drop: 0.01, duplicate: 0.02, reorder: 0.02, delayMs: [0, 5] },
  });
  const addresses: readonly Address[] = ['coordinator', ...ELECTION_SERVERS, 'party-town'];
  const identities = new Map(addresses.map((address) => [address, createIdentity(systemRandom)]));
  const trust = Object.fromEntries([...identities].map(([address, { publicKey }]) => [address, publicKey]));
  const running = new Map<Address, Runtime>();
  const consoles = new Map<Address, ReturnType<typeof electionParts>['boxes']>();
  const start = async (address: 'coordinator' | ElectionServer): Promise<void> => {
    const state = join(directory, address);
    mkdirSync(state, { recursive: true });
    const runtime = new Runtime({
      deployment: 'world',
      me: address,
      identity: identities.get(address)!,
      trust,
      state,
      connectBus: async () => hub.connect(address),
      clock: systemClock,
      random: systemRandom,
      logger: openLogger(address, 'silent'),
    });
    running.set(address, runtime);
    if (address === 'coordinator') return runtime.start(coordinatorRole(runtime));
    const parts = electionParts(runtime, address);
    consoles.set(address, parts.boxes);
    await runtime.start(ballotServerRole(runtime, parts));
  };
  const stop = async (address: Address): Promise<void> => {
    const runtime = running.get(address);
    running.delete(address);
    await runtime?.drain();
    await runtime?.drained;
  };
  const bus = hub.connect('party-town');
  const follower = await followLog({
    bus,
    deployment: 'world',
    trust,
    chapters: electionChapters({ deployment: 'world', trust }),
  });
  const view = new ElectionsView(follower.state);
  const town = {
    bus,
    deployment: 'world',
    identity: identities.get('party-town')!,
    me: 'party-town',
  } as const;
  const say = (body: ElectionBody) => speak(town, body);
  try {
    for (const address of ['coordinator', ...ELECTION_SERVERS] as const) await start(address);
    const descriptor = buildElection({
      random: systemRandom,
      deployment: 'world',
      title: 'A storm',
      type: { kind: 'oneOf' },
      labels: LABELS,
      registrar: 'town',
      keys: trust,
      deadlineMs: Date.now() + 3_600_000,
    });
    const id = electionId(electionDigest(descriptor));
    const until = (state: string) =>
      follower.until(() => {
        const life = view.election(id)?.life;
        if (life?.context.reason) throw new Error(`${life.context.reason.message}, seed ${seed}`);
        return life !== undefined && stateOfLife(life) === state;
      }, AbortSignal.timeout(100_000));
    await say({ kind: 'election.create', descriptor });
    const { credentials } = makeCredentials(id, 0, VOTERS, systemRandom);
    const keys = credentials.map(({ identity }) => decodePublicKey(identity.publicKey));
    await say({ kind: 'election.eligible', election: id, from: 0, keys: packVoters(keys) });
    await until('draft.prepared');
    await say({ kind: 'election.open', election: id, voters: VOTERS, root: votersRoot(keys) });
    const place = { bus, deployment: 'world', patienceMs: 1_000 };
    const patient = async <Value>(ask: () => Promise<Value>): Promise<Value> => {
      for (let tries = 0; ; tries++)
        try {
          return await ask();
        } catch (error) {
          if (tries > 30) throw error;
          await systemClock.sleep(50);
        }
    };
    const election = await patient(() => fetchElection(place, id));
    const standing = new Map<number, number>();
    for (let ballot = 0; ballot < 60; ballot++) {
      if (ballot === 10) hub.partition(['server-b']);
      if (ballot === 25) hub.heal();
      if (ballot === 30) await stop('server-c');
      if (ballot === 45) await start('server-c');
      const voter = below(VOTERS);
      const choice = below(3);
      const bytes = election.caster.cast(
        voter,
        credentials[voter]!.identity,
        ballot + 1,
        choice,
        systemRandom,
      );
      await patient(async () => {
        const answers = await handIn(place, election, bytes);
        const holders = answers.filter((one) => 'value' in one && one.value.held.length === 1);
        assert.ok(
          holders.length > 0,
          `ballot ${ballot} is with nobody (${JSON.stringify(answers.map((one) => ('value' in one ? one.value.refused : one.error.code)))}), seed ${seed}`,
        );
      });
      standing.set(voter, choice);
    }
    const said = await asked(consoles.get('server-a')!, [
      'print stats',
      'print tally',
      'print',
      'flush',
      'what',
      'help',
    ]);
    assert.match(said, new RegExp(`${id} {2}open {2}A storm`));
    assert.match(said, /fragment [A-Za-z0-9_-]{64}\n/);
    assert.match(said, /print what\?[\s\S]*flushed[\s\S]*what is no command/);
    await patient(() => say({ kind: 'election.close', election: id }));
    await until('published');
    const { result, seals } = view.election(id)!.life.context;
    const counted = seals['server-a']?.counted ?? 0;
    assert.equal(counted, standing.size);
    assert.deepEqual(
      resultLines(descriptor, result ?? [], counted).map(({ sum }) => sum),
      plainCount(3, [...standing.values()]),
      `seed ${seed}`,
    );
  } finally {
    for (const address of [...running.keys()]) await stop(address);
    follower.stop();
    await hub.close();
    rmSync(directory, { recursive: true, force: true });
  }
});

/** What the console writes until it has answered every line. */
async function asked(
  boxes: Parameters<typeof openConsole>[0]['boxes'],
  lines: readonly string[],
): Promise<string> {
  const input = new PassThrough();
  let text = '';
  const open = openConsole({
    input,
    write: (more) => {
      text += more;
    },
    boxes,
    stop: () => {},
  });
  for (const line of lines) input.write(`${line}\n`);
  for (const deadlineMs = Date.now() + 10_000; !text.includes('help                 this'); ) {
    assert.ok(Date.now() < deadlineMs, `the console said only: ${text}`);
    await systemClock.sleep(20);
  }
  open.close();
  return text;
}
