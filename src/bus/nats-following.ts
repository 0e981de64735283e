/**
 * Owns following the log: every entry once, in order, one at a time, through lost connections and restarted brokers.
 * Must never hand on an entry twice or out of order, or skip one.
 *
 * The broker that leads the log says each entry to everybody as soon as a majority has it. Nobody remembers who has heard it: what was
 * missed (before the start, while the connection was lost, while the handler was slow) is asked for from the next entry on. That needs
 * no leader and leaves nothing on a broker that could die with it, so that a cluster in which any two have died is read as before.
 */
import { type MpcError, reportOf } from '../base/errors.ts';
import type { LogEntry, Subscription } from './bus.ts';
import { busFaults } from './faults.ts';
import { entryIn, fetchEntries } from './nats-entries.ts';
import { LEAST_PAUSE_MS, logFault, MOST_PAUSE_MS, type NatsLink } from './nats-link.ts';

export interface FollowOptions {
  readonly link: NatsLink;
  /** The stream's name. */
  readonly name: string;
  /** Where its entries are said as they come. */
  readonly said: string;
  readonly fromSequence: number;
  readonly handler: (entry: LogEntry) => Promise<void> | void;
  /** Throws `log.behind` unless the log goes at least that far. */
  readonly checkReaches: (seen: number) => Promise<void>;
}

/** Entries that wait here for the handler, at most. */
const AHEAD = 128;
/** After so long a silence it is looked whether there is more: what is said once may be lost. */
const LOOK_MS = 1000;

export class Following implements Subscription {
  readonly #options: FollowOptions;
  readonly #ended = new AbortController();
  readonly #signal: AbortSignal;
  readonly #heard: Subscription;
  readonly #back: Subscription;
  #next: number;
  /** What was said and waits for the handler. */
  #waiting: LogEntry[] = [];
  /** There may be entries in the log that nobody will say again. */
  #missed = true;
  /** The entry that a gap was seen before, once: a copy of the log may be about to be mended. */
  #suspected = 0;
  #wake: () => void = () => {};
  #checking = false;

  constructor(options: FollowOptions) {
    const { link, fromSequence, said } = options;
    this.#options = options;
    this.#next = fromSequence;
    this.#signal = AbortSignal.any([this.#ended.signal, link.closing]);
    this.#signal.addEventListener('abort', () => this.#wake(), { once: true });
    this.#heard = link.hear(said, (message) => {
      const entry = entryIn(message);
      if (entry !== undefined) this.#hear(entry);
    });
    this.#back = link.onReconnect(() => {
      this.#miss();
      void this.#check();
    });
  }

  unsubscribe(): void {
    this.#heard.unsubscribe();
    this.#back.unsubscribe();
    this.#ended.abort();
  }

  /** Ends when the subscription or the connection does, or the log is behind. Never rejects. */
  async run(): Promise<void> {
    const { link, name } = this.#options;
    for (let pauseMs = LEAST_PAUSE_MS; this.#live; ) {
      const from = this.#next;
      try {
        await this.#readOn();
        pauseMs = LEAST_PAUSE_MS;
      } catch (error) {
        if (!this.#live) return;
        const fault = logFault(`following the log ${name}`, error);
        if (fault.code === 'log.behind') return this.#behind(fault);
        void this.#check();
        if (this.#next > from) pauseMs = LEAST_PAUSE_MS;
        // It passes, or it is for the operator (a permission): say so once it lasts, and try again.
        if (pauseMs === MOST_PAUSE_MS) link.troubles.call(fault.report());
        await this.#pause(pauseMs);
        pauseMs = Math.min(2 * pauseMs, MOST_PAUSE_MS);
      }
    }
  }

  get #live(): boolean {
    return !this.#signal.aborted;
  }

  /** What was said next, else what was missed, else whatever comes. */
  async #readOn(): Promise<void> {
    const { link } = this.#options;
    while (this.#waiting[0] !== undefined && this.#waiting[0].sequence <= this.#next && this.#live) {
      const entry = this.#waiting.shift();
      if (entry?.sequence === this.#next) await this.#offer(entry);
    }
    if (!this.#live) return;
    if (!this.#missed && this.#waiting.length === 0) await this.#silence();
    if (this.#waiting[0]?.sequence === this.#next || !this.#live) return;
    if (await link.connection(MOST_PAUSE_MS)) await this.#catchUp();
  }

  async #catchUp(): Promise<void> {
    const { link, name } = this.#options;
    this.#missed = false;
    try {
      const entries = await fetchEntries(link, name, this.#next);
      // Somebody has heard of entries that the copy asked does not have yet.
      if (entries.length === 0 && this.#waiting.length > 0) await this.#pause(LEAST_PAUSE_MS);
      if (entries.length > 0) this.#missed = true; // there may be more than were asked for
      for (const entry of entries) {
        if (!this.#live) return;
        if (entry.sequence > this.#next) return await this.#suspect(entry.sequence);
        if (entry.sequence === this.#next) await this.#offer(entry);
      }
    } catch (error) {
      this.#missed = true;
      throw error;
    }
  }

  /** Seen twice, it is no accident. */
  async #suspect(sequence: number): Promise<void> {
    if (this.#suspected === this.#next) throw busFaults.gap(this.#options.name, this.#next, sequence);
    this.#suspected = this.#next;
    await this.#pause(LEAST_PAUSE_MS);
  }

  #hear(entry: LogEntry): void {
    // Said again at a place that was passed: it is another log, or one that has become shorter.
    if (entry.sequence < this.#next && this.#waiting.length === 0) void this.#check();
    else if (this.#waiting.length < AHEAD) this.#waiting.push(entry);
    else this.#missed = true;
    this.#wake();
  }

  #miss(): void {
    this.#missed = true;
    this.#wake();
  }

  /** Gives the handler one entry until it takes it. */
  async #offer(entry: LogEntry): Promise<void> {
    const { handler, link } = this.#options;
    for (let pauseMs = LEAST_PAUSE_MS; this.#live; pauseMs = Math.min(2 * pauseMs, MOST_PAUSE_MS)) {
      try {
        await handler(entry);
        this.#next = entry.sequence + 1;
        return;
      } catch (error) {
        link.troubles.call(reportOf(error));
        await this.#pause(pauseMs);
      }
    }
  }

  /** Whether the log still goes as far as was seen; entries that come meanwhile prove that it does. */
  async #check(): Promise<void> {
    if (this.#checking) return;
    this.#checking = true;
    try {
      for (let isKnown = false; !isKnown && this.#live; ) {
        isKnown = await this.#options.checkReaches(this.#next - 1).then(
          () => true,
          (error: unknown) => {
            const fault = logFault(`the log ${this.#options.name}`, error);
            if (fault.code === 'log.behind' && this.#live) this.#behind(fault);
            return fault.code !== 'bus.unavailable';
          },
        );
        if (!isKnown) await this.#pause(MOST_PAUSE_MS);
      }
    } finally {
      this.#checking = false;
    }
  }

  #behind(fault: MpcError): void {
    this.unsubscribe();
    this.#options.link.troubles.call(fault.report());
  }

  /** Until something is said or missed, or it has been still for long. */
  async #silence(): Promise<void> {
    const { clock } = this.#options.link;
    await new Promise<void>((resolve) => {
      const cancel = clock.after(LOOK_MS, resolve);
      this.#wake = () => {
        cancel();
        resolve();
      };
    });
    this.#wake = () => {};
  }

  /** Waits, but not past the end. */
  async #pause(delayMs: number): Promise<void> {
    await this.#options.link.clock.sleep(delayMs, this.#signal).catch(() => undefined);
  }
}
