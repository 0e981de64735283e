/**
 * Owns what a CREATE TABLE promises: each column's integers, their bounds and its text values, from its type and CHECKs.
 * Must never take a CHECK it does not understand: the bounds decide whether sums fit and what a client refuses.
 */
import { LIMITS } from '../base/limits.ts';
import { type Position, sqlFault, unsupported } from './faults.ts';
import { declaredKeys } from './keys.ts';
import { DATE_RANGE, powerOfTen } from './literals.ts';
import { dateLiteral } from './read-expressions.ts';
import type { ColumnSpecification, TableSpecification } from './specification.ts';
import type { ColumnDeclaration, Expression, TableDeclaration, TypeName } from './statement.ts';

/** Integers of a vector: two's complement of 64 bits. */
export const INT64 = { lo: -(2n ** 63n), hi: 2n ** 63n - 1n } as const;

/** A column while its CHECKs are read. */
interface Draft {
  readonly declaration: ColumnDeclaration;
  readonly scale: number;
  lo: bigint | undefined;
  hi: bigint | undefined;
  values: readonly string[] | undefined;
}

/** Throws `sql.*` with the place of what is wrong in the declaration. */
export function declareTable(declaration: TableDeclaration): TableSpecification {
  const drafts = new Map<string, Draft>();
  for (const column of declaration.columns) {
    if (drafts.has(column.name))
      throw sqlFault(
        'duplicate-column',
        column.at,
        `column ${column.name} is declared twice`,
        'rename one of them',
      );
    drafts.set(column.name, draft(column));
  }
  for (const column of declaration.columns) {
    for (const check of column.checks) applyCheck(check, drafts, column.name);
  }
  for (const check of declaration.checks) applyCheck(check, drafts);
  const columns = [...drafts.values()].map(specify);
  const keys = declaredKeys(declaration, columns);
  const primary = keys.find(({ isPrimary }) => isPrimary)?.columns ?? [];
  return {
    name: declaration.name,
    columns: columns.map((column) =>
      primary.includes(column.name) ? { ...column, nullable: false } : column,
    ),
    ...(keys.length === 0 ? {} : { keys: keys.map((key) => key.columns) }),
  };
}

function draft(declaration: ColumnDeclaration): Draft {
  const range = typeRange(declaration.type);
  return {
    declaration,
    scale: declaration.type.scale ?? 0,
    lo: range?.lo,
    hi: range?.hi,
    values: undefined,
  };
}

/** The range a type itself gives, or undefined where it is wider than 64 bits or has none. */
export function typeRange(type: TypeName): { lo: bigint; hi: bigint } | undefined {
  if (type.name === 'boolean') return { lo: 0n, hi: 1n };
  if (type.name === 'date') return DATE_RANGE;
  if (type.name === 'integer') {
    const half = 2n ** BigInt((type.bits ?? 64) - 1);
    return { lo: -half, hi: half - 1n };
  }
  if (type.name === 'text' || type.precision === undefined || type.precision > 18) return undefined;
  const hi = powerOfTen(type.precision) - 1n;
  return { lo: -hi, hi };
}

const CHECK_HINT = 'write CHECK (c BETWEEN a AND b), CHECK (c >= a AND c <= b) or CHECK (c IN (…))';

function applyCheck(check: Expression, drafts: ReadonlyMap<string, Draft>, owner?: string): void {
  if (check.kind === 'and') {
    for (const part of check.of) applyCheck(part, drafts, owner);
    return;
  }
  if (check.kind === 'in' && check.of.kind === 'column') {
    const column = columnOf(check.of, drafts, owner);
    setValues(column, check.list, check.at);
    return;
  }
  if (check.kind === 'compare') {
    const flipped = check.right.kind === 'column';
    const [subject, bound] = flipped ? [check.right, check.left] : [check.left, check.right];
    if (subject.kind === 'column') {
      const operator = flipped ? FLIPPED[check.operator] : check.operator;
      setBound(columnOf(subject, drafts, owner), operator, bound);
      return;
    }
  }
  throw unsupported(check.at, 'this CHECK', CHECK_HINT);
}

const FLIPPED = { '=': '=', '<>': '<>', '<': '>', '<=': '>=', '>': '<', '>=': '<=' } as const;

