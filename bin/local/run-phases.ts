/**
 * Owns what `mpc run` shows of a collaboration while it goes on: which phase is where, by the facts of the log, the figures of the
 * plan and what a server says of its rounds.
 * Must never say more than those tell: time that is left is an estimate, and says so.
 */
import type { Clock } from '../../src/base/clock.ts';
import type { Collaboration } from '../../src/coordination/collaboration.ts';
import { ENDED } from '../../src/coordination/lifecycle.ts';
import { describeWaiting } from '../../src/coordination/waiting.ts';
import type { RunProgress } from './log-tail.ts';
import type { Phase } from './phases.ts';
import { bytesText, durationText } from './print.ts';

export interface RunFigures {
  readonly processes: number;
  /** The most rows each input party may bring. */
  readonly parties: readonly { readonly party: string; readonly maxRows: number }[];
  readonly outputs: readonly string[];
  readonly rounds: number;
  /** Server A's. */
  readonly bytesOnline: number;
  readonly bytesTape: number;
  readonly dealMs: number;
  readonly computeMs: number;
}

const SERVERS = 2;
/** What part of the work has to be done before its pace tells how long the rest takes. */
const TELLING = 0.1;

export class RunPhases {
  readonly #figures: RunFigures;
  readonly #clock: Clock;
  readonly #progress: () => RunProgress | undefined;
  /** When each phase began and ended. */
  readonly #began = new Map<string, number>();
  readonly #ended = new Map<string, number>();
  #collaboration: Collaboration | undefined;
  #failed = false;
  /** When the server last told of another round. */
  #heard = { round: 0, elapsedMs: 0 };

  /** `progress`: what the computing server says. */
  constructor(figures: RunFigures, clock: Clock, progress: () => RunProgress | undefined) {
    this.#figures = figures;
    this.#clock = clock;
    this.#progress = progress;
    this.#began.set('roles', clock.now());
  }

  /** What the log tells now. */
  note(collaboration: Collaboration): void {
    this.#collaboration = collaboration;
    const { status, lifecycle } = collaboration;
    const { randomness, uploads, closed, received } = lifecycle.context;
    const isComputed = status === 'finished';
    this.#end('roles', true);
    this.#begin('randomness', true);
    this.#end('randomness', randomness.length === SERVERS);
    this.#begin('rows', true);
    this.#end('rows', closed || Object.keys(uploads).length === this.#inputs.length);
    this.#begin('computation', status === 'ready' || status === 'running' || isComputed);
    this.#end('computation', isComputed);
    this.#begin('result', isComputed);
    this.#end('result', isComputed && this.#figures.outputs.every((party) => received.includes(party)));
  }

  /** What goes on now will not come to its end. */
  fail(): void {
    this.#failed = true;
  }

  phases(): Phase[] {
    return [
      this.#phase('roles', `${this.#figures.processes} processes`),
      this.#phase('randomness', this.#randomness()),
      this.#phase('rows', this.#rows()),
      this.#phase('computation', this.#computation()),
      this.#phase('result', `for ${this.#figures.outputs.join(', ')}`),
    ];
  }

  #phase(name: string, detail: string): Phase {
    const [began, ended] = [this.#began.get(name), this.#ended.get(name)];
    if (began === undefined) return { name, state: 'waiting', detail };
    const elapsedMs = (ended ?? this.#clock.now()) - began;
    const state = ended !== undefined ? 'done' : this.#failed ? 'failed' : 'running';
    return { name, state, detail: state === 'failed' ? this.#waited(detail) : detail, elapsedMs };
  }

  #waited(detail: string): string {
    const collaboration = this.#collaboration;
    if (collaboration === undefined || ENDED.includes(collaboration.status)) return detail;
    return describeWaiting(collaboration).join('; ');
  }

  #randomness(): string {
    const { bytesTape, dealMs } = this.#figures;
    return `${bytesText(bytesTape)} of tape${this.#left('randomness', 0, dealMs)}`;
  }

  #rows(): string {
    const facts = this.#collaboration?.lifecycle.context;
    const most = this.#figures.parties.reduce((sum, { maxRows }) => sum + maxRows, 0);
    const waited = this.#inputs.filter((party) => facts?.uploads[party] === undefined);
    const there = `${this.#inputs.length - waited.length} of ${this.#inputs.length} parties, up to ${most} rows`;
    return waited.length === 0 || !this.#isRunning('rows') ? there : `${there}; not yet: ${named(waited)}`;
  }

  #computation(): string {
    const { rounds, bytesOnline, computeMs } = this.#figures;
    const whole = `${rounds} ${rounds === 1 ? 'round' : 'rounds'}, ${bytesText(bytesOnline)} each way`;
    const far = this.#isRunning('computation') ? this.#progress() : undefined;
    if (far === undefined) return `${whole}${this.#left('computation', 0, computeMs)}`;
    if (far.round !== this.#heard.round)
      this.#heard = { round: far.round, elapsedMs: this.#elapsedMs('computation') };
    const sent = `${bytesText(far.bytesSent)} of ${bytesText(bytesOnline)} sent`;
    const part = bytesOnline === 0 ? far.round / far.rounds : far.bytesSent / bytesOnline;
    return `round ${far.round} of ${far.rounds}, ${sent}${this.#left('computation', part, computeMs)}`;
  }

  /** By what is done already, once that is enough to tell; before, by what the plan was expected to take. */
  #left(name: string, part: number, expectedMs: number): string {
    if (!this.#isRunning(name)) return '';
    const { elapsedMs } = this.#heard;
    const wholeMs = part >= TELLING ? elapsedMs / part : expectedMs;
    const leftMs = wholeMs - this.#elapsedMs(name);
    return leftMs < 500 ? '' : `, about ${durationText(leftMs)} left`;
  }

  #elapsedMs(name: string): number {
    return this.#clock.now() - (this.#began.get(name) ?? 0);
  }

  get #inputs(): string[] {
    return [...new Set(this.#figures.parties.map(({ party }) => party))];
  }

  #isRunning(name: string): boolean {
    return this.#began.has(name) && !this.#ended.has(name);
  }

  #begin(name: string, when: boolean): void {
    if (when && !this.#began.has(name)) this.#began.set(name, this.#clock.now());
  }

  #end(name: string, when: boolean): void {
    if (when && !this.#ended.has(name)) this.#ended.set(name, this.#clock.now());
  }
}

const named = (parties: readonly string[]): string =>
  parties.length > 6
    ? `${parties.slice(0, 6).join(', ')} and ${parties.length - 6} more`
    : parties.join(', ');
