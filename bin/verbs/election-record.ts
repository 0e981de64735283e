/**
 * Owns `mpc election record` and `mpc election verify`: the signed commands of an election as a file, and its check without a network.
 * Must never leave out a command that the log accepted.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { electionChart } from '../../roles/election.ts';
import { EXIT, MpcError } from '../../src/base/errors.ts';
import type { LogEntry } from '../../src/bus/bus.ts';
import { subjects } from '../../src/bus/subjects.ts';
import { readEntry } from '../../src/coordination/entries.ts';
import { LogState } from '../../src/coordination/state.ts';
import { checkRecord, recordLine } from '../../src/election/record.ts';
import { electionChange } from '../../src/election/rows.ts';
import { electionChapters } from '../compose/chapters.ts';
import { type ElectionLog, type LogOptions, withElectionLog } from '../local/election-log.ts';
import { barChart } from '../local/election-print.ts';

export function record(id: string, options: LogOptions & { readonly out: string }): Promise<void> {
  return withElectionLog(options, async (log) => {
    log.election(id);
    const lines = await recordLines(log, id);
    writeFileSync(options.out, lines.join(''));
    process.stderr.write(`${lines.length} signed commands in ${options.out}\n`);
  });
}

/** Every accepted command about that election, in the log's order. */
export async function recordLines(log: ElectionLog, id: string): Promise<string[]> {
  const { deployment, trust } = log.config;
  const state = new LogState({ deployment, trust, chapters: electionChapters({ deployment, trust }) });
  const stream = await log.bus.log(subjects.logStream(deployment));
  const last = await stream.last();
  const lines: string[] = [];
  const take = (entry: LogEntry): void => {
    const items = readEntry(deployment, trust, entry.data);
    for (const applied of state.apply(entry)) {
      const change = applied.outcome.ok && !applied.duplicate ? electionChange(applied) : undefined;
      const command = items[applied.index]?.command;
      if (change?.after.id === id && command !== undefined && 'signature' in command)
        lines.push(recordLine(command));
    }
  };
  await new Promise<void>((resolve, reject) => {
    const following = stream.follow(1, (entry) => {
      if (entry.sequence > last) return;
      take(entry);
      if (entry.sequence < last) return;
      void following.then((subscription) => subscription.unsubscribe());
      resolve();
    });
    following.catch(reject);
    if (last === 0) resolve();
  });
  return lines;
}

/** `registrar`: the public key that the voters were told, `U…`. */
export function verify(file: string, options: { readonly registrar: string; readonly json?: boolean }): void {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(file);
  } catch {
    throw new MpcError('record.missing', `there is no record ${file}`, {
      hint: 'mpc election record writes one',
      exitCode: EXIT.noInput,
    });
  }
  const checked = checkRecord(bytes, options.registrar, electionChart);
  if (options.json === true) {
    process.stdout.write(
      `${JSON.stringify({ ...checked, descriptor: undefined, title: checked.descriptor.title })}\n`,
    );
    return;
  }
  const { descriptor, status, commands, voters, ballots, counted, rejected, replaced, root, result } =
    checked;
  process.stdout.write(
    [
      `the record holds: ${commands} signed commands, election ${checked.id}, ${status}`,
      `${voters} voters, ${ballots} ballots in the box: ${counted} count, ${rejected} rejected, ${replaced} replaced by a later one`,
      ...(status === 'published'
        ? [
            `root ${root}, signed by all three servers`,
            '',
            descriptor.title,
            '',
            barChart(result, descriptor.type.kind === 'score' ? 0 : counted),
          ]
        : []),
      '',
    ].join('\n'),
  );
}
