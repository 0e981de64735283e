/**
 * Owns programs written in TypeScript: `program(t => …)` says which party brings which columns, computes with vectors, and
 * reveals vectors to named parties. It runs once, without any data, and leaves a plan. Must never see a row.
 */
import { LIMITS } from '../base/limits.ts';
import { PlanBuilder } from '../plan/builder.ts';
import { planInputs } from '../plan/check.ts';
import { numberLiteral, powerOfTen } from '../sql/literals.ts';
import { paddedRows } from './compile-plan.ts';
import type { WrittenProgram } from './packed-plan.ts';
import { Numbers, type Operand, programFault, Truths, type Workbench } from './vectors.ts';

interface NumberColumn {
  readonly type: 'integer' | 'decimal';
  readonly scale: number;
  readonly lo: bigint;
  readonly hi: bigint;
}
interface TruthColumn {
  readonly type: 'boolean';
}
type Column = NumberColumn | TruthColumn;
type Columns = Readonly<Record<string, Column>>;

/** The vectors of some columns. */
type Vectors<C extends Columns> = {
  readonly [Name in keyof C]: C[Name] extends NumberColumn ? Numbers : Truths;
};

/** A column of whole numbers from `lo` to `hi`. */
export function integer(lo: number | bigint, hi: number | bigint): NumberColumn {
  return numberColumn('integer', 0, lo, hi);
}

/** A column of numbers with `decimals` digits after the point, from `lo` to `hi`. */
export function decimal(decimals: number, lo: number | string, hi: number | string): NumberColumn {
  return numberColumn('decimal', decimals, lo, hi);
}

/** A column of `true` and `false` (or 1 and 0). */
export const truth: TruthColumn = { type: 'boolean' };

export interface InputOptions<C extends Columns> {
  /** Exactly so many: it is public. */
  readonly rows: number;
  readonly columns: C;
  /** The table's name, where the party brings several; else its own. */
  readonly table?: string;
}

/** What a program works with. */
export interface ProgramTools {
  /** A vector for each column of the CSV file that a party brings. */
  input<C extends Columns>(party: string, options: InputOptions<C>): Vectors<C>;
  /** Vectors one after the other. */
  concat(...parts: readonly Numbers[]): Numbers;
  /** Names a vector that these parties, and no others, learn. */
  reveal(name: string, vector: Numbers | Truths, ...to: readonly string[]): void;
}

/** A program, to be the default export of its file. */
export interface ProgramSource {
  readonly mpcProgram: 1;
  readonly write: () => WrittenProgram;
}

/**
 * A program from a function that is called once, with the tools. Whatever it throws the command line shows; its own faults are
 * MpcErrors `program.*`.
 */
export function program(body: (t: ProgramTools) => void): ProgramSource {
  return {
    mpcProgram: 1,
    write() {
      const writer = new Writer();
      const result: unknown = body(writer);
      if (result !== undefined)
        throw programFault(
          'returns',
          'the function of a program returns something',
          'reveal results with t.reveal',
        );
      return writer.finish();
    },
  };
}

class Writer implements ProgramTools, Workbench {
  readonly builder = new PlanBuilder();
  readonly #tables: WrittenProgram['tables'][number][] = [];
  readonly #reveals: WrittenProgram['reveals'][number][] = [];

