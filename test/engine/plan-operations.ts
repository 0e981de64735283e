/**
 * Owns what random programs are made of: every operation of the builder beside the same on plain BigInts and truth values.
 */
import { mostKeyBits } from '../../src/gates/sample-sort.ts';
import type { Bits, PlanBuilder, Ring } from '../../src/plan/builder.ts';

export interface ModelRing {
  readonly handle: Ring;
  readonly values: readonly bigint[];
}
export interface ModelBits {
  readonly handle: Bits;
  readonly values: readonly boolean[];
}

export const wrap = (value: bigint) => BigInt.asIntN(64, value);

interface World {
  readonly b: PlanBuilder;
  readonly rings: ModelRing[];
  readonly bits: ModelBits[];
  readonly picks: readonly number[];
}

export const OPERATIONS = {
  linear: (w: World) => {
    const [x, y] = pair(w);
    const [c, d, offset] = [
      BigInt((w.picks[2]! % 7) - 3),
      BigInt(w.picks[1]! % 3) - 1n,
      BigInt(w.picks[0]! % 4),
    ];
    push(
      w,
      w.b.linear(
        [
          [c, x.handle],
          [d, y.handle],
        ],
        offset,
      ),
      x.values.map((v, i) => c * v + d * y.values[i]! + offset),
    );
  },
  multiply: (w: World) => {
    const [x, y] = pair(w);
    push(
      w,
      w.b.multiply(x.handle, y.handle),
      x.values.map((v, i) => v * y.values[i]!),
    );
  },
  dot: (w: World) => {
    const [x, y] = pair(w);
    const groups = divisor(x.values.length, w.picks[2]!);
    push(
      w,
      w.b.dot(x.handle, y.handle, groups),
      sums(
        x.values.map((v, i) => v * y.values[i]!),
        groups,
      ),
    );
  },
  sum: (w: World) => {
    const x = one(w);
    const groups = divisor(x.values.length, w.picks[1]!);
    push(w, w.b.sum(x.handle, groups), sums(x.values, groups));
  },
  runningSum: (w: World) => {
    const x = one(w);
    let sum = 0n;
    const running = x.values.map((value) => (sum += value));
    push(w, w.b.runningSum(x.handle), running);
  },
  lowBit: (w: World) => {
    const x = one(w);
    pushBits(
      w,
      w.b.lowBit(x.handle),
      x.values.map((v) => (v & 1n) === 1n),
    );
  },
  slice: (w: World) => {
    const x = one(w);
    const [start, length] = range(x.values.length, w.picks);
    push(w, w.b.slice(x.handle, start, length), x.values.slice(start, start + length));
  },
  sliceBits: (w: World) => {
    const x = oneBit(w);
    const [start, length] = range(x.values.length, w.picks);
    pushBits(w, w.b.slice(x.handle, start, length), x.values.slice(start, start + length));
  },
  concat: (w: World) => {
    const [x, y] = [one(w), w.rings[w.picks[1]! % w.rings.length]!];
    if (x.values.length + y.values.length > 1000) return;
    push(w, w.b.concat(x.handle, y.handle, x.handle), [...x.values, ...y.values, ...x.values]);
  },
  concatBits: (w: World) => {
    const [x, y] = [oneBit(w), w.bits[w.picks[1]! % w.bits.length]!];
    if (x.values.length + y.values.length > 1000) return;
    pushBits(w, w.b.concat(x.handle, y.handle), [...x.values, ...y.values]);
  },
  repeat: (w: World) => {
    const x = one(w);
    if (x.values.length > 300) return;
    const [times, each] = [1 + (w.picks[1]! % 3), w.picks[2]! % 2 === 1];
    push(w, w.b.repeat(x.handle, times, each), repeated(x.values, times, each));
  },
  repeatBits: (w: World) => {
    const x = oneBit(w);
    if (x.values.length > 300) return;
    const [times, each] = [1 + (w.picks[1]! % 3), w.picks[2]! % 2 === 1];
    pushBits(w, w.b.repeat(x.handle, times, each), repeated(x.values, times, each));
  },
  select: (w: World) => {
    const [x, y] = pair(w);
    const s = bitLike(w, x.values.length);
    push(
      w,
      w.b.select(s.handle, x.handle, y.handle),
      s.values.map((bit, i) => (bit ? x.values[i]! : y.values[i]!)),
    );
  },
  timesBit: (w: World) => {
    const x = one(w);
    const s = bitLike(w, x.values.length);
    push(
      w,
      w.b.timesBit(s.handle, x.handle),
      s.values.map((bit, i) => (bit ? x.values[i]! : 0n)),
    );
  },
  toRing: (w: World) => {
    const x = oneBit(w);
    push(
      w,
      w.b.toRing(x.handle),
      x.values.map((bit) => (bit ? 1n : 0n)),
    );
  },
  not: (w: World) => {
    const x = oneBit(w);
    pushBits(
      w,
      w.b.not(x.handle),
      x.values.map((bit) => !bit),
    );
  },
  xor: (w: World) => {
    const terms = manyBits(w);
    pushBits(
      w,
      w.b.xor(...terms.map((t) => t.handle)),
      terms[0]!.values.map((_, i) => odd(terms.map((t) => t.values[i]!))),
    );
  },
  and: (w: World) => {
    const terms = manyBits(w);
    pushBits(
      w,
      w.b.and(...terms.map((t) => t.handle)),
      terms[0]!.values.map((_, i) => terms.every((t) => t.values[i]!)),
    );
  },
  or: (w: World) => {
    const terms = manyBits(w);
    pushBits(
      w,
      w.b.or(...terms.map((t) => t.handle)),
      terms[0]!.values.map((_, i) => terms.some((t) => t.values[i]!)),
    );
  },
  lessThanZero: (w: World) => {
    const x = one(w);
    pushBits(
      w,
      w.b.lessThanZero(x.handle),
      x.values.map((v) => v < 0n),
    );
  },
  lessThan: (w: World) => {
    const [x, y] = pair(w);
    pushBits(
      w,
      w.b.lessThan(x.handle, y.handle),
      x.values.map((v, i) => wrap(v - y.values[i]!) < 0n),
    );
  },
  atLeast: (w: World) => {
    const [x, y] = pair(w);
    pushBits(
      w,
      w.b.atLeast(x.handle, y.handle),
      x.values.map((v, i) => wrap(v - y.values[i]!) >= 0n),
    );
  },
  equals: (w: World) => {
    const [x, y] = pair(w);
    pushBits(
      w,
      w.b.equals(x.handle, y.handle),
      x.values.map((v, i) => v === y.values[i]!),
    );
  },
  groupSum: (w: World) => {
    const [x, y] = pair(w);
    const domain = 1 + (w.picks[2]! % 6);
    const key = w.rings.find(
      (r) => r.values.length === x.values.length && r.values.every((v) => v >= 0n && v < BigInt(domain)),
    );
    if (!key) return;
    const { counts, sums: totals } = w.b.groupSum(key.handle, domain, [x.handle, y.handle]);
    const at = (g: number, of: (i: number) => bigint) =>
      key.values.reduce((sum, k, i) => (k === BigInt(g) ? sum + of(i) : sum), 0n);
    const groups = list(domain, (g) => g);
    push(
      w,
      counts,
      groups.map((g) => at(g, () => 1n)),
    );
    push(
      w,
      totals[0]!,
      groups.map((g) => at(g, (i) => x.values[i]!)),
    );
    push(
      w,
      totals[1]!,
      groups.map((g) => at(g, (i) => y.values[i]!)),
    );
  },
  sort: (w: World) => {
    const [x, y] = pair(w);
    const drawn = 1 + (w.picks[2]! % 80);
    const most = mostKeyBits(x.values.length);
    const bits = drawn <= 64 ? drawn : 1 + ((drawn * 31) % most);
    // Comparisons see whole digits of 4 bits: of the sign, the key and what tells its row.
    const spare = (4 - ((64 - most + bits) % 4)) % 4;
    const low = x.values.map((v) => BigInt.asUintN(drawn <= 64 ? bits : bits + spare, v));
    const order = list(low.length, (i) => i).sort((i, j) =>
      low[i]! < low[j]! ? -1 : low[i]! > low[j]! ? 1 : i - j,
    );
    const columns = [y.handle, x.handle];
    const sorted = drawn <= 64 ? w.b.sort(x.handle, bits, columns) : w.b.sampleSort(x.handle, bits, columns);
    for (const [k, { values }] of [y, x].entries()) {
      push(
        w,
        sorted[k]!,
        order.map((i) => values[i]!),
      );
    }
  },
  oneHot: (w: World) => {
    const x = one(w);
    const domain = 8;
    if (x.values.length > 300 || x.values.some((v) => v < 0n || v >= 8n)) return;
    for (const [g, plane] of w.b.oneHot(x.handle, domain).entries()) {
      pushBits(
        w,
        plane,
        x.values.map((v) => v === BigInt(g)),
      );
    }
  },
};

