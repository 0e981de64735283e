/**
 * Owns what every role's process is made of: a store, the durable host, the bus, the log it follows. A role adds its
 * charts, effects and deliveries. The order of starting does not matter to anyone: whatever is missing is waited for.
 *
 * The host runs at once, because it holds what a crash left unfinished; effects that need the bus wait for `place`,
 * which the root chart's own `connect` effect brings.
 */
import { setMaxListeners } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { EXIT, MpcError, reportOf } from '../../src/base/errors.ts';
import type { Bus, Log } from '../../src/bus/bus.ts';
import { subjects } from '../../src/bus/subjects.ts';
import type { Body } from '../../src/coordination/chapter.ts';
import { collaborationChange } from '../../src/coordination/collaborations.ts';
import { type Follower, followLog } from '../../src/coordination/follower.ts';
import type { Applied } from '../../src/coordination/records.ts';
import { submitCommand } from '../../src/coordination/submit.ts';
import { describeWaiting } from '../../src/coordination/waiting.ts';
import type { Workplace } from '../../src/duties/workplace.ts';
import { ElectionsView } from '../../src/election/rows.ts';
import type { Host, HostLoad } from '../../src/host/host.ts';
import { openHost } from '../../src/host/open.ts';
import { type Meters, newMeters, Troubles } from '../../src/observe/logger.ts';
import type { Vitals } from '../../src/observe/vitals.ts';
import { openStore } from '../../src/store/store.ts';
import { participantChapters } from './chapters.ts';
import type { RoleParts, RuntimeParts } from './parts.ts';
import type { ReplicaStart } from './replica.ts';
import { watchedEffects } from './watching.ts';

/** The pause before the log is asked for again. */
const UNAVAILABLE_MS = 500;

export class Runtime {
  readonly parts: RuntimeParts;
  readonly troubles: Troubles;
  readonly meters: Meters = newMeters();
  /** Resolves once connected and caught up with the log. */
  readonly place: Promise<Workplace>;
  /** Resolves when the role has drained. */
  readonly drained: Promise<void>;
  readonly #stopping = new AbortController();
  #arrive: (place: Workplace) => void = () => {};
  readonly #started: Promise<void>;
  #haveStarted: () => void = () => {};
  #finish: () => void = () => {};
  #bus: Bus | undefined;
  #follower: Follower | undefined;
  #log: Log | undefined;
  #fault: MpcError | undefined;
  #isThere = false;
  #host: Host | undefined;
  /** Several may ask: the end of a participation, each later event of its log, a signal. A role that has stopped hears nobody. */
  #draining: Promise<void> | undefined;
  #role: RoleParts | undefined;
  #beginning: ReplicaStart | undefined;
  #connecting: Promise<void> | undefined;