  input<C extends Columns>(party: string, { rows, columns, table = party }: InputOptions<C>): Vectors<C> {
    checkPublicName('party', party);
    checkPublicName('table', table);
    if (this.#tables.some(({ name }) => name === table))
      throw programFault('table-twice', `there are two tables ${table}`, 'give each a name: { table: … }');
    if (!Number.isSafeInteger(rows) || rows < 1 || rows > LIMITS.rows)
      throw programFault('rows', `${party} cannot bring ${rows} rows`, `1 to ${LIMITS.rows} are possible`);
    this.builder.table(table, [{ party, capacity: paddedRows(rows) }]);
    const declared = Object.entries(columns).map(([name, column]) => ({
      name: columnName(name),
      type: column.type,
      ...(column.type === 'boolean'
        ? { scale: 0, lo: '0', hi: '1' }
        : { scale: column.scale, lo: String(column.lo), hi: String(column.hi) }),
    }));
    this.#tables.push({ name: table, party, rows, columns: declared });
    const vectors = Object.entries(columns).map(([name, column]) => {
      const source = { table, column: name, encoding: 'value' } as const;
      if (column.type === 'boolean') {
        const bits = this.builder.input({ ...source, kind: 'bits' });
        return [name, new Truths(this, this.builder.slice(bits, 0, rows))] as const;
      }
      const ring = this.builder.input({ ...source, kind: 'ring' });
      return [name, new Numbers(this, this.builder.slice(ring, 0, rows), column)] as const;
    });
    // Each column's vector is of the class that its type asks for.
    return Object.fromEntries(vectors) as Vectors<C>;
  }

  concat(...parts: readonly Numbers[]): Numbers {
    const [first] = parts;
    if (first === undefined || parts.some(({ range }) => range.scale !== first.range.scale))
      throw programFault(
        'concat',
        'there is nothing to join, or not of the same decimals',
        'join like with like',
      );
    const range = {
      scale: first.range.scale,
      lo: parts.reduce((lo, part) => (part.range.lo < lo ? part.range.lo : lo), first.range.lo),
      hi: parts.reduce((hi, part) => (part.range.hi > hi ? part.range.hi : hi), first.range.hi),
    };
    return new Numbers(this, this.builder.concat(...parts.map(({ ring }) => ring)), range);
  }

  reveal(name: string, vector: Numbers | Truths, ...to: readonly string[]): void {
    columnName(name);
    if (to.length === 0)
      throw programFault(
        'nobody',
        `nobody is named who learns ${name}`,
        "write t.reveal('name', vector, 'party')",
      );
    for (const party of to) checkPublicName('party', party);
    const isTruth = vector instanceof Truths;
    const scale = isTruth ? 0 : vector.range.scale;
    this.builder.output(name, isTruth ? vector.bits : vector.ring);
    const type = isTruth ? 'boolean' : scale === 0 ? 'integer' : 'decimal';
    this.#reveals.push({ name, type, scale, to: [...new Set(to)].sort() });
  }

  finish(): WrittenProgram {
    if (this.#tables.length === 0)
      throw programFault('no-input', 'nobody brings anything', "write t.input('party', { rows, columns })");
    if (this.#reveals.length === 0)
      throw programFault('no-result', 'nothing is revealed', "write t.reveal('name', vector, 'party')");
    const plan = this.builder.build();
    const read = planInputs(plan).map(({ input }) => input.table);
    const unread = this.#tables.find(({ name }) => !read.includes(name));
    if (unread)
      throw programFault('unread', `no result depends on ${unread.name} of ${unread.party}`, 'leave it out');
    return { version: 1, plan, tables: this.#tables, reveals: this.#reveals };
  }
}

function numberColumn(
  type: 'integer' | 'decimal',
  scale: number,
  lo: Operand & (number | bigint | string),
  hi: Operand & (number | bigint | string),
): NumberColumn {
  const [low, high] = [lo, hi].map((bound) => {
    const literal = numberLiteral(String(bound));
    if (literal === undefined || literal.scale > scale)
      throw programFault(
        'bound',
        `${bound} is no bound of a column of ${scale} decimals`,
        'write it with digits',
      );
    return literal.value * powerOfTen(scale - literal.scale);
  });
  const limit = 2n ** 63n;
  if (low === undefined || high === undefined || low > high || low < -limit || high >= limit)
    throw programFault('bound', `a column cannot go from ${lo} to ${hi}`, 'both must fit 64 bits, in order');
  return { type, scale, lo: low, hi: high };
}

function checkPublicName(what: string, name: string): void {
  if (!/^[a-z0-9_-]{1,64}$/.test(name))
    throw programFault('name', `${JSON.stringify(name)} is no name of a ${what}`, 'use a-z, 0-9, _ and -');
}

function columnName(name: string): string {
  if (/^[A-Za-z_][A-Za-z0-9_]{0,63}$/.test(name)) return name;
  throw programFault('name', `${JSON.stringify(name)} is no name of a column`, 'use letters, digits and _');
}
