/**
 * Owns the gate matrixProduct: Z = X Y of rows x inner and inner x columns, row-major; ring wires to a share. No round of its
 * own, 8 bytes of tape for each OUTPUT element.
 *
 * Multiply's equation on matrices (multiply.ts; Mohassel and Zhang, "SecureML", 2017, with function-dependent masks):
 *   Z = (X^ - R_X)(Y^ - R_Y) = X^ Y^ - X^ R_Y - R_X Y^ + R_X R_Y. The dealer knows both masks and shares C = R_X R_Y. So
 *   Z_A = X^ (Y^ - R_Y,A) - R_X,A Y^ + C_A        Z_B = C_B - X^ R_Y,B - R_X,B Y^
 * Two products on each server, one on the dealer. Nothing is sent: `open` under a fresh mask makes Z a wire. Server B sees C
 * under A's keystream.
 */
import { LIMITS } from '../base/limits.ts';
import { add, mulMatrices, sub } from '../ring/ring.ts';
import { newRing, ringWords } from '../ring/words.ts';
import { local, maskOf, requireCount, requireShape, wireOf } from './forms.ts';
import type { Gate } from './gate.ts';
import type { OperationOf } from './operations.ts';

const PRODUCT_LANE = 0;

export const matrixProductGate: Gate<OperationOf<'matrixProduct'>> = {
  op: 'matrixProduct',

  infer({ rows, inner, columns }, inputs) {
    const [x, y] = inputs;
    requireShape(
      inputs.length === 2 && x !== undefined && y !== undefined,
      'matrixProduct',
      'takes two inputs',
    );
    for (const { kind, form } of inputs) {
      requireShape(kind === 'ring' && form === 'wire', 'matrixProduct', 'inputs are ring wires');
    }
    requireCount(rows, 'matrixProduct', 'rows');
    requireCount(inner, 'matrixProduct', 'inner');
    requireCount(columns, 'matrixProduct', 'columns');
    requireShape(
      x.length === rows * inner && y.length === inner * columns,
      'matrixProduct',
      'inputs are rows x inner and inner x columns',
    );
    requireShape(
      rows * inner * columns <= LIMITS.matrixTerms,
      'matrixProduct',
      `rows x inner x columns is at most ${LIMITS.matrixTerms}`,
    );
    return { kind: 'ring', form: 'share', length: rows * columns };
  },

  cost: ({ rows, columns }) => ({ rounds: 0, bytesOnline: 0, bytesTape: 4 * ringWords(rows * columns) }),
  lanes: ({ rows, columns }) => [{ lane: PRODUCT_LANE, kind: 'ring', length: rows * columns }],

  deal(shape, _inputs, masks, tape) {
    const product = newRing(shape.rows * shape.columns);
    tape.dealRing(PRODUCT_LANE, mulMatrices(product, maskOf(masks[0]), maskOf(masks[1]), shape));
    return undefined;
  },

  evaluate(shape, inputs, values, tape, server) {
    const x = wireOf(values[0]);
    const y = wireOf(values[1]);
    const length = shape.rows * shape.columns;
    const share = tape.dealtRing(PRODUCT_LANE, length);
    const product = newRing(length);
    if (server === 'a') {
      const difference = sub(newRing(inputs[1]!.length), y.masked, y.mask);
      add(share, share, mulMatrices(product, x.masked, difference, shape));
    } else {
      sub(share, share, mulMatrices(product, x.masked, y.mask, shape));
    }
    sub(share, share, mulMatrices(product, x.mask, y.masked, shape));
    return local({ form: 'share', share });
  },

  clear: (shape, _inputs, values) =>
    mulMatrices(newRing(shape.rows * shape.columns), values[0]!, values[1]!, shape),
};
