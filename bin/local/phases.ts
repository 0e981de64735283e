/**
 * Owns the drawing of work in phases on a terminal: a line for each, drawn again in its place while it goes on, and left standing
 * with what each took when all is over. Silent where that is no terminal that redraws.
 * Must never write to standard output: answers go there.
 */
import { createLogUpdate } from 'log-update';
import type { Clock } from '../../src/base/clock.ts';
import { proseText } from './print.ts';
import type { Screen } from './screen.ts';

export interface Phase {
  readonly name: string;
  readonly state: 'waiting' | 'running' | 'done' | 'failed';
  /** Figures, or what is waited for. */
  readonly detail: string;
  /** What it has taken so far, or took. */
  readonly elapsedMs?: number;
}

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const FRAME_MS = 100;

export class Phases {
  readonly #stream: NodeJS.WriteStream;
  readonly #screen: Screen;
  readonly #clock: Clock;
  readonly #phases: () => readonly Phase[];
  readonly #draw: ((text: string) => void) & { done(): void };
  #frame = 0;
  #stopFrames: (() => void) | undefined;

  /** `phases` is asked before each drawing. */
  constructor(parts: {
    readonly stream: NodeJS.WriteStream;
    readonly screen: Screen;
    readonly clock: Clock;
    readonly phases: () => readonly Phase[];
  }) {
    this.#stream = parts.stream;
    this.#screen = parts.screen;
    this.#clock = parts.clock;
    this.#phases = parts.phases;
    this.#draw = createLogUpdate(parts.stream);
  }

  /** A line that stays, above the phases. */
  say(text: string): void {
    if (this.#screen.redraws) this.#stream.write(`${proseText([text], this.#screen)}\n`);
  }

  start(): void {
    if (!this.#screen.redraws) return;
    const next = (): void => {
      this.#draw(phaseLines(this.#phases(), this.#frame++, this.#screen).join('\n'));
      this.#stopFrames = this.#clock.after(FRAME_MS, next);
    };
    next();
  }

  /** Draws a last time, as it is now. */
  stop(): void {
    if (this.#stopFrames === undefined) return;
    this.#stopFrames();
    this.#stopFrames = undefined;
    this.#draw(phaseLines(this.#phases(), this.#frame, this.#screen).join('\n'));
    this.#draw.done();
  }
}

/** How the phases look in one frame. */
export function phaseLines(phases: readonly Phase[], frame: number, { style }: Screen): string[] {
  const wide = Math.max(...phases.map(({ name }) => name.length));
  return phases.map(({ name, state, detail, elapsedMs }) => {
    const time = elapsedMs === undefined ? '' : `${(elapsedMs / 1000).toFixed(1)} s`;
    const text = `${name.padEnd(wide)}  ${time.padStart(7)}  ${detail}`.trimEnd();
    const marks = {
      waiting: ' ',
      running: style('cyan', FRAMES[frame % FRAMES.length]!),
      done: style('green', '✔'),
      failed: style('red', '✖'),
    };
    return `${marks[state]} ${state === 'waiting' ? style('dim', text) : text}`;
  });
}
