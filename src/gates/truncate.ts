/**
 * Owns truncate: x -> floor(x / 2^f) or that plus 1, for x in [-2^62, 2^62) and 1 <= f <= 62; a ring wire to a share.
 * No round of its own, 16 bytes of tape an element.
 *
 * y = x + 2^62 lies in [0, 2^63), and y^ = x^ + 2^62 = y + r - 2^64 w as integers, w = [y + r >= 2^64]. Since y < 2^63 the sum
 * wraps exactly where r's top bit is 1 and y^'s is 0 (r < 2^63: no wrap possible; r >= 2^63: y + r without a wrap stays
 * >= 2^63, with one it is < 2^63). So w = msb(r) (1 - msb(y^)): linear in msb(r), the other factor being public.
 *   y / 2^f = y^ / 2^f - r / 2^f + w 2^(64-f)
 *   floor(y / 2^f) = (y^ >> f) - (r >> f) + w 2^(64-f) + c,   c = -1 where the low f bits of y^ are below those of r, else 0
 * (the wrap term is an integer). Leaving c out errs by at most one unit, upwards, and never by a wrap-around. Last,
 * floor(x / 2^f) = floor(y / 2^f) - 2^(62-f). The dealer shares s = r >> f and t = msb(r) 2^(64-f):
 *   z_i = -s_i + (1 - msb(y^)) t_i,   and server A adds (y^ >> f) - 2^(62-f).
 * x outside its range gives a wrong result: the compiler proves ranges.
 *
 * Who sees what: the dealer r; a server x^ and uniform shares of s and t; nothing is sent.
 */

import { release } from '../ring/release.ts';
import { addConstant, constantOf, shiftRight, splitMask, truncateShare } from '../ring/ring.ts';
import { newRing, ringWords } from '../ring/words.ts';
import { local, maskOf, oneRingWire, requireShape, wireOf } from './forms.ts';
import type { Gate } from './gate.ts';
import type { OperationOf } from './operations.ts';

const SHIFTED_LANE = 0;
const WRAP_LANE = 1;

/** 2^exponent in the ring. */
const powerOfTwo = (exponent: number) => constantOf(1n << BigInt(exponent));
const minusPowerOfTwo = (exponent: number) => constantOf(-(1n << BigInt(exponent)));

export const truncateGate: Gate<OperationOf<'truncate'>> = {
  op: 'truncate',

  infer({ bits }, inputs) {
    const x = oneRingWire(inputs, 'truncate');
    requireShape(
      Number.isInteger(bits) && bits >= 1 && bits <= 62,
      'truncate',
      'bits is an integer from 1 to 62',
    );
    return { kind: 'ring', form: 'share', length: x.length };
  },

  cost: (_operation, inputs) => ({
    rounds: 0,
    bytesOnline: 0,
    bytesTape: 2 * 4 * ringWords(inputs[0]!.length),
  }),

  lanes: (_operation, inputs) => [
    { lane: SHIFTED_LANE, kind: 'ring', length: inputs[0]!.length },
    { lane: WRAP_LANE, kind: 'ring', length: inputs[0]!.length },
  ],

  deal({ bits }, _inputs, masks, tape) {
    const { shifted, wrap } = splitMask(maskOf(masks[0]), bits);
    tape.dealRing(SHIFTED_LANE, shifted);
    tape.dealRing(WRAP_LANE, wrap);
    return undefined;
  },

  evaluate({ bits }, inputs, values, tape, server) {
    const { length } = inputs[0]!;
    const wrap = tape.dealtRing(WRAP_LANE, length);
    const shifted = tape.dealtRing(SHIFTED_LANE, length);
    const share = truncateShare(wrap, shifted, wireOf(values[0]).masked, bits, server === 'a');
    release(shifted);
    return local({ form: 'share', share });
  },

  clear({ bits }, inputs, values) {
    const moved = addConstant(newRing(inputs[0]!.length), values[0]!, powerOfTwo(63));
    return addConstant(moved, shiftRight(moved, moved, bits), minusPowerOfTwo(63 - bits));
  },
};
