/**
 * Owns the dealer's side of a tape: masks from both servers' keystreams, and the corrections that are server
 * B's shares of dealt values: v - keystream_A (bits: v XOR keystream_A), where v is known to the dealer.
 * A sees its keystream only; B sees v under A's keystream, a one-time pad: each is uniform and tells nothing of v.
 * Words for both servers go into both tapes as they are: the gate that deals them says why they tell neither anything.
 * Must never use a lane of a node twice (the pads would repeat), nor leave the layout's order: B reads by offsets.
 */
import { bytesOfWords } from '../base/bytes.ts';
import { assert } from '../base/errors.ts';
import type { DealerTape, DealtLane, Kind, ServerName } from '../gates/gate.ts';
import { clearPadding, xor } from '../ring/bits.ts';
import { sub } from '../ring/ring.ts';
import type { BitVector, RingVector, WordStream, Words } from '../ring/words.ts';
import { newBits, newRing, wordsOf } from '../ring/words.ts';
import type { InputSlice, RowRange } from './input-mask.ts';
import { InputMasks } from './input-mask.ts';
import { jointMask } from './joint-mask.ts';
import { GATES, Keystream, PIECE_WORDS } from './keystream.ts';
import type { Seed } from './seed.ts';

/** Whose tape a correction belongs to: server B's alone, or each server's. */
export type Holders = 'b' | 'both';

/** Takes corrections in order. The bytes are the sink's to keep. */
export type CorrectionSink = (bytes: Uint8Array, holders: Holders) => void;

export interface ServerSeeds {
  readonly a: Seed;
  readonly b: Seed;
}

/** The whole tape: nodes are dealt in order of their ids. */
export class DealerTapes {
  readonly #inputMasks: InputMasks;
  readonly #a: Keystream;
  readonly #b: Keystream;
  readonly #sink: CorrectionSink;
  #lastNode = -1;

  constructor(seeds: ServerSeeds, sink: CorrectionSink) {
    this.#inputMasks = new InputMasks(seeds.a, seeds.b);
    this.#a = new Keystream(seeds.a, GATES);
    this.#b = new Keystream(seeds.b, GATES);
    this.#sink = sink;
  }

  /** The tape of node `id`, which deals exactly `lanes`. Ids must rise; call `finish` when the gate has dealt. */
  node(id: number, lanes: readonly DealtLane[]): DealerNodeTape {
    assert(id > this.#lastNode, 'nodes are dealt once and in order');
    this.#lastNode = id;
    return new DealerNodeTape(id, lanes, this.#a, this.#b, this.#sink);
  }

  /** The mask of input node `id`, or of some rows of it. */
  inputMask(id: number, slices: readonly InputSlice[], kind: Kind, rows?: RowRange): Words {
    return this.#inputMasks.of(slices, id, kind, rows);
  }
}

export class DealerNodeTape implements DealerTape {
  readonly #node: number;
  readonly #lanes: readonly DealtLane[];
  readonly #a: Keystream;
  readonly #b: Keystream;
  readonly #sink: CorrectionSink;
  readonly #used = new Set<number>();
  #dealt = 0;

  constructor(node: number, lanes: readonly DealtLane[], a: Keystream, b: Keystream, sink: CorrectionSink) {
    this.#node = node;
    this.#lanes = lanes;
    this.#a = a;
    this.#b = b;
    this.#sink = sink;
  }

  maskRing(lane: number, length: number): RingVector {
    this.#take(lane);
    return this.#mask('ring', lane, newRing(length));
  }

  maskBits(lane: number, length: number): BitVector {
    this.#take(lane);
    return clearPadding(this.#mask('bits', lane, newBits(length)), length);
  }

  ownWords(lane: number, server: ServerName): WordStream {
    this.#take(lane);
    return (server === 'a' ? this.#a : this.#b).stream(this.#node, lane);
  }

  dealRing(lane: number, value: RingVector): void {
    this.#deal(lane, 'ring', value, value.length / 2);
    this.#correct(lane, value, sub);
  }

  dealBits(lane: number, value: BitVector, length: number): void {
    this.#deal(lane, 'bits', value, length);
    this.#correct(lane, value, xor, length);
  }

  dealToBoth(lane: number, words: Words): void {
    this.#deal(lane, 'bits', words, 32 * words.length, true);
    this.#sink(bytesOfWords(words), 'both');
  }

  /** Asserts that every lane of the layout has been dealt. */
  finish(): void {
    assert(this.#dealt === this.#lanes.length, 'a gate deals all of its lanes');
  }

  #deal(lane: number, kind: Kind, value: Words, length: number, isForBoth = false): void {
    const expected = this.#lanes[this.#dealt++];
    assert(
      expected?.lane === lane && expected.kind === kind && expected.length === length,
      'lanes are dealt in the order and size the gate declares',
    );
    assert((expected.isForBoth === true) === isForBoth, 'lanes go to whom the gate declares');
    assert(value.length === wordsOf(kind, length), 'a dealt value has the words of its length');
    this.#take(lane);
  }

  #mask(kind: Kind, lane: number, out: Words): Words {
    return jointMask(out, kind, [this.#a, this.#b], this.#node, lane);
  }

  /** Piece by piece: what the sink takes is the vector that the keystream was made in. */
  #correct(lane: number, value: Words, takeOff: typeof sub, bits = 32 * value.length): void {
    for (let at = 0; at < value.length; at += PIECE_WORDS) {
      const part = value.subarray(at, at + PIECE_WORDS);
      const pad = this.#a.words(this.#node, lane, at, part.length);
      takeOff(pad, part, pad);
      this.#sink(bytesOfWords(clearPadding(pad, Math.min(32 * part.length, bits - 32 * at))), 'b');
    }
  }

  #take(lane: number): void {
    assert(!this.#used.has(lane), 'a lane is used once');
    this.#used.add(lane);
  }
}
