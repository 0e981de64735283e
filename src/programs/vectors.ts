/**
 * Owns what a TypeScript program computes with: vectors of numbers of proven range, and of truth values, element by element. A
 * vector of one element goes with vectors of any length. Must never compute what could leave 64 bits: it is refused while the
 * program is written, before anybody's data is there.
 */
import { EXIT, MpcError } from '../base/errors.ts';
import type { Bits, PlanBuilder, Ring } from '../plan/builder.ts';
import { maximum, minimum } from '../plan/compose/extreme.ts';
import { sortRows } from '../plan/compose/sort.ts';
import { numberLiteral, powerOfTen } from '../sql/literals.ts';

/** A vector of the program, or a public number: text where it has decimals that a double may not hold. */
export type Operand = Numbers | number | bigint | string;

/** What an operation needs of its program. */
export interface Workbench {
  readonly builder: PlanBuilder;
}

interface Range {
  readonly lo: bigint;
  readonly hi: bigint;
  /** Decimals: elements are integers in units of 10^-scale. */
  readonly scale: number;
}

const MOST = 2n ** 63n - 1n;
const MOST_DECIMALS = 18;

/** Whole numbers or decimals, each between the same two bounds. */
export class Numbers {
  readonly bench: Workbench;
  readonly ring: Ring;
  readonly range: Range;

  constructor(bench: Workbench, ring: Ring, range: Range) {
    this.bench = bench;
    this.ring = ring;
    this.range = range;
    const { lo, hi, scale } = range;
    if (lo < -MOST || hi > MOST || scale > MOST_DECIMALS)
      throw programFault(
        'too-wide',
        `a result could reach ${-lo > hi ? lo : hi} in units of 10^-${scale}, beyond 64 bits`,
        'narrow the ranges of the columns, or use fewer decimals',
      );
  }

  get length(): number {
    return this.ring.length;
  }

  plus(other: Operand): Numbers {
    const [x, y] = this.#with(other);
    const range = { lo: x.range.lo + y.range.lo, hi: x.range.hi + y.range.hi, scale: x.range.scale };
    return this.#made(() => this.bench.builder.add(x.ring, y.ring), range);
  }

  minus(other: Operand): Numbers {
    const [x, y] = this.#with(other);
    const range = { lo: x.range.lo - y.range.hi, hi: x.range.hi - y.range.lo, scale: x.range.scale };
    return this.#made(() => this.bench.builder.sub(x.ring, y.ring), range);
  }

  /** Decimals add up: 2 and 3 of them make 5. */
  times(other: Operand): Numbers {
    const [x, y] = broadcast(this, numbersOf(this.bench, other));
    const ends = [x.range.lo, x.range.hi].flatMap((a) => [y.range.lo, y.range.hi].map((b) => a * b));
    const [lo, hi] = [least(ends), greatest(ends)];
    const range = { lo, hi, scale: x.range.scale + y.range.scale };
    return this.#made(() => this.bench.builder.multiply(x.ring, y.ring), range);
  }

  lessThan(other: Operand): Truths {
    const difference = this.minus(other);
    return new Truths(this.bench, this.bench.builder.lessThanZero(difference.ring, difference.range));
  }

  atLeast(other: Operand): Truths {
    return this.lessThan(other).not();
  }

  greaterThan(other: Operand): Truths {
    return numbersOf(this.bench, other).lessThan(this);
  }

  atMost(other: Operand): Truths {
    return this.greaterThan(other).not();
  }

  equals(other: Operand): Truths {
    const difference = this.minus(other);
    return new Truths(this.bench, this.bench.builder.equalsZero(difference.ring, difference.range));
  }

  /** The larger of each pair. */
  max(other: Operand): Numbers {
    return this.lessThan(other).choose(other, this);
  }

  /** The smaller of each pair. */
  min(other: Operand): Numbers {
    return this.lessThan(other).choose(this, other);
  }

  /** All elements added: one number. */
  sum(): Numbers {
    const count = BigInt(this.length);
    const { lo, hi, scale } = this.range;
    return this.#made(() => this.bench.builder.sum(this.ring), { lo: lo * count, hi: hi * count, scale });
  }

  /** The greatest element. */
  largest(): Numbers {
    return this.#made(() => maximum(this.bench.builder, this.#ranged()), this.range);
  }

  /** The least element. */
  smallest(): Numbers {
    return this.#made(() => minimum(this.bench.builder, this.#ranged()), this.range);
  }

  /** The elements in ascending order. */
  sorted(): Numbers {
    const [ring] = sortRows(this.bench.builder, [this.#ranged()], [this.ring]);
    return new Numbers(this.bench, ring!, this.range);
  }

  /** The `count` smallest elements in ascending order: less work than putting all in order. */
  lowest(count: number): Numbers {
    checkSlice(0, count, this.length);
    const [ring] = sortRows(this.bench.builder, [this.#ranged()], [this.ring], count);
    return new Numbers(this.bench, ring!, this.range);
  }

  /** The `count` greatest elements in descending order. */
  highest(count: number): Numbers {
    checkSlice(0, count, this.length);
    const { builder } = this.bench;
    const { lo, hi } = this.range;
    const key = { value: builder.negate(this.ring), lo: -hi, hi: -lo };
    const [ring] = sortRows(builder, [key], [this.ring], count);
    return new Numbers(this.bench, ring!, this.range);
  }

  /** `length` elements from `start` on, counted from 0. */
  slice(start: number, length = 1): Numbers {
    checkSlice(start, length, this.length);
    return this.#made(() => this.bench.builder.slice(this.ring, start, length), this.range);
  }

  #ranged(): { value: Ring; lo: bigint; hi: bigint } {
    return { value: this.ring, lo: this.range.lo, hi: this.range.hi };
  }

  /** This and the other with the same decimals and length. */
  #with(other: Operand): [Numbers, Numbers] {
    const given = numbersOf(this.bench, other);
    const scale = Math.max(this.range.scale, given.range.scale);
    return broadcast(rescaled(this, scale), rescaled(given, scale));
  }

  /** A result whose range is checked before anything is written. */
  #made(write: () => Ring, range: Range): Numbers {
    const checked = new Numbers(this.bench, this.ring, range);
    return new Numbers(checked.bench, write(), range);
  }
}

/** Truth values. */
export class Truths {
  readonly bench: Workbench;
  readonly bits: Bits;

