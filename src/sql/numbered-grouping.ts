/**
 * Owns aggregates over groups that are numbered beforehand (src/sql/groups.ts), or over all rows, which are one group. Totals cost no
 * round for each row; their tape holds a word for each row and possible group.
 */
import { assert } from '../base/errors.ts';
import type { Bits, Ring } from '../plan/builder.ts';
import { maximum, minimum } from '../plan/compose/extreme.ts';
import { keyNumber, textOf, valueAt } from './group-keys.ts';
import type { GroupedRows, Grouping, Needs, Ordering, Summary } from './grouping.ts';
import type { Groups } from './groups.ts';
import { certain } from './logic.ts';
import { differentValues, groupPercentile, type RankedRows } from './ranking.ts';
import type { Fraction } from './statement.ts';
import { always, fitted, type NumberValue, type Value } from './values.ts';

/** `groups` are undefined where all rows are one. */
export function numberedGrouping(grouped: GroupedRows, groups: Groups | undefined): Grouping {
  return {
    length: groups?.count ?? 1,
    summary: ({ sums }) => new NumberedSummary(grouped, groups, sums),
  };
}

class NumberedSummary implements Summary {
  readonly builder;
  readonly length: number;
  readonly exists = undefined;
  private readonly grouped: GroupedRows;
  private readonly groups: Groups | undefined;
  private readonly sums: Needs['sums'];
  private totals: { readonly counts: Ring; readonly sums: ReadonlyMap<number, Ring> } | undefined;

  constructor(grouped: GroupedRows, groups: Groups | undefined, sums: Needs['sums']) {
    this.builder = grouped.rows.builder;
    this.length = groups?.count ?? 1;
    this.grouped = grouped;
    this.groups = groups;
    this.sums = sums;
  }

  counts(): Ring {
    const { rows, included } = this.grouped;
    if (this.groups) return this.summed(this.groups).counts;
    return this.builder.sum(included ? this.builder.toRing(included) : rows.presentRing());
  }

  total(vector: Ring): Ring {
    if (!this.groups) return this.builder.sum(vector);
    const total = this.summed(this.groups).sums.get(vector.id);
    assert(total, 'all vectors are known before the first total is asked for');
    return total;
  }

  /** All vectors go through one gate. */
  private summed({ key, count }: Groups) {
    if (this.totals) return this.totals;
    const { counts, sums } = this.builder.groupSum(key, count + 1, this.sums);
    const inside = (ring: Ring) => this.builder.slice(ring, 0, count);
    const totals = this.sums.map(({ id }, at) => [id, inside(sums[at]!)] as const);
    this.totals = { counts: inside(counts), sums: new Map(totals) };
    return this.totals;
  }

  /** Rows that do not count play with the value that never wins. */
  extreme({ use, values, filter, at }: Ordering): Ring {
    const { builder, length, groups } = this;
    const planes = groups ? builder.oneHot(groups.key, length + 1).slice(0, length) : [this.present()];
    const inGroup = builder.concat(...planes);
    const counts = filter ? builder.and(inGroup, builder.repeat(filter, length)) : inGroup;
    const { ring, lo, hi } = values;
    const loser = builder.constant(use === 'least' ? hi : lo, ring.length * length);
    const players = builder.select(counts, builder.repeat(ring, length), loser);
    const tournament = use === 'least' ? minimum : maximum;
    return fitted(at, () => tournament(builder, { value: players, lo, hi }, length));
  }

  percentile(ordering: Ordering, argument: NumberValue, fraction: Fraction, count: NumberValue): NumberValue {
    return groupPercentile(this.ranked(ordering), argument, fraction, count, ordering.at);
  }

  different(ordering: Ordering): Ring {
    return differentValues(this.ranked(ordering), ordering.values, ordering.at);
  }

  key(at: number): Value {
    const { key, values } = this.publicKey(at);
    const { builder } = this;
    const bits = (list: readonly boolean[]) =>
      builder.concat(...list.map((bit) => builder.bit(bit ? 1 : 0, 1)));
    const isNull = values.includes(undefined);
    const known = isNull ? bits(values.map((value) => value !== undefined)) : always(this);
    const { type } = key.domain;
    if (type === 'boolean') {
      const isTrue = bits(values.map((value) => value === 1n));
      return isNull ? { kind: 'truth', isTrue, isFalse: builder.xor(known, isTrue) } : certain(this, isTrue);
    }
    if (type !== 'text')
      return {
        ...keyNumber(key.domain, type),
        ring: builder.vector(values.map((value) => value ?? 0n)),
        known,
      };
    const texts = key.domain.values ?? [];
    const code = builder.vector(values.map((value) => value ?? 0n));
    const place = builder.vector(values.map((value) => value ?? BigInt(texts.length)));
    return { kind: 'text', values: texts, code, key: place, known };
  }

  keyTexts(at: number): readonly (string | null)[] {
    const { key, values } = this.publicKey(at);
    return values.map((value) => textOf(key, value));
  }

  private publicKey(at: number) {
    const numbered = this.groups?.keys[at];
    assert(numbered, 'a key is one of those grouped by');
    const { key, places } = numbered;
    return { key, values: places.map((place) => valueAt(key, BigInt(place))) };
  }

  private ranked({ filter }: Ordering): RankedRows {
    return { rows: this.grouped.rows, groups: this.groups, present: this.present(), filter };
  }

  private present(): Bits {
    return this.grouped.included ?? this.grouped.rows.present();
  }
}
