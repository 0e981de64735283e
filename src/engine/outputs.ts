/**
 * Owns how a server's results are put together from the pieces in which they are computed.
 * Must never take anything but wires: what leaves a server is a masked value and one mask share.
 */
import { assert } from '../base/errors.ts';
import type { Kind, ServerValue } from '../gates/gate.ts';
import type { NodeId } from '../plan/plan.ts';
import type { StripPlan } from '../plan/strips.ts';
import { type Words, wordsOf } from '../ring/words.ts';

/** What one server holds of a result: the masked value is the same on both, the mask is the sum (XOR) of both shares. */
export interface ServerOutput {
  readonly name: string;
  readonly kind: Kind;
  readonly length: number;
  readonly masked: Words;
  readonly maskShare: Words;
}

interface Place {
  readonly output: number;
  /** Words before this piece. */
  readonly at: number;
}

export class OutputVectors {
  readonly #outputs: readonly ServerOutput[];
  readonly #places = new Map<NodeId, Place>();

  constructor({ outputs, shapes }: StripPlan) {
    const sizes = outputs.map(({ kind, pieces }) =>
      pieces.reduce((sum, piece) => sum + wordsOf(kind, shapes[piece]!.length), 0),
    );
    // All results in one vector, in the order in which `outputBytes` wants them.
    const whole = new Uint32Array(2 * sizes.reduce((sum, size) => sum + size, 0));
    let end = 0;
    const next = (words: number): Words => {
      end += words;
      return whole.subarray(end - words, end);
    };
    this.#outputs = outputs.map(({ name, kind, length, pieces }, output) => {
      let at = 0;
      for (const piece of pieces) {
        this.#places.set(piece, { output, at });
        at += wordsOf(kind, shapes[piece]!.length);
      }
      return { name, kind, length, masked: next(at), maskShare: next(at) };
    });
  }

  /** Takes a node's value if it is a piece of a result. */
  put(id: NodeId, value: ServerValue): void {
    const place = this.#places.get(id);
    if (place === undefined) return;
    assert(value.form === 'wire', 'an output is a wire');
    const { masked, maskShare } = this.#outputs[place.output]!;
    masked.set(value.masked, place.at);
    maskShare.set(value.mask, place.at);
    this.#places.delete(id);
  }

  /** The results, in the plan's order, when all pieces are in. */
  take(): ServerOutput[] {
    assert(this.#places.size === 0, 'every output has been computed');
    return [...this.#outputs];
  }
}
