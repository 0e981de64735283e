/**
 * Owns reading an election's record out of the log: every accepted command about it, in the log's order, each with its signature.
 * Must never leave out a command that the log accepted.
 */
import type { Log, LogEntry } from '../bus/bus.ts';
import type { Chapter } from '../coordination/chapter.ts';
import { readEntry } from '../coordination/entries.ts';
import type { Trust } from '../coordination/records.ts';
import { LogState } from '../coordination/state.ts';
import { recordLine } from '../election/record.ts';
import { electionChange } from '../election/rows.ts';

export interface RecordSource {
  readonly log: Log;
  readonly deployment: string;
  readonly trust: Trust;
  /** That of elections alone: it is played anew from the first entry. */
  readonly chapters: readonly Chapter[];
}

/** Lines as `checkRecord` takes them. */
export async function recordLines({ log, ...rules }: RecordSource, id: string): Promise<string[]> {
  const state = new LogState(rules);
  const last = await log.last();
  const lines: string[] = [];
  const take = (entry: LogEntry): void => {
    const items = readEntry(rules.deployment, rules.trust, entry.data);
    for (const applied of state.apply(entry)) {
      const change = applied.outcome.ok && !applied.duplicate ? electionChange(applied) : undefined;
      const command = items[applied.index]?.command;
      if (change?.after.id === id && command !== undefined && 'signature' in command)
        lines.push(recordLine(command));
    }
  };
  if (last === 0) return lines;
  await new Promise<void>((resolve, reject) => {
    const following = log.follow(1, (entry) => {
      if (entry.sequence > last) return;
      take(entry);
      if (entry.sequence < last) return;
      void following.then((subscription) => subscription.unsubscribe());
      resolve();
    });
    following.catch(reject);
  });
  return lines;
}
