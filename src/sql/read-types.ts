/**
 * Owns the names of types: PostgreSQL's spellings -> the five kinds of column we compute with.
 * Must never take an inexact or unbounded type: floats would not add up to the same sum on two machines.
 */
import type { TypeName as RawTypeName } from 'libpg-query';
import { type Position, type SourceText, sqlFault, unsupported } from './faults.ts';
import { placeOf, refuseOthers } from './parse.ts';
import type { TypeName } from './statement.ts';

const INTEGER_BITS: Readonly<Record<string, number>> = { int2: 16, int4: 32, int8: 64 };

/** Types that PostgreSQL has and we refuse, with what to write instead. */
const INSTEAD: Readonly<Record<string, string>> = {
  float4: 'use DECIMAL(p,s): floating point is not exact',
  float8: 'use DECIMAL(p,s): floating point is not exact',
  money: 'use DECIMAL(p,2)',
  timestamp: 'use DATE',
  timestamptz: 'use DATE',
  time: 'use INTEGER seconds',
  interval: 'use INTEGER days or seconds',
  serial: 'use INTEGER',
  bigserial: 'use BIGINT',
  uuid: 'leave the column out, or declare it TEXT',
  json: 'use one column for each field',
  jsonb: 'use one column for each field',
  bpchar: 'use TEXT',
};

/** Throws `sql.unsupported` for types and modifiers we do not have, `sql.bad-type` for ones that make no sense. */
export function readType(raw: RawTypeName | undefined, outer: Position, source: SourceText): TypeName {
  const at = placeOf(source, raw, outer);
  if (!raw) throw unsupported(at, 'a column without a type', 'name its type, such as INTEGER');
  refuseOthers(raw, ['names', 'typmods', 'typemod'], 'a type', (inside) => placeOf(source, inside, at));
  const parts = (raw.names ?? []).map((part) => ('String' in part ? (part.String.sval ?? '') : ''));
  const name = (parts[0] === 'pg_catalog' ? parts.slice(1) : parts).join('.');
  const modifiers = (raw.typmods ?? []).map((node) =>
    'A_Const' in node && node.A_Const.ival ? (node.A_Const.ival.ival ?? 0) : Number.NaN,
  );
  const text = modifiers.length === 0 ? name : `${name}(${modifiers.join(',')})`;
  const bits = INTEGER_BITS[name];
  if (bits !== undefined) return { name: 'integer', text, bits, at };
  if (name === 'numeric') return decimal(modifiers, text, at);
  if (name === 'bool') return { name: 'boolean', text, at };
  if (name === 'date') return { name: 'date', text, at };
  if (name === 'text') return { name: 'text', text, at };
  if (name === 'varchar')
    return { name: 'text', text, at, ...(modifiers[0] ? { precision: modifiers[0] } : {}) };
  throw unsupported(
    at,
    `the type ${name}`,
    INSTEAD[name] ?? 'use INTEGER, BIGINT, SMALLINT, DECIMAL(p,s), TEXT, BOOLEAN or DATE',
  );
}

function decimal(modifiers: readonly number[], text: string, at: Position): TypeName {
  const [precision, scale = 0] = modifiers;
  if (precision === undefined) return { name: 'decimal', text, at };
  const fits = precision >= 1 && precision <= 1000 && scale >= 0 && scale <= 18 && scale <= precision;
  if (!fits || !Number.isInteger(precision + scale))
    throw sqlFault(
      'bad-type',
      at,
      `${text} is not a type we can hold`,
      'use DECIMAL(p,s) with s from 0 to 18, p at least s',
    );
  return { name: 'decimal', text, precision, scale, at };
}
