/** The desk on the bus, with a broker in between that repeats, moves, changes, invents and withholds. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MpcError } from '../../src/base/errors.ts';
import { systemRandom } from '../../src/base/random.ts';
import { type Address, subjects } from '../../src/bus/subjects.ts';
import { newCommandId } from '../../src/coordination/commands.ts';
import type { DirectoryCalls } from '../../src/directory/client/calls.ts';
import { requestContext } from '../../src/directory/desk/envelope.ts';
import { idFor, sealMessage } from '../../src/directory/message.ts';
import type { Mail } from '../../src/directory/rows.ts';
import { sayKeys, signStatement } from '../../src/directory/statements.ts';
import { newToken, tokenDigest } from '../../src/directory/token.ts';
import { createIdentity } from '../../src/identity/identity.ts';
import { sealTo } from '../../src/identity/sealing.ts';
import { splitmix } from '../support/splitmix.ts';
import { type Broker, withDesks } from './desk-world.ts';
import { Place } from './place.ts';
import { DEPLOYMENT } from './played.ts';
import { Member } from './replicas.ts';

const NEVER = new AbortController().signal;
const refusedWith = (code: string) => (error: unknown) => {
  assert.ok(error instanceof MpcError, String(error));
  assert.equal(error.code, code);
  return true;
};

async function register(calls: DirectoryCalls, { name, person }: Member): Promise<string> {
  const keys = sayKeys({ deployment: DEPLOYMENT, account: name, ...person, nowMs: Date.now() });
  await calls.register({ account: name, keys }, newCommandId(systemRandom));
  const token = newToken(systemRandom);
  const session = tokenDigest(token);
  const atMs = Date.now();
  const signature = signStatement(DEPLOYMENT, person.identity, {
    kind: 'session',
    account: name,
    session,
    atMs,
  });
  await calls.login({ account: name, session, atMs, signature });
  return token;
}

function note({ name, person }: Member, text: string) {
  const id = newCommandId(systemRandom);
  const keys = { signing: person.identity.publicKey, sealing: person.sealing };
  const said = { from: name, to: [name], id, sentMs: 1, text };
  const sender = { deployment: DEPLOYMENT, identity: person.identity, random: systemRandom };
  return { id: idFor(id, name), to: name, ...sealMessage(sender, said, { account: name, keys }) };
}

test('a request that a broker has kept is never done again: not there, not elsewhere, not in another name, not changed', () =>
  withDesks(2, async ({ hub, replicas, callsOf }) => {
    const eve = hub.connect('eve');
    const kept: { readonly subject: string; readonly data: Uint8Array }[] = [];
    eve.subscribe(`mpc.${DEPLOYMENT}.coordinator.*.directory.*`, ({ subject, data }) => {
      if (data.length > 0) kept.push({ subject, data: data.slice() });
    });
    const ann = await Member.make('ann');
    const calls = callsOf('party-ann');
    const token = await register(calls, ann);
    await calls.change(token, { password: 'correct horse' }, { ...(await proofOf(ann, token)) });
    await calls.send(token, note(ann, 'hello'));
    const requests = [...kept];
    assert.ok(requests.length >= 4, `${requests.length} requests were heard`);
    const before = replicas.map(({ follower }) => follower.state.sequence);
    let tried = 0;
    for (const { subject, data } of requests) {
      const other = subject.endsWith('.r0') ? subject.replace(/r0$/, 'r1') : subject.replace(/r1$/, 'r0');
      const changed = [0, 1, 16, 17, 48, 49, 200, data.length - 1].map((at) => {
        const copy = data.slice();
        copy[at] = (copy[at] ?? 0) ^ 1;
        return [subject, copy] as const;
      });
      const all = [
        [subject, data],
        [other, data],
        [subject.replace('party-ann', 'party-eve'), data],
        [subject, data.subarray(0, -1)],
        [subject, data.subarray(0, 17)],
        ...changed,
      ] as const;
      for (const [to, bytes] of all) {
        assert.equal((await eve.request(to, bytes, 20_000)).length, 0, `${to} is not answered`);
        tried++;
      }
    }
    assert.ok(tried >= 50, `${tried} forgeries`);
    assert.deepEqual(
      replicas.map(({ follower }) => follower.state.sequence),
      before,
      'nothing came of it',
    );
    assert.equal((await calls.list(token, {})).accounts.length, 1);
  }));

test('nothing that anybody throws at a desk makes it say more than that it is there', () =>
  withDesks(1, async ({ hub, replicas, callsOf }) => {
    const eve = hub.connect('party-eve');
    const key = `mpc.${DEPLOYMENT}.coordinator.party-eve.directory`;
    const before = replicas[0]?.follower.state.sequence;
    const said = JSON.parse(new TextDecoder().decode(await eve.request(key, systemRandom(16), 20_000)));
    const next = splitmix(11);
    const sealedTo = (text: Uint8Array, id: string): Uint8Array => {
      const place = { deployment: DEPLOYMENT, from: 'party-eve', replica: 'r0', key: said.key, id } as const;
      const sealed = sealTo(said.key, requestContext(place), text, systemRandom);
      return new Uint8Array(Buffer.concat([Buffer.from([1]), Buffer.from(id, 'hex'), sealed]));
    };
    const texts = [
      '',
      'null',
      '5',
      '[]',
      '{}',
      '{"secret":1}',
      '{"secret":"AAAA","asked":{}}',
      '\ufeff{}',
      '"x',
    ];
    const thrown = [
      ...Array.from({ length: 200 }, () => systemRandom(Number(next() % 300n))),
      new Uint8Array(200_000),
      ...texts.map((text) => sealedTo(new TextEncoder().encode(text), newCommandId(systemRandom))),
      sealedTo(systemRandom(500), newCommandId(systemRandom)),
    ];
    for (const bytes of thrown) {
      assert.equal((await eve.request(`${key}.r0`, bytes, 20_000)).length, 0);
      if (bytes.length !== 16) assert.equal((await eve.request(key, bytes, 20_000)).length, 0);
      eve.publish(`mpc.${DEPLOYMENT}.coordinator.party-eve.mail.x`, bytes);
    }
    assert.equal(replicas[0]?.follower.state.sequence, before);
    // What is sealed well, and asks for what there is not, is told so.
    const calls = callsOf('party-eve');
    await assert.rejects(calls.list('t'.repeat(300), {}), refusedWith('request.malformed'));
    await assert.rejects(calls.list('t', { limit: 1e9 }), refusedWith('request.malformed'));
  }));

async function proofOf({ name, person }: Member, token: string) {
  const atMs = Date.now();
  const statement = { kind: 'change', account: name, session: tokenDigest(token), atMs } as const;
  return { atMs, signature: signStatement(DEPLOYMENT, person.identity, statement) };
}

test('whoever asks for keys all the time is told nothing for a while, and everybody else is', () =>
  withDesks(1, async ({ hub }) => {
    const eve = hub.connect('eve');
    const ask = (from: Address): Promise<Uint8Array> =>
      eve.request(subjects.directory(DEPLOYMENT, from), systemRandom(16), 60_000);
    let told = 0;
    while (told < 10_000 && (await ask('party-eve')).length > 0) told++;
    assert.ok(told >= 6_000 && told < 10_000, `${told} keys were told`);
    assert.ok((await ask('party-bob')).length > 0);
  }));

test('an answer that no replica gave to this very request is not believed', () =>
  withDesks(1, async ({ callsOf }) => {
    const ann = await Member.make('ann');
    const broker: Broker = {};
    const calls = callsOf('party-ann', broker, { patienceMs: 0 });
    const token = await register(calls, ann);
    const answers: Uint8Array[] = [];
    const isKey = (subject: string): boolean => subject.endsWith('.directory');
    broker.answer = (subject, data) => {
      if (!isKey(subject)) answers.push(data);
      return data;
    };
    await calls.account(token, 'ann');
    const lies: readonly ((data: Uint8Array) => Uint8Array)[] = [
      (data) => data.map((byte, at) => (at === 20 ? byte ^ 1 : byte)),
      (data) => data.subarray(0, -1),
      () => answers[0] ?? new Uint8Array(),
      () => new TextEncoder().encode(JSON.stringify({ ok: true, answer: {} })),
      () => new Uint8Array(0),
    ];
    for (const lie of lies) {
      broker.answer = (subject, data) => (isKey(subject) ? data : lie(data));
      await assert.rejects(calls.account(token, 'ann'), refusedWith('coordinator.silent'));
      await assert.rejects(calls.acknowledge(token, 0), refusedWith('coordinator.silent'));
    }
    broker.answer = (_, data) => data;
    assert.equal((await calls.account(token, 'ann')).account, 'ann');
  }));

test("a key that the coordinators' own has not signed, for this question, is not sealed to", () =>
  withDesks(1, async ({ hub, callsOf }) => {
    const old = await hub
      .connect('party-eve')
      .request(`mpc.${DEPLOYMENT}.coordinator.party-eve.directory`, systemRandom(16), 20_000);
    const said = JSON.parse(new TextDecoder().decode(old)) as Record<string, string>;
    assert.deepEqual(Object.keys(said), ['key', 'replica', 'signature']);
    const lies: readonly (() => Uint8Array)[] = [
      () => old,
      () => new TextEncoder().encode(JSON.stringify({ ...said, replica: 'r7' })),
      () => new TextEncoder().encode(JSON.stringify({ ...said, signature: 'A'.repeat(86) })),
    ];
    for (const lie of lies) {
      let asked = 0;
      const broker: Broker = { answer: (_, data) => (asked++ === 0 ? lie() : data) };
      const calls = callsOf('party-ann', broker);
      await assert.rejects(calls.list('mpc_x', {}), refusedWith('coordinator.unproven'));
      assert.equal(asked, 1, 'nothing was asked but for the key');
      // The next question is answered by who is one.
      await assert.rejects(calls.list('mpc_x', {}), refusedWith('session.none'));
    }
    const stranger = callsOf('party-ann', {}, { coordinatorKey: createIdentity(systemRandom).publicKey });
    await assert.rejects(stranger.list('mpc_x', {}), refusedWith('coordinator.unproven'));
  }));

test('what is pushed is shown in order and once, forgeries are passed over, and what is missing ends it', () =>
  withDesks(1, async ({ callsOf }) => {
    const ann = await Member.make('ann');
    const broker: Broker = {};
    const calls = callsOf('party-ann', broker);
    const token = await register(calls, ann);
    for (let count = 1; count <= 5; count++) await calls.send(token, note(ann, `note ${count}`));
    const follow = async (after: number, pushed: NonNullable<Broker['pushed']>, enough: number) => {
      broker.pushed = pushed;
      const heard: number[] = [];
      for await (const { number } of calls.follow(token, after, NEVER, () => {})) {
        heard.push(number);
        if (heard.length === enough) break;
      }
      return heard;
    };
    const frames: Uint8Array[] = [];
    const doubled = await follow(
      0,
      (data) => {
        const [first] = frames;
        frames.push(data);
        const forged = data.map((byte, at) => (at === 30 ? byte ^ 1 : byte));
        const renumbered = data.map((byte, at) => (at === 7 ? byte + 1 : byte));
        return [forged, renumbered, new Uint8Array(3), data, data, ...(first === undefined ? [] : [first])];
      },
      5,
    );
    assert.deepEqual(doubled, [1, 2, 3, 4, 5]);
    // What was pushed under another lease does not open here.
    assert.deepEqual(await follow(3, (data) => [...frames, data], 2), [4, 5]);
    let count = 0;
    const heard: Mail['number'][] = [];
    broker.pushed = (data) => (++count === 3 ? [] : [data]);
    await assert.rejects(async () => {
      for await (const { number } of calls.follow(token, 0, NEVER, () => {})) heard.push(number);
    }, refusedWith('coordinator.gap'));
    assert.deepEqual(heard, [1, 2], 'nothing behind the gap is shown');
    assert.deepEqual(await follow(2, (data) => [data], 3), [3, 4, 5]);
  }));

for (const seed of [1, 2])
  test(
    `every place shows every message once, whatever a broker loses, doubles and holds back (seed ${seed})`,
    {
      timeout: 120_000,
    },
    () =>
      withDesks(2, async ({ callsOf }) => {
        const next = splitmix(seed);
        const oneIn = (count: number) => next() % BigInt(count) === 0n;
        let held: Uint8Array | undefined;
        let troubles = 0;
        const broker: Broker = {
          pushed: (data) => {
            if (oneIn(8)) {
              troubles++;
              held = data;
              return [];
            }
            const late = held === undefined ? [] : [held];
            held = undefined;
            return oneIn(4) ? [data, data, ...late] : [data, ...late];
          },
        };
        const [ann, bob] = [await Member.make('ann'), await Member.make('bob')];
        const plain = callsOf('party-ann');
        await register(plain, ann);
        await register(plain, bob);
        const enter = ({ name, person }: Member, calls: DirectoryCalls) =>
          Place.enter(DEPLOYMENT, name, person.identity, calls);
        const desk = await enter(ann, plain);
        const places = await Promise.all([
          enter(bob, callsOf('party-bob', broker)),
          enter(bob, callsOf('party-bob', broker)),
          enter(bob, callsOf('party-bob')),
        ]);
        const texts = Array.from({ length: 30 }, (_, number) => `message ${number}`);
        for (const text of texts) await desk.correspondent.send(text, 'bob');
        for (const place of places) assert.deepEqual(await place.texts.atLeast(texts.length), texts);
        assert.ok(troubles > 2, `${troubles} were lost on the way`);
        for (const place of [desk, ...places]) await place.leave();
        for (const place of places) assert.deepEqual(place.texts.items, texts, 'and nothing more');
      }),
  );
