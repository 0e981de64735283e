/**
 * Owns a server's console (`mpc --role=server-a --console`): what its operator may ask of the elections it holds.
 * Must never print more than this server's own fragment and counts; a fragment alone says nothing.
 */
import { createInterface } from 'node:readline';
import { MpcError, reportOf } from '../src/base/errors.ts';
import type { BoxStats } from '../src/box/election-box.ts';

/** What the console needs of a server's boxes. */
export interface ConsoleBoxes {
  stats(): readonly BoxStats[];
  fragment(election: string): Promise<string>;
  flush(election: string): Promise<void>;
}

export interface ConsoleParts {
  readonly input: NodeJS.ReadableStream;
  readonly write: (text: string) => void;
  readonly boxes: Promise<ConsoleBoxes>;
  /** Drains the role. */
  readonly stop: () => void;
}

const HELP = `print stats          what this server holds, has verified and counted, of every election
print tally [id]     this server's fragment of the tally: of no use without the other two
flush [id]           put everything accepted here into the box now
stop                 finish what is under way, and end; nothing is lost
help                 this
`;

/** Answers lines until the input ends. */
export function openConsole(parts: ConsoleParts): { close(): void } {
  const lines = createInterface({ input: parts.input });
  parts.write('mpc console: help shows what there is\n');
  let last: Promise<void> = Promise.resolve();
  lines.on('line', (line) => {
    // One after the other, as they were asked.
    last = last
      .then(() => answer(parts, line.trim()))
      .catch((error: unknown) => {
        const { message, hint } = reportOf(error);
        parts.write(`${message}${hint === undefined ? '' : ` (${hint})`}\n`);
      });
  });
  return lines;
}

async function answer({ boxes, write, stop }: ConsoleParts, line: string): Promise<void> {
  const [verb = '', ...words] = line.split(/\s+/);
  switch (verb) {
    case '':
      return;
    case 'help':
      return write(HELP);
    case 'stop':
      write('stopping\n');
      return stop();
    case 'flush': {
      const all = await boxes;
      for (const { election } of chosen(all, words[0])) await all.flush(election);
      return write('flushed\n');
    }
    case 'print':
      return write(await printed(await boxes, words));
    default:
      throw new MpcError('console.unknown', `${verb} is no command`, { hint: 'help shows what there is' });
  }
}

async function printed(boxes: ConsoleBoxes, [what, id]: readonly string[]): Promise<string> {
  if (what === 'stats') {
    const all = boxes.stats();
    return all.length === 0 ? 'no elections\n' : all.map(statsText).join('');
  }
  if (what !== 'tally')
    throw new MpcError('console.unknown', 'print what?', { hint: 'print stats, or print tally' });
  const parts = await Promise.all(
    chosen(boxes, id).map(
      async ({ election, counted }) =>
        `${election}  ${counted} ballots  fragment ${await boxes.fragment(election)}\n`,
    ),
  );
  return parts.join('') || 'no elections\n';
}

/** The election of that id, or without one all that are open or later. Throws `console.unknown`. */
function chosen(boxes: ConsoleBoxes, id: string | undefined): readonly BoxStats[] {
  const all = boxes.stats().filter(({ status }) => status !== 'draft' && status !== 'cancelled');
  if (id === undefined) return all;
  const found = all.filter(({ election }) => election === id);
  if (found.length === 0)
    throw new MpcError('console.unknown', `no open election has the id ${id}`, {
      hint: 'print stats lists them',
    });
  return found;
}

function statsText(stats: BoxStats): string {
  const {
    election,
    title,
    status,
    voters,
    ballots,
    batches,
    unboxed,
    held,
    verified,
    counted,
    rejected,
    away,
  } = stats;
  return `${election}  ${status}  ${title}
  ${ballots} ballots of ${voters} voters in the box (${batches} batches), ${unboxed} here on the way to it
  holds ${held} batches, verified ${verified}; ${counted} ballots count, ${rejected} rejected
  ${away.length === 0 ? 'both other servers answer' : `silent: ${away.join(', ')}`}
`;
}
