/**
 * Owns what is outside the host in its tests: files, a clock that stands still or jumps, and a record of what was said.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import type { EventObject } from 'xstate';
import type { Clock } from '../../src/base/clock.ts';
import type { ErrorReport } from '../../src/base/errors.ts';
import { systemRandom } from '../../src/base/random.ts';
import type { Delivery, Effect, Host, Transition } from '../../src/host/host.ts';
import { type OpenHostOptions, openHost } from '../../src/host/open.ts';
import { openStore, type Store } from '../../src/store/store.ts';
import { type LedgerEvent, ledgerMachine } from './ledger.ts';

const directory = mkdtempSync(join(tmpdir(), 'mpc-host-'));
after(() => rmSync(directory, { recursive: true }));
let files = 0;
export const newPath = (): string => join(directory, `${++files}.sqlite`);

/** Waiting takes no time: every sleep ends in the next turn of the event loop, and is written down. */
export function hastyClock(slept: number[] = []): Clock {
  return {
    now: () => 0,
    sleep: (delayMs, signal) =>
      new Promise((resolve, reject) => {
        slept.push(delayMs);
        setImmediate(() => (signal?.aborted ? reject(signal.reason) : resolve()));
      }),
    after: (_delayMs, callback) => {
      const turn = setImmediate(callback);
      return () => clearImmediate(turn);
    },
  };
}

/** Lets the event loop turn until it holds; throws when it does not for a long time. */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const start = Date.now();
  while (!(await holds())) {
    if (Date.now() - start > 10_000) throw new Error(`never came true: ${what}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** An effect that ends only when its state is left. */
export const forever: Effect = ({ signal }) =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));

/** What a ledger begins with. */
export const start = { start: [] };

export interface Said {
  readonly actor: string;
  readonly id: string;
  readonly n: number;
  readonly total: number;
}

export interface World {
  readonly store: Store;
  readonly host: Host;
  readonly said: Said[];
  readonly transitions: Transition[];
  readonly troubles: (ErrorReport & { readonly actor: string })[];
  send(event: LedgerEvent | EventObject, key?: string): Promise<void>;
  close(): Promise<void>;
}

export interface WorldOptions extends Partial<Omit<OpenHostOptions, 'store'>> {
  readonly path?: string;
  readonly store?: Store;
  readonly job?: Effect;
  readonly say?: Delivery;
}

/** A host with the ledger machine on a file; `job` resolves with its number unless said otherwise. */
export async function openWorld({
  path = newPath(),
  job,
  say,
  ...options
}: WorldOptions = {}): Promise<World> {
  const store = options.store ?? (await openStore({ path }));
  const said: Said[] = [];
  const transitions: Transition[] = [];
  const troubles: World['troubles'] = [];
  const record: Delivery = async ({ n, total }: { n: number; total: number }, { actor, id }) => {
    said.push({ actor, id, n, total });
  };
  const host = await openHost({
    machines: { ledger: ledgerMachine },
    effects: { job: job ?? (async ({ input }: { input: { n: number } }) => input.n) },
    deliveries: {
      say: async (params, context) => {
        await say?.(params, context);
        await record(params, context);
      },
    },
    clock: hastyClock(),
    random: systemRandom,
    onTransition: (transition) => transitions.push(transition),
    onTrouble: (report, actor) => troubles.push({ ...report, actor }),
    ...options,
    store,
  });
  return {
    store,
    host,
    said,
    transitions,
    troubles,
    send: (event, key) => host.send('a', event, key),
    close: async () => {
      await host.stop();
      await store.close();
    },
  };
}

/** The context of an actor as the file holds it. */
export async function storedContext(store: Store, actor = 'a'): Promise<{ seen: number[]; done: number[] }> {
  const row = await store.get('SELECT state FROM actor WHERE name = ?', actor);
  return JSON.parse(String(row?.state)).context;
}

export const outboxSize = async (store: Store): Promise<number> =>
  Number((await store.get('SELECT count(*) AS size FROM outbox'))?.size);
