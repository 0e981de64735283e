/**
 * Owns the metrics of elections: how many there are, and what this server does for them.
 * Must never tell one election, voter or ballot from another.
 */
import type { Registry } from 'prom-client';
import { type Election, isElectionServer } from '../election/rows.ts';
import type { Meters } from './logger.ts';
import { counter, counters, gauge, gauges } from './series.ts';
import type { Vitals } from './vitals.ts';

export interface ElectionSources {
  /** This role's address, as the log names it. */
  readonly me: string;
  readonly vitals: () => Vitals;
  /** What was counted since the start. */
  readonly meters: Meters;
}

export function electionMetrics(
  registry: Registry,
  { me, vitals, meters: { ballots } }: ElectionSources,
): void {
  const sum = (of: (election: Election) => number): number =>
    vitals()
      .elections()
      .reduce((total, election) => total + of(election), 0);
  gauges(registry, 'mpc_elections', 'Elections in the log, by their state.', 'state', () =>
    vitals()
      .elections()
      .map(({ status }) => status),
  );
  if (!isElectionServer(me)) return;
  counter(
    registry,
    'mpc_ballots_taken_total',
    'Ballots that came from voters and are on the disk, each once.',
    () => ballots.taken,
  );
  counters(
    registry,
    'mpc_ballots_refused_total',
    'Ballots of voters that were refused, by the reason.',
    () => ballots.refused,
  );
  gauge(registry, 'mpc_ballots_rejected', 'Ballots in the boxes whose proofs do not hold.', () =>
    sum(({ progress }) => progress[me]?.rejected ?? 0),
  );
  gauge(
    registry,
    'mpc_ballots_tallied',
    'Ballots in the tallies of which this server has published its share.',
    () =>
      sum(({ life: { context } }) =>
        context.fragments[me] === undefined ? 0 : (context.seals[me]?.counted ?? 0),
      ),
  );
}
