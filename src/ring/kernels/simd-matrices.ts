/**
 * Owns the product of matrices of any size on the compiled kernels: it cuts them into tiles that stay in the cache, copies each
 * tile into the module's scratch memory and the result out. Must never copy out what lies past a matrix's last row or column.
 */
import { assert } from '../../base/errors.ts';
import type { RingVector, Words } from '../words.ts';
import type { MatrixShape } from './face.ts';
import type { Exports } from './module.ts';

/** Of a tile: rows of the left matrix, the inner index, and columns of the right matrix. */
const TILE_ROWS = 32;
const TILE_INNER = 256;
const TILE_COLUMNS = 64;
/** Rows of the right matrix that are packed at once. */
const PACKED_ROWS = 128;

/** A fixed range of the memory. */
interface Area {
  readonly pointer: number;
  readonly words: Words;
}

/** Room for a tile of the left matrix, rows of a tile of the right one, all of that tile packed, and a tile of the result. */
interface MatrixAreas {
  readonly left: Area;
  readonly right: Area;
  readonly packed: Area;
  readonly out: Area;
}

/** A rectangle of a matrix, in elements. */
interface Tile {
  readonly row: number;
  readonly column: number;
  readonly rows: number;
  readonly columns: number;
}

/** out = a b of the matrices' whole vectors. */
export function multiplyByTiles(
  wasm: Exports,
  { left, right, packed, out: sums }: MatrixAreas,
  out: RingVector,
  a: RingVector,
  b: RingVector,
  { rows, inner, columns }: MatrixShape,
): void {
  assert(
    left.words.length >= 2 * TILE_ROWS * TILE_INNER &&
      right.words.length >= 2 * PACKED_ROWS * TILE_COLUMNS &&
      packed.words.length >= 2 * TILE_INNER * TILE_COLUMNS &&
      sums.words.length >= 2 * TILE_ROWS * TILE_COLUMNS,
    'tiles fit the scratch memory',
  );
  eachPart(columns, TILE_COLUMNS, (column, width) => {
    // What pads rows and columns up is whatever the scratch memory holds: it meets only sums that are not copied out.
    const padded = (width + 3) & ~3;
    eachPart(inner, TILE_INNER, (at, depth) => {
      eachPart(depth, PACKED_ROWS, (from, count) => {
        copyTileIn(right.words, padded, b, columns, { row: at + from, column, rows: count, columns: width });
        wasm.packColumns(packed.pointer + 32 * from, right.pointer, count, padded, depth);
      });
      eachPart(rows, TILE_ROWS, (row, height) => {
        copyTileIn(left.words, depth, a, inner, { row, column: at, rows: height, columns: depth });
        const target = { row, column, rows: height, columns: width };
        if (at === 0) sums.words.fill(0, 0, 2 * height * padded);
        else copyTileIn(sums.words, padded, out, columns, target);
        wasm.addTileProduct(sums.pointer, left.pointer, packed.pointer, (height + 1) & ~1, depth, padded);
        copyTileOut(out, columns, sums.words, padded, target);
      });
    });
  });
}

/** Calls `work` for each part of 0..length of at most `most`: its first index and its size. */
function eachPart(length: number, most: number, work: (start: number, count: number) => void): void {
  for (let start = 0; start < length; start += most) work(start, Math.min(most, length - start));
}

/** Copies a tile of a matrix whose rows have `width` elements into one whose rows lie `stride` elements apart. */
function copyTileIn(target: Words, stride: number, matrix: RingVector, width: number, tile: Tile): void {
  const first = 2 * (tile.row * width + tile.column);
  if (tile.columns === width && stride === width) {
    target.set(matrix.subarray(first, first + 2 * tile.rows * width));
    return;
  }
  for (let row = 0; row < tile.rows; row++) {
    const from = first + 2 * row * width;
    target.set(matrix.subarray(from, from + 2 * tile.columns), 2 * row * stride);
  }
}

/** The way back. */
function copyTileOut(matrix: RingVector, width: number, source: Words, stride: number, tile: Tile): void {
  const first = 2 * (tile.row * width + tile.column);
  for (let row = 0; row < tile.rows; row++) {
    const from = 2 * row * stride;
    matrix.set(source.subarray(from, from + 2 * tile.columns), first + 2 * row * width);
  }
}
