/**
 * Owns the SIMD forms of the kernels on ring elements and counters, in AssemblyScript (`npm run kernels` compiles them into
 * kernels.wasm): each computes exactly what its twin in plain.ts does. Must never branch on, nor address memory by, a secret:
 * the keys of addEntries and addProducts are public.
 *
 * Every pointer is a byte address inside the one memory, laid out by simd.ts, 16-aligned unless it points at single elements.
 */

/** Group tables: of each row `domain` elements, all 0 but entry key mod domain, which is the row's value. */
export function groupTable(table: usize, keys: usize, values: usize, rows: i32, domain: i32): void {
  const two = i64x2.splat(2);
  for (let row: i32 = 0; row < rows; row++, keys += 8, values += 8) {
    const place = i64x2.splat(load<u64>(keys) & (domain - 1));
    const value = v128.load_splat<u64>(values);
    let entries = i64x2(0, 1);
    for (const end = table + 8 * domain; table < end; table += 16) {
      v128.store(table, v128.and(value, i64x2.eq(entries, place)));
      entries = i64x2.add(entries, two);
    }
  }
}

/**
 * sums[t - key mod domain] += entries[row, t]; `sums` holds 2 domain elements, so that nothing wraps in a row. Rows with an odd
 * place go to `oddSums`, one element further on: pairs are then always read where they were written, which stores forward.
 */
export function addEntries(
  sums: usize,
  oddSums: usize,
  entries: usize,
  keys: usize,
  rows: i32,
  domain: i32,
): void {
  for (let row: i32 = 0; row < rows; row++, keys += 8) {
    const place = <usize>(-load<u32>(keys)) & (domain - 1);
    let to = (place & 1 ? oddSums + 8 : sums) + 8 * place;
    for (const end = entries + 8 * domain; entries < end; entries += 16, to += 16) {
      v128.store(to, i64x2.add(v128.load(to), v128.load(entries)));
    }
  }
}

/** sums[t - key mod domain] += value entries[row, t] - products[row, t] */
export function addProducts(
  sums: usize,
  values: usize,
  entries: usize,
  products: usize,
  keys: usize,
  rows: i32,
  domain: i32,
): void {
  for (let row: i32 = 0; row < rows; row++, keys += 8, values += 8) {
    const value = load<u64>(values);
    let to = sums + 8 * (<usize>(-load<u32>(keys)) & (domain - 1));
    for (const end = entries + 8 * domain; entries < end; entries += 16, products += 16, to += 16) {
      const low = value * load<u64>(entries) - load<u64>(products);
      const high = value * load<u64>(entries, 8) - load<u64>(products, 8);
      store<u64>(to, load<u64>(to) + low);
      store<u64>(to, load<u64>(to, 8) + high, 8);
    }
  }
}

/** out = a + b. Here and below: vectors of `bytes` bytes, ring elements of 8; `bytes` is rounded up to 16. */
export function add(out: usize, a: usize, b: usize, bytes: usize): void {
  for (let at: usize = 0; at < bytes; at += 16) {
    v128.store(out + at, i64x2.add(v128.load(a + at), v128.load(b + at)));
  }
}

/** out = a - b */
export function sub(out: usize, a: usize, b: usize, bytes: usize): void {
  for (let at: usize = 0; at < bytes; at += 16) {
    v128.store(out + at, i64x2.sub(v128.load(a + at), v128.load(b + at)));
  }
}

/** out = a b: one multiplier of 64 bits is faster than SIMD's, which is put together from those of 32. */
export function mul(out: usize, a: usize, b: usize, bytes: usize): void {
  for (let at: usize = 0; at < bytes; at += 16) {
    store<u64>(out + at, load<u64>(a + at) * load<u64>(b + at));
    store<u64>(out + at, load<u64>(a + at, 8) * load<u64>(b + at, 8), 8);
  }
}

/** out = out + a b */
export function mulAdd(out: usize, a: usize, b: usize, bytes: usize): void {
  for (let at: usize = 0; at < bytes; at += 16) {
    store<u64>(out + at, load<u64>(out + at) + load<u64>(a + at) * load<u64>(b + at));
    store<u64>(out + at, load<u64>(out + at, 8) + load<u64>(a + at, 8) * load<u64>(b + at, 8), 8);
  }
}

/** out = out - a b */
export function mulSub(out: usize, a: usize, b: usize, bytes: usize): void {
  for (let at: usize = 0; at < bytes; at += 16) {
    store<u64>(out + at, load<u64>(out + at) - load<u64>(a + at) * load<u64>(b + at));
    store<u64>(out + at, load<u64>(out + at, 8) - load<u64>(a + at, 8) * load<u64>(b + at, 8), 8);
  }
}

/** out = a XOR b */
export function xor(out: usize, a: usize, b: usize, bytes: usize): void {
  for (let at: usize = 0; at < bytes; at += 16) {
    v128.store(out + at, v128.xor(v128.load(a + at), v128.load(b + at)));
  }
}

/**
 * Counter blocks of 16 bytes, big endian: a prefix of 8 bytes (given as it lies in memory), then the numbers `first`
 * (its low and high half) and up.
 */
export function counters(out: usize, prefixLow: u32, prefixHigh: u32, low: u32, high: u32, count: i32): void {
  const prefix = i32x4.replace_lane(i32x4.splat(prefixLow), 1, prefixHigh);
  const end = out + 16 * <usize>count;
  let number = (<u64>high << 32) | low;
  while (out < end) {
    // The last byte alone counts up to the next multiple of 256.
    let block = v128.shuffle<u8>(
      prefix,
      i64x2.splat(number),
      0, 1, 2, 3, 4, 5, 6, 7, 23, 22, 21, 20, 19, 18, 17, 16,
    );
    const steps = <usize>(256 - (number & 255));
    const stop = min(end, out + 16 * steps);
    for (; out < stop; out += 16) {
      v128.store(out, block);
      block = i64x2.add(block, i64x2(0, 1 << 56));
    }
    number += steps;
  }
}

/**
 * For each key a table of `domain` (a power of two, at least 2) elements turned up by key mod domain places: entry j is the old
 * entry j - key. One bit of the key after the other, every entry written alike; `spare` has room for one table.
 */
export function turnedTables(
  out: usize,
  keys: usize,
  table: usize,
  spare: usize,
  rows: i32,
  domain: i32,
): void {
  const bytes = <usize>domain * 8;
  const last = bytes - 8;
  for (let row: i32 = 0; row < rows; row++, keys += 8, out += bytes) {
    const key = load<u32>(keys);
    let from = table;
    // The last bit writes to `out`, and those before it in turn.
    let to = popcnt<i32>(domain - 1) & 1 ? out : spare;
    let mask = i64x2.splat(-<i64>(key & 1));
    let before = v128.load(from + last - 8);
    for (let at: usize = 0; at < bytes; at += 16) {
      const stay = v128.load(from + at);
      const come = v128.shuffle<u64>(before, stay, 1, 2);
      v128.store(to + at, v128.xor(stay, v128.and(mask, v128.xor(stay, come))));
      before = stay;
    }
    for (let bit: i32 = 1; 1 << bit < domain; bit++) {
      from = to;
      to = from == out ? spare : out;
      mask = i64x2.splat(-<i64>((key >> bit) & 1));
      const turn = <usize>8 << bit;
      for (let at: usize = 0; at < bytes; at += 16) {
        const stay = v128.load(from + at);
        const come = v128.load(from + ((at - turn) & (bytes - 1)));
        v128.store(to + at, v128.xor(stay, v128.and(mask, v128.xor(stay, come))));
      }
    }
  }
}
