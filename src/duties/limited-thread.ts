/**
 * Owns a thread that does one job after the other for whoever asked for it, each within a bound of time and memory: what others send
 * may take more than either, and must not hold up the process that serves them.
 * Must never let one job's fault reach the next: a thread that failed is ended, and the next job gets another.
 */
import { Worker } from 'node:worker_threads';
import type { Clock } from '../base/clock.ts';
import { type ErrorReport, EXIT, type ExitCode, MpcError } from '../base/errors.ts';

/** What the thread says: that it is there, and how each job ended. */
export type FromThread<Answer> =
  | { readonly type: 'ready' }
  | { readonly type: 'done'; readonly answer: Answer }
  | { readonly type: 'failed'; readonly report: ErrorReport; readonly exitCode: ExitCode };

export interface ThreadLimits {
  /** Of one job, once the thread is there. */
  readonly jobMs: number;
  /** Until the thread is there: it loads its code. */
  readonly startMs: number;
  /** Megabytes of its heap. */
  readonly heapMb: number;
  /** Jobs that may wait, of all and of one asker. */
  readonly waiting: number;
  readonly waitingOfOne: number;
}

export class LimitedThread<Job, Answer> {
  readonly #entry: URL;
  readonly #limits: ThreadLimits;
  readonly #clock: Clock;
  #thread: Thread<Answer> | undefined;
  /** Who waits, by whom they wait for; whoever has been served last is last. */
  readonly #waiting = new Map<string, (() => Promise<void>)[]>();
  #count = 0;
  #busy = false;

  constructor(entry: URL, limits: ThreadLimits, clock: Clock) {
    this.#entry = entry;
    this.#limits = limits;
    this.#clock = clock;
  }

  /**
   * Job and answer are copied. Those of different askers take turns, so that nobody's many jobs hold up another's one. Throws
   * `program.too-slow` or `program.too-heavy` when the job took more than it may, `coordinator.compiling` when too many wait already,
   * `coordinator.thread-failed` when the thread cannot be had; and what the job threw.
   */
  run(job: Job, by: string): Promise<Answer> {
    const own = this.#waiting.get(by) ?? [];
    if (this.#count >= this.#limits.waiting || own.length >= this.#limits.waitingOfOne)
      return Promise.reject(tooMany());
    this.#count++;
    return new Promise((resolve, reject) => {
      own.push(() => this.#one(job).then(resolve, reject));
      this.#waiting.set(by, own);
      void this.#serve();
    });
  }

  async #serve(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    for (const [by, own] of this.#waiting) {
      const next = own.shift();
      this.#waiting.delete(by);
      if (own.length > 0) this.#waiting.set(by, own);
      await next?.();
      this.#count--;
    }
    this.#busy = false;
  }

  async stop(): Promise<void> {
    await this.#thread?.end();
  }

  async #one(job: Job): Promise<Answer> {
    const thread = await this.#running();
    let said: FromThread<Answer>;
    try {
      said = await this.#within(this.#limits.jobMs, thread.ask(job), () => tooSlow(this.#limits.jobMs));
    } catch (error) {
      await thread.end();
      throw error;
    }
    if (said.type === 'done') return said.answer;
    throw said.type === 'failed'
      ? MpcError.from(said.report, said.exitCode)
      : failed('it says that it is ready, not how the job ended');
  }

  async #running(): Promise<Thread<Answer>> {
    if (this.#thread !== undefined && !this.#thread.ended) return this.#thread;
    const { heapMb, startMs } = this.#limits;
    const thread = new Thread<Answer>(this.#entry, heapMb);
    this.#thread = thread;
    try {
      await this.#within(startMs, thread.hears(), () => failed('it did not start in time'));
      return thread;
    } catch (error) {
      await thread.end();
      throw error;
    }
  }

  async #within<Value>(ms: number, work: Promise<Value>, late: () => MpcError): Promise<Value> {
    let cancel = (): void => {};
    const time = new Promise<never>((_, reject) => {
      cancel = this.#clock.after(ms, () => reject(late()));
    });
    return Promise.race([work, time]).finally(() => cancel());
  }
}

/** One thread of the platform. Faults that nobody waits for end it, and nothing else. */
class Thread<Answer> {
  ended = false;
  readonly #worker: Worker;
  #next:
    | { readonly resolve: (said: FromThread<Answer>) => void; readonly reject: (error: MpcError) => void }
    | undefined;

  constructor(entry: URL, heapMb: number) {
    const resourceLimits = { maxOldGenerationSizeMb: heapMb };
    this.#worker = new Worker(entry, { argv: [], env: {}, workerData: null, resourceLimits });
    this.#worker.unref();
    this.#worker.on('message', (said: FromThread<Answer>) => this.#next?.resolve(said));
    this.#worker.on('error', (error) => this.#over(faultOf(error)));
    this.#worker.on('exit', () => this.#over(failed('it ended early')));
  }

  ask(job: unknown): Promise<FromThread<Answer>> {
    const said = this.hears();
    this.#worker.postMessage(job);
    return said;
  }

  /** The next that it says. */
  hears(): Promise<FromThread<Answer>> {
    return new Promise((resolve, reject) => {
      this.#next = { resolve, reject };
    });
  }

  async end(): Promise<void> {
    this.ended = true;
    await this.#worker.terminate();
  }

  #over(fault: MpcError): void {
    this.ended = true;
    this.#next?.reject(fault);
  }
}

const faultOf = (error: unknown): MpcError =>
  error instanceof Error && 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY'
    ? new MpcError('program.too-heavy', 'compiling it takes more memory than a coordinator gives', {
        hint: 'fewer groups, columns or rows make it smaller: mpc check says what it costs',
        exitCode: EXIT.badData,
      })
    : failed(error instanceof Error ? error.message : String(error));

const tooSlow = (ms: number): MpcError =>
  new MpcError('program.too-slow', `compiling it takes longer than the ${ms / 1000} s a coordinator gives`, {
    hint: 'fewer groups, columns or rows make it smaller: mpc check says what it costs',
    exitCode: EXIT.badData,
  });

const tooMany = (): MpcError =>
  new MpcError('coordinator.compiling', 'too many programs wait to be compiled', {
    hint: 'ask again, here or at another coordinator, with the same Idempotency-Key',
    exitCode: EXIT.temporary,
  });

const failed = (why: string): MpcError =>
  new MpcError('coordinator.thread-failed', `the thread that compiles programs failed: ${why}`, {
    hint: 'ask again, here or at another coordinator',
    exitCode: EXIT.temporary,
  });
