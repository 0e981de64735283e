/**
 * Owns `mpc check`: what a query reveals, what each party must bring, what it costs; whether a CSV fits. Nothing is sent.
 */
import { EXIT, MpcError } from '../../src/base/errors.ts';
import { LIMITS } from '../../src/base/limits.ts';
import { validatePlan } from '../../src/plan/check.ts';
import { comparisonsOf } from '../../src/plan/choose.ts';
import { planCost } from '../../src/plan/cost.ts';
import { estimatePlan } from '../../src/plan/estimate.ts';
import { planText } from '../../src/plan/text.ts';
import { checkCsv } from '../../src/rows/check.ts';
import { compileQuery, declaredTables } from '../../src/sql/compile.ts';
import type { ColumnSpecification, TableSpecification } from '../../src/sql/specification.ts';
import { readQuery } from '../local/arguments.ts';
import { comparisonsText, durationText, tapeText, trafficText } from '../local/print.ts';

export interface CheckOptions {
  readonly rows: number;
  readonly parties: number;
  readonly minGroup: number;
  readonly roundTrip: number;
  readonly input: readonly string[];
  readonly plan?: boolean;
  readonly json?: boolean;
}

export async function check(queryFile: string, options: CheckOptions): Promise<void> {
  const sql = readQuery(queryFile);
  const declared = await declaredTables(sql);
  const parties = Array.from({ length: options.parties }, (_, at) => `party-${at + 1}`);
  const inputs = declared.flatMap(({ name: table }) =>
    parties.map((party) => ({ party, table, maxRows: options.rows })),
  );
  const { plan, tables, disclosure } = await compileQuery(sql, {
    inputs,
    outputs: ['analyst'],
    minGroupSize: options.minGroup,
    roundTripMs: options.roundTrip,
  });
  validatePlan(plan, LIMITS);
  const cost = planCost(plan);
  const { rounds, bytesOnline, bytesOnlineB, bytesTape, bytesTapeA } = cost;
  const estimate = estimatePlan(plan, { roundTripMs: options.roundTrip });
  const comparisons = comparisonsOf(plan);
  const files = await Promise.all(options.input.map((text) => checkFile(text, declared)));
  if (options.json === true) {
    const specification = tables.map(({ name, columns }) => ({
      table: name,
      maxRows: options.rows,
      columns: columns.map(columnJson),
    }));
    process.stdout.write(
      `${JSON.stringify({
        disclosure,
        inputs: specification,
        ...{ rounds, bytesOnline, bytesOnlineB, bytesTape, bytesTapeA },
        ...{ roundTripMs: options.roundTrip, comparisons, estimate },
        files,
      })}\n`,
    );
    return;
  }
  const lines = [
    ...disclosure,
    '',
    ...tables.flatMap((table) => [
      `each party brings a CSV file for ${table.name}, at most ${options.rows} rows:`,
      ...table.columns.map(columnText),
    ]),
    '',
    `for ${options.parties} parties: ${rounds} rounds, ${trafficText(cost)}, ${tapeText(cost)}`,
    comparisonsText(comparisons, options.roundTrip),
    `about ${durationText(estimate.dealMs)} to deal, ${durationText(estimate.computeMs)} to compute`,
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
