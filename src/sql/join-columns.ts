/**
 * Owns what becomes of columns in a join: they travel as plain vectors, some become NULL, and two that are equal become one.
 */
import type { Bits, PlanBuilder, Ring } from '../plan/builder.ts';
import type { Relation, RelationColumn } from './relation.ts';

/** Columns as plain vectors, and what is made of other vectors of the same columns. */
export class Baggage {
  private readonly columns: readonly (readonly [RelationColumn, readonly string[]])[];
  readonly rings: readonly Ring[];

  constructor({ columns }: Relation, wanted: (name: string) => boolean) {
    const names = new Map<RelationColumn, string[]>();
    for (const [name, column] of columns)
      if (wanted(name)) names.set(column, [...(names.get(column) ?? []), name]);
    this.columns = [...names];
    this.rings = this.columns.flatMap(([{ value, known }]) => (known ? [value, known] : [value]));
  }

  /** The columns by name, of the same vectors somewhere else. */
  unpacked(
    rings: readonly Ring[],
    change: (column: RelationColumn) => RelationColumn = (column) => column,
  ): readonly (readonly [string, RelationColumn])[] {
    const left = [...rings];
    return this.columns.flatMap(([{ specification, known }, names]) => {
      const value = left.shift()!;
      const column = change({ specification, value, known: known && left.shift() });
      return names.map((name) => [name, column] as const);
    });
  }
}

/** A column that is NULL, and 0, where nothing has matched. */
export function nullUnless(
  builder: PlanBuilder,
  matched: Bits,
  { specification, value, known }: RelationColumn,
) {
  return {
    specification: { ...specification, nullable: true },
    value: builder.timesBit(matched, value),
    known: builder.toRing(known ? builder.and(matched, builder.lowBit(known)) : matched),
  };
}

/** Whether equal values of both columns are equal integers, shown alike. */
export function isInterchangeable(
  { specification: a }: RelationColumn,
  { specification: b }: RelationColumn,
): boolean {
  const isSameText =
    a.values?.length === b.values?.length &&
    (a.values ?? []).every((text, code) => text === b.values?.[code]);
  return a.type === b.type && a.scale === b.scale && isSameText;
}

/** The relation where columns of these names are not NULL. */
export function withoutNulls(relation: Relation, names: ReadonlySet<string>): Relation {
  const narrowed = new Map<RelationColumn, RelationColumn>();
  for (const name of names) {
    const column = relation.columns.get(name)!;
    const specification = { ...column.specification, nullable: false };
    narrowed.set(column, { specification, value: column.value, known: undefined });
  }
  const columns = [...relation.columns].map(
    ([name, column]) => [name, narrowed.get(column) ?? column] as const,
  );
  return { ...relation, columns: new Map(columns) };
}
