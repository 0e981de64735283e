/**
 * Owns running the executable on a real terminal of the system, and reading what its screen shows: `script` makes the
 * pseudo-terminal, a terminal emulator takes in what is written there.
 */
import { spawn } from 'node:child_process';
import xterm from '@xterm/headless';
import { ROOT } from './rows.ts';

export interface Shown {
  readonly code: number | null;
  /** Every byte that was written to the terminal. */
  readonly written: string;
  /** What its screen shows in the end, with what was scrolled out above. */
  readonly lines: readonly string[];
  /** What some frame on the way showed. */
  readonly frames: readonly string[];
}

const ROWS = 40;
const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** `node bin/mpc <args>` on a terminal so many characters wide. `shell` comes behind it: a redirection, for instance. */
export async function onTerminal(
  args: readonly string[],
  {
    columns,
    env = {},
    shell = '',
    press,
  }: {
    readonly columns: number;
    readonly env?: Readonly<Record<string, string>>;
    readonly shell?: string;
    /** Keys that are pressed once, as soon as the screen shows this. */
    readonly press?: { readonly when: RegExp; readonly keys: string };
  },
): Promise<Shown> {
  const command = ['exec', process.execPath, `${ROOT}/bin/mpc`, ...args]
    .map(quoted)
    .join(' ')
    .slice("'exec' ".length);
  const { NO_COLOR: _, FORCE_COLOR: __, ...inherited } = process.env;
  const child = spawn(
    'script',
    ['-qec', `stty cols ${columns} rows ${ROWS}; exec ${command} ${shell}`, '/dev/null'],
    {
      env: { ...inherited, TERM: 'xterm-256color', ...env },
      stdio: [press === undefined ? 'ignore' : 'pipe', 'pipe', 'inherit'],
    },
  );
  const terminal = new xterm.Terminal({
    cols: columns,
    rows: ROWS,
    scrollback: 10_000,
    allowProposedApi: true,
  });
  const pieces: Buffer[] = [];
  const frames: string[] = [];
  let drawn = Promise.resolve();
  let pressed = false;
  child.stdout?.on('data', (bytes: Buffer) => {
    pieces.push(bytes);
    drawn = drawn.then(
      () =>
        new Promise((resolve) =>
          terminal.write(bytes, () => {
            const frame = linesOf(terminal).join('\n');
            frames.push(frame);
            if (press?.when.test(frame) && !pressed) {
              pressed = true;
              child.stdin?.write(press.keys);
            }
            resolve();
          }),
        ),
    );
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  await drawn;
  return { code, written: Buffer.concat(pieces).toString(), lines: linesOf(terminal), frames };
}

function linesOf({ buffer }: xterm.Terminal): string[] {
  const { active } = buffer;
  const lines = Array.from(
    { length: active.length },
    (_, at) => active.getLine(at)?.translateToString(true) ?? '',
  );
  while (lines.at(-1) === '') lines.pop();
  return lines;
}
