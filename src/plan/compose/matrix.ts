/**
 * Owns products of matrices in plans. Must never make one gate of more work than a server may do at a stretch: it cuts the left
 * matrix into bands of rows, which costs nothing.
 */
import { assert } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';
import type { PlanBuilder, Ring } from '../builder.ts';

export interface MatrixProductShape {
  readonly rows: number;
  readonly inner: number;
  readonly columns: number;
}

/**
 * x y, all row-major: rows x inner times inner x columns gives rows x columns, modulo 2^64. One round once both are opened, 8
 * bytes each way for an element of the result, whatever `inner` is.
 */
export function matrixProduct(builder: PlanBuilder, x: Ring, y: Ring, shape: MatrixProductShape): Ring {
  const { rows, inner, columns } = shape;
  assert(x.length === rows * inner && y.length === inner * columns, 'matrices are as large as their shape');
  const band = Math.min(rows, Math.max(1, Math.floor(LIMITS.matrixTerms / (inner * columns))));
  const [left, right] = [builder.opened(x), builder.opened(y)];
  const bands: Ring[] = [];
  for (let row = 0; row < rows; row += band) {
    const height = Math.min(band, rows - row);
    const part = builder.slice(left, row * inner, height * inner);
    const operation = { op: 'matrixProduct', rows: height, inner, columns } as const;
    bands.push(builder.gate(operation, [part, right], 'ring', height * columns));
  }
  return builder.concat(...bands);
}
