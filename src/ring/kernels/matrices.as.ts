/**
 * Owns the SIMD form of the product of two tiles of matrices, in AssemblyScript (`npm run kernels` compiles it into
 * kernels.wasm). Must never branch on, nor address memory by, a secret: tiles' sizes are public.
 *
 * Every pointer is a byte address inside the one memory, laid out by simd.ts, 16-aligned.
 *
 * With a = ah 2^32 + al and b = bh 2^32 + bl, a b = al bl + 2^32 (al bh + ah bl) modulo 2^64. Four columns at once: al bl takes
 * two widening multiplications of 2 lanes each, the middle part two of 4 lanes that keep 32 bits. A sum over the inner index
 * adds both parts up apart and shifts the middle one once, at its end.
 */

/**
 * Reorders `rows` rows of `columns` (a multiple of 4) elements: group after group of 4 columns, in a group row after row, of a
 * row first the 4 low words, then the 4 high ones. Groups of `out` have room for `groupRows` rows.
 */
export function packColumns(out: usize, matrix: usize, rows: i32, columns: i32, groupRows: i32): void {
  const width = <usize>columns * 8;
  for (let column: usize = 0; column < width; column += 32, out += <usize>groupRows * 32) {
    let to = out;
    let from = matrix + column;
    for (let row: i32 = 0; row < rows; row++, from += width, to += 32) {
      const left = v128.load(from);
      const right = v128.load(from, 16);
      v128.store(to, v128.shuffle<u32>(left, right, 0, 2, 4, 6));
      v128.store(to, v128.shuffle<u32>(left, right, 1, 3, 5, 7), 16);
    }
  }
}

/** Adds to a pair of elements its sums of low products and, shifted into the high words already, of middle parts. */
function addPair(to: usize, products: v128, middles: v128): void {
  v128.store(to, i64x2.add(v128.load(to), i64x2.add(products, middles)));
}

/** out = out + a b: `a` has `rows` (even) rows of `inner`, `packed` is b by packColumns, `columns` a multiple of 4. */
export function addTileProduct(out: usize, a: usize, packed: usize, rows: i32, inner: i32, columns: i32): void {
  const zero = i64x2.splat(0);
  const rowOfA = <usize>inner * 8;
  const rowOfOut = <usize>columns * 8;
  for (let column: usize = 0; column < rowOfOut; column += 32, packed += <usize>inner * 32) {
    let upper = a;
    let to = out + column;
    for (let row: i32 = 0; row < rows; row += 2, upper += 2 * rowOfA, to += 2 * rowOfOut) {
      let b = packed;
      let low0 = zero;
      let high0 = zero;
      let middle0 = zero;
      let low1 = zero;
      let high1 = zero;
      let middle1 = zero;
      const lower = upper + rowOfA;
      for (let at: usize = 0; at < rowOfA; at += 8, b += 32) {
        const lows = v128.load(b);
        const highs = v128.load(b, 16);
        let l = v128.load_splat<u32>(upper + at);
        let h = v128.load_splat<u32>(upper + at, 4);
        low0 = i64x2.add(low0, i64x2.extmul_low_i32x4_u(l, lows));
        high0 = i64x2.add(high0, i64x2.extmul_high_i32x4_u(l, lows));
        middle0 = i32x4.add(middle0, i32x4.add(i32x4.mul(l, highs), i32x4.mul(h, lows)));
        l = v128.load_splat<u32>(lower + at);
        h = v128.load_splat<u32>(lower + at, 4);
        low1 = i64x2.add(low1, i64x2.extmul_low_i32x4_u(l, lows));
        high1 = i64x2.add(high1, i64x2.extmul_high_i32x4_u(l, lows));
        middle1 = i32x4.add(middle1, i32x4.add(i32x4.mul(l, highs), i32x4.mul(h, lows)));
      }
      addPair(to, low0, v128.shuffle<u32>(zero, middle0, 0, 4, 0, 5));
      addPair(to + 16, high0, v128.shuffle<u32>(zero, middle0, 0, 6, 0, 7));
      addPair(to + rowOfOut, low1, v128.shuffle<u32>(zero, middle1, 0, 4, 0, 5));
      addPair(to + rowOfOut + 16, high1, v128.shuffle<u32>(zero, middle1, 0, 6, 0, 7));
    }
  }
}
