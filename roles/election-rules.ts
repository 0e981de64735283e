/**
 * Owns what the log may say about one election: why an event is refused whatever the state is, and when it only repeats.
 * Must never look at a clock or anything but its arguments: every replica must refuse the same.
 */
import type { ErrorReport } from '../src/base/errors.ts';
import type { LifeEvent, LifeFacts, LifeSnapshot } from '../src/election/life.ts';

export const BALLOT_SERVERS = ['server-a', 'server-b', 'server-c'] as const;

export const allServers = (have: readonly string[]): boolean =>
  BALLOT_SERVERS.every((server) => have.includes(server));

export const refusalWith = (code: string, message: string, hint: string): ErrorReport => ({
  code: `election.${code}`,
  message,
  hint,
});

const BACKUP = 'its store is older than the log: restore its newest backup';

/** What is wrong with an event whatever the state is; undefined when nothing is. */
export function objectionToElection(context: LifeFacts, event: LifeEvent): ErrorReport | undefined {
  const { author } = event;
  switch (event.type) {
    case 'ready': {
      const said = context.ready[author];
      return said !== undefined && said.sealingKey !== event.sealingKey
        ? refusalWith('second-key', `${author} has said another sealing key already`, BACKUP)
        : undefined;
    }
    case 'keyed': {
      const said = context.keyed[author];
      return said !== undefined && said.commitment !== event.commitment
        ? refusalWith('second-key', `${author} has committed to another part of the key already`, BACKUP)
        : undefined;
    }
    case 'close':
      return author === context.registrar || event.isDue
        ? undefined
        : refusalWith('too-early', 'the deadline has not passed in log time', 'ask again later');
    case 'sealed': {
      const said = context.seals[author];
      if (said !== undefined && said.root !== event.root)
        return refusalWith('second-root', `${author} has signed another root already`, BACKUP);
      return context.frozen !== null && context.frozen.history !== event.history
        ? refusalWith('other-history', `${author} speaks of another history`, 'follow the log to its end')
        : undefined;
    }
    case 'tallied': {
      const said = context.fragments[author];
      if (said !== undefined && said !== event.fragment)
        return refusalWith('second-fragment', `${author} has published another fragment already`, BACKUP);
      const agreed = context.seals[author]?.root;
      return agreed !== event.root
        ? refusalWith('other-root', `the fragment of ${author} is for another set of ballots`, 'count again')
        : undefined;
    }
    default:
      return undefined;
  }
}

/** True when the event only repeats a fact that is already kept. */
export function isElectionRepetition({ value, context }: LifeSnapshot, event: LifeEvent): boolean {
  const { author } = event;
  switch (event.type) {
    case 'ready':
      return context.ready[author]?.sealingKey === event.sealingKey;
    case 'keyed':
      return context.keyed[author]?.commitment === event.commitment;
    case 'open':
      return context.votersRoot === event.root && context.voters === event.voters;
    case 'close':
      return (
        (typeof value === 'object' && 'closing' in value) || value === 'tallying' || value === 'published'
      );
    case 'flushed':
      return context.flushed.includes(author);
    case 'sealed':
      return context.seals[author]?.root === event.root;
    case 'tallied':
      return context.fragments[author] === event.fragment;
    case 'cancel':
      return value === 'cancelled';
    case 'fail':
      return value === 'disputed';
  }
}

/** Which servers say something else than the others: one against two, or all of them. */
export function oddOnes(said: Readonly<Record<string, string>>): string[] {
  const values = Object.values(said);
  return Object.keys(said)
    .filter((server) => values.filter((value) => value === said[server]).length * 2 <= values.length)
    .sort();
}
