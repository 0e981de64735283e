/**
 * Owns a role's metrics in Prometheus' text format: counts, sizes and states, read when somebody asks.
 * Must never label anything by what parties choose (a collaboration, a party, an address): the number of series is bounded.
 */
import { collectDefaultMetrics, Registry } from 'prom-client';
import type { Collaboration } from '../coordination/collaboration.ts';
import { ENDED } from '../coordination/lifecycle.ts';
import { waitingFor } from '../coordination/waiting.ts';
import type { HostLoad } from '../host/host.ts';
import { type ElectionSources, electionMetrics } from './election-metrics.ts';
import { counter, counters, gauge, gauges } from './series.ts';
import { whyNotReady } from './vitals.ts';

export interface MetricSources extends ElectionSources {
  /** The last entry of the log now; undefined when nobody can tell. */
  readonly logEnds: () => Promise<number | undefined>;
  /** How often each kind of message or command was refused, or something else was amiss. */
  readonly troubles: ReadonlyMap<string, number>;
  /** What the durable host has in hand; undefined before it is open. */
  readonly load: () => HostLoad | undefined;
}

/** A registry that reads the sources whenever it is asked. */
export function openMetrics(sources: MetricSources): Registry {
  const registry = new Registry();
  registry.setDefaultLabels({ role: sources.me });
  collectDefaultMetrics({ register: registry });
  connectionMetrics(registry, sources);
  logMetrics(registry, sources);
  workMetrics(registry, sources);
  electionMetrics(registry, sources);
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
  counters(
    registry,
    'mpc_refused_total',
    'Messages that were refused and other troubles, by their code.',
    () => troubles,
  );
}

function logMetrics(registry: Registry, { vitals, logEnds }: MetricSources): void {
  gauge(registry, 'mpc_log_sequence', 'The last entry of the log that was applied.', () => vitals().sequence);
  gauge(registry, 'mpc_log_lag', 'Entries of the log that are not applied yet.', async () => {
    const ends = await logEnds();
    return ends === undefined ? undefined : Math.max(0, ends - vitals().sequence);
  });
}

function workMetrics(registry: Registry, { me, vitals, load, meters }: MetricSources): void {
  gauges(registry, 'mpc_collaborations', 'Collaborations in the log, by their state.', 'state', () =>
    vitals()
      .collaborations()
      .map(({ status }) => status),
  );
  gauges(
    registry,
    'mpc_collaborations_waiting',
    'Collaborations that wait, by what they wait for.',
    'for',
    () =>
      vitals()
        .collaborations()
        .flatMap((collaboration) => waitingFor(collaboration).map(({ what }) => what)),
  );
  gauge(
    registry,
    'mpc_tapes_in_stock',
    'Tapes of randomness that this server has and has not tied to inputs.',
    () =>
      vitals()
        .collaborations()
        .filter((collaboration) => isInStock(collaboration, me)).length,
  );
  counter(
    registry,
    'mpc_rounds_total',
    'Rounds that computations here have gone through.',
    () => meters.rounds,
  );
  gauge(registry, 'mpc_actors', 'State machines that have not ended.', () => load()?.actors);
  gauge(registry, 'mpc_events_in_hand', 'Events that are not committed yet.', () => load()?.events);
  gauge(registry, 'mpc_outbox', 'Committed actions that have not arrived yet.', () => load()?.undelivered);
}

function isInStock({ status, lifecycle }: Collaboration, me: string): boolean {
  const { randomness, bound } = lifecycle.context;
  return randomness.some((server) => server === me) && bound[me] === undefined && !ENDED.includes(status);
}
