/**
 * Owns the SIMD forms of the kernels on register files, in AssemblyScript (`npm run kernels` compiles them into registers.wasm,
 * whose memory the caller brings): each computes exactly what its twin in plain-registers.ts does. Must never branch on, nor
 * address memory by, a secret: steps are public.
 *
 * Every pointer and size is bytes; sizes are multiples of 8. A register is `size` bytes; where it has two halves, the first
 * holds a masked plane and the second this server's share of its mask.
 */

/** out = left XOR right, of whole registers. */
export function xors(file: usize, steps: usize, count: i32, size: usize): void {
  for (const end = steps + 6 * count; steps < end; steps += 6) {
    const out = file + size * load<u16>(steps);
    const left = file + size * load<u16>(steps, 2);
    const right = file + size * load<u16>(steps, 4);
    let at: usize = 0;
    for (; at + 16 <= size; at += 16) {
      v128.store(out + at, v128.xor(v128.load(left + at), v128.load(right + at)));
    }
    if (at < size) store<u64>(out + at, load<u64>(left + at) ^ load<u64>(right + at));
  }
}

/** For each AND: plane = plane XOR (left AND right), of registers of one half. */
export function multiplyMasks(file: usize, steps: usize, count: i32, size: usize, planes: usize): void {
  for (const end = steps + 8 * count; steps < end; steps += 8, planes += size) {
    const left = file + size * load<u16>(steps, 2);
    const right = file + size * load<u16>(steps, 4);
    let at: usize = 0;
    for (; at + 16 <= size; at += 16) {
      const product = v128.and(v128.load(left + at), v128.load(right + at));
      v128.store(planes + at, v128.xor(v128.load(planes + at), product));
    }
    if (at < size) {
      store<u64>(planes + at, load<u64>(planes + at) ^ (load<u64>(left + at) & load<u64>(right + at)));
    }
  }
}

/**
 * For each AND of registers of two halves (x^, m) and (y^, n), negated where the step says: plane = plane XOR (x^ AND n) XOR
 * (y^ AND m), and with `own` all ones XOR (x^ AND y^). `half` is a register's half in bytes.
 */
export function multiplyShares(file: usize, steps: usize, count: i32, half: usize, planes: usize, own: i32): void {
  const size: usize = 2 * half;
  const publicTerm = i32x4.splat(own);
  for (const end = steps + 8 * count; steps < end; steps += 8, planes += half) {
    const left = file + size * load<u16>(steps, 2);
    const right = file + size * load<u16>(steps, 4);
    const negations = <i64>load<u16>(steps, 6);
    const notLeft = -(negations & 1);
    const notRight = -(negations >> 1);
    const flipLeft = i64x2.splat(notLeft);
    const flipRight = i64x2.splat(notRight);
    let at: usize = 0;
    for (; at + 16 <= half; at += 16) {
      const x = v128.xor(v128.load(left + at), flipLeft);
      const y = v128.xor(v128.load(right + at), flipRight);
      const m = v128.load(left + half + at);
      const n = v128.load(right + half + at);
      const terms = v128.xor(v128.and(x, v128.xor(n, v128.and(y, publicTerm))), v128.and(y, m));
      v128.store(planes + at, v128.xor(v128.load(planes + at), terms));
    }
    if (at < half) {
      const x = load<i64>(left + at) ^ notLeft;
      const y = load<i64>(right + at) ^ notRight;
      const m = load<i64>(left + half + at);
      const n = load<i64>(right + half + at);
      store<i64>(planes + at, load<i64>(planes + at) ^ (x & (n ^ (y & <i64>own))) ^ (y & m));
    }
  }
}

/** For each AND: `size` bytes of its register, which are `stride` apart, become its plane. */
export function place(file: usize, steps: usize, count: i32, stride: usize, size: usize, planes: usize): void {
  for (const end = steps + 8 * count; steps < end; steps += 8, planes += size) {
    memory.copy(file + stride * load<u16>(steps), planes, size);
  }
}
