/**
 * Owns the gate dot: two ring vectors as groups x len; z_g = the inner product of the two rows g; wires to a share. No
 * round of its own, 8 bytes of tape for each OUTPUT element.
 *
 * The sum of multiply's equation over a row:
 * z = sum x^ y^ - sum x^ r_y - sum y^ r_x + c with c = sum r_x r_y, which the dealer shares. So
 *   z_A = sum x^ (y^ - r_y,A) - sum y^ r_x,A + c_A        z_B = c_B - sum x^ r_y,B - sum y^ r_x,B
 * Nothing is sent. Server B sees c under A's keystream.
 */
import { add, dotGroups, sub } from '../ring/ring.ts';
import { newRing, ringWords } from '../ring/words.ts';
import { local, maskOf, requireCount, requireShape, wireOf } from './forms.ts';
import type { Gate } from './gate.ts';
import type { OperationOf } from './operations.ts';

const PRODUCT_LANE = 0;

export const dotGate: Gate<OperationOf<'dot'>> = {
  op: 'dot',

  infer({ groups }, inputs) {
    const [x, y] = inputs;
    requireShape(inputs.length === 2 && x !== undefined && y !== undefined, 'dot', 'takes two inputs');
    for (const { kind, form } of inputs) {
      requireShape(kind === 'ring' && form === 'wire', 'dot', 'inputs are ring wires');
    }
    requireShape(x.length > 0 && x.length === y.length, 'dot', 'inputs have one length');
    requireCount(groups, 'dot', 'groups');
    requireShape(x.length % groups === 0, 'dot', 'the length is a multiple of groups');
    return { kind: 'ring', form: 'share', length: groups };
  },

  cost: ({ groups }) => ({ rounds: 0, bytesOnline: 0, bytesTape: 4 * ringWords(groups) }),
  lanes: ({ groups }) => [{ lane: PRODUCT_LANE, kind: 'ring', length: groups }],

  deal({ groups }, _inputs, masks, tape) {
    tape.dealRing(PRODUCT_LANE, dotGroups(newRing(groups), maskOf(masks[0]), maskOf(masks[1]), groups));
    return undefined;
  },

  evaluate({ groups }, inputs, values, tape, server) {
    const x = wireOf(values[0]);
    const y = wireOf(values[1]);
    const share = tape.dealtRing(PRODUCT_LANE, groups);
    const term = newRing(groups);
    if (server === 'a') {
      const difference = sub(newRing(inputs[0]!.length), y.masked, y.mask);
      add(share, share, dotGroups(term, x.masked, difference, groups));
    } else {
      sub(share, share, dotGroups(term, x.masked, y.mask, groups));
    }
    return local({ form: 'share', share: sub(share, share, dotGroups(term, y.masked, x.mask, groups)) });
  },

  clear: ({ groups }, _inputs, values) => dotGroups(newRing(groups), values[0]!, values[1]!, groups),
};
