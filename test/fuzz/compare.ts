/**
 * Owns the comparison of one generated case with SQLite, and the search for a smaller case that fails as well.
 * Everything but AVG and percentiles must be equal: SQLite's averages, and percentiles of its values, are floating-point numbers.
 */
import { isDeepStrictEqual } from 'node:util';
import { MpcError } from '../../src/base/errors.ts';
import { dealOut, Oracle, type Row, runClear } from '../sql/support.ts';
import { TEXTS } from './expressions.ts';
import { fillJoined, overJoin, runOverJoin } from './joins.ts';
import { type Case, caseOf, type Output, TABLE, textOf } from './queries.ts';

const plain = ([a, b, d, c, f, g]: Row): unknown[] => [
  a === null ? null : Number(a),
  Number(b),
  d === null ? null : Number(d) / 100,
  c === null ? null : TEXTS[Number(c)],
  f === null ? null : Number(f),
  Number(g),
];

/** Refusals that a generated query may meet: values that may not fit, and answers that no row changes. */
const REFUSALS = ['sql.too-wide', 'sql.nothing-computed'];

export interface Outcome {
  readonly cells: number;
  readonly nulls: number;
  /** The query was refused, as some are. */
  readonly refused: boolean;
}

export interface Failure {
  readonly seed: number;
  /** As found, and as small as it was made. */
  readonly query: string;
  readonly smaller: string;
  readonly rows: readonly string[];
  readonly reason: string;
}

export class Comparison {
  private readonly oracle = new Oracle();

  async open(): Promise<void> {
    await this.oracle.run('CREATE TABLE t (a INT, b INT, d REAL, c TEXT, f INT, g INT)');
  }

  close(): Promise<void> {
    return this.oracle.close();
  }

  /** Tries the case of a seed; a failing one is made smaller first. */
  async seed(seed: number): Promise<Outcome | Failure> {
    const first = caseOf(seed);
    const outcome = await this.tried(first);
    if (typeof outcome !== 'string') return outcome;
    const { smallest, reason } = await this.smallest(first, outcome);
    return {
      seed,
      query: overJoin(textOf(first.query), first.joined),
      smaller: overJoin(textOf(smallest.query), first.joined),
      rows: smallest.rows.map((row) => JSON.stringify(plain(row))),
      reason,
    };
  }

  /** What was compared, or why it failed. */
  private async tried(one: Case): Promise<Outcome | string> {
    try {
      return await this.compared(one);
    } catch (error) {
      return error instanceof Error ? (error.stack ?? error.message) : String(error);
    }
  }

  private async compared({ query, rows, parties, joined }: Case): Promise<Outcome | string> {
    const text = overJoin(textOf(query), joined);
    const running = joined
      ? runOverJoin(joined, TABLE + text, rows, parties)
      : runClear(TABLE + text, dealOut(rows, parties));
    const run = await running.catch((error: unknown) => {
      if (error instanceof MpcError && REFUSALS.includes(error.code)) return undefined;
      throw error;
    });
    if (!run) return { cells: 0, nulls: 0, refused: true };
    await this.oracle.run('DELETE FROM t');
    await this.oracle.insert('t', rows.map(plain));
    if (joined) await fillJoined(this.oracle, joined);
    // SQLite calls them MAX and MIN of several values; they differ for NULLs, which the generator keeps out.
    const theirs = (
      await this.oracle.rows(
        overJoin(textOf(query, true), joined).replaceAll('GREATEST(', 'MAX(').replaceAll('LEAST(', 'MIN('),
      )
    ).map((row) =>
      Object.values(row).map((cell, at) => plainCell(cell, query.outputs[at - query.keys.length])),
    );
    const { table } = run;
    const ours = table.rows.map((row) =>
      row.map((cell) => (typeof cell === 'boolean' ? Number(cell) : cell)),
    );
    const keyOf = (row: readonly unknown[]) => JSON.stringify(row.slice(0, query.keys.length));
    const sorted = (list: readonly unknown[][]) => [...list].sort((x, y) => (keyOf(x) < keyOf(y) ? -1 : 1));
    const [mine, other] = [sorted(ours), sorted(theirs)];
    const agree = mine.every((row, at) =>
      row.every((cell, column) => {
        const their = other[at]?.[column];
        const about = /^(about|p\d)$/.test(table.columns[column]!.name);
        if (about && typeof cell === 'number' && typeof their === 'number')
          return Math.abs(cell - their) <= 0.0001;
        return isDeepStrictEqual(cell, their);
      }),
    );
    if (!agree || mine.length !== other.length)
      return `ours   ${JSON.stringify(mine)}\nSQLite ${JSON.stringify(other)}`;
    const cells = mine.flat();
    return { cells: cells.length, nulls: cells.filter((cell) => cell === null).length, refused: false };
  }

  /** Leaves out rows, columns and clauses, again and again, as long as what remains fails. */
  private async smallest(first: Case, firstReason: string): Promise<{ smallest: Case; reason: string }> {
    let [smallest, reason] = [first, firstReason];
    for (let shrunk = true; shrunk; ) {
      shrunk = false;
      for (const smaller of smallerCases(smallest)) {
        const candidate = { ...smaller, joined: first.joined };
        const outcome = await this.tried(candidate);
        if (typeof outcome !== 'string' || firstWord(outcome) !== firstWord(reason)) continue;
        [smallest, reason, shrunk] = [candidate, outcome, true];
        break;
      }
    }
    return { smallest, reason };
  }
}

/** SQLite's cell as ours: it has -0.0, and a list where a percentile is asked for. */
function plainCell(cell: unknown, output: Output | undefined): unknown {
  if (output?.fraction === undefined) return cell === 0 ? 0 : cell;
  const list: (number | null)[] = JSON.parse(String(cell));
  const values = list.filter((value) => value !== null).sort((x, y) => x - y);
  const place = output.fraction * (values.length - 1);
  const [low, high] = [values[Math.floor(place)], values[Math.ceil(place)]];
  return low === undefined || high === undefined ? null : low + (place - Math.floor(place)) * (high - low);
}

/** Tells a different answer from a refusal or a crash: a smaller case must fail in the same way. */
const firstWord = (reason: string): string => reason.split(' ', 1)[0]!;

function* smallerCases({ query, rows, parties }: Case): Generator<Case> {
  const without = <T>(list: readonly T[], at: number): T[] => list.filter((_, index) => index !== at);
  for (let size = Math.ceil(rows.length / 2); size >= 1; size = Math.floor(size / 2))
    for (let at = 0; at < rows.length; at += size)
      yield { query, rows: [...rows.slice(0, at), ...rows.slice(at + size)], parties };
  if (parties > 1) yield { query, rows, parties: 1 };
  if (query.outputs.length > 1)
    for (const at of query.outputs.keys())
      yield { query: { ...query, outputs: without(query.outputs, at) }, rows, parties };
  if (query.first) yield { query: { ...query, first: undefined }, rows, parties };
  if (query.having) yield { query: { ...query, having: undefined }, rows, parties };
  if (query.where) yield { query: { ...query, where: undefined }, rows, parties };
  if (query.keys.length > (query.form === 'distinct' ? 1 : 0))
    for (const at of query.keys.keys()) {
      const keys = without(query.keys, at);
      yield { query: { ...query, keys, having: keys.length > 0 ? query.having : undefined }, rows, parties };
    }
  if (query.source.form !== 'table') yield { query: { ...query, source: { form: 'table' } }, rows, parties };
}
