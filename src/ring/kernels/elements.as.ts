/**
 * Owns the SIMD forms of the kernels that take constants, bits or several vectors at once, in AssemblyScript (`npm run kernels`
 * compiles them into kernels.wasm): each computes exactly what its twin in plain-elements.ts does. Must never branch on, nor address memory
 * by, a secret: constants, shifts and which server it is are public.
 *
 * Vectors are of `bytes` bytes, ring elements of 8; `bytes` is rounded up to 16. Bits are 32 a word.
 */

function constant(low: u32, high: u32): u64 {
  return (<u64>high << 32) | low;
}

/** Every element becomes the constant. */
export function fill(out: usize, low: u32, high: u32, bytes: usize): void {
  const value = i64x2.splat(constant(low, high));
  for (let at: usize = 0; at < bytes; at += 16) v128.store(out + at, value);
}

/** out = out + k a */
export function addMultiple(out: usize, a: usize, low: u32, high: u32, bytes: usize): void {
  const k = constant(low, high);
  if (k == 1) {
    for (let at: usize = 0; at < bytes; at += 16)
      v128.store(out + at, i64x2.add(v128.load(out + at), v128.load(a + at)));
    return;
  }
  if (k == u64.MAX_VALUE) {
    for (let at: usize = 0; at < bytes; at += 16)
      v128.store(out + at, i64x2.sub(v128.load(out + at), v128.load(a + at)));
    return;
  }
  for (let at: usize = 0; at < bytes; at += 16) {
    store<u64>(out + at, load<u64>(out + at) + k * load<u64>(a + at));
    store<u64>(out + at, load<u64>(out + at, 8) + k * load<u64>(a + at, 8), 8);
  }
}

/** out = a where the bit is 1, else 0 */
export function keepWhere(out: usize, a: usize, bits: usize, bytes: usize): void {
  for (let at: usize = 0; at < bytes; bits += 4) {
    const word = i64x2.splat(load<u32>(bits));
    let chosen = i64x2(1, 2);
    for (const end = min(bytes, at + 256); at < end; at += 16) {
      const all = i64x2.eq(v128.and(word, chosen), chosen);
      v128.store(out + at, v128.and(v128.load(a + at), all));
      chosen = i64x2.shl(chosen, 2);
    }
  }
}

/** out = -a where the bit is 1, else a */
export function negateWhere(out: usize, a: usize, bits: usize, bytes: usize): void {
  for (let at: usize = 0; at < bytes; bits += 4) {
    const word = i64x2.splat(load<u32>(bits));
    let chosen = i64x2(1, 2);
    for (const end = min(bytes, at + 256); at < end; at += 16) {
      const all = i64x2.eq(v128.and(word, chosen), chosen);
      v128.store(out + at, i64x2.sub(v128.xor(v128.load(a + at), all), all));
      chosen = i64x2.shl(chosen, 2);
    }
  }
}

/** out = 0 or 1 by the bits */
export function fromBits(out: usize, bits: usize, bytes: usize): void {
  for (let at: usize = 0; at < bytes; bits += 4) {
    let word: u64 = load<u32>(bits);
    for (const end = min(bytes, at + 256); at < end; at += 16) {
      store<u64>(out + at, word & 1);
      store<u64>(out + at, (word >> 1) & 1, 8);
      word >>= 2;
    }
  }
}

/**
 * A server's share of bit ? x : y, with d = x - y of masked values: `out`, the share of the bit's mask m, becomes
 *   (1 - 2 bit) (d m - product) + bit (yMask - xMask + [A] d) + [A] y - yMask.
 */
export function choose(
  out: usize,
  product: usize,
  x: usize,
  y: usize,
  xMask: usize,
  yMask: usize,
  bits: usize,
  isA: i32,
  bytes: usize,
): void {
  const own: u64 = isA ? u64.MAX_VALUE : 0;
  for (let at: usize = 0; at < bytes; bits += 4) {
    let word: u64 = load<u32>(bits);
    for (const end = min(bytes, at + 256); at < end; at += 8) {
      const all = -(word & 1);
      const masked = load<u64>(y + at);
      const mask = load<u64>(yMask + at);
      const d = load<u64>(x + at) - masked;
      const term = load<u64>(out + at) * d - load<u64>(product + at);
      const rest = mask - load<u64>(xMask + at) + (d & own);
      store<u64>(out + at, (term ^ all) - all + (rest & all) + (masked & own) - mask);
      word >>= 1;
    }
  }
}

/** What the dealer shares of r for a truncation: r / 2^shift, and 2^(64-shift) where r's top bit is set. */
export function splitMask(shifted: usize, wrap: usize, r: usize, shift: i32, bytes: usize): void {
  for (let at: usize = 0; at < bytes; at += 8) {
    const value = load<u64>(r + at);
    store<u64>(shifted + at, value >> shift);
    store<u64>(wrap + at, (value >> 63) << (64 - shift));
  }
}

/**
 * A server's share of a truncated value, y = masked + 2^62: `out`, the share of wrap, becomes
 *   wrap where y's top bit is 0, less the share of shifted, and at A plus y / 2^shift - 2^(62-shift).
 */
export function truncate(out: usize, shifted: usize, masked: usize, shift: i32, isA: i32, bytes: usize): void {
  const own: u64 = isA ? u64.MAX_VALUE : 0;
  const moved: u64 = 1 << 62;
  const back = moved >> shift;
  for (let at: usize = 0; at < bytes; at += 8) {
    const y = load<u64>(masked + at) + moved;
    const mayWrap = (y >> 63) - 1;
    const share = (load<u64>(out + at) & mayWrap) - load<u64>(shifted + at);
    store<u64>(out + at, share + (((y >> shift) - back) & own));
  }
}

/** The element at `out` grows by the inner product of both vectors. */
export function dot(out: usize, a: usize, b: usize, bytes: usize): void {
  let even: u64 = 0;
  let odd: u64 = 0;
  for (let at: usize = 0; at < bytes; at += 16) {
    even += load<u64>(a + at) * load<u64>(b + at);
    odd += load<u64>(a + at, 8) * load<u64>(b + at, 8);
  }
  store<u64>(out, load<u64>(out) + even + odd);
}
