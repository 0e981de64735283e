/**
 * Owns the table of actors of one store: it brings them back after a restart and gives each its events.
 * Must never run an actor on a state that another chart wrote.
 */
import type { EventObject } from 'xstate';
import type { Clock } from '../base/clock.ts';
import { assert, EXIT, MpcError } from '../base/errors.ts';
import type { RandomSource } from '../base/random.ts';
import type { Store } from '../store/store.ts';
import { type Committed, HostedActor, hostStopped, outboxItems } from './actor.ts';
import { chartDigest, checkMachine, firstStep, leavesOf, readState } from './chart.ts';
import { Courier } from './courier.ts';
import type { Host, HostLoad, HostOptions } from './host.ts';
import { Sweeper } from './sweeper.ts';
import {
  type ActorRow,
  deleteActor,
  emptyFinishedInboxes,
  HOST_MIGRATIONS,
  insertActor,
  type OutboxItem,
  putOutbox,
  readActors,
  readInbox,
  readOutbox,
} from './tables.ts';

export interface OpenHostOptions extends HostOptions {
  /** Open; the host makes its own tables in it and does not close it. */
  readonly store: Store;
  readonly clock: Clock;
  readonly random: RandomSource;
}

/** Opens the host: committed actions are delivered and effects run again from here on. Throws `store.*` errors. */
export async function openHost(options: OpenHostOptions): Promise<Host> {
  const effects = new Set(Object.keys(options.effects));
  const deliveries = new Set(Object.keys(options.deliveries));
  for (const machine of Object.values(options.machines)) checkMachine(machine, { effects, deliveries });
  await options.store.migrate('host', HOST_MIGRATIONS);
  const host = new DurableHost(options);
  const { store } = options;
  host.restore(await readActors(store), await readOutbox(store), await readInbox(store));
  return host;
}

interface Resident {
  readonly courier: Courier;
  /** Absent while starting, and for a state that another chart wrote. */
  actor?: HostedActor;
  /** It had ended when it was read back: whatever chart that was, it takes no event. */
  readonly ended: boolean;
  /** Resolves when the actor's row is committed. */
  started: Promise<void>;
}

class DurableHost implements Host {
  readonly #options: OpenHostOptions;
  readonly #residents = new Map<string, Resident>();
  readonly #stopped = new AbortController();
  readonly #sweeper: Sweeper;
  /** Digest of each machine. */
  readonly #charts: ReadonlyMap<string, string>;

