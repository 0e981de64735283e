/**
 * Owns shuffle: k ring columns of n rows -> the same rows in an order that nobody knows, all columns alike; wires to a wire
 * under a fresh mask. Two rounds: server A sends 8 k bytes a row, then server B does; 8 k bytes of tape a row.
 *
 * (Shuffling by two permutations in turn: Laur, Willemson, Zhang 2011; with a dealer: Chase, Ghosh, Poburinnaya 2020.)
 * Server A draws a permutation p and a mask a, server B a permutation q and a mask b, each from its own keystream.
 *   A sends  u  = p(x^) + a          B sends  y^ = q(u) + b = q(p(x)) + r_y,     r_y = q(p(r) + a) + b.
 * The dealer knows p, q, a, b and so r_y, and shares it: y^ with these shares is a wire of the rows y = q(p(x)).
 *
 * Who sees what. B sees u, uniform, since a is A's alone; A sees y^, uniform, since b is B's alone. The order q p is uniform
 * to each of them, since the other's permutation is; the dealer knows it and sees no message. Shares of r_y: A's is its
 * keystream, B's is r_y under that keystream. So the wire's mask is fresh to both: given all that B holds, A's share of it is
 * uniform, and the other way round.
 *
 * The order of the result differs from run to run; `clear` leaves the rows where they are.
 */
import type { Words } from '../ring/words.ts';
import { ringWords } from '../ring/words.ts';
import { maskOf, requireShape, wireOf } from './forms.ts';
import type { Gate, Shape } from './gate.ts';
import type { OperationOf } from './operations.ts';
import { concatRing, transfer, turnRows } from './transfer.ts';

const LANES = {
  a: { permutation: 0, mask: 1 },
  b: { permutation: 2, mask: 3 },
  output: 4,
} as const;

const elementsOf = (inputs: readonly Shape[]): number => inputs.length * inputs[0]!.length;

export const shuffleGate: Gate<OperationOf<'shuffle'>> = {
  op: 'shuffle',

  infer(_operation, inputs) {
    const rows = inputs[0]?.length ?? 0;
    requireShape(rows > 0, 'shuffle', 'takes one column or more, with rows');
    for (const { kind, form, length } of inputs) {
      requireShape(kind === 'ring' && form === 'wire', 'shuffle', 'inputs are ring wires');
      requireShape(length === rows, 'shuffle', 'inputs have one length');
    }
    return { kind: 'ring', form: 'wire', length: elementsOf(inputs) };
  },

  cost(_operation, inputs) {
    const bytes = 4 * ringWords(elementsOf(inputs));
    return { rounds: 2, bytesOnline: bytes, bytesTape: bytes };
  },

  lanes: (_operation, inputs) => [{ lane: LANES.output, kind: 'ring', length: elementsOf(inputs) }],

  deal(_operation, inputs, masks, tape) {
    let mask = concatRing(masks.map(maskOf));
    for (const server of ['a', 'b'] as const) {
      const lanes = LANES[server];
      const [permutation, own] = [lanes.permutation, lanes.mask].map((lane) => tape.ownWords(lane, server));
      mask = turnRows(mask, inputs[0]!.length, permutation!, own!);
    }
    tape.dealRing(LANES.output, mask);
    return mask;
  },

  *evaluate(_operation, inputs, values, tape, server) {
    const elements = elementsOf(inputs);
    const turned = (rows: Words) => {
      const lanes = LANES[server];
      const [permutation, own] = [lanes.permutation, lanes.mask].map((lane) => tape.ownWords(lane));
      return turnRows(rows, inputs[0]!.length, permutation!, own!);
    };
    const columns = () => concatRing(values.map((value) => wireOf(value).masked));
    const half = yield* transfer(server, 'a', ringWords(elements), () => turned(columns()));
    const masked = yield* transfer(server, 'b', ringWords(elements), () => turned(half));
    return { form: 'wire', masked, mask: tape.dealtRing(LANES.output, elements) };
  },

  clear: (_operation, _inputs, values) => concatRing(values),
};
