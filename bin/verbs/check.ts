/**
 * Owns `mpc check`: what a query reveals, what each party must bring, what it costs; whether a CSV fits. Nothing is sent.
 */
import { EXIT, MpcError } from '../../src/base/errors.ts';
import { LIMITS } from '../../src/base/limits.ts';
import { validatePlan } from '../../src/plan/check.ts';
import { planCost } from '../../src/plan/cost.ts';
import { planText } from '../../src/plan/text.ts';
import { checkCsv } from '../../src/rows/check.ts';
import { compileQuery, declaredTables } from '../../src/sql/compile.ts';
import type { ColumnSpecification, TableSpecification } from '../../src/sql/specification.ts';
import { readQuery } from '../local/arguments.ts';
import { bytesText, trafficText } from '../local/print.ts';

export interface CheckOptions {
  readonly rows: number;
  readonly parties: number;
  readonly minGroup: number;
  readonly input: readonly string[];
  readonly plan?: boolean;
  readonly json?: boolean;
}

export async function check(queryFile: string, options: CheckOptions): Promise<void> {
  const sql = readQuery(queryFile);
  const declared = await declaredTables(sql);
  const parties = Array.from({ length: options.parties }, (_, at) => `party-${at + 1}`);
  // Only one party can keep the promise that no key occurs twice.
  const inputs = declared.flatMap(({ name: table, keys }) =>
    (keys ? parties.slice(0, 1) : parties).map((party) => ({ party, table, maxRows: options.rows })),
  );
  const { plan, tables, disclosure } = await compileQuery(sql, {
    inputs,
    outputs: ['analyst'],
    minGroupSize: options.minGroup,
  });
  validatePlan(plan, LIMITS);
  const cost = planCost(plan);
  const { rounds, bytesOnline, bytesOnlineB, bytesTape } = cost;
  const files = await Promise.all(options.input.map((text) => checkFile(text, declared)));
  if (options.json === true) {
    const specification = tables.map(({ name, columns, keys }) => ({
      table: name,
      maxRows: options.rows,
      columns: columns.map(columnJson),
      ...(keys ? { keys } : {}),
    }));
    process.stdout.write(
      `${JSON.stringify({ disclosure, inputs: specification, rounds, bytesOnline, bytesOnlineB, bytesTape, files })}\n`,
    );
    return;
  }
  const lines = [
    ...disclosure,
    '',
    ...tables.flatMap((table) => [
      `${table.keys ? 'one' : 'each'} party brings a CSV file for ${table.name}, at most ${options.rows} rows:`,
      ...table.columns.map(columnText),
      ...(table.keys ?? []).map((key) => `  no two rows with the same ${key.join(', ')}`),
    ]),
    '',
    `for ${options.parties} parties: ${rounds} rounds, ${trafficText(cost)}, ${bytesText(bytesTape)} of tape`,
    ...files.map(({ file, rows }) => `${file}: ${rows} rows, all fit`),
    ...(options.plan === true ? ['', planText(plan)] : []),
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

async function checkFile(
  text: string,
  tables: readonly TableSpecification[],
): Promise<{ file: string; rows: number }> {
  const [named, path] = text.includes('=') ? text.split(/=(.*)/s) : [undefined, text];
  const table = tables.find(({ name }) => named === undefined || name === named);
  if (table === undefined || path === undefined)
    throw new MpcError('usage.input', `${JSON.stringify(text)} names no table of this query`, {
      exitCode: EXIT.usage,
    });
  return { file: path, rows: await checkCsv({ file: path, table }) };
}

function columnText({ name, type, scale, lo, hi, values, nullable }: ColumnSpecification): string {
  const range =
    values === undefined
      ? type === 'boolean'
        ? 'true or false'
        : `${decimal(lo, scale)} to ${decimal(hi, scale)}`
      : `one of ${values.join(', ')}`;
  return `  ${name}: ${type}, ${range}${nullable ? ', may be empty' : ''}`;
}

function columnJson({ name, type, scale, lo, hi, values, nullable }: ColumnSpecification): object {
  return {
    name,
    type,
    nullable,
    ...(values === undefined ? { lo: decimal(lo, scale), hi: decimal(hi, scale) } : { values }),
  };
}

function decimal(units: bigint, scale: number): string {
  if (scale === 0) return String(units);
  const digits = String(units < 0n ? -units : units).padStart(scale + 1, '0');
  return `${units < 0n ? '-' : ''}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}
