/**
 * Places that hear their mail over the broker, beside others that hear it over HTTP, while the replicas that push it are killed.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { failoverFetch } from '../../src/api/calls/failover.ts';
import { systemClock } from '../../src/base/clock.ts';
import { systemRandom } from '../../src/base/random.ts';
import { connectNats } from '../../src/bus/nats.ts';
import { newCommandId } from '../../src/coordination/commands.ts';
import type { DirectoryCalls } from '../../src/directory/client/calls.ts';
import { Correspondent } from '../../src/directory/client/correspondent.ts';
import { History } from '../../src/directory/client/history.ts';
import { httpDirectory } from '../../src/directory/client/http.ts';
import { natsDirectory } from '../../src/directory/client/nats.ts';
import { Pins } from '../../src/directory/client/pins.ts';
import type { Happening } from '../../src/directory/client/reading.ts';
import { sayKeys } from '../../src/directory/statements.ts';
import { loadIdentity } from '../../src/identity/identity.ts';
import { sealingKeyOf } from '../../src/identity/sealing.ts';
import { Collected } from '../bus/collected.ts';
import { Coordinators } from '../support/coordinators.ts';

const DEPLOYMENT = 'local';

/** One place where somebody is signed in, with what it was told. */
class Place {
  readonly texts = new Collected<string>();
  readonly connections = new Collected<boolean>();
  readonly correspondent: Correspondent;
  readonly #leave = new AbortController();
  #receiving: Promise<void> = Promise.resolve();

  private constructor(name: string, key: string, calls: DirectoryCalls) {
    const identity = loadIdentity(key);
    this.correspondent = new Correspondent({
      calls,
      deployment: DEPLOYMENT,
      account: name,
      identity,
      sealingKeys: [sealingKeyOf(identity)],
      pins: new Pins({ read: () => undefined, write: () => {} }),
      history: new History({ read: () => undefined, append: () => {} }),
      clock: systemClock,
      random: systemRandom,
      tell: (happening) => this.#told(happening),
    });
  }

  static async enter(name: string, key: string, calls: DirectoryCalls): Promise<Place> {
    const place = new Place(name, key, calls);
    await place.correspondent.signIn();
    place.#receiving = place.correspondent.receive(place.#leave.signal);
    place.#receiving.catch(() => {});
    await place.connections.atLeast(1);
    return place;
  }

  #told(happening: Happening): void {
    if (happening.kind === 'message') this.texts.add(happening.message.text);
    else if (happening.kind === 'connection') this.connections.add(happening.up);
  }

  async leave(): Promise<void> {
    this.#leave.abort(new Error('left'));
    await this.#receiving.catch(() => {});
  }
}

interface World {
  readonly coordinators: Coordinators;
  readonly overHttp: DirectoryCalls;
  readonly overNats: DirectoryCalls;
  /** Registers a party's account, and tells where its key is. */
  readonly register: (name: string) => Promise<string>;
}

async function inWorld(count: number, act: (world: World) => Promise<void>): Promise<void> {
  const coordinators = await Coordinators.start(count, ['ann', 'bob']);
  const bus = await connectNats({ servers: coordinators.nats, name: 'party-bob' });
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
    inWorld(3, async ({ coordinators, overHttp, overNats, register }) => {
      const [anns, bobs] = [await register('ann'), await register('bob')];
      const ann = await Place.enter('ann', anns, overNats);
      const places = await Promise.all([
        Place.enter('bob', bobs, overNats),
        Place.enter('bob', bobs, overNats),
        Place.enter('bob', bobs, overHttp),
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
      for (let replica = 0; replica < 3; replica++) {
        const writing = write(20);
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
    }),
);
