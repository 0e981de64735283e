/**
 * Owns `mpc election record` and `mpc election verify`: the signed commands of an election as a file, and its check without a network.
 * Must never leave out a command that the log accepted.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { electionChart } from '../../roles/election.ts';
import { EXIT, MpcError } from '../../src/base/errors.ts';
import { recordLines } from '../../src/box/record-lines.ts';
import { subjects } from '../../src/bus/subjects.ts';
import { checkRecord } from '../../src/election/record.ts';
import { electionChapters } from '../compose/chapters.ts';
import { type ElectionLog, type LogOptions, withElectionLog } from '../local/election-log.ts';
import { barChart } from '../local/election-print.ts';
import { screenOf } from '../local/screen.ts';

export function record(
  id: string,
  options: LogOptions & { readonly out: string; readonly json?: boolean },
): Promise<void> {
  return withElectionLog(options, async (log) => {
    log.election(id);
    const lines = await recordOf(log, id);
    writeFileSync(options.out, lines.join(''));
    if (options.json === true)
      process.stdout.write(
        `${JSON.stringify({ election: id, commands: lines.length, file: options.out })}\n`,
      );
    else process.stderr.write(`${lines.length} signed commands in ${options.out}\n`);
  });
}

/** Every accepted command about that election, in the log's order. */
export async function recordOf({ bus, config }: ElectionLog, id: string): Promise<string[]> {
  const { deployment, trust } = config;
  const log = await bus.log(subjects.logStream(deployment));
  return recordLines({ log, deployment, trust, chapters: electionChapters({ deployment, trust }) }, id);
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
            barChart(
              result,
              descriptor.type.kind === 'score' ? 0 : counted,
              screenOf(process.stdout, process.env).columns,
            ),
          ]
        : []),
      '',
    ].join('\n'),
  );
}
