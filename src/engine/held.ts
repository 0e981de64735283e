/**
 * Owns rows that the two servers hold as shares: a table that reads an earlier result, or that a party may be missing from.
 * Must never let a mask of such rows be used as the mask of a wire, nor an absent party's masks at all.
 *
 * A wire's mask has to be one that the dealer of this run knows, and every row of the table needs one. That is not so of an
 * earlier result, which lies under the masks of the run that made it; nor of a party that did not come: its rows would be
 * zeros under its masks, so that both servers would have to be told the masks themselves, and if one of them holds an upload
 * x + r of that party, it would learn x. So such a table comes as shares, row by row:
 *   a party that is here     A: x^ - r_A          B: -r_B        r_A, r_B its input masks of this run: the sum is x
 *   a party that is not      A: 0                 B: 0           its rows are absent ones, which are zeros in every column
 *   an earlier result z      A: z^ - r_A          B: -r_B        z^, r_A, r_B of the run that made it: the sum is z
 * (bits: XOR). Each is what that server holds already: nothing is sent, nothing learned. Where a gate wants a wire, the gate
 * `open` sends share + s_i, with s fresh from this run's tape: each server sees x + s, of which the other's part of s is
 * unknown to it, whatever it knows of r. It costs a round and 8 bytes an element (bits: 8 for each 64); what is only
 * added up is opened as a total. The old masks serve as numbers to be added, nothing is ever opened under them again: that
 * a receiver of the old result knows z^, r_A and r_B tells nobody more than z, which that receiver learned then.
 */

import { shareOf } from '../gates/forms.ts';
import type { Kind, ServerName, ServerValue } from '../gates/gate.ts';
import { resultOf, type Slice } from '../plan/plan.ts';
import { type Words, wordsOf } from '../ring/words.ts';
import { partsOf, type RowRange } from '../tape/input-mask.ts';

export interface HeldRowsParts {
  readonly kind: Kind;
  readonly server: ServerName;
  /** The table's. */
  readonly slices: readonly Slice[];
  readonly rows: RowRange;
  /** Of parties that are here their masked words, of results this server's shares, else zeros. */
  readonly words: Words;
  /** This server's share of all input masks of these rows. */
  readonly mask: Words;
  /** The parties that are here; undefined: all. */
  readonly present: ReadonlySet<string> | undefined;
}

/** This server's share of some rows of an input node. */
export function heldRows(parts: HeldRowsParts): ServerValue {
  const { kind, server, slices, rows, words, mask, present } = parts;
  const share = new Uint32Array(words.length);
  for (const { slice, at, count } of partsOf(slices, rows)) {
    const [from, to] = [wordsOf(kind, at), wordsOf(kind, at + count)];
    const own = words.subarray(from, to);
    const isMasked = resultOf(slice.party) === undefined && (present?.has(slice.party) ?? true);
    const wire = { form: 'wire', masked: own, mask: mask.subarray(from, to) } as const;
    share.set(isMasked ? shareOf(wire, kind, server) : own, from);
  }
  return { form: 'share', share };
}
