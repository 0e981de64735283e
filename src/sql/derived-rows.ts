/**
 * Owns the rows that a grouping subquery makes: one for each of its groups, present where the group is shown. They are as secret as the
 * parties' rows: whoever asks for them gets masked vectors, never an answer.
 */
import type { Bits, PlanBuilder, Ring } from '../plan/builder.ts';
import { greatest, least } from './arithmetic.ts';
import { keyOf } from './columns.ts';
import { misplacedAggregate } from './expressions.ts';
import { sqlFault } from './faults.ts';
import { truthWhere } from './logic.ts';
import type { Rows } from './rows.ts';
import type { ColumnSpecification } from './specification.ts';
import type { Aggregate, Expression } from './statement.ts';
import { always, isAlways, knownOf, type Value, type Vectors } from './values.ts';
import { typeOf, visibleVector } from './visible.ts';

interface DerivedColumn {
  readonly column: ColumnSpecification;
  readonly value: Value;
}

export interface DerivedOptions {
  /** The groups' vectors. */
  readonly vectors: Vectors;
  /** Which groups are rows. */
  readonly shown: Bits;
  /** Most of them. */
  readonly rows: bigint;
  readonly columns: readonly { readonly name: string; readonly value: Value }[];
  /** Names of columns that no two groups are equal in; undefined where the columns do not tell groups apart. */
  readonly key: readonly string[] | undefined;
}

export class DerivedRows implements Rows {
  readonly builder: PlanBuilder;
  readonly length: number;
  readonly rows: bigint;
  readonly isZeroed = true;
  /** Names of columns that no two rows are equal in. */
  readonly unique: readonly string[] | undefined;
  private readonly shown: Bits;
  private readonly columns: readonly DerivedColumn[];
  /** One vector for each column, however often it is asked for. */
  private readonly made = new Map<DerivedColumn, Value>();

  constructor({ vectors, shown, rows, columns, key }: DerivedOptions) {
    this.builder = vectors.builder;
    this.length = vectors.length;
    this.rows = rows;
    this.shown = shown;
    this.unique = key;
    this.columns = columns.map(({ name, value }) => ({ column: this.declared(name, value), value }));
  }

  present(): Bits {
    return this.shown;
  }

  presentRing(): Ring {
    return this.builder.toRing(this.shown);
  }

  get specifications(): readonly ColumnSpecification[] {
    return this.columns.map(({ column }) => column);
  }

  specification(reference: Expression & { readonly kind: 'column' }): ColumnSpecification {
    return this.named(reference).column;
  }

  column(reference: Expression & { readonly kind: 'column' }): Value {
    const derived = this.named(reference);
    const made = this.made.get(derived) ?? this.rowsOf(derived);
    this.made.set(derived, made);
    return made;
  }

  private rowsOf({ column, value }: DerivedColumn): Value {
    if (value.kind === 'null') return value;
    const known = column.nullable ? this.visible(value) : always(this);
    if (value.kind === 'truth') {
      const isTrue = this.builder.and(this.shown, value.isTrue);
      return column.nullable
        ? { kind: 'truth', isTrue, isFalse: this.builder.xor(known, isTrue) }
        : truthWhere(this, isTrue, known);
    }
    const ring = this.value(column);
    if (value.kind === 'text')
      return { kind: 'text', values: value.values, code: ring, key: this.key(column), known };
    const { each: _, ...rest } = value;
    const [lo, hi] = [least([value.lo, 0n]), greatest([value.hi, 0n])];
    return { ...rest, lo, hi, ring, known, zeroed: true };
  }

  aggregate(call: Aggregate): Value {
    throw misplacedAggregate(call);
  }

  key(column: ColumnSpecification): Ring {
    return keyOf(this.builder, column, this.value(column), () => this.knownRing(column));
  }

  knownRing(column: ColumnSpecification): Ring {
    return this.builder.toRing(this.visible(this.valueOf(column)));
  }

  /** A column as integers. Zeros in absent rows and where it is NULL. */
  value(column: ColumnSpecification): Ring {
    const value = this.valueOf(column);
    const vector = visibleVector(this, value, this.visible(value));
    return vector.kind === 'bits' ? this.builder.toRing(vector) : vector;
  }

  private visible(value: Value): Bits {
    return this.builder.and(this.shown, knownOf(this, value));
  }

  private valueOf(column: ColumnSpecification): Value {
    return this.columns.find((candidate) => candidate.column === column)?.value ?? { kind: 'null' };
  }

  private declared(name: string, value: Value): ColumnSpecification {
    const nullable = !isAlways(this, knownOf(this, value));
    const [lo, hi] =
      value.kind === 'number'
        ? [value.lo, value.hi]
        : [0n, value.kind === 'text' ? BigInt(value.values.length - 1) : 1n];
    return { name, ...typeOf(value), lo, hi, nullable };
  }

  private named({ name, at }: Expression & { readonly kind: 'column' }): DerivedColumn {
    const found = this.columns.find(({ column }) => column.name === name);
    if (found) return found;
    const names = this.columns.map(({ column }) => column.name).join(', ');
    throw sqlFault('unknown-column', at, `the subquery has no column ${name}`, `it has ${names}`);
  }
}
