/**
 * Crashes the host at every step of its path: before and after each statement, each commit, each delivery and each effect.
 * After every crash a new host goes on from the file. Whatever the step: nothing is sent that was not committed, nothing
 * committed stays unsent, and no event is applied twice.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Delivery, Effect, EffectContext } from '../../src/host/host.ts';
import { openStore, type Store, type Transaction } from '../../src/store/store.ts';
import type { LedgerEvent } from './ledger.ts';
import { newPath, openWorld, outboxSize, type Said, storedContext, until } from './world.ts';

const SCRIPT: readonly LedgerEvent[] = [
  { type: 'add', n: 0 },
  { type: 'work', n: 1 },
  { type: 'add', n: 2 },
  { type: 'work', n: 3 },
  { type: 'add', n: 4 },
  { type: 'close' },
];

/** One process that dies at its step number `lastStep`: from then on nothing it does comes back or has an effect. */
class Process {
  #left: number;
  readonly #die: () => void;
  readonly died: Promise<void>;
  dead = false;
  where = '';

  constructor(lastStep: number) {
    this.#left = lastStep;
    let die = (): void => {};
    this.died = new Promise((resolve) => {
      die = resolve;
    });
    this.#die = die;
  }

  /** A step of the path. Never comes back once the process is dead. */
  async step(where: string): Promise<void> {
    if (!this.dead && this.#left-- === 0) {
      this.dead = true;
      this.where = where;
      this.#die();
    }
    if (this.dead) await new Promise(() => {});
  }
}

/** The store as a process sees it: an open transaction is rolled back when it dies, as SQLite would after a crash. */
function storeOf(process: Process, store: Store): Store {
  const inside = (transaction: Transaction): Transaction => ({
    run: async (sql, ...values) => {
      await diesIn(process, `before ${sql.slice(0, 18)}`);
      const changes = await transaction.run(sql, ...values);
      await diesIn(process, `after ${sql.slice(0, 18)}`);
      return changes;
    },
    get: (sql, ...values) => transaction.get(sql, ...values),
    all: (sql, ...values) => transaction.all(sql, ...values),
  });
  return {
    migrate: (owner, migrations) => store.migrate(owner, migrations),
    close: () => store.close(),
    get: (sql, ...values) => store.get(sql, ...values),
    all: (sql, ...values) => store.all(sql, ...values),
    run: async (sql, ...values) => {
      await process.step(`before ${sql.slice(0, 18)}`);
      const changes = await store.run(sql, ...values);
      await process.step(`after ${sql.slice(0, 18)}`);
      return changes;
    },
    transaction: async (work) => {
      await process.step('before a transaction');
      const result = await store
        .transaction((transaction) => work(inside(transaction)))
        .catch(async (error) => {
          if (process.dead) await new Promise(() => {});
          throw error;
        });
      await process.step('after a commit');
      return result;
    },
  };
}

/** Inside a transaction: death is an error that rolls it back; its caller never hears of it. */
async function diesIn(process: Process, where: string): Promise<void> {
  await Promise.race([process.step(where), process.died]);
  if (process.dead) throw new Error('the process is dead');
}

interface Outcome {
  readonly crashes: readonly string[];
  readonly said: readonly Said[];
  readonly jobs: readonly number[];
}

