/**
 * Owns one running actor: its events one at a time, each committed before anything comes of it, and its effects.
 * Must never act on an event that is not committed: a crash at any moment leaves the last commit, and nothing beyond it.
 *
 * An event of which nothing comes needs no commit of its own, which would cost the disk a write: its key is kept here and reaches
 * the inbox with the next change. If a crash comes first, the event may come again, to the same state, and nothing comes of it again.
 *
 * A machine that is *retold* everything (`HostOptions.retold`) commits only where something is to be delivered or it ends: what
 * it heard since its last commit it hears again after a crash, and what its effects found they find again.
 */
import type { AnyStateMachine, EventObject } from 'xstate';
import { hex } from '../base/bytes.ts';
import type { Clock } from '../base/clock.ts';
import { type ErrorReport, MpcError, reportOf } from '../base/errors.ts';
import type { RandomSource } from '../base/random.ts';
import type { Store } from '../store/store.ts';
import { type ChartState, leavesOf, nextStep, type Step } from './chart.ts';
import type { Courier } from './courier.ts';
import type { Effect, Transition } from './host.ts';
import { isWorthAReport, retryDelayMs } from './retry.ts';
import type { Sweeper } from './sweeper.ts';
import { markInbox, type OutboxItem, putOutbox, saveState } from './tables.ts';

/** Keys that may wait for the next change: bounds what is read again after a crash. */
const MOST_UNMARKED = 64;

export interface ActorOptions {
  readonly name: string;
  readonly machineName: string;
  readonly machine: AnyStateMachine;
  readonly store: Store;
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly effects: Readonly<Record<string, Effect>>;
  readonly courier: Courier;
  readonly sweeper: Sweeper;
  /** Everything comes again after a crash: see above. */
  readonly retold: boolean;
  readonly onTransition: (transition: Transition) => void;
  readonly onTrouble: (report: ErrorReport) => void;
  /** Aborted when the host stops. */
  readonly stopped: AbortSignal;
}

export type Committed = Pick<Step, 'state' | 'text' | 'done'> & {
  /** Keys of the events that it has had. */
  readonly keys: readonly string[];
};

/** An event from an effect: what it emits, or how it ended. */
interface EffectEvent extends EventObject {
  readonly actorId?: string;
  readonly output?: unknown;
  readonly error?: ErrorReport;
}

