/**
 * Owns how an election looks on a terminal: its state, a bar chart of its result, a progress bar.
 */
import stringWidth from 'string-width';
import wrapAnsi from 'wrap-ansi';
import type { ElectionDescriptor } from '../../src/election/descriptor.ts';
import { stateOfLife } from '../../src/election/life.ts';
import type { ResultLine } from '../../src/election/result.ts';
import type { Election } from '../../src/election/rows.ts';
import { electionWaiting } from '../../src/election/waiting.ts';

const BAR = 40;
const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/**
 * A line an option: label, bar, sum, share. On a terminal of so many columns bars are as long as it lets them be, and labels
 * are in several lines where they must.
 */
export function barChart(
  lines: readonly ResultLine[],
  total: number,
  columns = Number.POSITIVE_INFINITY,
): string {
  const most = Math.max(1, ...lines.map(({ sum }) => sum));
  const shareOf = (sum: number): string => (total === 0 ? '' : `${((100 * sum) / total).toFixed(1)} %`);
  const digits = Math.max(...lines.map(({ sum }) => String(sum).length));
  const figures = digits + (total === 0 ? 0 : 2 + 7) + 2;
  const natural = Math.max(...lines.map(({ label }) => stringWidth(label)));
  const wide = Math.max(1, Math.min(natural, 40, Math.floor(columns / 3)));
  const longest = Math.max(1, Math.min(BAR, columns - wide - 2 - figures));
  return lines
    .flatMap(({ label, sum }) => {
      const eighths = Math.round((sum / most) * longest * 8);
      const bar = '█'.repeat(Math.floor(eighths / 8)) + (EIGHTHS[eighths % 8] ?? '');
      const share = total === 0 ? '' : `  ${shareOf(sum).padStart(7)}`;
      const [first = '', ...more] = wrapAnsi(label, wide, { hard: true }).split('\n');
      const pad = ' '.repeat(Math.max(0, wide - stringWidth(first)));
      return [`${first}${pad}  ${bar.padEnd(longest)}  ${String(sum).padStart(digits)}${share}`, ...more];
    })
    .join('\n');
}

export function electionText(election: Election, descriptor: ElectionDescriptor): string {
  const { id, life, voters, ballots, progress } = election;
  const { type, title, labels, registrar } = descriptor;
  const { reason } = life.context;
  const servers = Object.entries(progress).map(
    ([server, { held, verified, rejected }]) =>
      `  ${server}  holds ${held} and verified ${verified} of ${election.batches} batches, rejected ${rejected} ballots`,
  );
  return [
    `${id}  ${stateOfLife(life)}  ${title}`,
    `  ${TYPES[type.kind]}, ${labels.length} options; registrar ${registrar}`,
    `  ${voters} voters, ${ballots} ballots in the box; closes ${new Date(descriptor.deadlineMs).toISOString()}`,
    ...servers,
    ...electionWaiting(election).map((sentence) => `  ${sentence}`),
    ...(reason === null ? [] : [`  because ${reason.message} [${reason.code}]`]),
  ].join('\n');
}

const TYPES = {
  yesNo: 'yes or no',
  oneOf: 'one of the options',
  approval: 'several of the options',
  score: 'points for each option',
} as const;

/** What a progress bar is drawn on. */
export type Screen = Pick<NodeJS.WriteStream, 'isTTY' | 'write'>;

/** One line, by default of standard error, that is drawn again and again; nothing where that is no terminal. */
export class ProgressBar {
  readonly #total: number;
  readonly #what: string;
  readonly #screen: Pick<Screen, 'write'>;
  readonly #shown: boolean;
  readonly #startedMs = Date.now();
  #drawnMs = 0;

  constructor(total: number, what: string, screen: Screen = process.stderr) {
    this.#total = total;
    this.#what = what;
    this.#screen = screen;
    this.#shown = screen.isTTY === true;
  }

  show(done: number): void {
    const now = Date.now();
    if (!this.#shown || (now - this.#drawnMs < 100 && done < this.#total)) return;
    this.#drawnMs = now;
    const filled = Math.round((done / Math.max(1, this.#total)) * BAR);
    const rate = (done / Math.max(1, now - this.#startedMs)) * 1000;
    this.#screen.write(
      `\r${'█'.repeat(filled)}${'░'.repeat(BAR - filled)}  ${done} of ${this.#total} ${this.#what}, ${rate.toFixed(0)} a second `,
    );
    if (done >= this.#total) this.#screen.write('\n');
  }
}