function columnOf(
  subject: Expression & { kind: 'column' },
  drafts: ReadonlyMap<string, Draft>,
  owner: string | undefined,
): Draft {
  const column = drafts.get(subject.name);
  if (!column || subject.table !== undefined)
    throw sqlFault(
      'unknown-column',
      subject.at,
      `there is no column ${subject.name} in this table`,
      'check the spelling',
    );
  if (owner !== undefined && owner !== subject.name)
    throw unsupported(
      subject.at,
      'a CHECK of another column here',
      'write it at that column, or after all columns',
    );
  return column;
}

function setBound(column: Draft, operator: keyof typeof FLIPPED, bound: Expression): void {
  const { type, name } = column.declaration;
  if (type.name === 'text' || type.name === 'boolean')
    throw unsupported(bound.at, `a range of the ${type.name} column ${name}`, CHECK_HINT);
  const value = boundValue(column, bound);
  const step = operator === '<' || operator === '>' ? 1n : 0n;
  if (operator === '<>') throw unsupported(bound.at, 'CHECK with <>', CHECK_HINT);
  if (operator === '=' || operator === '>=' || operator === '>') {
    const lo = ceilOf(value, step);
    column.lo = column.lo === undefined || lo > column.lo ? lo : column.lo;
  }
  if (operator === '=' || operator === '<=' || operator === '<') {
    const hi = floorOf(value, step);
    column.hi = column.hi === undefined || hi < column.hi ? hi : column.hi;
  }
}

/** A bound as a fraction of the column's unit: n / d. */
interface Fraction {
  readonly n: bigint;
  readonly d: bigint;
}

/** The largest unit at most n/d (below it, for step 1). */
function floorOf({ n, d }: Fraction, step: bigint): bigint {
  const floor = n >= 0n ? n / d : -((-n + d - 1n) / d);
  return floor * d === n ? floor - step : floor;
}

function ceilOf({ n, d }: Fraction, step: bigint): bigint {
  return -floorOf({ n: -n, d }, step);
}

function boundValue(column: Draft, bound: Expression): Fraction {
  const { type, name } = column.declaration;
  if (bound.kind === 'negate') {
    const { n, d } = boundValue(column, bound.of);
    return { n: -n, d };
  }
  if (type.name === 'date') {
    const date = bound.kind === 'text' ? dateLiteral(bound.value, bound.at) : bound;
    if (date.kind === 'date') return { n: date.value, d: 1n };
  } else if (bound.kind === 'number') {
    return { n: bound.value * powerOfTen(column.scale), d: powerOfTen(bound.scale) };
  }
  throw sqlFault('bad-check', bound.at, `this is not a bound of the ${type.name} column ${name}`, CHECK_HINT);
}

function setValues(column: Draft, list: readonly Expression[], at: Position): void {
  const { type, name } = column.declaration;
  if (type.name !== 'text')
    throw unsupported(at, `CHECK … IN for the ${type.name} column ${name}`, 'use BETWEEN');
  if (column.values) throw unsupported(at, `a second list of values for ${name}`, 'keep one');
  const values = list.map((value) => {
    if (value.kind !== 'text')
      throw sqlFault('bad-check', value.at, 'the values of a text column are texts', "write 'a'");
    if (value.value === '')
      throw unsupported(
        value.at,
        'an empty text value',
        'an empty cell of a CSV file is NULL: name the value',
      );
    if (type.precision !== undefined && [...value.value].length > type.precision)
      throw sqlFault('bad-check', value.at, `this value is longer than ${type.text}`, 'widen the type');
    return value.value;
  });
  if (new Set(values).size < values.length)
    throw sqlFault('bad-check', at, `a value of ${name} is listed twice`, 'list each value once');
  if (values.length > LIMITS.groups)
    throw sqlFault('too-many-values', at, `${name} has more than ${LIMITS.groups} values`, 'group them');
  column.values = values;
}

function specify({ declaration, scale, lo, hi, values }: Draft): ColumnSpecification {
  const { name, type, nullable, at } = declaration;
  const common = { name, type: type.name, scale, nullable: nullable ?? true };
  if (type.name === 'text') {
    return {
      ...common,
      lo: 0n,
      hi: BigInt(Math.max((values?.length ?? 1) - 1, 0)),
      ...(values ? { values } : {}),
    };
  }
  if (lo === undefined || hi === undefined || lo < INT64.lo || hi > INT64.hi)
    throw sqlFault(
      'too-wide',
      type.at,
      `column ${name} of type ${type.text} does not fit 64 bits`,
      `add CHECK (${name} BETWEEN lowest AND highest)`,
    );
  if (lo > hi)
    throw sqlFault('bad-check', at, `no value of ${name} satisfies its CHECKs`, 'correct the bounds');
  return { ...common, lo, hi };
}