  constructor(options: OpenHostOptions) {
    this.#options = options;
    this.#charts = new Map(
      Object.entries(options.machines).map(([name, machine]) => [name, chartDigest(machine)]),
    );
    const { store, clock, onTrouble } = options;
    this.#sweeper = new Sweeper(store, clock, (report) => onTrouble?.(report, ''));
  }

  restore(
    rows: readonly ActorRow[],
    outbox: ReadonlyMap<string, readonly OutboxItem[]>,
    inbox: ReadonlyMap<string, readonly string[]>,
  ): void {
    for (const row of rows) {
      const resident = this.#settle(row.name, row.done);
      const machine = this.#options.machines[row.machine];
      if (machine !== undefined && this.#charts.get(row.machine) === row.chart) {
        const keys = inbox.get(row.name) ?? [];
        const committed = { state: readState(machine, row.state), text: row.state, done: row.done, keys };
        resident.actor = this.#hosted(row.name, row.machine, committed, resident.courier);
        const { states } = resident.actor;
        if (!row.done) this.#options.onRestored?.({ actor: row.name, machine: row.machine, states });
      } else if (!row.done) {
        this.#options.onTrouble?.(staleSnapshot(row).report(), row.name);
      }
    }
    for (const { name } of rows) {
      this.#residents.get(name)?.courier.take(outbox.get(name) ?? []);
      this.#residents.get(name)?.actor?.resume();
    }
  }

  async start(name: string, machineName: string, input: object): Promise<void> {
    if (this.#stopped.signal.aborted) throw hostStopped();
    const known = this.#residents.get(name);
    if (known !== undefined) return known.started;
    const resident = this.#settle(name);
    resident.started = this.#begin(name, machineName, input, resident);
    try {
      await resident.started;
    } catch (error) {
      this.#residents.delete(name);
      throw error;
    }
  }

  async #begin(name: string, machineName: string, input: object, resident: Resident): Promise<void> {
    const { machines, store, random, onTransition } = this.#options;
    const machine = machines[machineName];
    const chart = this.#charts.get(machineName);
    assert(machine !== undefined && chart !== undefined, 'a started machine is in the table of machines');
    const step = firstStep(machine, input);
    const items = outboxItems(step, random);
    const row = {
      name,
      machine: machineName,
      chart,
      state: step.text,
      done: step.done,
    };
    await store.transaction(async (transaction) => {
      assert(await insertActor(transaction, row), 'every actor of the store is in memory');
      await putOutbox(transaction, name, items);
    });
    resident.actor = this.#hosted(name, machineName, { ...step, keys: [] }, resident.courier);
    resident.courier.take(items);
    resident.actor.resume();
    onTransition?.({
      actor: name,
      machine: machineName,
      event: 'xstate.init',
      from: [],
      to: leavesOf(step.state),
      taken: step.taken,
    });
  }

  get load(): HostLoad {
    const load = { actors: 0, events: 0, undelivered: 0 };
    for (const { actor, courier } of this.#residents.values()) {
      if (actor?.done === false) load.actors++;
      load.events += actor?.waiting ?? 0;
      load.undelivered += courier.undelivered;
    }
    return load;
  }

  has(name: string): boolean {
    return this.#residents.has(name);
  }

  isDone(name: string): boolean {
    const resident = this.#residents.get(name);
    return resident?.actor?.done ?? resident?.ended ?? false;
  }

  states(name: string): readonly string[] | undefined {
    return this.#residents.get(name)?.actor?.states;
  }

  async send(name: string, event: EventObject, key?: string): Promise<void> {
    if (this.#stopped.signal.aborted) throw hostStopped();
    const resident = this.#residents.get(name);
    if (resident === undefined)
      throw new MpcError('host.unknown-actor', `no actor is called ${name}`, {
        hint: 'start it first',
        exitCode: EXIT.software,
      });
    await resident.started;
    if (resident.actor === undefined && resident.ended) return;
    if (resident.actor === undefined) throw staleSnapshot({ name });
    await resident.actor.send(event, key);
  }

  async forget(name: string): Promise<void> {
    const resident = this.#residents.get(name);
    if (resident === undefined) return;
    await resident.started;
    const runs = resident.actor !== undefined && !resident.actor.done;
    if (runs || !resident.courier.idle)
      throw new MpcError(
        'host.still-running',
        `${name} has not finished, or not everything it said has arrived`,
        {
          hint: 'try again later',
          exitCode: EXIT.temporary,
        },
      );
    await this.#sweeper.sweep();
    await this.#options.store.transaction((transaction) => deleteActor(transaction, name));
    this.#residents.delete(name);
  }

  async stop(): Promise<void> {
    if (this.#stopped.signal.aborted) return;
    this.#stopped.abort(hostStopped());
    for (const { started, actor } of this.#residents.values()) {
      await started.catch(() => undefined);
      await actor?.settled();
      await actor?.flush();
    }
    await this.#sweeper.sweep();
    await this.#options.store.transaction(emptyFinishedInboxes);
  }

  #settle(name: string, ended = false): Resident {
    const { clock, random, deliveries, onTrouble } = this.#options;
    const courier = new Courier({
      actor: name,
      sweeper: this.#sweeper,
      clock,
      random,
      deliveries,
      onTrouble: (report) => onTrouble?.(report, name),
      stopped: this.#stopped.signal,
    });
    const resident: Resident = { courier, ended, started: Promise.resolve() };
    this.#residents.set(name, resident);
    return resident;
  }

  #hosted(name: string, machineName: string, committed: Committed, courier: Courier): HostedActor {
    const { machines, store, clock, random, effects, retold, onTransition, onTrouble } = this.#options;
    const machine = machines[machineName];
    assert(machine !== undefined, 'a hosted machine is in the table of machines');
    return new HostedActor(
      {
        name,
        machineName,
        machine,
        store,
        clock,
        random,
        effects,
        courier,
        sweeper: this.#sweeper,
        retold: retold?.includes(machineName) === true,
        onTransition: (transition) => onTransition?.(transition),
        onTrouble: (report) => onTrouble?.(report, name),
        stopped: this.#stopped.signal,
      },
      committed,
    );
  }
}

function staleSnapshot({ name }: Pick<ActorRow, 'name'>): MpcError {
  return new MpcError('host.stale-snapshot', `${name} was written by another version of its chart`, {
    hint: 'finish it with the version that began it, or start the collaboration anew',
    exitCode: EXIT.badConfig,
  });
}
