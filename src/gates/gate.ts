/**
 * Owns what a gate is: one operation of a plan with its shape, its exact cost, and its three meanings (dealer, server,
 * clear). One file per gate implements it; the interpreters in src/engine run it and know no gate by name.
 * Must never do I/O: a gate that needs the other server yields an opening and is resumed with what was opened.
 *
 * Notation (src/gates/README would only repeat this). Ring R = Z_2^64, two's complement; bits are Z_2, packed.
 *   wire   both servers hold x^ = x + r (bits: x XOR r); the dealer holds r; server i holds r_i, r_A + r_B = r.
 *   share  server i holds x_i, x_A + x_B = x (bits: XOR); the dealer holds nothing. Gates that need a mask need a wire:
 *          `open` makes one of a share, under a fresh mask.
 * Every vector is a `Uint32Array`: two words (low, high) a ring element; 32 bits a word, bit vectors padded to an even
 * number of words with ZERO padding bits (of values, shares and masks alike), so that one word vector is one message.
 */
import type { BitVector, RingVector, WordStream, Words } from '../ring/words.ts';

export type Kind = 'ring' | 'bits';
export type Form = 'wire' | 'share';

/** The public type of a value: what it is made of, how it is held, and how many elements it has. */
export interface Shape {
  readonly kind: Kind;
  readonly form: Form;
  readonly length: number;
}

/** Exact cost of one gate. `rounds` counts the openings the gate itself yields. */
export interface GateCost {
  readonly rounds: number;
  /** Bytes this gate makes server A send. Openings are padded as vectors are: to 8 bytes each. */
  readonly bytesOnline: number;
  /** Bytes it makes server B send, where that is not the same. */
  readonly bytesOnlineB?: number;
  /** Bytes of corrections in server B's tape. */
  readonly bytesTape: number;
  /** Bytes of corrections in server A's tape, which is a seed alone for most gates: those of lanes that both servers read. */
  readonly bytesTapeA?: number;
}

/** What the dealer knows of a value: the mask of a wire, nothing of a share. */
export type DealerValue = Words | undefined;

/** What one server holds of a value. For wires `masked` is public to both servers, `mask` is this server's share of r. */
export type ServerValue =
  | { readonly form: 'wire'; readonly masked: Words; readonly mask: Words }
  | { readonly form: 'share'; readonly share: Words };

/** A value in the clear: ring elements or bits, packed the same way. */
export type ClearValue = Words;

export type ServerName = 'a' | 'b';

/** A share to be sent to the other server and added (bits: XORed) to its share. Must already be masked. */
export interface Exchanged {
  readonly kind: Kind;
  readonly share: Words;
}

/** Words that one server sends, masked, and the other receives, sending nothing. Both are resumed with these words. */
export interface Transfer {
  readonly kind: 'transfer';
  readonly from: ServerName;
  /** How many words, an even number: the receiver knows it from the plan. */
  readonly count: number;
  /** The words, at their sender only. */
  readonly words?: Words;
}

export type Opening = Exchanged | Transfer;

/** A gate on a server: yields openings, is resumed with the opened words, returns its value. */
export type Evaluation = Generator<Opening, ServerValue, Words>;

/**
 * One node's part of the dealer's tape. `lane` numbers the node's streams from 0; each lane is used once.
 * The masks come from the two servers' keystreams, both known to the dealer.
 */
export interface DealerTape {
  /** A fresh uniform ring mask r = r_A + r_B, free of charge. */
  maskRing(lane: number, length: number): RingVector;
  maskBits(lane: number, length: number): BitVector;
  /** What that server draws for itself in this lane, and the other does not know. Free of charge. */
  ownWords(lane: number, server: ServerName): WordStream;
  /** Shares a value the dealer knows: A's share is its keystream, B's is a correction (8 bytes an element). */
  dealRing(lane: number, value: RingVector): void;
  dealBits(lane: number, value: BitVector, length: number): void;
  /** Words for both servers to read as they are (an even number; 4 bytes each to either). The vector is the tape's to keep. */
  dealToBoth(lane: number, words: Words): void;
}

/** One node's part of a server's tape: the same lanes, this server's share of each. */
export interface ServerTape {
  maskRing(lane: number, length: number): RingVector;
  maskBits(lane: number, length: number): BitVector;
  /** Uniform words that the dealer knows and the other server does not. A lane belongs to one server. */
  ownWords(lane: number): WordStream;
  /** A vector of the gate's own to write to: `out` if given, so that a gate of many lanes can use one vector for all. */
  dealtRing(lane: number, length: number, out?: RingVector): RingVector;
  dealtBits(lane: number, length: number, out?: BitVector): BitVector;
  /** What the dealer told both servers in this lane: `count` words. */
  dealtToBoth(lane: number, count: number): Words;
}

/**
 * A gate. `inputs` are the shapes of its inputs in order, `output` the shape `infer` gave.
 * Order of `deal*` calls by lane number is the order of corrections inside the node's tape segment; `dealt*` may be read
 * in any order because the interpreter knows each lane's place from `lanes`.
 */
export interface Gate<O extends { readonly op: string }> {
  readonly op: O['op'];
  /** The output's shape. Throws MpcError `plan.bad-shape` when the inputs do not fit. */
  infer(operation: O, inputs: readonly Shape[]): Shape;
  cost(operation: O, inputs: readonly Shape[]): GateCost;
  /** The dealt lanes in order, so that a tape segment can be read at random: lane number, kind, number of elements. */
  lanes(operation: O, inputs: readonly Shape[]): readonly DealtLane[];
  deal(operation: O, inputs: readonly Shape[], masks: readonly DealerValue[], tape: DealerTape): DealerValue;
  evaluate(
    operation: O,
    inputs: readonly Shape[],
    values: readonly ServerValue[],
    tape: ServerTape,
    server: ServerName,
  ): Evaluation;
  clear(operation: O, inputs: readonly Shape[], values: readonly ClearValue[]): ClearValue;
}

export interface DealtLane {
  readonly lane: number;
  readonly kind: Kind;
  readonly length: number;
  /** The lane is no share: both servers read its words, as bits. */
  readonly isForBoth?: true;
}
