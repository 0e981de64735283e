/** Places of accounts that write to each other while connections break and replicas take over from each other. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../src/base/clock.ts';
import { MpcError } from '../../src/base/errors.ts';
import { systemRandom } from '../../src/base/random.ts';
import { MemoryHub } from '../../src/bus/memory.ts';
import { Correspondent } from '../../src/directory/client/correspondent.ts';
import { History } from '../../src/directory/client/history.ts';
import { accountFingerprint, Pins } from '../../src/directory/client/pins.ts';
import type { Happening } from '../../src/directory/client/reading.ts';
import { sayKeys, signStatement } from '../../src/directory/statements.ts';
import { hurriedClock } from '../coordination/replica.ts';
import { splitmix } from '../support/splitmix.ts';
import { localCalls, type Trouble } from './local-calls.ts';
import { DEPLOYMENT } from './played.ts';
import { type DirectoryReplica, Member, startDirectory } from './replicas.ts';

const refusedWith = (code: string) => (error: unknown) => error instanceof MpcError && error.code === code;

/** What a machine keeps between runs. */
class Disk {
  history = '';
  pins: string | undefined;

  historyStore() {
    return { read: () => this.history, append: (line: string) => this.append(line) };
  }

  pinStore() {
    const write = (text: string): void => {
      this.pins = text;
    };
    return { read: () => this.pins, write };
  }

  append(line: string): void {
    this.history += line;
  }
}

const here = new Set<Place>();

class Place {
  readonly told: Happening[] = [];
  readonly correspondent: Correspondent;
  readonly #leave = new AbortController();
  #receiving: Promise<void> = Promise.resolve();
  #waiting: (() => void)[] = [];

  constructor(member: Member, replicas: readonly DirectoryReplica[], disk = new Disk(), trouble?: Trouble) {
    this.correspondent = new Correspondent({
      calls: localCalls(
        replicas.map(({ directory }) => directory),
        trouble,
      ),
      deployment: DEPLOYMENT,
      account: member.name,
      identity: member.person.identity,
      sealingKeys: [member.sealingKey],
      pins: new Pins(disk.pinStore()),
      history: new History(disk.historyStore()),
      clock: {
        ...hurriedClock,
        sleep: (ms, signal) => (ms > 60_000 ? systemClock : hurriedClock).sleep(ms, signal),
      },
      random: systemRandom,
      tell: (happening) => {
        this.told.push(happening);
        for (const wake of this.#waiting.splice(0)) wake();
      },
    });
  }

  async enter(): Promise<this> {
    await this.correspondent.signIn();
    here.add(this);
    this.#receiving = this.correspondent.receive(this.#leave.signal);
    this.#receiving.catch(() => {});
    return this;
  }

  texts(): string[] {
    return this.told.flatMap((happening) => (happening.kind === 'message' ? [happening.message.text] : []));
  }

  async until(found: () => boolean): Promise<void> {
    const late = AbortSignal.timeout(20_000);
    while (!found()) {
      if (late.aborted)
        throw new Error(`waited in vain; told so far: ${this.told.map(({ kind }) => kind).join()}`);
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
        setTimeout(resolve, 500).unref();
      });
    }
  }

  get ended(): Promise<void> {
    return this.#receiving;
  }

  async leave(): Promise<void> {
    here.delete(this);
    this.#leave.abort();
    await this.#receiving.catch(() => {});
  }
}

async function inWorld(
  act: (
    replicas: readonly DirectoryReplica[],
    people: Record<'ann' | 'bob' | 'cyd', Member>,
  ) => Promise<void>,
): Promise<void> {
  const hub = new MemoryHub({ seed: 7 });
  const replicas = [];
  for (let count = 0; count < 3; count++) replicas.push(await startDirectory(hub.connect('coordinator')));
  try {
    const people = {
      ann: await Member.make('ann'),
      bob: await Member.make('bob'),
      cyd: await Member.make('cyd'),
    };
    for (const one of Object.values(people)) await one.register(replicas[0]!);
    await act(replicas, people);
  } finally {
    for (const place of [...here]) await place.leave();
    for (const replica of replicas) await replica.stop();
    await hub.close();
  }
}

/** One in so many, by a seed that is printed. */
function troubleOf(seed: number): Trouble {
  const next = splitmix(seed);
  const oneIn = (count: number) => next() % BigInt(count) === 0n;
  return { lost: () => oneIn(5), unheard: () => oneIn(5), breaks: () => oneIn(4) };
}