  constructor(bench: Workbench, bits: Bits) {
    this.bench = bench;
    this.bits = bits;
  }

  get length(): number {
    return this.bits.length;
  }

  and(...others: readonly Truths[]): Truths {
    return this.#combined(others, (all) => this.bench.builder.and(...all));
  }

  or(...others: readonly Truths[]): Truths {
    return this.#combined(others, (all) => this.bench.builder.or(...all));
  }

  /** True where an odd number of them is. */
  xor(...others: readonly Truths[]): Truths {
    return this.#combined(others, (all) => this.bench.builder.xor(...all));
  }

  not(): Truths {
    return new Truths(this.bench, this.bench.builder.not(this.bits));
  }

  /** Where this is true the element of `yes`, else that of `no`. */
  choose(yes: Operand, no: Operand): Numbers {
    const [given, other] = [numbersOf(this.bench, yes), numbersOf(this.bench, no)];
    const scale = Math.max(given.range.scale, other.range.scale);
    const [x, y] = broadcast(rescaled(given, scale), rescaled(other, scale));
    const length = commonLength([this.length, x.length]);
    const [bits, a, b] = [stretchedBits(this, length), stretched(x, length), stretched(y, length)];
    const range = {
      lo: least([a.range.lo, b.range.lo]),
      hi: greatest([a.range.hi, b.range.hi]),
      scale,
    };
    return new Numbers(this.bench, this.bench.builder.select(bits, a.ring, b.ring), range);
  }

  /** How many are true. */
  count(): Numbers {
    const { builder } = this.bench;
    const range = { lo: 0n, hi: BigInt(this.length), scale: 0 };
    return new Numbers(this.bench, builder.sum(builder.toRing(this.bits)), range);
  }

  slice(start: number, length = 1): Truths {
    checkSlice(start, length, this.length);
    return new Truths(this.bench, this.bench.builder.slice(this.bits, start, length));
  }

  #combined(others: readonly Truths[], combine: (all: readonly Bits[]) => Bits): Truths {
    const length = commonLength([this, ...others].map((one) => one.length));
    return new Truths(this.bench, combine([this, ...others].map((one) => stretchedBits(one, length))));
  }
}

/** A public number as a vector of one element; vectors as they are. Throws `program.not-a-number`. */
export function numbersOf(bench: Workbench, operand: Operand): Numbers {
  if (operand instanceof Numbers) {
    if (operand.bench === bench) return operand;
    throw programFault(
      'foreign',
      'a vector of another program is used',
      'make every vector inside one program',
    );
  }
  const literal = numberLiteral(String(operand));
  if (literal === undefined)
    throw programFault(
      'not-a-number',
      'a public operand is not a number that is written with digits',
      "write 12, 12n or '12.50'",
    );
  const { value, scale } = literal;
  const range = { lo: value, hi: value, scale };
  return new Numbers(bench, bench.builder.constant(value, 1), range);
}

function rescaled(x: Numbers, scale: number): Numbers {
  const { bench, ring, range } = x;
  const factor = powerOfTen(scale - range.scale);
  if (factor === 1n) return x;
  const wider = new Numbers(bench, ring, { lo: range.lo * factor, hi: range.hi * factor, scale });
  return new Numbers(bench, bench.builder.scale(ring, factor), wider.range);
}

function broadcast(x: Numbers, y: Numbers): [Numbers, Numbers] {
  const length = commonLength([x.length, y.length]);
  return [stretched(x, length), stretched(y, length)];
}

function stretched(x: Numbers, length: number): Numbers {
  const { bench, ring, range } = x;
  if (x.length === length) return x;
  return new Numbers(bench, bench.builder.repeat(bench.builder.opened(ring), length), range);
}

function stretchedBits({ bench, bits }: Truths, length: number): Bits {
  if (bits.length === length) return bits;
  return bench.builder.repeat(bench.builder.opened(bits), length);
}

function commonLength(lengths: readonly number[]): number {
  const length = Math.max(...lengths);
  const odd = lengths.find((own) => own !== 1 && own !== length);
  if (odd !== undefined)
    throw programFault(
      'lengths',
      `vectors of ${odd} and ${length} elements do not go together`,
      'use vectors of one length, or of one element',
    );
  return length;
}

function checkSlice(start: number, length: number, whole: number): void {
  const inside = Number.isSafeInteger(start) && Number.isSafeInteger(length) && start >= 0 && length > 0;
  if (!inside || start + length > whole)
    throw programFault(
      'slice',
      `${length} elements from ${start} on do not lie in a vector of ${whole}`,
      'count from 0',
    );
}

const least = (values: readonly bigint[]): bigint => values.reduce((a, b) => (a < b ? a : b));
const greatest = (values: readonly bigint[]): bigint => values.reduce((a, b) => (a > b ? a : b));

/** A fault of the program's author: a code below `program.`, exit code 65. */
export function programFault(code: string, message: string, hint: string): MpcError {
  return new MpcError(`program.${code}`, message, { exitCode: EXIT.badData, hint });
}
