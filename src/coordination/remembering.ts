/**
 * Owns what became of one chapter's last commands: found by who said them and their id, forgotten in the order in which they came.
 * Must never make an entry wait for the others: however many are remembered, one more and one less cost the same.
 *
 * Each is kept as text: a hundred thousand small objects would be looked through at every collection of memory, texts are not. The oldest
 * is found by its place in a ring, not at the front of a map: what was deleted there is passed over again and again until the
 * map is made anew. And there are many small maps, because making one of all anew takes a tenth of a second.
 */
import { assert } from '../base/errors.ts';
import type { Outcome, Remembered } from './records.ts';

/** Ids are hexadecimal and unpredictable, as a rule: their first two digits share them out evenly. */
const SHARDS = 256;

export class Remembering {
  readonly #chapter: string;
  readonly #most: number;
  readonly #shards: readonly Map<string, string>[] = Array.from({ length: SHARDS }, () => new Map());
  /** Keys, the oldest at `#oldest` once the ring is full. */
  readonly #ring: string[] = [];
  #oldest = 0;

  constructor(chapter: string, most: number) {
    this.#chapter = chapter;
    this.#most = most;
  }

  find(by: string, id: string): Remembered | undefined {
    const key = keyOf(by, id);
    const text = this.#shard(id).get(key);
    return text === undefined ? undefined : this.#read(key, text);
  }

  /** Of one who has said nothing under that id. Returns what is forgotten for it. */
  add({ by, id, digest, outcome }: Remembered): Remembered | undefined {
    const key = keyOf(by, id);
    const forgotten = this.#ring.length < this.#most ? undefined : this.#forget();
    this.#ring[forgotten === undefined ? this.#ring.length : this.#oldest] = key;
    if (forgotten !== undefined) this.#oldest = (this.#oldest + 1) % this.#most;
    this.#shard(id).set(key, JSON.stringify([digest, outcome]));
    return forgotten;
  }

  /** Oldest first. */
  *items(): IterableIterator<Remembered> {
    for (let at = 0; at < this.#ring.length; at++) {
      const key = this.#ring[(this.#oldest + at) % this.#ring.length] ?? '';
      yield this.#read(key, this.#shard(idIn(key)).get(key));
    }
  }

  #forget(): Remembered {
    const key = this.#ring[this.#oldest] ?? '';
    const shard = this.#shard(idIn(key));
    const item = this.#read(key, shard.get(key));
    shard.delete(key);
    return item;
  }

  #shard(id: string): Map<string, string> {
    const shard = this.#shards[Number.parseInt(id.slice(0, 2), 16)];
    assert(shard !== undefined, 'an id is hexadecimal');
    return shard;
  }

  #read(key: string, text: string | undefined): Remembered {
    assert(text !== undefined, 'what is in the ring is in a map');
    const [digest, outcome] = JSON.parse(text) as [string, Outcome]; // written here
    const id = idIn(key);
    return { chapter: this.#chapter, by: key.slice(0, -id.length - 1), id, digest, outcome };
  }
}

const keyOf = (by: string, id: string): string => `${by} ${id}`;

/** A name holds no space. */
const idIn = (key: string): string => key.slice(key.indexOf(' ') + 1);
