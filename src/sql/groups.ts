/**
 * Owns what GROUP BY means: every possible group gets a number, known before any row is, and every row its group's.
 * Groups are public (they follow from the declaration); which of them have rows is not, unless the query reveals it.
 *
 *   group = sum over the columns of place * stride, the first column most significant, NULL after all values;
 *   rows that are absent, or that WHERE excludes, go to one extra group past the last.
 * Without WHERE the key is linear in what the parties bring, so that grouping costs no round.
 */
import { LIMITS } from '../base/limits.ts';
import type { Bits, Ring } from '../plan/builder.ts';
import { type RowScope, sizeOf } from './columns.ts';
import { sqlFault, unsupported } from './faults.ts';
import { formatDate, formatDecimal } from './literals.ts';
import type { ColumnSpecification } from './specification.ts';
import type { Expression } from './statement.ts';

export interface GroupColumn {
  readonly column: ColumnSpecification;
  /** The place of the column's value in each group: 0.., and one past the last for NULL. */
  readonly places: readonly number[];
}

export interface Groups {
  readonly columns: readonly GroupColumn[];
  /** Number of possible groups. */
  readonly count: number;
  /** The group of each row, `count` where the row is absent or excluded. */
  readonly key: Ring;
}

/** Throws `sql.unsupported` for columns without a small declared domain, `sql.too-many-groups`. */
export function groupRows(
  rows: RowScope,
  groupBy: readonly (Expression & { readonly kind: 'column' })[],
  included: Bits | undefined,
  asked = { what: 'GROUP BY', at: groupBy[0]!.at },
): Groups {
  const columns = distinct(groupBy.map((reference) => groupedColumn(rows, reference, asked.what)));
  const domains = columns.map(domainOf);
  const count = domains.reduce((product, domain) => product * domain, 1);
  if (count > LIMITS.groups)
    throw sqlFault(
      'too-many-groups',
      asked.at,
      `this makes ${count} possible groups, ${LIMITS.groups} are allowed`,
      'group by fewer columns, or declare narrower ones',
    );
  const { builder } = rows;
  const terms: (readonly [bigint, Ring])[] = [];
  let offset = 0n;
  const grouped: GroupColumn[] = [];
  let stride = count;
  columns.forEach((column, index) => {
    const domain = domains[index]!;
    stride /= domain;
    const step = stride;
    terms.push([BigInt(step), rows.key(column)]);
    // What an absent row, all zeros, adds to the key.
    offset += BigInt(step) * (column.nullable ? sizeOf(column) : -column.lo);
    grouped.push({ column, places: Array.from({ length: count }, (_, g) => Math.floor(g / step) % domain) });
  });
  if (included) {
    const key = builder.select(included, builder.linear(terms), builder.constant(BigInt(count), rows.length));
    return { columns: grouped, count, key };
  }
  const outside = BigInt(count) - offset;
  const key = builder.linear([...terms, [-outside, rows.presentRing()]], outside);
  return { columns: grouped, count, key };
}

function groupedColumn(
  rows: RowScope,
  reference: Expression & { readonly kind: 'column' },
  what: string,
): ColumnSpecification {
  const column = rows.specification(reference);
  const { name, type, values } = column;
  if (type === 'text' && !values)
    throw unsupported(
      reference.at,
      `${what} over the text column ${name}, which has no list of values,`,
      `declare ${name} TEXT CHECK (${name} IN ('…', '…'))`,
    );
  if (sizeOf(column) > LIMITS.groups)
    throw unsupported(
      reference.at,
      `${what} over ${name}, which has ${sizeOf(column)} possible values,`,
      `at most ${LIMITS.groups} are possible: add CHECK (${name} BETWEEN lowest AND highest)`,
    );
  return column;
}

const distinct = <T>(values: readonly T[]): T[] => [...new Set(values)];

export const domainOf = (column: ColumnSpecification): number =>
  Number(sizeOf(column)) + (column.nullable ? 1 : 0);

/** The value at a place as text, or null: what the result shows for the group. */
export function textAt(column: ColumnSpecification, place: number): string | null {
  if (BigInt(place) >= sizeOf(column)) return null;
  const value = column.lo + BigInt(place);
  if (column.values) return column.values[place] ?? null;
  if (column.type === 'boolean') return value === 1n ? 'true' : 'false';
  return column.type === 'date' ? formatDate(Number(value)) : formatDecimal(value, column.scale);
}