  constructor(parts: RuntimeParts) {
    this.parts = parts;
    this.troubles = new Troubles(parts.logger);
    // Every command under way listens to it.
    setMaxListeners(0, this.#stopping.signal);
    this.place = new Promise((resolve) => {
      this.#arrive = resolve;
    });
    this.#started = new Promise((resolve) => {
      this.#haveStarted = resolve;
    });
    this.drained = new Promise((resolve) => {
      this.#finish = resolve;
    });
  }

  /** Opens store and host and starts the role's root chart. */
  async start(role: RoleParts): Promise<void> {
    const { state, clock, random, logger, feed } = this.parts;
    mkdirSync(state, { recursive: true, mode: 0o700 });
    this.#role = role;
    const store = await openStore({ path: join(state, 'role.sqlite') });
    const host = await openHost({
      store,
      clock,
      random,
      machines: role.machines,
      ...(role.retold === undefined ? {} : { retold: role.retold }),
      effects: watchedEffects(feed, role),
      deliveries: role.deliveries,
      onRestored: (standing) => feed?.stands(standing),
      onTransition: (transition) => {
        const { taken: _, ...told } = transition;
        logger.info(
          { ...collaborationOf(transition.actor), ...told },
          `${transition.actor}: ${transition.to.join(', ')}`,
        );
        feed?.moved(transition);
        role.onTransition?.(transition);
        if (transition.actor === role.root.name && transition.to.includes('stopped')) void this.#leave(store);
      },
      onTrouble: (report, actor) => this.troubles.note(report, { ...collaborationOf(actor), actor }),
    });
    this.#host = host;
    if (host.has(role.root.name)) await host.send(role.root.name, { type: 'boot' });
    else await host.start(role.root.name, role.root.name, role.root.input);
    this.#haveStarted();
  }

  /** Why the role stopped by itself; undefined while it runs and after it was asked to drain. */
  get fault(): MpcError | undefined {
    return this.#fault;
  }

  /** How it fares at this moment, for whoever watches over it. */
  get vitals(): Vitals {
    const follower = this.#follower;
    return {
      ...(this.#bus === undefined ? {} : { bus: this.#bus.standing }),
      sequence: follower?.state.sequence ?? 0,
      isCaughtUp: this.#isThere,
      isDraining: this.#draining !== undefined,
      states: this.#host?.states(this.#role?.root.name ?? '') ?? [],
      collaborations: () => follower?.state.collaborations() ?? [],
      elections: () => (follower === undefined ? [] : new ElectionsView(follower.state).elections()),
    };
  }

  /** What its host has in hand; undefined before that is open. */
  get load(): HostLoad | undefined {
    return this.#host?.load;
  }

  /** The last entry of the log now; undefined while nobody can tell. */
  async logEnds(): Promise<number | undefined> {
    const bus = this.#bus;
    if (bus?.standing.isConnected !== true || this.#follower === undefined) return undefined;
    try {
      this.#log ??= await bus.log(subjects.logStream(this.parts.deployment));
      return await this.#log.last();
    } catch {
      return undefined; // the bus tells its own troubles
    }
  }

  /** The root chart's `connect`: bus, log, and everything the log holds already. What it throws stops the role. */
  async connect(): Promise<void> {
    try {
      // A chart that was interrupted while connecting asks twice: once as it is restored, once as it is told to boot.
      this.#connecting ??= this.#connect();
      await this.#connecting;
    } catch (error) {
      if (!this.signal.aborted)
        this.#fault ??= error instanceof MpcError ? error : MpcError.from(reportOf(error));
      throw error;
    }
  }

  async #connect(): Promise<void> {
    const { parts, troubles, meters } = this;
    const { deployment, me, identity, trust, clock, random, state, logger } = parts;
    const bus = await parts.connectBus(this.signal);
    if (this.signal.aborted) await bus.close();
    this.signal.throwIfAborted();
    this.#bus = bus;
    bus.onTrouble((report) => troubles.note(report));
    const follower = await this.#untilAvailable(() => this.#follow(bus));
    this.#follower = follower;
    await follower.caughtUp;
    this.signal.throwIfAborted();
    this.#isThere = true;
    this.#arrive({
      deployment,
      me,
      identity,
      trust,
      bus,
      clock,
      random,
      state,
      follower,
      logger,
      troubles,
      meters,
    });
    await this.#role?.onCaughtUp?.();
  }

  /** A cluster of brokers without a majority is waited for, as one that is not there yet. */
  async #untilAvailable<Result>(act: () => Promise<Result>): Promise<Result> {
    for (;;) {
      try {
        return await act();
      } catch (error) {
        if (!(error instanceof MpcError) || error.code !== 'bus.unavailable') throw error;
        this.troubles.note(error.report());
      }
      await this.parts.clock.sleep(UNAVAILABLE_MS, this.signal);
    }
  }

  async #follow(bus: Bus): Promise<Follower> {
    const { deployment, trust, logger } = this.parts;
    await this.#beginning?.close();
    this.#beginning = undefined;
    const beginning = await this.#role?.beginning?.(bus);
    if (this.signal.aborted) await beginning?.close();
    this.signal.throwIfAborted();
    this.#beginning = beginning;
    return followLog({
      ...(this.#beginning ?? {}),
      bus,
      deployment,
      trust,
      chapters: this.#role?.chapters ?? participantChapters(trust),
      onApplied: (applied) => this.#heard(applied),
      onFault: (report) => {
        // An entry that came while this role was leaving found its host stopped: nothing is amiss.
        if (this.signal.aborted) return;
        // Without the log this role knows nothing any more: it ends, and says why.
        logger.fatal({ ...report }, `the log cannot be followed: ${report.message}`);
        this.#fault ??= MpcError.from(report, EXIT.unavailable);
        void this.drain();
      },
    });
  }

  /** The `submit` delivery of every chart. */
  async submit(body: Body, id: string): Promise<void> {
    const { bus } = await this.place;
    const { deployment, identity, me, clock, logger } = this.parts;
    const { signal } = this.#stopping;
    try {
      await submitCommand({ bus, deployment, identity, me, clock, signal }, body, id);
    } catch (error) {
      if (signal.aborted) throw error;
      // The log's refusal is final: repeating it would not change it. Everyone sees the state it left.
      logger.warn({ kind: body.kind, trace_id: id, ...reportOf(error) }, 'the log refused a command');
    }
  }

  /** Asks the role to drain, once, as soon as it has started; `drained` resolves when it has. */
  drain(): Promise<void> {
    this.#draining ??= this.#drain();
    return this.#draining;
  }

  async #drain(): Promise<void> {
    await this.#started;
    const root = this.#role?.root.name;
    if (root !== undefined) await this.#host?.send(root, { type: 'drain' });
  }

  /** The root chart's `drain`: ends what talks to others. Who has not arrived yet has not talked to anyone, and never will. */
  async endTalks(): Promise<void> {
    if (this.#isThere) await this.#role?.stop();
    else this.#stopping.abort(roleStopping());
  }

  get signal(): AbortSignal {
    return this.#stopping.signal;
  }

  async #leave(store: { close(): Promise<void> }): Promise<void> {
    this.#stopping.abort(roleStopping());
    await this.#host?.stop();
    await this.#bus?.close();
    await this.#beginning?.close();
    await store.close();
    this.#finish();
  }

  async #heardOther(applied: Applied): Promise<void> {
    if (this.#host === undefined) return;
    try {
      await this.#role?.onOther?.(applied, this.#host);
    } catch (error) {
      if (!(error instanceof MpcError) || error.code !== 'host.stale-snapshot') throw error;
      this.troubles.note(error.report());
    }
  }

  async #heard(applied: Applied): Promise<void> {
    const { command } = applied;
    const change = collaborationChange(applied);
    if (command !== undefined && change === undefined && applied.outcome.ok && !applied.duplicate)
      await this.#heardOther(applied);
    if (command === undefined || change === undefined) return;
    const { collaboration, statusBefore, statusAfter } = change;
    if (statusAfter !== statusBefore || command.body.kind === 'randomnessReady')
      this.parts.logger.info(
        {
          collaboration: collaboration.id,
          status: statusAfter,
          waiting: describeWaiting(collaboration),
          trace_id: command.id,
        },
        `collaboration ${collaboration.id}: ${statusAfter}`,
      );
    if (this.#host === undefined) return;
    try {
      await this.#role?.onApplied({ ...applied, ...change, command }, this.#host);
    } catch (error) {
      // One actor of another version's making must not keep this role from hearing of all the others.
      if (!(error instanceof MpcError) || error.code !== 'host.stale-snapshot') throw error;
      this.troubles.note(error.report(), { collaboration: collaboration.id });
    }
  }
}

/** Which collaboration a chart is about, where it is about one: `session:ID:ATTEMPT`, `participation:ID:ATTEMPT`. */
function collaborationOf(actor: string): { readonly collaboration?: string } {
  const [, collaboration] = /^(?:session|participation):([^:]+):/.exec(actor) ?? [];
  return collaboration === undefined ? {} : { collaboration };
}

const roleStopping = (): MpcError => new MpcError('role.stopping', 'this role is stopping');
