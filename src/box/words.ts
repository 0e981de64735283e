/**
 * Owns what the three servers tell each other of the proofs: for each batch a word to each of the other two, over sealed channels.
 * A server that restarts says the same words again: they follow from its ballots.
 * Must never say a word of a batch that this server has not prepared.
 */
import type { Channel, ChunkSink, ChunkSource } from '../channel/channel.ts';
import { openChannel } from '../channel/sealed-channel.ts';
import type { ElectionServer } from '../election/descriptor.ts';
import { type Bell, type BoxPlace, peersOf } from './place.ts';

/** Words of a peer that wait for this server: beyond, the peer waits. */
const AHEAD = 16;

export interface WordsParts {
  readonly place: BoxPlace;
  readonly bell: Bell;
  readonly election: string;
  /** The descriptor's. */
  readonly digest: string;
  readonly keys: Readonly<Record<string, string>>;
  /** Batches counted already: their words are not wanted again. */
  readonly counted: number;
  /** This server's word of a batch: waits until it is prepared; undefined past the last batch of a frozen box. */
  readonly wordOf: (batch: number) => Promise<Uint8Array | undefined>;
  readonly onPresence: (peer: ElectionServer, present: boolean) => void;
}

export class Words {
  readonly #parts: WordsParts;
  readonly #heard = new Map<ElectionServer, Map<number, Uint8Array>>();
  readonly #channels: Channel[];
  #counted: number;

  constructor(parts: WordsParts) {
    this.#parts = parts;
    this.#counted = parts.counted;
    this.#channels = peersOf(parts.place.me).map((peer) => this.#channelTo(peer));
  }

  /** The words of a batch in the order of the servers, with this server's own; undefined while one is missing. */
  of(batch: number, servers: readonly ElectionServer[], mine: Uint8Array): Uint8Array[] | undefined {
    const words = servers.map((server) =>
      server === this.#parts.place.me ? mine : this.#heard.get(server)?.get(batch),
    );
    return words.every((word) => word !== undefined) ? words : undefined;
  }

  /** Whose word of that batch is not here. */
  missing(batch: number): ElectionServer[] {
    return peersOf(this.#parts.place.me).filter((peer) => !this.#heard.get(peer)?.has(batch));
  }

  /** The batch is counted, and that is on the disk. */
  forget(batch: number): void {
    this.#counted = batch + 1;
    for (const words of this.#heard.values()) words.delete(batch);
    this.#parts.bell.ring();
  }

  close(): void {
    for (const channel of this.#channels) channel.close();
  }

  #channelTo(peer: ElectionServer): Channel {
    const { place, election, digest, keys, onPresence } = this.#parts;
    const { bus, clock, random, identity, deployment, troubles } = place.workplace;
    const heard = new Map<number, Uint8Array>();
    this.#heard.set(peer, heard);
    return openChannel({
      bus,
      clock,
      random,
      identity,
      me: place.me,
      peer,
      peerKey: keys[peer] ?? '',
      topic: { deployment, collaboration: election, purpose: 'ballots', descriptor: digest, attempt: 1 },
      outgoing: this.#source(),
      incoming: this.#sinkOf(heard),
      onTrouble: (report) => troubles.note(report, { election, peer }),
      onPresence: (present) => onPresence(peer, present),
    });
  }

  #source(): ChunkSource {
    return { chunk: (batch) => this.#parts.wordOf(batch) };
  }

  #sinkOf(heard: Map<number, Uint8Array>): ChunkSink {
    const { place, bell } = this.#parts;
    let next = this.#counted;
    return {
      wanted: () => next,
      accept: async (word) => {
        heard.set(next, word.slice());
        next++;
        bell.ring();
        const mayGoOn = (): boolean => next - this.#counted <= AHEAD;
        if (!mayGoOn()) await bell.until(mayGoOn, place.signal);
      },
      finished: async () => {},
    };
  }
}
