/**
 * Owns how openings travel: this server's shares, put together to messages in the order of the schedule, and the other
 * server's, taken apart again and combined. Messages are cut by the plan alone: both servers cut alike, and a run that is
 * repeated sends the same.
 * Must never wait to send: a message leaves as soon as it is full, or its step is over.
 */
import { bytesOfWords, concatBytes, wordsIn } from '../base/bytes.ts';
import { assert, EXIT, MpcError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Opening } from '../gates/gate.ts';
import type { NodeId } from '../plan/plan.ts';
import { xor } from '../ring/bits.ts';
import { add } from '../ring/ring.ts';
import type { Words } from '../ring/words.ts';

/** The way to the other server and back: both carry messages in order, the same number of them. */
export interface Link {
  /** Sends the next message (it may be empty). Its bytes stay as they are. */
  send(message: Uint8Array): void | Promise<void>;
  /** The other server's next message, `bytes` long by the plan (it may be empty). It is the engine's to change. */
  receive(bytes: number): Promise<Uint8Array>;
}

interface Pending {
  readonly node: NodeId;
  readonly opening: Opening;
}

const NOTHING = new Uint32Array(0);

export class Openings {
  readonly #link: Link;
  /** What the next message will hold, and its size in the larger direction. */
  #open: Pending[] = [];
  #openBytes = 0;
  /** Messages sent of which the other server's has not been taken. */
  readonly #sent: (readonly Pending[])[] = [];
  readonly #opened = new Map<NodeId, Words>();
  #received = 0;

  constructor(link: Link) {
    this.#link = link;
  }

  /** Puts a node's opening into the next message. */
  async push(node: NodeId, opening: Opening): Promise<void> {
    this.#open.push({ node, opening });
    this.#openBytes += 4 * (opening.kind === 'transfer' ? opening.count : opening.share.length);
    if (this.#openBytes >= LIMITS.chunkBytes) await this.flush();
  }

  /** Sends what there is: at the end of a step. */
  async flush(): Promise<void> {
    if (this.#open.length === 0) return;
    const shares = this.#open.map(({ opening }) => bytesOfWords(sentWords(opening)));
    this.#sent.push(this.#open);
    this.#open = [];
    this.#openBytes = 0;
    await this.#link.send(shares.length === 1 ? shares[0]! : concatBytes(...shares));
  }

  /** What the node is resumed with. Nodes ask in the order in which they opened. */
  async opened(node: NodeId): Promise<Words> {
    while (!this.#opened.has(node)) await this.#receive();
    const words = this.#opened.get(node)!;
    this.#opened.delete(node);
    return words;
  }

  /** Everything that was sent has been answered and used. */
  get isDone(): boolean {
    return this.#open.length + this.#sent.length + this.#opened.size === 0;
  }

  async #receive(): Promise<void> {
    const message = this.#sent.shift();
    assert(message, 'a node waits for what it opened in an earlier step');
    const expected = 4 * message.reduce((sum, { opening }) => sum + receivedWords(opening), 0);
    const received = await this.#link.receive(expected);
    if (received.length !== expected) {
      throw new MpcError(
        'engine.wrong-size',
        `message ${this.#received}: the other server sent ${received.length} bytes instead of ${expected}`,
        { exitCode: EXIT.protocol, hint: 'both servers must run the same version of this program' },
      );
    }
    this.#received++;
    const theirs = wordsIn(received);
    let at = 0;
    for (const { node, opening } of message) {
      const part = theirs.subarray(at, at + receivedWords(opening));
      at += part.length;
      this.#opened.set(node, combined(opening, part));
    }
  }
}

/** What this server sends for an opening. */
export function sentWords(opening: Opening): Words {
  return opening.kind === 'transfer' ? (opening.words ?? NOTHING) : opening.share;
}

/** How many words the other server sends for it. */
function receivedWords(opening: Opening): number {
  if (opening.kind !== 'transfer') return opening.share.length;
  return opening.words ? 0 : opening.count;
}

/** Our opening plus theirs, or the words that one of us sent. */
function combined(opening: Opening, theirs: Words): Words {
  if (opening.kind === 'transfer') return opening.words ?? theirs;
  // The share may be on its way still, so the sum goes into the received words.
  return (opening.kind === 'ring' ? add : xor)(theirs, opening.share, theirs);
}
