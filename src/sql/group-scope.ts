/**
 * Owns what a name means once rows are grouped: the grouped columns, whose values are public, and the aggregates.
 */
import type { Bits, PlanBuilder } from '../plan/builder.ts';
import type { Aggregation } from './aggregates.ts';
import type { RowScope } from './columns.ts';
import { sizeOf } from './columns.ts';
import type { Scope } from './expressions.ts';
import { sqlFault } from './faults.ts';
import type { GroupColumn, Groups } from './groups.ts';
import { certain } from './logic.ts';
import type { Aggregate, Expression } from './statement.ts';
import { always, isAlways, type Value } from './values.ts';

export class GroupScope implements Scope {
  readonly builder: PlanBuilder;
  readonly length: number;
  private readonly rows: RowScope;
  private readonly groups: Groups | undefined;
  private readonly aggregation: Aggregation;

  constructor(rows: RowScope, groups: Groups | undefined, aggregation: Aggregation) {
    this.builder = rows.builder;
    this.length = groups?.count ?? 1;
    this.rows = rows;
    this.groups = groups;
    this.aggregation = aggregation;
  }

  aggregate(call: Aggregate, wanted?: number): Value {
    return this.aggregation.value(call, wanted);
  }

  /** The grouped column a reference names. Throws `sql.not-grouped`, `sql.unknown-column`. */
  grouped(reference: Expression & { readonly kind: 'column' }): GroupColumn {
    const column = this.rows.specification(reference);
    const found = this.groups?.columns.find((candidate) => candidate.column === column);
    if (found) return found;
    throw sqlFault(
      'not-grouped',
      reference.at,
      `${column.name} must be in GROUP BY or inside an aggregate: single rows are not revealed`,
      `write AVG(${column.name}), COUNT(${column.name}) or the like, or GROUP BY ${column.name}`,
    );
  }

  column(reference: Expression & { readonly kind: 'column' }): Value {
    const { column, places } = this.grouped(reference);
    const size = Number(sizeOf(column));
    const isNull = places.map((place) => place >= size);
    const known = isNull.includes(true) ? this.publicBits(isNull.map((is) => !is)) : always(this);
    const values = places.map((place, g) => (isNull[g] ? 0n : column.lo + BigInt(place)));
    if (column.type === 'boolean') {
      const isTrue = this.publicBits(values.map((value) => value === 1n));
      return isAlways(this, known)
        ? certain(this, isTrue)
        : { kind: 'truth', isTrue, isFalse: this.builder.xor(known, isTrue) };
    }
    const ring = this.builder.vector(values);
    const { type, scale, values: texts, lo, hi } = column;
    if (type === 'text') {
      const key = this.builder.vector(places.map(BigInt));
      return { kind: 'text', values: texts ?? [], code: ring, key, known };
    }
    return {
      kind: 'number',
      type,
      scale,
      lo: lo < 0n ? lo : 0n,
      hi: hi > 0n ? hi : 0n,
      ring,
      known,
      zeroed: false,
    };
  }

  private publicBits(bits: readonly boolean[]): Bits {
    return this.builder.concat(...bits.map((bit) => this.builder.bit(bit ? 1 : 0, 1)));
  }
}