for (const seed of [1, 2, 3])
  test(`every place shows every message once, whatever breaks (seed ${seed})`, () =>
    inWorld(async (replicas, { ann, bob }) => {
      const trouble = troubleOf(seed);
      const annsDesk = await new Place(ann, replicas, new Disk(), trouble).enter();
      const bobs = await Promise.all([1, 2].map(() => new Place(bob, replicas, new Disk(), trouble).enter()));
      const texts = Array.from({ length: 40 }, (_, number) => `message ${number}`);
      for (const [number, text] of texts.entries()) {
        await annsDesk.correspondent.send(text, 'bob');
        if (number % 10 === 0) await bobs[0]!.correspondent.send(`answer ${number}`, 'ann');
      }
      for (const place of bobs) {
        await place.until(() => place.texts().length >= texts.length);
        assert.deepEqual(place.texts(), texts);
        assert.ok(
          place.told.some((happening) => happening.kind === 'connection' && !happening.up),
          'its connection broke',
        );
      }
      await annsDesk.until(() => annsDesk.texts().length >= 4);
      assert.deepEqual(annsDesk.texts(), ['answer 0', 'answer 10', 'answer 20', 'answer 30']);
      for (const place of [annsDesk, ...bobs]) await place.leave();
    }));

test('what a place has shown before it crashed is not shown there again; another place shows it', () =>
  inWorld(async (replicas, { ann, bob }) => {
    const annsDesk = await new Place(ann, replicas).enter();
    const disk = new Disk();
    const quiet = { lost: () => false, unheard: () => false, breaks: () => false, isDeaf: true };
    const first = await new Place(bob, replicas, disk, quiet).enter();
    await annsDesk.correspondent.send('one', 'bob');
    await annsDesk.correspondent.send('two', 'bob');
    await first.until(() => first.texts().length === 2);
    // It had no time to acknowledge: a new session begins with what nobody has acknowledged.
    await first.leave();
    const [replica] = replicas;
    const noted = disk.history;
    const again = new Disk();
    again.history = noted;
    await annsDesk.correspondent.send('three', 'bob');
    const second = await new Place(bob, replicas, again).enter();
    await second.until(() => second.texts().length === 1);
    assert.deepEqual(second.texts(), ['three']);
    // A line that a crash cut off is no message that was shown.
    assert.deepEqual(
      new History({ read: () => `${noted}{"direction":"in","numb`, append: () => {} }).lastNumber(0),
      0,
    );
    assert.ok(replica !== undefined);
    for (const place of [annsDesk, second]) await place.leave();
  }));

test('a message to a collaboration goes to all others who take part, and names them', () =>
  inWorld(async (replicas, { ann, bob, cyd }) => {
    const places = await Promise.all([ann, bob, cyd].map((one) => new Place(one, replicas).enter()));
    const [annsDesk, bobsDesk, cydsDesk] = places as [Place, Place, Place];
    const collaboration = 'c'.repeat(20);
    assert.deepEqual(await annsDesk.correspondent.send('shall we?', `#${collaboration}`), ['bob', 'cyd']);
    for (const place of [bobsDesk, cydsDesk]) {
      await place.until(() => place.texts().length === 1);
      const [told] = place.told.filter(({ kind }) => kind === 'message');
      assert.ok(told?.kind === 'message');
      assert.deepEqual([told.message.to, told.message.collaboration], [['bob', 'cyd'], collaboration]);
    }
    for (const place of places) await place.leave();
  }));

test('a key that changes stops what is written and marks what is read, until somebody trusts it', () =>
  inWorld(async (replicas, { ann, bob }) => {
    const annsDesk = await new Place(ann, replicas).enter();
    const bobsDesk = await new Place(bob, replicas).enter();
    await annsDesk.correspondent.send('hello', 'bob');
    await bobsDesk.correspondent.send('hello', 'ann');
    await annsDesk.until(() => annsDesk.texts().length === 1);
    assert.ok(annsDesk.told.some(({ kind }) => kind === 'first-contact'));
    await bobsDesk.leave();
    const next = await Member.make('bob');
    await rekey(replicas[0]!, bob, next);
    await assert.rejects(annsDesk.correspondent.send('secret', 'bob'), (error) => {
      assert.ok(error instanceof MpcError && error.code === 'account.key-changed');
      for (const { identity, sealing } of [bob.person, next.person])
        assert.ok(error.message.includes(accountFingerprint({ signing: identity.publicKey, sealing })));
      return true;
    });
    const newDesk = await new Place(next, replicas).enter();
    await newDesk.correspondent.send('it is me', 'ann');
    await annsDesk.until(() => annsDesk.told.some(({ kind }) => kind === 'unproven'));
    assert.deepEqual(annsDesk.texts(), ['hello'], 'not shown as his');
    await annsDesk.correspondent.trust('bob');
    await annsDesk.correspondent.send('welcome back', 'bob');
    await newDesk.until(() => newDesk.texts().includes('welcome back'));
    for (const place of [annsDesk, newDesk]) await place.leave();
  }));

