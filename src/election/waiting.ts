/**
 * Owns the answer to "what is this election waiting for, and whom": from the facts of the log alone, the same for everyone.
 * Must never guess at what the log has not told.
 */
import { ELECTION_SERVERS } from './descriptor.ts';
import { stateOfLife } from './life.ts';
import type { Election } from './rows.ts';

/** One plain sentence for each thing awaited; empty when nothing is. */
export function electionWaiting(election: Election): string[] {
  const { life, batches, progress } = election;
  const { ready, keyed, flushed, seals, fragments, registrar, frozen } = life.context;
  const name = registrar.replace(/^party-/, '');
  const state = stateOfLife(life);
  switch (state) {
    case 'draft.waitingForServers':
      return sentence(without(Object.keys(ready)), 'make the key that ballots are sealed to');
    case 'draft.waitingForKeys':
      return sentence(without(Object.keys(keyed)), 'give its part of the key that proofs are checked under');
    case 'draft.prepared':
      return [`waiting for ${name} to complete the list of voters and open the box`];
    case 'open':
      return behind(election, 'held', batches).map((server) => `${server} does not hold all ballots yet`);
    case 'closing.flushing':
      return sentence(without(flushed), 'box what it accepted before the close');
    case 'closing.sealing': {
      const late = ELECTION_SERVERS.filter(
        (server) => (progress[server]?.verified ?? 0) < (frozen?.batches ?? 0),
      );
      return late.length > 0
        ? sentence(late, 'verify the remaining ballots')
        : sentence(without(Object.keys(seals)), 'sign the root of what counts');
    }
    case 'tallying':
      return sentence(without(Object.keys(fragments)), 'publish its share of the tally');
    default:
      return [];
  }
}

const without = (have: readonly string[]): string[] =>
  ELECTION_SERVERS.filter((server) => !have.includes(server));

const behind = ({ progress }: Election, what: 'held', batches: number): string[] =>
  ELECTION_SERVERS.filter((server) => (progress[server]?.[what] ?? 0) < batches);

const sentence = (servers: readonly string[], what: string): string[] =>
  servers.length === 0 ? [] : [`waiting for ${servers.join(', ')} to ${what}`];
