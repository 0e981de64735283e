/**
 * Owns recorded runs: a file with one JSON object a line, the first of which says what it is. Records are written as they are shown.
 * Must never be readable by others, nor overwrite a run that is there.
 */
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { z } from 'zod';
import { EXIT, MpcError } from '../base/errors.ts';
import type { Journal } from './journal.ts';
import { readRecord } from './record-schema.ts';
import type { FeedRecord } from './records.ts';

const headSchema = z.strictObject({
  format: z.literal('mpc-run'),
  version: z.literal(1),
  deployment: z.string(),
});

export interface RecordedRun {
  readonly deployment: string;
  readonly records: readonly FeedRecord[];
}

/** Throws `run.no-file`, `run.not-a-run` or `run.bad-record` with its line. A last line that is not whole is left out. */
export function readRun(file: string): RecordedRun {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    throw new MpcError('run.no-file', 'there is no recorded run to read', {
      place: { file },
      hint: 'mpc run --record FILE and mpc inspect --record FILE make one',
      exitCode: EXIT.noInput,
    });
  }
  const lines = text.split('\n');
  lines.pop(); // a run that was cut off ends within a line
  const [first = '', ...rest] = lines;
  const head = headSchema.safeParse(parsed(first));
  if (!head.success)
    throw new MpcError('run.not-a-run', 'the file does not begin as a recorded run does', {
      place: { file, line: 1 },
      hint: 'mpc run --record FILE and mpc inspect --record FILE make one',
      exitCode: EXIT.badData,
    });
  return {
    deployment: head.data.deployment,
    records: rest.map((line, index) => readRecord(line, { file, line: index + 2 })),
  };
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/** Writes everything of the journal from now on; `close` writes the rest. Throws `run.file-there`, `run.cannot-write`. */
export function recordTo(file: string, deployment: string, journal: Journal): { close(): void } {
  const target = create(file);
  const write = (values: readonly object[]): void => {
    if (values.length > 0) writeSync(target, `${values.map((value) => JSON.stringify(value)).join('\n')}\n`);
  };
  write([{ format: 'mpc-run', version: 1, deployment }, ...journal.records]);
  const stop = journal.onAppend((from) => write(journal.records.slice(from)));
  return {
    close: () => {
      journal.settle();
      stop();
      closeSync(target);
    },
  };
}

function create(file: string): number {
  try {
    return openSync(file, 'wx', 0o600);
  } catch (error) {
    const isThere = error instanceof Error && 'code' in error && error.code === 'EEXIST';
    throw isThere
      ? new MpcError('run.file-there', 'there is a file of that name already', {
          place: { file },
          hint: 'name another one, or remove it',
          exitCode: EXIT.usage,
        })
      : new MpcError('run.cannot-write', 'the run cannot be recorded there', {
          place: { file },
          hint: 'check that its directory is there and may be written to',
          exitCode: EXIT.ioError,
        });
  }
}
