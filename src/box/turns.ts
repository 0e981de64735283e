/**
 * Owns whose turn it is where more is asked of a server than it does at once: senders take turns, and each has a few messages here at most.
 * Whoever sends more is told so at once, and keeps nobody else from being answered.
 * Must never hold a message for which it has not counted its sender.
 */
import { EXIT, MpcError } from '../base/errors.ts';

export interface TurnLimits {
  /** Worked on at once, of all senders. */
  readonly inHand: number;
  /** Of one sender, worked on and waiting. */
  readonly perSender: number;
  /** Waiting, of all senders: bounds memory. */
  readonly waiting: number;
}

export class Turns {
  readonly #limits: TurnLimits;
  /** Who waits, in the order of their turns: a sender who had one stands behind the others. */
  readonly #queues = new Map<string, (() => void)[]>();
  readonly #perSender = new Map<string, number>();
  #inHand = 0;
  #waiting = 0;

  constructor(limits: TurnLimits) {
    this.#limits = limits;
  }

  /** Does the work when it is this sender's turn. Throws `election.too-fast` or `election.busy` at once, or what the work throws. */
  async take<Value>(sender: string, work: () => Promise<Value>): Promise<Value> {
    const { inHand, perSender, waiting } = this.#limits;
    const mine = this.#perSender.get(sender) ?? 0;
    if (mine >= perSender)
      throw turnedAway(
        'too-fast',
        `${mine} messages of ${sender} are here already`,
        'wait for their answers first',
      );
    const mustWait = this.#inHand >= inHand;
    if (mustWait && this.#waiting >= waiting)
      throw turnedAway('busy', 'too much is asked of this server at once', 'ask again');
    this.#perSender.set(sender, mine + 1);
    try {
      if (mustWait) await this.#turnOf(sender);
      else this.#inHand++;
      try {
        return await work();
      } finally {
        this.#next();
      }
    } finally {
      const left = (this.#perSender.get(sender) ?? 1) - 1;
      if (left > 0) this.#perSender.set(sender, left);
      else this.#perSender.delete(sender);
    }
  }

  #turnOf(sender: string): Promise<void> {
    return new Promise((go) => {
      this.#waiting++;
      const queue = this.#queues.get(sender);
      if (queue === undefined) this.#queues.set(sender, [go]);
      else queue.push(go);
    });
  }

  /** Work is done: its place is the next sender's, if one waits. */
  #next(): void {
    for (const [sender, [go, ...others]] of this.#queues) {
      this.#queues.delete(sender);
      if (others.length > 0) this.#queues.set(sender, others);
      if (go === undefined) continue;
      this.#waiting--;
      go();
      return;
    }
    this.#inHand--;
  }
}

const turnedAway = (code: string, message: string, hint: string): MpcError =>
  new MpcError(`election.${code}`, message, { hint, exitCode: EXIT.temporary });
