/**
 * Owns the keys of a sort that brings groups together: all parts of all keys in as few numbers as their domains allow, rows outside
 * all groups behind all others and equal to one another.
 *
 *   number = sum of part * stride, the first part most significant. The very first part is 1 in rows outside, which hold 0 in all others
 *   (or, where that costs nothing, what absent rows hold anyway).
 * Must never take a part at its word where it says nothing of absent rows: an overflow would move them among the others.
 */
import { assert } from '../base/errors.ts';
import type { PlanBuilder, Ring } from '../plan/builder.ts';
import type { Ranged } from '../plan/compose/ranged.ts';
import type { RunColumn } from '../plan/compose/runs.ts';
import type { GroupKey, KeyPart } from './group-keys.ts';
import type { GroupedRows } from './grouping.ts';

/** Combinations in one number, besides parts that are wider by themselves. */
const MOST = 2n ** 62n;

/** A number and the parts in it, most significant first. */
export interface Packed {
  readonly ring: Ring;
  readonly domain: bigint;
  /** What it is in rows outside. */
  readonly outside: bigint;
  readonly parts: readonly KeyPart[];
}

/** The numbers, most significant first. */
export function packedKeys(grouped: GroupedRows, keys: readonly GroupKey[]): readonly Packed[] {
  const groups: KeyPart[][] = [];
  let domain = 0n;
  // From the last on; the number in front has room for the part that says which rows are outside.
  for (const part of keys.flatMap(({ parts }) => parts).reverse()) {
    const [number] = groups;
    if (number && domain * part.domain <= MOST) number.unshift(part);
    else groups.unshift([part]);
    domain = number && groups[0] === number ? domain * part.domain : part.domain;
  }
  if (domain > MOST) groups.unshift([]);
  return groups.map((parts, at) => packed(grouped, parts, at === 0));
}

function packed({ rows, included }: GroupedRows, parts: readonly KeyPart[], isFirst: boolean): Packed {
  const { builder, length } = rows;
  const whole = parts.reduce((product, { domain }) => product * domain, 1n);
  const domain = isFirst ? whole + 1n : whole;
  const outside = isFirst ? whole : 0n;
  let stride = whole;
  let absent: bigint | undefined = 0n;
  const terms = parts.map((part): readonly [bigint, Ring] => {
    stride /= part.domain;
    absent = absent === undefined || part.absent === undefined ? undefined : absent + stride * part.absent;
    return [stride, part.ring];
  });
  const number = terms.length === 0 ? builder.constant(0n, length) : builder.linear(terms);
  if (included || absent === undefined) {
    const bits = included ?? rows.present();
    const ring = builder.select(bits, number, builder.constant(outside, length));
    return { ring, domain, outside, parts };
  }
  // Nothing to choose: linear in what the parties bring.
  if (!isFirst) return { ring: number, domain, outside: absent, parts };
  const more = outside - absent;
  const ring = builder.linear(
    [
      [1n, number],
      [-more, rows.presentRing()],
    ],
    more,
  );
  return { ring, domain, outside, parts };
}

/** What rows are sorted by. */
export const sortKeys = (numbers: readonly Packed[]): Ranged[] =>
  numbers.map(({ ring, domain }) => ({ value: ring, lo: 0n, hi: domain - 1n }));

/** What has to travel with the rows, so that `partsFrom` finds every part: all numbers, and all parts but the last of each. */
export const carriedKeys = (numbers: readonly Packed[]): readonly Ring[] =>
  numbers.flatMap(({ ring, parts }) => [ring, ...parts.slice(0, -1).map((part) => part.ring)]);

/** The sorted numbers among what travelled. */
export function runColumns(numbers: readonly Packed[], carried: readonly Ring[]): RunColumn[] {
  let at = 0;
  return numbers.map(({ parts, outside, domain }) => {
    const value = carried[at];
    assert(value, 'each number travels');
    at += Math.max(parts.length, 1);
    return { value, after: outside, widest: domain };
  });
}

/** The parts of each key, most significant first, from what travelled: the last of a number is what the others leave of it. */
export function partsFrom(
  builder: PlanBuilder,
  numbers: readonly Packed[],
  keys: readonly GroupKey[],
  carried: readonly Ring[],
): readonly (readonly Ring[])[] {
  const rest = [...carried];
  const take = (): Ring => {
    const ring = rest.shift();
    assert(ring, 'each part travels, or follows from its number');
    return ring;
  };
  const all = numbers.flatMap(({ parts }) => {
    const number = take();
    let stride = parts.reduce((product, { domain }) => product * domain, 1n);
    const terms: (readonly [bigint, Ring])[] = [[1n, number]];
    const others = parts.slice(0, -1).map(({ domain }) => {
      stride /= domain;
      const ring = take();
      terms.push([-stride, ring]);
      return ring;
    });
    return parts.length === 0 ? [] : [...others, builder.linear(terms)];
  });
  return keys.map(({ parts }) => parts.map(() => all.shift()!));
}
