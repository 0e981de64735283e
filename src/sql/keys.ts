/**
 * Owns what PRIMARY KEY and UNIQUE promise, and who can keep the promise: the one party that brings the table's rows, at home.
 * Must never let a promise pass that nobody keeps: joins rest on it. That the rows of several parties are different could only be checked
 * inside the computation, and to say that they are not would say that two parties hold the same key: so it is refused.
 */
import { sqlFault, unsupported } from './faults.ts';
import type { ColumnSpecification } from './specification.ts';
import type { KeyDeclaration, TableDeclaration } from './statement.ts';

/** The keys of a table. Throws `sql.*` with the place of what is wrong in one. */
export function declaredKeys(
  { name: table, columns, keys }: TableDeclaration,
  specified: readonly ColumnSpecification[],
): readonly KeyDeclaration[] {
  const second = keys.filter(({ isPrimary }) => isPrimary)[1];
  if (second)
    throw sqlFault(
      'contradiction',
      second.at,
      `${table} has two primary keys`,
      'write UNIQUE for one of them',
    );
  for (const key of keys) {
    const what = nameOf(key);
    key.columns.forEach((name, place) => {
      const column = columns.find((candidate) => candidate.name === name);
      if (!column)
        throw sqlFault(
          'unknown-column',
          key.at,
          `table ${table} has no column ${name}`,
          'check the spelling',
        );
      if (key.columns.indexOf(name) < place)
        throw sqlFault('duplicate-column', key.at, `${what} names ${name} twice`, 'name it once');
      if (key.isPrimary && column.nullable === true)
        throw sqlFault(
          'contradiction',
          column.at,
          `${name} is NULL and in the primary key`,
          'leave NULL out',
        );
      if (column.type.name === 'text' && !specified.find((candidate) => candidate.name === name)?.values)
        throw unsupported(
          key.at,
          `${what} over the text column ${name}, which has no list of values,`,
          `declare ${name} TEXT CHECK (${name} IN ('…', '…')), or use numbers for keys`,
        );
    });
  }
  return keys;
}

/** Refuses keys of a table that several parties bring. */
export function requireOneParty({ name, keys }: TableDeclaration, parties: readonly string[]): void {
  const [key] = keys;
  if (!key || parties.length < 2) return;
  throw unsupported(
    key.at,
    `${nameOf(key)} in ${name}, which ${parties.length} parties bring,`,
    'only a party that brings the whole table can see that no key occurs twice: leave it out, or let one party bring the table',
  );
}

const nameOf = ({ isPrimary, columns }: KeyDeclaration): string =>
  `${isPrimary ? 'PRIMARY KEY' : 'UNIQUE'} (${columns.join(', ')})`;
