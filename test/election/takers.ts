/**
 * Owns servers that only take ballots: the real intake and the real boxing, each time with a log of its own, over one real store in
 * memory and a clock that stands still until all have arrived.
 */
import assert from 'node:assert/strict';
import { Envelopes } from '../../src/box/envelopes.ts';
import { Gathering } from '../../src/box/gathering.ts';
import { Intake } from '../../src/box/intake.ts';
import { Bell, type BoxPlace } from '../../src/box/place.ts';
import { BoxStore } from '../../src/box/store.ts';
import { mostInBatch } from '../../src/election/box-memory.ts';
import { ELECTION_SERVERS } from '../../src/election/descriptor.ts';
import { EnvelopeOpener, encodeEnvelope } from '../../src/election/envelope.ts';
import { trackerOf, unpackItems } from '../../src/election/items.ts';
import { decodePublicKey } from '../../src/identity/nkey.ts';
import { newMeters } from '../../src/observe/logger.ts';
import { openStore } from '../../src/store/store.ts';
import type { CastBallots } from './orders.ts';

/** Past the time that another server's voters' ballots wait for that server. */
const LONG_MS = 60_000;

export class Takers {
  readonly #cast: CastBallots;
  readonly #store: BoxStore;
  #names = 0;

  private constructor(cast: CastBallots, store: BoxStore) {
    this.#cast = cast;
    this.#store = store;
  }

  static async open(cast: CastBallots): Promise<Takers> {
    return new Takers(cast, await BoxStore.open(await openStore({ path: ':memory:' })));
  }

  /** Gives a server one ballot of each slot in that order; returns the slots as it named them in the log, once it has no more to name. */
  async box(at: number, order: readonly number[], boxes: 'as they come' | 'at the end'): Promise<number[]> {
    const { world, servers, choices } = this.#cast;
    const log = world.fork();
    const me = ELECTION_SERVERS[at]!;
    const { election, type } = { election: log.id, type: log.type };
    const bell = new Bell();
    const stopping = new AbortController();
    const { signal } = stopping;
    let nowMs = 0;
    const named: number[] = [];
    // What intake and boxing use of a place, and no more.
    const place = {
      me,
      memo: world.memo,
      store: this.#store,
      signal,
      workplace: {
        identity: world.identityOf(me),
        follower: { state: log.state },
        meters: newMeters(),
        clock: { now: () => nowMs, after: () => () => {}, sleep: () => Promise.reject(new Error('refused')) },
      },
      say: async (body: Parameters<typeof log.say>[1]) => {
        assert.equal(log.say(me, body), undefined);
        if (body.kind === 'election.boxed')
          named.push(...(unpackItems(body.items) ?? []).map(({ voter }) => voter));
        return log.state.sequence;
      },
    } as unknown as BoxPlace;
    const name = `${this.#names++}`;
    const envelopes = new Envelopes(this.#store, name, type.sizes);
    const parts = { place, bell, view: log.view, election, envelopes, sizes: type.sizes };
    const onTrouble = (): void => assert.fail('nothing is fetched');
    const gathering = new Gathering({ ...parts, mostInBatch: mostInBatch(type), onTrouble });
    const opener = new EnvelopeOpener(log.digest, at, servers[at]!.sealingKey);
    const voters = log.voters.map(({ identity }) => decodePublicKey(identity.publicKey));
    const intake = new Intake({ ...parts, opener, gathering, voters });
    let boxing: Promise<void> | undefined;
    if (boxes === 'as they come') boxing = gathering.boxAll(signal);
    const given = order.map((slot) => this.#cast.envelope(slot, slot % choices.length));
    for (const envelope of given) {
      const receipt = await intake.take(encodeEnvelope(envelope));
      assert.deepEqual(receipt.held, [trackerOf(election, envelope)]);
    }
    if (boxing !== undefined) {
      const others = given.filter(({ voter }) => voter % ELECTION_SERVERS.length !== at).length;
      await bell.until(() => gathering.unboxed === others, signal);
    }
    nowMs += LONG_MS;
    const flushed = gathering.flush(signal);
    boxing ??= gathering.boxAll(signal);
    await flushed;
    stopping.abort();
    await boxing.catch((error: unknown) => assert.equal(error, signal.reason));
    const kept = await this.#store.envelopes(
      name,
      given.map(({ contents }) => contents),
    );
    assert.equal(kept.length, order.length);
    assert.equal(log.election.ballots, order.length);
    return named;
  }

  close(): Promise<void> {
    return this.#store.close();
  }
}
