/**
 * Owns a role's metrics in Prometheus' text format: counts, sizes and states, read when somebody asks.
 * Must never label anything by what parties choose (a collaboration, a party, an address): the number of series is bounded.
 */
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { Collaboration } from '../coordination/collaboration.ts';
import { ENDED } from '../coordination/lifecycle.ts';
import { waitingFor } from '../coordination/waiting.ts';
import type { HostLoad } from '../host/host.ts';
import { type Vitals, whyNotReady } from './vitals.ts';

export interface MetricSources {
  /** This role's address, as the log names it. */
  readonly me: string;
  readonly vitals: () => Vitals;
  /** The last entry of the log now; undefined when nobody can tell. */
  readonly logEnds: () => Promise<number | undefined>;
  /** How often each kind of message or command was refused, or something else was amiss. */
  readonly troubles: ReadonlyMap<string, number>;
  /** What the durable host has in hand; undefined before it is open. */
  readonly load: () => HostLoad | undefined;
  /** Rounds that computations here have gone through since the start. */
  readonly rounds: () => number;
}

/** Kinds of trouble that get a series of their own; a peer that invents codes must not invent series. */
const MOST_REASONS = 100;
const REASON = /^[a-z][a-z-]{0,31}(\.[a-z][a-z-]{0,47})?$/;

/** A registry that reads the sources whenever it is asked. */
export function openMetrics(sources: MetricSources): Registry {
  const registry = new Registry();
  registry.setDefaultLabels({ role: sources.me });
  collectDefaultMetrics({ register: registry });
  connectionMetrics(registry, sources);
  logMetrics(registry, sources);
  workMetrics(registry, sources);
  return registry;
}

function connectionMetrics(registry: Registry, { vitals, troubles }: MetricSources): void {
  gauge(registry, 'mpc_ready', 'Whether it is connected and has caught up with the log.', () =>
    whyNotReady(vitals()) === undefined ? 1 : 0,
  );
  gauge(registry, 'mpc_connected', 'Whether there is a connection to a broker.', () =>
    vitals().bus?.isConnected === true ? 1 : 0,
  );
  counter(registry, 'mpc_reconnects_total', 'Connections after the first.', () => vitals().bus?.reconnects);
  counter(
    registry,
    'mpc_sent_bytes_total',
    'Bytes to the broker, all counted.',
    () => vitals().bus?.sentBytes,
  );
  counter(
    registry,
    'mpc_received_bytes_total',
    'Bytes from the broker, all counted.',
    () => vitals().bus?.receivedBytes,
  );
  new Counter({
    name: 'mpc_refused_total',
    help: 'Messages that were refused and other troubles, by their code.',
    labelNames: ['reason'],
    registers: [registry],
    collect() {
      this.reset();
      for (const [reason, count] of boundedReasons(troubles)) this.inc({ reason }, count);
    },
  });
}

function logMetrics(registry: Registry, { vitals, logEnds }: MetricSources): void {
  gauge(registry, 'mpc_log_sequence', 'The last entry of the log that was applied.', () => vitals().sequence);
  gauge(registry, 'mpc_log_lag', 'Entries of the log that are not applied yet.', async () => {
    const ends = await logEnds();
    return ends === undefined ? undefined : Math.max(0, ends - vitals().sequence);
  });
}

function workMetrics(registry: Registry, { me, vitals, load, rounds }: MetricSources): void {
  new Gauge({
    name: 'mpc_collaborations',
    help: 'Collaborations in the log, by their state.',
    labelNames: ['state'],
    registers: [registry],
    collect() {
      this.reset();
      for (const { status } of vitals().collaborations()) this.inc({ state: status });
    },
  });
  new Gauge({
    name: 'mpc_collaborations_waiting',
    help: 'Collaborations that wait, by what they wait for.',
    labelNames: ['for'],
    registers: [registry],
    collect() {
      this.reset();
      for (const collaboration of vitals().collaborations())
        for (const { what } of waitingFor(collaboration)) this.inc({ for: what });
    },
  });
  gauge(
    registry,
    'mpc_tapes_in_stock',
    'Tapes of randomness that this server has and has not tied to inputs.',
    () =>
      vitals()
        .collaborations()
        .filter((collaboration) => isInStock(collaboration, me)).length,
  );
  counter(registry, 'mpc_rounds_total', 'Rounds that computations here have gone through.', rounds);
  gauge(registry, 'mpc_actors', 'State machines that have not ended.', () => load()?.actors);
  gauge(registry, 'mpc_events_in_hand', 'Events that are not committed yet.', () => load()?.events);
  gauge(registry, 'mpc_outbox', 'Committed actions that have not arrived yet.', () => load()?.undelivered);
}

function isInStock({ status, lifecycle }: Collaboration, me: string): boolean {
  const { randomness, bound } = lifecycle.context;
  return randomness.some((server) => server === me) && bound[me] === undefined && !ENDED.includes(status);
}

/** The first kinds that came; all others together are `other`. */
function boundedReasons(troubles: ReadonlyMap<string, number>): Map<string, number> {
  const reasons = new Map<string, number>();
  for (const [code, count] of troubles) {
    const reason = reasons.size < MOST_REASONS && REASON.test(code) ? code : 'other';
    reasons.set(reason, (reasons.get(reason) ?? 0) + count);
  }
  return reasons;
}

type Reading = number | undefined | Promise<number | undefined>;

/** Absent where nothing can be read. */
function gauge(registry: Registry, name: string, help: string, read: () => Reading): void {
  new Gauge({
    name,
    help,
    registers: [registry],
    async collect() {
      const value = await read();
      if (value === undefined) this.remove();
      else this.set(value);
    },
  });
}

/** Somebody else counts: what is read is the total. */
function counter(registry: Registry, name: string, help: string, read: () => number | undefined): void {
  new Counter({
    name,
    help,
    registers: [registry],
    collect() {
      this.reset();
      this.inc(read() ?? 0);
    },
  });
}
