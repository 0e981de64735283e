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
import type { RingVector, Words } from '../ring/words.ts';
import { ringWords } from '../ring/words.ts';
import { maskOf, requireShape, wireOf } from './forms.ts';
import type {
  DealerTape,
  DealtLane,
  Gate,
  GateCost,
  Opening,
  ServerName,
  ServerTape,
  Shape,
} from './gate.ts';
import type { OperationOf } from './operations.ts';
import { concatRing, transfer, turnRows } from './transfer.ts';

const LANES = {
  a: { permutation: 0, mask: 1 },
  b: { permutation: 2, mask: 3 },
  output: 4,
} as const;

/** Lanes that a shuffle takes, from 0 on: a gate that begins with one uses those from here. */
export const SHUFFLE_LANES = 5;

/** Exact cost of shuffling that many elements, whatever their rows. */
export function shuffleCost(elements: number): GateCost {
  const bytes = 4 * ringWords(elements);
  return { rounds: 2, bytesOnline: bytes, bytesTape: bytes };
}

export const shuffleLane = (elements: number): DealtLane => ({
  lane: LANES.output,
  kind: 'ring',
  length: elements,
});

/** The dealer's side: columns of masks in, the shuffled wire's mask out. */
export function dealShuffle(columns: RingVector, rows: number, tape: DealerTape): RingVector {
  let mask = columns;
  for (const server of ['a', 'b'] as const) {
    const lanes = LANES[server];
    const [permutation, own] = [lanes.permutation, lanes.mask].map((lane) => tape.ownWords(lane, server));
    mask = turnRows(mask, rows, permutation!, own!);
  }
  tape.dealRing(LANES.output, mask);
  return mask;
}

/** A server's side: columns of masked values in; the shuffled wire's masked values and this server's share of its mask out. */
export function* evaluateShuffle(
  columns: RingVector,
  rows: number,
  tape: ServerTape,
  server: ServerName,
): Generator<Opening, { readonly masked: RingVector; readonly mask: RingVector }, Words> {
  const turned = (source: RingVector) => {
    const lanes = LANES[server];
    const [permutation, own] = [lanes.permutation, lanes.mask].map((lane) => tape.ownWords(lane));
    return turnRows(source, rows, permutation!, own!);
  };
  const half = yield* transfer(server, 'a', columns.length, () => turned(columns));
  const masked = yield* transfer(server, 'b', columns.length, () => turned(half));
  return { masked, mask: tape.dealtRing(LANES.output, columns.length / 2) };
}

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

  cost: (_operation, inputs) => shuffleCost(elementsOf(inputs)),
  lanes: (_operation, inputs) => [shuffleLane(elementsOf(inputs))],

  deal: (_operation, inputs, masks, tape) =>
    dealShuffle(concatRing(masks.map(maskOf)), inputs[0]!.length, tape),

  *evaluate(_operation, inputs, values, tape, server) {
    const columns = concatRing(values.map((value) => wireOf(value).masked));
    return { form: 'wire', ...(yield* evaluateShuffle(columns, inputs[0]!.length, tape, server)) };
  },

  clear: (_operation, _inputs, values) => concatRing(values),
};
