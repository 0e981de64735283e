/**
 * Owns the small statement tree that a query's text becomes before anything has a type: what was written, and where.
 * Must hold only what the translation understands: everything else was refused while reading.
 */
import type { Position } from './faults.ts';

export type ArithmeticOperator = '+' | '-' | '*' | '/' | '%';
export type ComparisonOperator = '=' | '<>' | '<' | '<=' | '>' | '>=';
/** Over one column. The first of two names is short for the second. */
export type SpreadName = 'variance' | 'var_samp' | 'var_pop' | 'stddev' | 'stddev_samp' | 'stddev_pop';
/** Over pairs (y, x), in this order. */
export type PairName =
  | 'covar_pop'
  | 'covar_samp'
  | 'corr'
  | 'regr_slope'
  | 'regr_intercept'
  | 'regr_r2'
  | 'regr_count';
export type RankName = 'median' | 'percentile_cont';
export type AggregateName = 'count' | 'sum' | 'avg' | 'min' | 'max' | RankName | SpreadName | PairName;

export interface TypeName {
  readonly name: 'integer' | 'decimal' | 'text' | 'boolean' | 'date';
  /** As written, for messages. */
  readonly text: string;
  /** Bits of an integer type. */
  readonly bits?: number;
  /** DECIMAL(precision, scale), or VARCHAR(length) as precision. */
  readonly precision?: number;
  readonly scale?: number;
  readonly at: Position;
}

interface Placed {
  readonly at: Position;
}

export type Expression = Placed &
  (
    | { readonly kind: 'number'; readonly value: bigint; readonly scale: number; readonly decimal: boolean }
    | { readonly kind: 'text'; readonly value: string }
    | { readonly kind: 'date'; readonly value: bigint }
    | { readonly kind: 'boolean'; readonly value: boolean }
    | { readonly kind: 'null' }
    | { readonly kind: 'column'; readonly table?: string; readonly name: string }
    | { readonly kind: 'negate'; readonly of: Expression }
    | {
        readonly kind: 'arithmetic';
        readonly operator: ArithmeticOperator;
        readonly left: Expression;
        readonly right: Expression;
      }
    | {
        readonly kind: 'compare';
        readonly operator: ComparisonOperator;
        readonly left: Expression;
        readonly right: Expression;
      }
    | { readonly kind: 'and' | 'or'; readonly of: readonly Expression[] }
    | { readonly kind: 'not'; readonly of: Expression }
    | { readonly kind: 'in'; readonly of: Expression; readonly list: readonly Expression[] }
    | { readonly kind: 'isNull'; readonly of: Expression }
    | { readonly kind: 'isTrue' | 'isFalse'; readonly of: Expression }
    | {
        readonly kind: 'case';
        readonly branches: readonly { readonly when: Expression; readonly result: Expression }[];
        readonly otherwise: Expression;
      }
    | { readonly kind: 'coalesce'; readonly of: readonly Expression[] }
    | { readonly kind: 'round'; readonly of: Expression; readonly digits: number }
    | { readonly kind: 'absolute' | 'sign' | 'year'; readonly of: Expression }
    | { readonly kind: 'extreme'; readonly greatest: boolean; readonly of: readonly Expression[] }
    | { readonly kind: 'cast'; readonly of: Expression; readonly type: TypeName }
    | Aggregate
  );

/** A number in 0..1 in lowest terms; its denominator divides a power of ten. */
export interface Fraction {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

/** COUNT(*) has no argument. */
export interface Aggregate extends Placed {
  readonly kind: 'aggregate';
  readonly name: AggregateName;
  readonly argument?: Expression;
  /** The x of a pair; the argument is its y. */
  readonly second?: Expression;
  /** COUNT(DISTINCT argument). */
  readonly distinct?: true;
  readonly filter?: Expression;
  /** Of MEDIAN and PERCENTILE_CONT: which of the values in ascending order, from 0 for the first to 1 for the last. */
  readonly fraction?: Fraction;
}

export interface SelectColumn extends Placed {
  /** The alias, or the name PostgreSQL would give. */
  readonly name: string;
  readonly expression: Expression;
}

export interface OrderTerm extends Placed {
  /** Its place in the select list, from 0. */
  readonly column: number;
  readonly descending: boolean;
  readonly nullsFirst: boolean;
}

export interface TableReference extends Placed {
  readonly table: string;
  readonly alias: string;
  /** The rows are the groups of this SELECT, rather than the table's. */
  readonly groups?: SelectStatement;
}

/** One more table, whose rows are put beside those of all tables before it. */
export interface Join extends Placed {
  readonly table: TableReference;
  /** LEFT JOIN: rows of the tables before it stay, with NULLs beside them, where `on` holds for none. */
  readonly isOuter: boolean;
  /** What must hold, all of it. Empty for a comma or CROSS JOIN, whose condition is in WHERE. */
  readonly on: readonly Expression[];
}

export interface SelectStatement extends Placed {
  readonly columns: readonly SelectColumn[];
  readonly from: TableReference;
  /** Where there are any, every column names its table's alias, and aliases differ. */
  readonly joins: readonly Join[];
  readonly where?: Expression;
  readonly groupBy: readonly Expression[];
  readonly having?: Expression;
  readonly orderBy: readonly OrderTerm[];
  /** What subqueries list and nothing reads: nothing is computed of it, but it must be right. */
  readonly unread: readonly Expression[];
  /** Most rows of the answer. */
  readonly limit?: number;
}

export interface ColumnDeclaration extends Placed {
  readonly name: string;
  readonly type: TypeName;
  /** Undefined where the declaration says neither NULL nor NOT NULL. */
  readonly nullable: boolean | undefined;
  readonly checks: readonly Expression[];
}

/** PRIMARY KEY or UNIQUE: no two rows are equal in all of these columns. */
export interface KeyDeclaration extends Placed {
  readonly columns: readonly string[];
  readonly isPrimary: boolean;
}

export interface TableDeclaration extends Placed {
  readonly name: string;
  readonly columns: readonly ColumnDeclaration[];
  readonly checks: readonly Expression[];
  readonly keys: readonly KeyDeclaration[];
}

export interface Statements {
  readonly tables: readonly TableDeclaration[];
  readonly select: SelectStatement;
}