export class HostedActor {
  readonly #options: ActorOptions;
  #state: ChartState;
  #text: string;
  #done: boolean;
  /** Its state, or a key, is not in the store yet. */
  #isAhead = false;
  /** Keys of all events that it has had: those of an actor that has ended are of no use. */
  #keys: Set<string>;
  /** The effects that run now, by id; a run that is no longer here is over, whatever it still says. */
  readonly #runs = new Map<string, AbortController>();
  /** Keys of events since the last commit, of which nothing came. */
  readonly #unmarked = new Set<string>();
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  constructor(options: ActorOptions, { state, text, done, keys }: Committed) {
    this.#options = options;
    this.#state = state;
    this.#text = text;
    this.#done = done;
    this.#keys = new Set(done ? [] : keys);
    options.stopped.addEventListener('abort', () => this.#stopEffects([...this.#runs.keys()]), {
      once: true,
    });
  }

  get done(): boolean {
    return this.#done;
  }

  /** Events that are not dealt with yet. */
  get waiting(): number {
    return this.#waiting;
  }

  get states(): readonly string[] {
    return leavesOf(this.#state);
  }

  /** Starts the effects of a state that was read back from the store, or was just committed. */
  resume(): void {
    if (!this.#done) this.#startEffects(Object.keys(this.#state.effects));
  }

  /** Resolves when the event is committed, or nothing comes of it; at once when it was before, under the same key. */
  send(event: EventObject, key?: string): Promise<void> {
    return this.#queue(() => this.#handle(event, key));
  }

  /** Resolves when every event given so far is dealt with. */
  async settled(): Promise<void> {
    await this.#last;
  }

  #queue(task: () => Promise<void>): Promise<void> {
    this.#waiting++;
    const result = this.#last.then(task).finally(() => this.#waiting--);
    this.#last = result.catch(() => undefined);
    return result;
  }

  async #handle(event: EventObject, key: string | undefined): Promise<void> {
    const { name, machine, machineName, retold, random, courier, stopped } = this.#options;
    if (stopped.aborted) throw hostStopped();
    if (this.#done || (key !== undefined && this.#keys.has(key))) return;
    const from = this.states;
    const step = nextStep(machine, this.#state, event);
    const items = outboxItems(step, random);
    const isChange = step.text !== this.#text || step.starts.length > 0 || step.stops.length > 0;
    const mustLast = items.length > 0 || step.done || (isChange && !retold);
    if (mustLast || this.#unmarked.size >= MOST_UNMARKED) {
      await this.#commit(step, items, key);
    } else {
      this.#isAhead ||= isChange || key !== undefined;
      if (key !== undefined) this.#unmarked.add(key);
    }
    if (key !== undefined) this.#keys.add(key);
    if (step.done) this.#keys.clear();
    this.#state = step.state;
    this.#text = step.text;
    this.#done = step.done;
    courier.take(items);
    this.#stopEffects(step.stops);
    this.#startEffects(step.starts);
    if (step.outcome === 'taken')
      this.#options.onTransition({
        actor: name,
        machine: machineName,
        event: event.type,
        from,
        to: this.states,
        taken: step.taken,
      });
    if (step.outcome === 'ignored') this.#options.onTrouble(ignored(event.type, from));
  }

  /** Commits what it is ahead of the store by, if anything. */
  flush(): Promise<void> {
    return this.#queue(async () => {
      if (this.#isAhead) await this.#commit({ text: this.#text, done: this.#done }, [], undefined);
    });
  }

  async #commit(
    { text, done }: Pick<Step, 'text' | 'done'>,
    items: readonly OutboxItem[],
    key: string | undefined,
  ): Promise<void> {
    const { name, store, sweeper } = this.#options;
    const keys = [...this.#unmarked, ...(key === undefined ? [] : [key])];
    const swept = await store.transaction(async (transaction) => {
      if (keys.length > 0) await markInbox(transaction, name, keys);
      await saveState(transaction, { name, state: text, done });
      await putOutbox(transaction, name, items);
      return sweeper.sweepWithin(transaction);
    });
    sweeper.removed(swept);
    this.#unmarked.clear();
    this.#isAhead = false;
  }

  #stopEffects(ids: readonly string[]): void {
    for (const id of ids) {
      const run = this.#runs.get(id);
      this.#runs.delete(id);
      run?.abort(new MpcError('host.state-left', 'the state that wanted this effect was left'));
    }
  }

  #startEffects(ids: readonly string[]): void {
    if (this.#options.stopped.aborted) return;
    this.#stopEffects(ids);
    for (const id of ids) {
      const run = new AbortController();
      this.#runs.set(id, run);
      void this.#run(id, run);
    }
  }

  async #run(id: string, run: AbortController): Promise<void> {
    const { name, effects } = this.#options;
    const invocation = this.#state.effects[id];
    if (invocation === undefined) return;
    const emit = (event: EventObject) => void this.#report(id, run, event);
    await Promise.resolve(); // observers hear of the transition first
    if (run.signal.aborted) return;
    try {
      const effect = effects[invocation.src];
      if (effect === undefined) throw new MpcError('host.no-effect', `nothing runs ${invocation.src}`);
      const input = structuredClone(invocation.input) as never; // the machine's own input, as its effect expects
      const output = await effect({ actor: name, input, signal: run.signal, emit });
      await this.#report(id, run, { type: `xstate.done.actor.${id}`, output, actorId: id });
    } catch (error) {
      await this.#report(id, run, { type: `xstate.error.actor.${id}`, error: reportOf(error), actorId: id });
    }
  }

  /**
   * Gives an effect's word to the actor, in turn, while that run is wanted. A store that fails is tried again: the
   * effect's work must not be lost to a full disk, and nothing overtakes it.
   */
  #report(id: string, run: AbortController, event: EffectEvent): Promise<void> {
    const { clock, random, onTrouble, stopped } = this.#options;
    return this.#queue(async () => {
      for (let failures = 1; this.#runs.get(id) === run; failures++) {
        try {
          await this.#handle(event, undefined);
          if (event.actorId === id && this.#runs.get(id) === run) this.#runs.delete(id);
          return;
        } catch (error) {
          if (stopped.aborted) return;
          const report = reportOf(error);
          if (isWorthAReport(failures)) onTrouble(report);
          if (!report.code.startsWith('store.')) return;
        }
        await clock.sleep(retryDelayMs(failures, random), stopped).catch(() => undefined); // the loop sees the stop
      }
    });
  }
}

export function outboxItems(step: Step, random: RandomSource): readonly OutboxItem[] {
  return step.actions.map(({ action, params }) => ({ id: hex.encode(random(16)), action, params }));
}

export function hostStopped(): MpcError {
  return new MpcError('host.stopped', 'the host is stopping', { hint: 'send it again after the restart' });
}

function ignored(event: string, states: readonly string[]): ErrorReport {
  return {
    code: 'host.ignored-event',
    message: `${event} means nothing in ${states.join(', ')}`,
    hint: "if it may come there, name it in the chart's table of ignored events",
  };
}