/** Runs the script on one file, in processes that die at those steps, then in one that lives. */
async function runWithCrashes(
  lastSteps: readonly number[],
  options: { readonly retold?: readonly string[] } = {},
): Promise<Outcome> {
  const path = newPath();
  const said: Said[] = [];
  const jobs: number[] = [];
  const crashes: string[] = [];
  const tooEarly: number[] = [];
  for (const lastStep of [...lastSteps, Number.POSITIVE_INFINITY]) {
    const store = await openStore({ path });
    const process = new Process(lastStep);
    const say: Delivery = async ({ n, total }: { n: number; total: number }, { actor, id }) => {
      await process.step('before a delivery');
      const committed = await store.get('SELECT 1 FROM outbox WHERE id = ?', id);
      if (committed === undefined) tooEarly.push(n);
      said.push({ actor, id, n, total });
      await process.step('after a delivery');
    };
    const job: Effect = async ({ input, emit }: EffectContext<{ n: number }>) => {
      await process.step('before an effect');
      jobs.push(input.n);
      emit({ type: 'emitted' });
      await process.step('after an effect');
      return input.n;
    };
    const life = (async () => {
      const world = await openWorld({ ...options, store: storeOf(process, store), job, say });
      await world.host.start('a', 'ledger', { start: [] });
      for (const [index, event] of SCRIPT.entries()) {
        await until('work is done', () => process.dead || world.host.states('a')?.[0] !== 'working');
        await world.send(event, `event ${index}`);
      }
      await until('everything is sent', async () => process.dead || (await outboxSize(store)) === 0);
      await world.host.stop();
      assert.deepEqual(world.troubles, []);
    })();
    await Promise.race([life, process.died]);
    if (process.dead) crashes.push(process.where);
    await store.close();
    if (!process.dead) break;
  }
  assert.deepEqual(tooEarly, [], 'nothing was sent before it was committed');
  const store = await openStore({ path });
  assert.equal(await outboxSize(store), 0, 'everything committed was sent');
  const { seen, done } = await storedContext(store);
  assert.deepEqual(seen, [0, 1, 2, 3, 4], 'every event was applied once');
  assert.deepEqual(done, [1, 3], 'every result was applied once');
  await store.close();
  return { crashes, said, jobs };
}

/** Each thing has one id however often it was sent, and first arrivals are in the actor's order. */
function assertSaidOnce(said: readonly Said[]): void {
  const first = new Map(said.map((one) => [one.id, one] as const).reverse());
  const inOrder = said.filter((one, index) => said.findIndex(({ id }) => id === one.id) === index);
  assert.equal(first.size, inOrder.length);
  assert.deepEqual(
    inOrder.map(({ n, total }) => [n, total]),
    [
      [0, 0],
      [1, -1],
      [2, 3],
      [3, -2],
      [4, 10],
      [-1, 0],
    ],
  );
}

test('one crash at any step of the path', async () => {
  const where = new Map<string, number>();
  let saidTwice = 0;
  let workedTwice = 0;
  let step = 0;
  for (; ; step++) {
    const { crashes, said, jobs } = await runWithCrashes([step]);
    assertSaidOnce(said);
    if (crashes.length === 0) break;
    for (const place of crashes) where.set(place, (where.get(place) ?? 0) + 1);
    saidTwice += said.length - 6;
    workedTwice += jobs.length - 2;
  }
  assert.ok(step > 60, `${step} steps`);
  assert.ok(saidTwice > 0, 'a crash between a delivery and its record sends again, with the same id');
  assert.ok(workedTwice > 0, 'a crash in an effect runs it again');
  for (const place of [
    'before a transaction',
    'after a commit',
    'before a delivery',
    'after a delivery',
    'after an effect',
  ])
    assert.ok((where.get(place) ?? 0) > 0, `no crash ${place}`);
  for (const statement of [
    'DELETE FROM outbo',
    'INSERT INTO actor',
    'INSERT INTO inbox',
    'INSERT INTO outbo',
    'UPDATE actor SET',
  ])
    assert.ok(
      [...where.keys()].some((place) => place.includes(statement)),
      `no crash at ${statement}: ${[...where.keys()].join('; ')}`,
    );
});

test('crash after crash, each a few steps after the restart', async () => {
  let crashed = 0;
  for (const every of [3, 5, 7, 11]) {
    const { crashes, said } = await runWithCrashes(Array.from({ length: 60 }, () => every));
    assertSaidOnce(said);
    crashed += crashes.length;
  }
  assert.ok(crashed > 40, `${crashed} crashes`);
});

test('a machine that is retold everything commits less often, and one crash at any step changes nothing all the same', async () => {
  const steps = async (options: { readonly retold?: readonly string[] }): Promise<number> => {
    for (let step = 0; ; step++) {
      const { crashes, said } = await runWithCrashes([step], options);
      assertSaidOnce(said);
      if (crashes.length === 0) return step;
    }
  };
  const [few, all] = [await steps({ retold: ['ledger'] }), await steps({})];
  assert.ok(few < all, `${few} steps instead of ${all}`);
  for (const every of [3, 5, 7]) {
    const { said } = await runWithCrashes(
      Array.from({ length: 60 }, () => every),
      { retold: ['ledger'] },
    );
    assertSaidOnce(said);
  }
});
