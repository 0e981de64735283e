/**
 * Owns the parts of generated queries: numbers, conditions, aggregates and keys over a table full of NULLs, drawn from a seed.
 */

export const TEXTS = ['x', 'y', 'z'];

/** mulberry32: small, seeded, the same everywhere. */
export function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Writes over the table t. Every choice takes numbers of one generator in one order. */
export class Expressions {
  private readonly random: () => number;

  constructor(seed: number) {
    this.random = generator(seed);
  }

  below(limit: number): number {
    return Math.floor(this.random() * limit);
  }

  one<T>(...choices: readonly (() => T)[]): T {
    return choices[this.below(choices.length)]!();
  }

  integer(depth: number): string {
    if (depth === 0)
      return this.one(
        () => 'a',
        () => 'b',
        () => `${this.below(9) - 4}`,
      );
    const next = () => this.integer(depth - 1);
    return this.one(
      () => this.integer(0),
      () =>
        `(${next()} ${this.one(
          () => '+',
          () => '-',
          () => '*',
        )} ${next()})`,
      () => `(${this.integer(0)} / ${this.integer(0)})`,
      () => `(- ${next()})`,
      () => `ABS(${next()})`,
      // A decimal in PostgreSQL and here, an integer in SQLite: a quotient of it would be another one.
      () => `CAST(SIGN(${next()}) AS INTEGER)`,
      () => `(${this.integer(0)} % ${this.integer(0)})`,
      () => `GREATEST(COALESCE(${next()}, 1), COALESCE(${this.integer(0)}, -2))`,
      () => `LEAST(COALESCE(${next()}, 0), b, COALESCE(${this.integer(0)}, 3))`,
      () => `COALESCE(${next()}, ${next()})`,
      () => `NULLIF(${next()}, ${this.integer(0)})`,
      () =>
        `CASE WHEN ${this.condition(1)} THEN ${next()} WHEN ${this.condition(0)} THEN ${next()} ELSE ${next()} END`,
      () => `CASE WHEN ${this.condition(1)} THEN ${next()} END`,
    );
  }

  number(depth: number): string {
    return this.one(
      () => this.integer(depth),
      () => 'd',
      () =>
        `(d ${this.one(
          () => '+',
          () => '-',
          () => '*',
        )} ${this.integer(0)})`,
      () => `COALESCE(d, ${this.integer(0)})`,
      () => `CASE WHEN ${this.condition(0)} THEN d ELSE ${this.integer(0)} END`,
    );
  }

  condition(depth: number): string {
    const compare = () => this.one(...['=', '<>', '<', '<=', '>', '>='].map((sign) => () => sign));
    if (depth === 0)
      return this.one(
        () => 'f',
        () => 'g',
        () => `(${this.number(0)} ${compare()} ${this.number(0)})`,
        () =>
          `(c ${this.one(
            () => '=',
            () => '<>',
          )} '${TEXTS[this.below(3)]}')`,
        () =>
          `(c ${this.one(
            () => 'IN',
            () => 'NOT IN',
          )} ('${TEXTS[this.below(2)]}', 'z'))`,
        () =>
          `(a IN (1, ${this.below(9)}, ${this.one(
            () => 'NULL',
            () => '-3',
            () => 'b',
          )}))`,
        () =>
          `(${this.one(
            () => 'a',
            () => 'c',
            () => 'd',
            () => 'f',
          )} IS ${this.one(
            () => '',
            () => 'NOT ',
          )}NULL)`,
        () =>
          `(d ${this.one(
            () => '',
            () => 'NOT ',
          )}BETWEEN -2.5 AND ${this.integer(0)})`,
        () =>
          `(f = ${this.one(
            () => 'g',
            () => 'TRUE',
            () => 'FALSE',
          )})`,
      );
    const next = () => this.condition(depth - 1);
    return this.one(
      () => this.condition(0),
      () => `(${next()} AND ${next()})`,
      () => `(${next()} OR ${next()} OR ${next()})`,
      () => `(NOT ${next()})`,
      () =>
        `(${next()} IS ${this.one(
          () => 'TRUE',
          () => 'FALSE',
          () => 'NOT TRUE',
          () => 'NOT FALSE',
          () => 'NULL',
        )})`,
      () => `(${this.number(depth)} ${compare()} ${this.number(depth)})`,
    );
  }

  aggregate(): string {
    const filter = () =>
      this.one(
        () => '',
        () => '',
        () => ` FILTER (WHERE ${this.condition(1)})`,
      );
    return this.one(
      () => `COUNT(*)${filter()}`,
      () =>
        `COUNT(${this.one(
          () => 'c',
          () => 'f',
          () => 'a',
          () => this.number(1),
        )})${filter()}`,
      () =>
        `COUNT(DISTINCT ${this.one(
          () => 'c',
          () => 'f',
          () => 'g',
          () => 'b',
          () => 'a',
          () => 'd',
          () => this.integer(1),
        )})${filter()}`,
      () => `SUM(${this.number(2)})${filter()}`,
      () => `MIN(${this.number(1)})${filter()}`,
      () => `MAX(${this.number(1)})${filter()}`,
    );
  }

  output(): string {
    return this.one(
      () => this.aggregate(),
      () => this.aggregate(),
      () =>
        `(${this.aggregate()} ${this.one(
          () => '+',
          () => '-',
        )} ${this.aggregate()})`,
      () => `COALESCE(${this.aggregate()}, 7)`,
      () => `CASE WHEN ${this.aggregate()} > ${this.below(9)} THEN ${this.aggregate()} ELSE 0 END`,
      () =>
        `(COUNT(*) * 100 / COUNT(${this.one(
          () => 'a',
          () => 'd',
          () => 'c',
        )}))`,
      () => `(${this.aggregate()} > ${this.aggregate()})`,
    );
  }

  /** What rows are grouped by: columns of any range, and expressions. Never a mere number, which would be a place in the list. */
  key(): string {
    return this.one(
      () => 'c',
      () => 'f',
      () => 'g',
      () => 'b',
      () => 'a',
      () => 'd',
      () => '(a % 3)',
      () => `(${this.integer(1)} + b)`,
      () => `(${this.number(1)} - 1)`,
      () => `COALESCE(a, ${this.integer(0)})`,
      () => `(${this.condition(1)})`,
      () => `CASE WHEN ${this.condition(0)} THEN 'x' WHEN ${this.condition(0)} THEN 'q' ELSE c END`,
    );
  }
}
