/**
 * Owns the answer to "what are we waiting for, and whom": from the facts of the log alone, the same for everyone.
 * Must never guess at what the log has not told (who is online, how far a server has computed).
 */
import type { Collaboration } from './collaboration.ts';
import { ENDED, type LifecycleFacts, neededApprovals } from './lifecycle.ts';

/** `binding`: servers tie their tapes to the inputs; `servers`: they compute; `result`: output parties fetch it. */
type WaitingFor = 'approval' | 'randomness' | 'inputs' | 'binding' | 'servers' | 'result';

export interface Waiting {
  readonly what: WaitingFor;
  /** Addresses, sorted. */
  readonly who: readonly string[];
}

const SERVERS = ['server-a', 'server-b'] as const;

/** What has to happen next, by whom; empty when nothing is awaited any more. Several things may be awaited at once. */
export function waitingFor(
  collaboration: Pick<Collaboration, 'status' | 'descriptor' | 'lifecycle'>,
): Waiting[] {
  const { status, descriptor, lifecycle } = collaboration;
  const facts = lifecycle.context;
  if (status === 'finished') return named('result', addresses(without(descriptor.outputs, facts.received)));
  if (ENDED.includes(status)) return [];
  if (status === 'running') return named('servers', without(SERVERS, Object.keys(facts.results)));
  if (status === 'ready') return named('binding', without(SERVERS, Object.keys(facts.bound)));
  return beforeReady(facts);
}

/** One plain sentence for each thing awaited. */
export function describeWaiting(
  collaboration: Pick<Collaboration, 'status' | 'descriptor' | 'lifecycle'>,
): string[] {
  return waitingFor(collaboration).map(({ what, who }) => {
    const one = who.length === 1;
    return `waiting for ${what}: ${listed(who)} ${PREDICATE[what](one)}`;
  });
}

const PREDICATE: Readonly<Record<WaitingFor, (one: boolean) => string>> = {
  approval: (one) => `${one ? 'has' : 'have'} not approved the descriptor yet`,
  randomness: (one) => `${one ? 'has' : 'have'} no tape yet (the dealer makes it)`,
  inputs: (one) => `${one ? 'has' : 'have'} not uploaded masked rows yet`,
  binding: (one) => `${one ? 'has' : 'have'} not tied ${one ? 'its' : 'their'} tape to the inputs yet`,
  servers: (one) =>
    `${one ? 'has' : 'have'} not stored ${one ? 'its half' : 'their halves'} of the result yet`,
  result: (one) => `${one ? 'has' : 'have'} not fetched the result yet`,
};

function beforeReady(facts: LifecycleFacts): Waiting[] {
  const unapproved = without(neededApprovals(facts), facts.approvals);
  const bringing = facts.closed ? [] : without(facts.inputs, facts.withdrawn);
  const uploaded = Object.keys(facts.uploads);
  return [
    ...named('approval', addresses(unapproved)),
    ...named('randomness', without(SERVERS, facts.randomness)),
    ...named('inputs', addresses(without(without(bringing, unapproved), uploaded))),
  ];
}

const without = (wanted: readonly string[], have: readonly string[]): string[] =>
  wanted.filter((name) => !have.includes(name));

const addresses = (parties: readonly string[]): string[] => parties.map((party) => `party-${party}`);

const named = (what: WaitingFor, who: readonly string[]): Waiting[] =>
  who.length === 0 ? [] : [{ what, who }];

/** People know parties by their names. A list of hundreds helps nobody. */
function listed(who: readonly string[]): string {
  const shown = who.slice(0, 8).map((address) => address.replace(/^party-/, ''));
  return who.length > 8 ? `${shown.join(', ')} and ${who.length - 8} more` : shown.join(', ');
}
