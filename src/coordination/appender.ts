/**
 * Owns getting commands into the log in few entries: what comes while an append is under way goes into the next one.
 * Must never tell an outcome that was not applied here: whoever waits hears what the own follower has seen.
 */

import { hex, sha256 } from '../base/bytes.ts';
import type { Clock } from '../base/clock.ts';
import { MpcError, reportOf } from '../base/errors.ts';
import type { Log, Subscription } from '../bus/bus.ts';
import type { Identity } from '../identity/keys.ts';
import { type Command, commandDigest, type Vouched } from './commands.ts';
import { ENTRY_BYTES, ENTRY_COMMANDS, entryBytes } from './entries.ts';
import type { Follower } from './follower.ts';
import type { Applied, Outcome } from './records.ts';

/** After this long the submitter is told to ask again. */
const PATIENCE_MS = 8_000;
/** Bytes around the commands of an entry. */
const FRAME_BYTES = 1024;

export interface AppenderOptions {
  readonly log: Log;
  readonly follower: Follower;
  readonly deployment: string;
  readonly clock: Clock;
  /** The coordinator's, for vouched commands. */
  readonly identity?: Identity;
}

export type Saying = { readonly signed: Command } | { readonly vouched: Vouched };

interface Waiting {
  readonly saying: Saying;
  readonly key: string;
  /** Bytes it takes in an entry, at most. */
  readonly bytes: number;
  readonly sinceMs: number;
  readonly outcome: Promise<Outcome>;
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (error: MpcError) => void;
}

export class Appender {
  readonly #options: AppenderOptions;
  readonly #waiting = new Map<string, Waiting>();
  readonly #entries: Subscription;
  /** The last entry that is applied and, where there is one, on the replica's disk. */
  #heardTo: number;
  #queue: Waiting[] = [];
  /** Entries that are in the log and not yet applied here. */
  #appended: { readonly sequence: number; readonly batch: readonly Waiting[] }[] = [];
  #appending = false;
  #cancelLook: (() => void) | undefined;
  #stopped: MpcError | undefined;

  constructor(options: AppenderOptions) {
    this.#options = options;
    this.#heardTo = options.follower.state.sequence;
    this.#entries = options.follower.onEntry((applied, sequence) => this.#heard(applied, sequence));
  }

  /** Resolves with what became of it. Rejects with an MpcError when that is not known: ask again with the same id. */
  say(saying: Saying): Promise<Outcome> {
    if (this.#stopped !== undefined) return Promise.reject(this.#stopped);
    const command = commandOf(saying);
    const isVouched = isAccounts(saying);
    const known = this.#options.follower.state.outcomeOf(command, isVouched);
    if (known !== undefined) return Promise.resolve(known);
    const key = keyOf(command.author, isVouched, commandDigest(command));
    const same = this.#waiting.get(key);
    if (same !== undefined) return same.outcome;
    const waiting = this.#wait(saying, key);
    this.#queue.push(waiting);
    void this.#run();
    return waiting.outcome;
  }

  stop(reason: MpcError): void {
    this.#stopped = reason;
    this.#entries.unsubscribe();
    this.#cancelLook?.();
    for (const { reject } of [...this.#waiting.values()]) reject(reason);
  }

  #wait(saying: Saying, key: string): Waiting {
    let settle: Pick<Waiting, 'resolve' | 'reject'> | undefined;
    const outcome = new Promise<Outcome>((resolve, reject) => {
      settle = { resolve, reject };
    });
    const waiting: Waiting = {
      saying,
      key,
      // A vouched command stands as text within the entry's text: a quote may become two characters.
      bytes: 2 * Buffer.byteLength(JSON.stringify(commandOf(saying))),
      sinceMs: this.#options.clock.now(),
      outcome,
      resolve: (value) => {
        this.#waiting.delete(key);
        settle?.resolve(value);
      },
      reject: (error) => {
        this.#waiting.delete(key);
        settle?.reject(error);
      },
    };
    this.#waiting.set(key, waiting);
    this.#lookLater();
    return waiting;
  }

  /** One timer for all who wait: the first of them has waited for longest. */
  #lookLater(): void {
    if (this.#cancelLook !== undefined) return;
    const [first] = this.#waiting.values();
    if (first === undefined) return;
    const { clock } = this.#options;
    this.#cancelLook = clock.after(Math.max(1, first.sinceMs + PATIENCE_MS - clock.now()), () => {
      this.#cancelLook = undefined;
      for (const { sinceMs, reject } of this.#waiting.values()) {
        if (clock.now() - sinceMs < PATIENCE_MS) break;
        reject(undecided('coordinator.slow', 'the log has not answered yet'));
      }
      this.#lookLater();
    });
  }

