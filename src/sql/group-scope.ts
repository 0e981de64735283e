/**
 * Owns what a name means once rows are grouped: what they are grouped by, and the aggregates.
 */
import type { PlanBuilder } from '../plan/builder.ts';
import type { Aggregation } from './aggregates.ts';
import type { Scope } from './expressions.ts';
import { type GroupKey, keyIdentity, notGrouped } from './group-keys.ts';
import type { Rows } from './rows.ts';
import type { Aggregate, Expression } from './statement.ts';
import type { Value } from './values.ts';

export class GroupScope implements Scope {
  readonly builder: PlanBuilder;
  readonly length: number;
  private readonly rows: Rows;
  private readonly keys: readonly GroupKey[];
  private readonly aggregation: Aggregation;
  /** The kinds of expressions that keys are: all others need no second look. */
  private readonly kinds: ReadonlySet<Expression['kind']>;

  constructor(
    rows: Rows,
    keys: readonly GroupKey[],
    groupBy: readonly Expression[],
    aggregation: Aggregation,
  ) {
    this.builder = rows.builder;
    this.length = aggregation.vectors.length;
    this.rows = rows;
    this.keys = keys;
    this.aggregation = aggregation;
    this.kinds = new Set(groupBy.map(({ kind }) => kind));
  }

  aggregate(call: Aggregate, wanted?: number): Value {
    return this.aggregation.value(call, wanted);
  }

  get keyCount(): number {
    return this.keys.length;
  }

  /** The place in GROUP BY of what an expression repeats, or -1. */
  keyOf(expression: Expression): number {
    if (!this.kinds.has(expression.kind)) return -1;
    const identity = keyIdentity(this.rows, expression);
    return this.keys.findIndex((key) => key.identity === identity);
  }

  given(expression: Expression): Value | undefined {
    const at = this.keyOf(expression);
    return at < 0 ? undefined : this.aggregation.summary.key(at);
  }

  /** The texts of a key that is public. */
  publicTexts(expression: Expression): readonly (string | null)[] | undefined {
    const at = this.keyOf(expression);
    return at < 0 ? undefined : this.aggregation.summary.keyTexts(at);
  }

  /** Throws `sql.not-grouped`, `sql.unknown-column`. */
  column(reference: Expression & { readonly kind: 'column' }): Value {
    this.rows.specification(reference);
    throw notGrouped(reference);
  }
}
