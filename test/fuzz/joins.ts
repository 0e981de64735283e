/**
 * Owns the joins of the generated queries: a quarter of them are over the table t joined with a table u of the same columns and a number,
 * or with groups of it, under t's own name, so that every other part of a query stays as it is. Keys, kinds of join and conditions vary, as
 * does the room that decides how a join is computed.
 */
import { runJoined } from '../sql/joined.ts';
import { dealOut, type Oracle, type Row, type Run } from '../sql/support.ts';
import { generator } from './expressions.ts';

export interface Joined {
  /** What stands for the table t. */
  readonly source: string;
  readonly declaration: string;
  /** Rows of u: t's columns, then n. */
  readonly rows: readonly Row[];
  /** Whether one party has to bring u, since it has a key. */
  readonly isKeyed: boolean;
  readonly spare: number;
}

/** Columns of u that may be its key, and what t's row must have to find its row. */
const KEYS: readonly {
  readonly columns: readonly string[];
  readonly places: readonly number[];
  readonly on: string;
}[] = [
  { columns: ['n'], places: [6], on: 'x.a = y.n' },
  { columns: ['n'], places: [6], on: 'y.n = x.b' },
  { columns: ['a'], places: [0], on: 'x.a = y.a' },
  { columns: ['d'], places: [2], on: 'x.a = y.d' },
  { columns: ['c', 'b'], places: [3, 1], on: 'x.b = y.b AND y.c = x.c' },
  { columns: ['a', 'g'], places: [0, 5], on: 'y.g = x.f AND x.b = y.a' },
];
const EXTRAS = ['', '', '', ' AND y.b > 1', ' AND x.g', ' AND (x.a < y.a OR y.f)'];

/** The join of a seed, if it has one. */
export function joinedOf(seed: number): Joined | undefined {
  const random = generator(seed ^ 0x5bd1e995);
  const below = (limit: number) => Math.floor(random() * limit);
  if (below(4) > 0) return undefined;
  const { columns, places, on } = KEYS[below(KEYS.length)]!;
  const isKeyed = below(4) > 0;
  const maybe = (value: bigint) => (below(5) === 0 ? null : value);
  const drawn = Array.from(
    { length: [0, 1, 8, 30][below(4)]! },
    (): Row => [
      maybe(BigInt(below(41) - 20)),
      BigInt(below(5)),
      maybe(BigInt(25 * (below(81) - 40))),
      maybe(BigInt(below(3))),
      maybe(BigInt(below(2))),
      BigInt(below(2)),
      maybe(BigInt(below(25) - 4)),
    ],
  );
  const rows = isKeyed ? firstOfEach(drawn, places) : drawn;
  const isOuter = below(3) === 0;
  const isFlipped = below(2) === 0;
  const other = below(3) === 0 ? `(${groupedBy(columns)}) y` : 'u y';
  const [left, right] = isFlipped ? [other, 't x'] : ['t x', other];
  // b and g are not NULL, which the generated expressions count on.
  const always = isFlipped ? 'y' : 'x';
  const either = () => (below(2) === 0 ? 'x' : 'y');
  const list = ['a', 'b', 'd', 'c', 'f', 'g'].map(
    (name) => `${'bg'.includes(name) && isOuter ? always : either()}.${name}`,
  );
  return {
    source: `(SELECT ${list.join(', ')} FROM ${left} ${isOuter ? 'LEFT ' : ''}JOIN ${right} ON ${on}${EXTRAS[below(EXTRAS.length)]})`,
    declaration: `CREATE TABLE u (
  a INTEGER CHECK (a BETWEEN -20 AND 20), b INTEGER NOT NULL CHECK (b BETWEEN 0 AND 4),
  d DECIMAL(4, 2) CHECK (d BETWEEN -10 AND 10), c TEXT CHECK (c IN ('z', 'x', 'y')), f BOOLEAN, g BOOLEAN NOT NULL,
  n INTEGER CHECK (n BETWEEN -4 AND 20)${isKeyed ? `, UNIQUE (${columns.join(', ')})` : ''});\n`,
    rows,
    isKeyed,
    spare: below(3) === 0 ? 150 : 3,
  };
}

/** Groups of u by its key, under the same names; b and g are never NULL. */
function groupedBy(columns: readonly string[]): string {
  const others = {
    a: 'MAX(a)',
    b: 'MAX(b)',
    d: 'MIN(d)',
    c: "CASE WHEN MAX(a) > 9 THEN 'x' WHEN MAX(a) > 0 THEN 'y' WHEN COUNT(a) > 0 THEN 'z' END",
    f: '(SUM(a) > 4)',
    g: '(COUNT(*) > 1)',
    n: 'MIN(n)',
  };
  const list = Object.entries(others).map(([name, text]) =>
    columns.includes(name) ? name : `${text} AS ${name}`,
  );
  return `SELECT ${list.join(', ')} FROM u GROUP BY ${columns.join(', ')}`;
}

function firstOfEach(rows: readonly Row[], places: readonly number[]): Row[] {
  const seen = new Set<string>();
  return rows.filter((row) => {
    const key = places.map((place) => row[place]).join();
    const isNew = !seen.has(key) || places.some((place) => row[place] === null);
    seen.add(key);
    return isNew;
  });
}

/** A query over t as one over what stands for it. */
export const overJoin = (text: string, joined: Joined | undefined): string =>
  joined ? text.replace(/ FROM t\b/, ` FROM ${joined.source} AS t`) : text;

/** The answer in the clear, t's rows dealt out to so many parties. */
export function runOverJoin(
  { declaration, rows, isKeyed, spare }: Joined,
  sql: string,
  own: readonly Row[],
  parties: number,
): Promise<Run> {
  const u = isKeyed ? { omega: rows } : dealOut(rows, 2);
  return runJoined(declaration + sql, { t: dealOut(own, parties), u }, { spare });
}

/** Fills SQLite's table u. */
export async function fillJoined(oracle: Oracle, { rows }: Joined): Promise<void> {
  await oracle.run('CREATE TABLE IF NOT EXISTS u (a INT, b INT, d REAL, c TEXT, f INT, g INT, n INT)');
  await oracle.run('DELETE FROM u');
  const number = (cell: bigint | null | undefined) => (cell === null ? null : Number(cell));
  await oracle.insert(
    'u',
    rows.map(([a, b, d, c, f, g, n]) => [
      number(a),
      number(b),
      d === null ? null : Number(d) / 100,
      c === null ? null : ['z', 'x', 'y'][Number(c)],
      number(f),
      number(g),
      number(n),
    ]),
  );
}
