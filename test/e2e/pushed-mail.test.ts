/**
 * Places that hear their mail over the broker, beside others that hear it over HTTP, while the replicas that push it are killed.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { failoverFetch } from '../../src/api/calls/failover.ts';
import { systemClock } from '../../src/base/clock.ts';
import { systemRandom } from '../../src/base/random.ts';
import { connectNats } from '../../src/bus/nats.ts';
import { newCommandId } from '../../src/coordination/commands.ts';
import type { DirectoryCalls } from '../../src/directory/client/calls.ts';
import { httpDirectory } from '../../src/directory/client/http.ts';
import { natsDirectory } from '../../src/directory/client/nats.ts';
import { sayKeys } from '../../src/directory/statements.ts';
import { loadIdentity } from '../../src/identity/identity.ts';
import { sealingKeyOf } from '../../src/identity/sealing.ts';
import { Place } from '../directory/place.ts';
import { Coordinators } from '../support/coordinators.ts';
import { mpc } from '../support/mpc.ts';

const DEPLOYMENT = 'local';

interface World {
  readonly coordinators: Coordinators;
  readonly overHttp: DirectoryCalls;
  readonly overNats: DirectoryCalls;
  /** Registers a party's account, and tells where its key is. */
  readonly register: (name: string) => Promise<string>;
}

async function inWorld(count: number, act: (world: World) => Promise<void>): Promise<void> {
  const coordinators = await Coordinators.start(count, ['ann', 'bob']);
  const bus = await connectNats({
    servers: coordinators.nats,
    name: 'party-bob',
    identity: loadIdentity(coordinators.keyOf('party-bob')),
  });
  try {
    const overNats = natsDirectory({
      bus,
      deployment: DEPLOYMENT,
      me: 'party-bob',
      coordinatorKey: coordinators.trust.coordinator ?? '',
      clock: systemClock,
      random: systemRandom,
    });
    const { urls } = coordinators;
    const request = failoverFetch({ urls, clock: systemClock, random: systemRandom });
    const overHttp = httpDirectory({ base: urls[0] ?? '', request, clock: systemClock });
    const register = async (name: string): Promise<string> => {
      const key = coordinators.keyOf(`party-${name}`);
      const identity = loadIdentity(key);
      const sealing = sealingKeyOf(identity).publicKey;
      const keys = sayKeys({ deployment: DEPLOYMENT, account: name, identity, sealing, nowMs: Date.now() });
      await overNats.register({ account: name, keys }, newCommandId(systemRandom));
      return key;
    };
    await act({ coordinators, overHttp, overNats, register });
  } finally {
    await bus.close();
    await coordinators.stop();
  }
}

test(
  'each place shows each message once, over the broker and over HTTP, while every replica is killed once',
  {
    timeout: 300_000,
  },
  () =>
    inWorld(2, async ({ coordinators, overHttp, overNats, register }) => {
      const [anns, bobs] = [await register('ann'), await register('bob')];
      const ann = await Place.enter(DEPLOYMENT, 'ann', loadIdentity(anns), overNats);
      const places = await Promise.all([
        Place.enter(DEPLOYMENT, 'bob', loadIdentity(bobs), overNats),
        Place.enter(DEPLOYMENT, 'bob', loadIdentity(bobs), overNats),
        Place.enter(DEPLOYMENT, 'bob', loadIdentity(bobs), overHttp),
      ]);
      const texts: string[] = [];
      const write = async (count: number): Promise<void> => {
        for (let at = 0; at < count; at++) {
          const text = `message ${texts.length}`;
          texts.push(text);
          await ann.correspondent.send(text, 'bob');
        }
      };
      await write(5);
      for (let replica = 0; replica < 2; replica++) {
        const writing = write(15);
        await coordinators.kill(replica);
        await writing;
        coordinators.startOne(replica);
        await coordinators.ready(replica);
        await write(5);
      }
      for (const place of places) assert.deepEqual(await place.texts.atLeast(texts.length), texts);
      for (const place of places.slice(0, 2))
        assert.ok(place.connections.items.includes(false), 'the replica that pushed to it was killed');
      for (const place of [ann, ...places]) await place.leave();
      for (const place of places) assert.deepEqual(place.texts.items, texts, 'and nothing more');
    }),
);