  async #run(): Promise<void> {
    if (this.#appending) return;
    this.#appending = true;
    // Whatever else is submitted in this turn of the loop goes along.
    await Promise.resolve();
    for (let batch = this.#take(); batch.length > 0; batch = this.#take()) await this.#append(batch);
    this.#appending = false;
  }

  /** As many as fit one entry, in the order in which they came. Who no longer waits is left out. */
  #take(): Waiting[] {
    const queue = this.#queue.filter(({ key }) => this.#waiting.has(key));
    let bytes = FRAME_BYTES;
    let count = 0;
    for (const waiting of queue) {
      bytes += waiting.bytes;
      if (count > 0 && (bytes > ENTRY_BYTES || count >= ENTRY_COMMANDS)) break;
      count++;
    }
    this.#queue = queue.slice(count);
    return queue.slice(0, count);
  }

  async #append(batch: readonly Waiting[]): Promise<void> {
    const { log, deployment, identity } = this.#options;
    try {
      const data = entryBytes({
        deployment,
        signed: batch.flatMap(({ saying }) => ('signed' in saying ? [saying.signed] : [])),
        vouched: batch.flatMap(({ saying }) => ('vouched' in saying ? [saying.vouched] : [])),
        ...(identity === undefined ? {} : { coordinator: identity }),
      });
      // Its digest names the entry: the bus may try again to append the same bytes, and they are there once.
      const sequence = await log.append(hex.encode(sha256(data)).slice(0, 32), data);
      this.#appended.push({ sequence, batch });
      this.#settle();
    } catch (error) {
      const report = reportOf(error);
      for (const { key } of batch) this.#waiting.get(key)?.reject(MpcError.from(report));
    }
  }

  #heard(applied: readonly Applied[], sequence: number): void {
    this.#heardTo = sequence;
    for (const { command, digest, outcome } of applied)
      if (command !== undefined)
        this.#waiting.get(keyOf(command.author, command.vouched, digest))?.resolve(outcome);
    this.#settle();
  }

  /** Who still waits for an entry that was applied already was answered by another entry before it, or by none. */
  #settle(): void {
    const { state } = this.#options.follower;
    const isApplied = ({ sequence }: { readonly sequence: number }): boolean => sequence <= this.#heardTo;
    for (const { batch } of this.#appended.filter(isApplied))
      for (const { key, saying } of batch) {
        const waiting = this.#waiting.get(key);
        if (waiting === undefined) continue;
        const known = state.outcomeOf(commandOf(saying), isAccounts(saying));
        if (known === undefined)
          waiting.reject(undecided('coordinator.unsure', 'the log has another entry there'));
        else waiting.resolve(known);
      }
    this.#appended = this.#appended.filter((entry) => !isApplied(entry));
  }
}

const commandOf = (saying: Saying): Command | Vouched =>
  'signed' in saying ? saying.signed : saying.vouched;

const isAccounts = (saying: Saying): boolean => 'vouched' in saying && saying.vouched.session !== undefined;

const keyOf = (author: string, vouched: boolean, digest: string): string =>
  `${vouched ? '~' : ''}${author} ${digest}`;

export const undecided = (code: string, message: string): MpcError =>
  new MpcError(code, message, { hint: 'ask again with the same id' });
