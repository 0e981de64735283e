/**
 * Queries of different kinds, for comparing what `mpc check` expects with what `mpc run` takes.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface EstimatedQuery {
  readonly name: string;
  readonly rows: number;
  readonly select: string;
  readonly roundTripMs: number;
}

const TABLE = `CREATE TABLE people (
  wage      DECIMAL(7, 2) NOT NULL CHECK (wage BETWEEN 0 AND 20000),
  age       INTEGER       NOT NULL CHECK (age BETWEEN 1 AND 120),
  region    TEXT          NOT NULL CHECK (region IN ('east', 'north', 'south', 'west')),
  part_time BOOLEAN       NOT NULL
);`;

const REGIONS = ['east', 'north', 'south', 'west'];

export const ESTIMATED_QUERIES: readonly EstimatedQuery[] = [
  { name: 'small', rows: 60, select: 'SELECT COUNT(*), SUM(age) FROM people', roundTripMs: 0 },
  {
    name: 'grouped, 28,155 rows',
    rows: 28_155,
    select: 'SELECT region, COUNT(*), AVG(wage) FROM people WHERE age > 30 GROUP BY region',
    roundTripMs: 0,
  },
  { name: 'sort', rows: 4000, select: 'SELECT MEDIAN(wage) FROM people', roundTripMs: 0 },
  { name: 'wide division', rows: 4000, select: 'SELECT SUM(wage * 1000 / age) FROM people', roundTripMs: 0 },
  {
    name: 'many rounds',
    rows: 28_155,
    select: 'SELECT MIN(wage), MAX(wage), CORR(wage, age), STDDEV(age) FROM people',
    roundTripMs: 0,
  },
  {
    name: 'far apart',
    rows: 600,
    select: 'SELECT MIN(wage), MAX(age), COUNT(*) FROM people WHERE wage > age',
    roundTripMs: 40,
  },
];

/** Writes the query and two parties' rows; returns the arguments of `mpc run`, without the verb. */
export function writeEstimated(query: EstimatedQuery, directory: string): string[] {
  const { name, rows, select, roundTripMs } = query;
  const own = join(directory, name.replace(/\W+/g, '-'));
  mkdirSync(own);
  const text = join(own, 'query.sql');
  writeFileSync(text, `${TABLE}\n${select};\n`);
  const lines = Array.from({ length: rows }, (_, i) =>
    [((i * 7919) % 2_000_000) / 100, 18 + ((i * 31) % 60), REGIONS[i % 4], i % 3 === 0].join(','),
  );
  const inputs = [0, 1].flatMap((party) => {
    const file = join(own, `${party}.csv`);
    const mine = lines.filter((_, at) => at % 2 === party);
    writeFileSync(file, `wage,age,region,part_time\n${mine.join('\n')}\n`);
    return ['--input', `party-${party}=${file}`];
  });
  return [text, ...inputs, '--simulate-rtt', String(roundTripMs)];
}