test('people write to each other by command line, one over brokers and one over HTTP, and a broker that hears everything reads nothing', {
  timeout: 300_000,
}, async () => {
  const coordinators = await Coordinators.start(2, ['ann', 'bob']);
  const listening = await connectNats({
    servers: coordinators.nats,
    name: 'listener',
    identity: coordinators.listener,
  });
  try {
    const heard: { readonly subject: string; readonly text: string }[] = [];
    listening.subscribe('>', ({ subject, data }) => {
      heard.push({ subject, text: Buffer.from(data).toString('latin1') });
    });
    const [ann, bob] = [coordinators.machine('ann'), { ...coordinators.machine('bob') }];
    delete bob.MPC_COORDINATORS;
    const config = coordinators.configOf('bob');
    const password = 'correct horse canary staple';
    const file = join(coordinators.directory, 'home-password');
    writeFileSync(file, `${password}\n`, { mode: 0o600 });
    const ok = async (args: readonly string[], env: Record<string, string>): Promise<string> => {
      const { code, stdout, stderr } = await mpc(args, env);
      assert.equal(code, 0, `mpc ${args.join(' ')}: ${stderr}`);
      return stdout;
    };
    await ok(['account', 'register', 'ann', '--key', coordinators.keyOf('party-ann')], ann);
    // Its configuration says everything: brokers, deployment, key, whom to trust; the account remembers it.
    const registered = ['account', 'register', 'bob', '--config', config, '--password-file', file];
    assert.match(await ok(registered, bob), /as the party of that name/);
    const token = (await ok(['account', 'token', '--password-file', file], bob)).trim();
    assert.match(await ok(['account', 'list'], bob), /^ann +away/m);
    const [annsDesk, bobsDesk] = [coordinators.talk(['chat'], ann), coordinators.talk(['chat'], bob)];
    const bobsPhone = coordinators.talk(
      ['chat', '--no-history', '--coordinator', coordinators.urls[0] ?? ''],
      bob,
    );
    for (const place of [annsDesk, bobsDesk, bobsPhone]) await place.line(/connected/);
    bobsDesk.write('\\send a canary from bob -> ann');
    await annsDesk.line(/bob: a canary from bob/);
    annsDesk.write('\\send a canary from ann -> bob');
    for (const place of [bobsDesk, bobsPhone]) await place.line(/ann: a canary from ann/);
    await coordinators.kill(0);
    annsDesk.write('\\send still here -> bob');
    await bobsDesk.line(/ann: still here/);
    bobsDesk.write('\\delete');
    bobsDesk.write('yes');
    assert.equal(await bobsDesk.ended, 0, bobsDesk.errors);
    annsDesk.write('\\send are you there? -> bob');
    await annsDesk.line(/no account bob/);

    assert.ok(heard.some(({ subject }) => /coordinator\.party-bob\.directory\./.test(subject)));
    assert.ok(heard.some(({ subject }) => /party-bob\.coordinator\.mail\./.test(subject)));
    for (const { subject, text } of heard)
      for (const secret of [token, token.slice(4), password, 'canary from', 'still here'])
        assert.ok(!text.includes(secret), `${subject} shows ${secret}`);
    const isBrokers = coordinators.files().filter(({ path }) => path.startsWith('broker/'));
    assert.ok(isBrokers.some(({ path }) => path.endsWith('.blk')));
    for (const { path, bytes } of isBrokers)
      for (const secret of [token, password, 'canary from']) assert.ok(!bytes.includes(secret), path);
  } finally {
    await listening.close();
    await coordinators.stop();
  }
});

test('what cannot be reached over brokers says why, and what to do', async () => {
  const coordinators = await Coordinators.start(1, ['bob']);
  try {
    const { MPC_HOME = '' } = coordinators.machine('bob');
    const config = coordinators.configOf('bob');
    const refused = async (args: readonly string[], code: string, env: Record<string, string> = {}) => {
      const ended = await mpc(args, { MPC_HOME, ...env });
      assert.notEqual(ended.code, 0);
      assert.ok(ended.stderr.includes(`[${code}]`), ended.stderr);
    };
    const register = ['account', 'register', 'bob'];
    await refused([...register, '--config', config, '--coordinator', 'http://127.0.0.1:1'], 'usage.two-ways');
    await refused([...register, '--nats', coordinators.nats], 'usage.config');
    // Another coordinator's key than the one in its configuration.
    const other = join(coordinators.directory, 'other.toml');
    const text = readFileSync(config, 'utf8');
    const { coordinator = '', dealer = '' } = coordinators.trust;
    writeFileSync(other, text.replace(coordinator, dealer));
    await refused([...register, '--config', other], 'coordinator.unproven');
  } finally {
    await coordinators.stop();
  }
});
