/**
 * Owns what a role says of how it fares: whether it is ready, why not, and the one line that people read.
 * Must never name anything but roles, parties, counts and states: service managers keep such lines for ever.
 */
import type { BusStanding } from '../bus/bus.ts';
import type { Collaboration } from '../coordination/collaboration.ts';
import { waitingFor } from '../coordination/waiting.ts';
import type { Election } from '../election/rows.ts';

/** What a role's process is at this moment. */
export interface Vitals {
  /** Absent until there is a connection. */
  readonly bus?: BusStanding;
  /** The last entry of the log that was applied; 0 before the first. */
  readonly sequence: number;
  /** Everything that the log held when this role connected has been applied. */
  readonly isCaughtUp: boolean;
  readonly isDraining: boolean;
  /** States of the root chart: the active leaves. */
  readonly states: readonly string[];
  readonly collaborations: () => readonly Collaboration[];
  /** Empty where this role does not follow them. */
  readonly elections: () => readonly Election[];
}

/** Why this role does not serve now; undefined when it does. */
export function whyNotReady({ bus, sequence, isCaughtUp, isDraining, states }: Vitals): string | undefined {
  if (isDraining) return 'draining: work in hand is kept, nothing new is taken';
  if (states.includes('stopped')) return 'stopped: the log of this process says why';
  if (bus === undefined) return 'waiting for a broker that lets this role in';
  if (!bus.isConnected) return 'the connection to the broker is lost: connecting again';
  if (!isCaughtUp && sequence === 0) return 'waiting for the log, which a coordinator makes';
  if (!isCaughtUp) return `catching up with the log: entry ${sequence}`;
  return undefined;
}

/** `waiting for randomness: 2 collaborations; waiting for inputs: 1 collaboration`. */
export function statusLine(vitals: Vitals): string {
  const why = whyNotReady(vitals);
  if (why !== undefined) return why;
  const { states, collaborations } = vitals;
  const alone = states.some((state) => /waitingForPeer|withoutPeer/.test(state));
  const counts = new Map<string, number>();
  for (const collaboration of collaborations())
    for (const { what } of waitingFor(collaboration)) counts.set(what, (counts.get(what) ?? 0) + 1);
  const waiting = [...counts].map(
    ([what, count]) => `waiting for ${what}: ${count} ${count === 1 ? 'collaboration' : 'collaborations'}`,
  );
  const parts = [...(alone ? ['the other server is silent'] : []), ...waiting];
  return parts.length === 0 ? 'ready, nothing is waited for' : parts.join('; ');
}