test('a place whose coordinators tell others another key than its own says so, and does not go on', () =>
  inWorld(async (replicas, { ann }) => {
    const impostor = await Member.make('ann');
    const [replica] = replicas;
    assert.ok(replica !== undefined);
    const lying = new Proxy(replica.directory, {
      get: (directory, name) => {
        const member: unknown = Reflect.get(directory, name);
        if (name === 'account')
          return async (account: string) => ({
            ...(await directory.account(account)),
            keys: { signing: ann.person.identity.publicKey, sealing: impostor.person.sealing },
          });
        return typeof member === 'function' ? member.bind(directory) : member;
      },
    });
    const place = new Place(ann, [{ ...replica, directory: lying }]);
    await assert.rejects(place.correspondent.signIn(), refusedWith('account.key-changed'));
  }));

async function rekey({ directory }: DirectoryReplica, before: Member, after: Member): Promise<void> {
  const session = await before.signIn({ directory });
  const atMs = Date.now();
  const keys = sayKeys({ deployment: DEPLOYMENT, account: before.name, ...after.person, nowMs: atMs });
  const statement = { kind: 'change', account: before.name, session: session.session, atMs } as const;
  await directory.change(
    session,
    { keys },
    { atMs, signature: signStatement(DEPLOYMENT, before.person.identity, statement) },
  );
}

test('a place that was signed out signs in again by its key, and says what another place has shown meanwhile', () =>
  inWorld(async (replicas, { ann, bob }) => {
    const annsDesk = await new Place(ann, replicas).enter();
    const blind = { lost: () => false, unheard: () => false, breaks: () => true };
    const far = await new Place(bob, replicas, new Disk(), blind).enter();
    const near = await new Place(bob, replicas).enter();
    for (const text of ['one', 'two', 'three']) await annsDesk.correspondent.send(text, 'bob');
    await near.until(() => near.texts().length === 3);
    const [replica] = replicas;
    assert.ok(replica !== undefined);
    await replica.follower.until((state) =>
      [...state.table<{ acknowledged: number }>('directory', 'mailboxes').entries()].some(
        ([name, { acknowledged }]) => name === 'bob' && acknowledged === 3,
      ),
    );
    await rekey(replica, bob, bob);
    await far.until(() => far.told.some(({ kind }) => kind === 'missed'));
    const missed = far.told.find(({ kind }) => kind === 'missed');
    assert.ok(missed?.kind === 'missed');
    assert.equal(missed.count, 3);
    for (const place of [annsDesk, far, near]) await place.leave();
  }));

test('a place that was not running says, when it is again, how many messages another has shown meanwhile', () =>
  inWorld(async (replicas, { ann, bob }) => {
    const annsDesk = await new Place(ann, replicas).enter();
    const disk = new Disk();
    const before = await new Place(bob, replicas, disk).enter();
    await annsDesk.correspondent.send('one', 'bob');
    await before.until(() => before.texts().length === 1);
    await before.leave();
    await before.correspondent.logout();
    const phone = await new Place(bob, replicas).enter();
    for (const text of ['two', 'three']) await annsDesk.correspondent.send(text, 'bob');
    await phone.until(() => phone.texts().length === 2);
    await phone.leave();
    await phone.correspondent.logout();
    const after = await new Place(bob, replicas, disk).enter();
    const missed = after.told.find(({ kind }) => kind === 'missed');
    assert.ok(missed?.kind === 'missed');
    assert.equal(missed.count, 2);
    for (const place of [annsDesk, after]) await place.leave();
  }));

test('mail of somebody who cannot be looked up any more is said to be unreadable, and what follows is shown', () =>
  inWorld(async (replicas, { ann, bob, cyd }) => {
    const [annsDesk, cydsDesk] = [
      await new Place(ann, replicas).enter(),
      await new Place(cyd, replicas).enter(),
    ];
    await cydsDesk.correspondent.send('who am I?', 'bob');
    await cydsDesk.correspondent.delete();
    await assert.rejects(cydsDesk.ended, refusedWith('account.unknown'));
    await annsDesk.correspondent.send('hello', 'bob');
    const bobsDesk = await new Place(bob, replicas).enter();
    await bobsDesk.until(() => bobsDesk.texts().length === 1);
    const [first] = bobsDesk.told.filter(({ kind }) => kind === 'unreadable');
    assert.ok(first?.kind === 'unreadable' && first.from === 'cyd' && first.fault.code === 'account.unknown');
    for (const place of [annsDesk, bobsDesk]) await place.leave();
  }));

test('a place whose account is deleted elsewhere ends with a plain reason, and writers are told', () =>
  inWorld(async (replicas, { ann, bob }) => {
    const annsDesk = await new Place(ann, replicas).enter();
    const bobsDesk = await new Place(bob, replicas).enter();
    const phone = new Place(bob, replicas);
    await phone.correspondent.signIn();
    await phone.correspondent.delete();
    await assert.rejects(bobsDesk.ended, refusedWith('account.unknown'));
    await assert.rejects(annsDesk.correspondent.send('hello?', 'bob'), refusedWith('account.unknown'));
    await annsDesk.leave();
  }));