const push = ({ rings }: World, handle: Ring, values: readonly bigint[]) =>
  void rings.push({ handle, values: values.map(wrap) });
const pushBits = ({ bits }: World, handle: Bits, values: readonly boolean[]) =>
  void bits.push({ handle, values });
const one = ({ rings, picks }: World): ModelRing => rings[picks[0]! % rings.length]!;
const oneBit = ({ bits, picks }: World): ModelBits => bits[picks[0]! % bits.length]!;

function pair(w: World): [ModelRing, ModelRing] {
  const x = one(w);
  const alike = w.rings.filter((y) => y.values.length === x.values.length);
  return [x, alike[w.picks[1]! % alike.length]!];
}

/** One to six bit vectors of one length. */
function manyBits(w: World): ModelBits[] {
  const x = oneBit(w);
  const alike = w.bits.filter((y) => y.values.length === x.values.length);
  return [x, ...list(w.picks[1]! % 6, (k) => alike[(w.picks[2]! + k) % alike.length]!)];
}

/** Bits of that length: existing ones, or the signs of the first vector of that length. */
function bitLike(w: World, length: number): ModelBits {
  const alike = w.bits.filter((y) => y.values.length === length);
  const found = alike[w.picks[2]! % Math.max(1, alike.length)];
  if (found) return found;
  const x = w.rings.find((r) => r.values.length === length)!;
  return { handle: w.b.lessThanZero(x.handle), values: x.values.map((v) => v < 0n) };
}

function divisor(length: number, pick: number): number {
  const all = list(length, (i) => i + 1).filter((d) => length % d === 0);
  return all[pick % all.length]!;
}

function range(length: number, picks: readonly number[]): [number, number] {
  const start = picks[1]! % length;
  return [start, 1 + (picks[2]! % (length - start))];
}

function sums(values: readonly bigint[], groups: number): bigint[] {
  const each = values.length / groups;
  return list(groups, (g) => values.slice(g * each, (g + 1) * each).reduce((sum, v) => sum + v, 0n));
}

const repeated = <T>(values: readonly T[], times: number, each: boolean): T[] =>
  each ? values.flatMap((v) => list(times, () => v)) : list(times, () => values).flat();

const odd = (bits: readonly boolean[]): boolean => bits.filter(Boolean).length % 2 === 1;
export const list = <T>(length: number, of: (index: number) => T): T[] =>
  Array.from({ length }, (_, i) => of(i));
