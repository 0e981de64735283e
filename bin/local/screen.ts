/**
 * Owns what the terminal behind a stream can show: how wide it is, and whether colours are wanted there. NO_COLOR and FORCE_COLOR
 * decide as no-color.org and force-color.org say.
 * Must never be asked for answers that programs read: `--json` prints the same bytes everywhere.
 */
import { styleText } from 'node:util';

type Format = 'bold' | 'dim' | 'green' | 'red' | 'cyan' | 'yellow';

export interface Screen {
  /** Characters in a line; undefined where it is no terminal, and lines are as long as they are. */
  readonly columns: number | undefined;
  /** What is drawn can be drawn again, in its place. */
  readonly redraws: boolean;
  readonly style: (format: Format, text: string) => string;
}

interface Output {
  readonly isTTY?: boolean;
  readonly columns?: number;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Of a terminal that does not say how wide it is. */
const COLUMNS = 80;

export function screenOf(stream: Output, env: Environment): Screen {
  const isTerminal = stream.isTTY === true;
  const coloured = wantsColours(isTerminal, env);
  return {
    columns: isTerminal ? stream.columns || COLUMNS : undefined,
    redraws: isTerminal && env.TERM !== 'dumb',
    style: (format, text) => (coloured ? styleText(format, text, { validateStream: false }) : text),
  };
}

function wantsColours(isTerminal: boolean, { FORCE_COLOR, NO_COLOR, TERM }: Environment): boolean {
  if (FORCE_COLOR) return FORCE_COLOR !== '0' && FORCE_COLOR !== 'false';
  if (NO_COLOR) return false;
  return isTerminal && TERM !== 'dumb';
}
