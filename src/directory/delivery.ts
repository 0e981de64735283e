/**
 * Owns live delivery: what an account's places wait for, told as soon as this replica has applied it.
 * Must never keep a message itself, nor hand one out of order: a reader asks the mailbox for its next number each time.
 */
import type { Clock } from '../base/clock.ts';
import type { Change } from '../coordination/tables.ts';
import type { DirectoryPort } from './port.ts';
import { DIRECTORY, type DirectoryRecords, type Mail, mailKey } from './rows.ts';

/** A session ends by time too: a reader that waits looks again this often. */
const LOOK_AGAIN_MS = 30_000;

export class Delivery {
  readonly #records: DirectoryRecords;
  readonly #clock: Clock;
  readonly #waiting = new Map<string, Set<() => void>>();
  readonly #stopListening: () => void;
  #stopped = false;

  constructor(port: DirectoryPort, records: DirectoryRecords, clock: Clock) {
    this.#records = records;
    this.#clock = clock;
    this.#stopListening = port.onChanges((changes) => this.#hear(changes));
  }

  /** Messages after that number that are kept, in order, at most `limit`. */
  after(account: string, number: number, limit: number): Mail[] {
    const mailbox = this.#records.mailboxes.get(account);
    if (mailbox === undefined) return [];
    const mails: Mail[] = [];
    for (let at = Math.max(number + 1, mailbox.first); at < mailbox.next && mails.length < limit; at++) {
      const mail = this.#records.mail.get(mailKey(account, at));
      if (mail !== undefined) mails.push(mail);
    }
    return mails;
  }

  /** Everything after that number, as it comes, until `live` says no or the signal is aborted. */
  async *follow(
    account: string,
    number: number,
    { live, signal }: { readonly live: () => boolean; readonly signal: AbortSignal },
  ): AsyncGenerator<Mail> {
    let last = number;
    while (!signal.aborted && !this.#stopped && live()) {
      const [mail] = this.after(account, last, 1);
      if (mail === undefined) {
        await this.#change(account, signal);
        continue;
      }
      last = mail.number;
      yield mail;
    }
  }

  stop(): void {
    this.#stopped = true;
    this.#stopListening();
    for (const waiting of this.#waiting.values()) for (const wake of [...waiting]) wake();
  }

  #change(account: string, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const waiting = this.#waiting.get(account) ?? new Set();
      this.#waiting.set(account, waiting);
      const wake = (): void => {
        cancel();
        signal.removeEventListener('abort', wake);
        waiting.delete(wake);
        if (waiting.size === 0 && this.#waiting.get(account) === waiting) this.#waiting.delete(account);
        resolve();
      };
      const cancel = this.#clock.after(LOOK_AGAIN_MS, wake);
      signal.addEventListener('abort', wake, { once: true });
      waiting.add(wake);
    });
  }

  /** A mailbox changes with its mail, an account with its sessions. */
  #hear(changes: readonly Change[]): void {
    if (this.#waiting.size === 0) return;
    for (const { chapter, table, key } of changes)
      if (chapter === DIRECTORY && (table === 'mailboxes' || table === 'accounts'))
        for (const wake of [...(this.#waiting.get(key) ?? [])]) wake();
  }
}
