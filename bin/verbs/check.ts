/**
 * Owns `mpc check`: what a program reveals, what each party must bring, what it costs; whether a file fits. Nothing is sent;
 * of earlier results the log is read.
 */
import { EXIT, MpcError } from '../../src/base/errors.ts';
import { LIMITS } from '../../src/base/limits.ts';
import { loadRoleConfig } from '../../src/config/role-config.ts';
import { validatePlan } from '../../src/plan/check.ts';
import { comparisonsOf } from '../../src/plan/choose.ts';
import { planCost } from '../../src/plan/cost.ts';
import { estimatePlan } from '../../src/plan/estimate.ts';
import { planText } from '../../src/plan/text.ts';
import { valueName } from '../../src/programs/circuit-plan.ts';
import { compileProgram, declaredOf } from '../../src/programs/compile.ts';
import type { Declared, ProgramInput } from '../../src/programs/compiled.ts';
import { checkCsv } from '../../src/rows/check.ts';
import { checkLines } from '../../src/rows/lines.ts';
import type { ColumnSpecification } from '../../src/sql/specification.ts';
import type { StoredRows } from '../../src/sql/stored.ts';
import { comparisonsText, durationText, proseText, tapeText, trafficText } from '../local/print.ts';
import { readProgram } from '../local/program-file.ts';
import { screenOf } from '../local/screen.ts';

export interface CheckOptions {
  readonly rows: number;
  readonly parties: number;
  readonly minGroup: number;
  readonly roundTrip: number;
  readonly input: readonly string[];
  /** `table=<result id>`: an earlier result that is read as rows of that table, looked up as `config` and `nats` say. */
  readonly source: readonly string[];
  readonly config?: string;
  readonly nats?: string;
  readonly plan?: boolean;
  readonly bits?: boolean;
  readonly json?: boolean;
}

export async function check(queryFile: string, options: CheckOptions): Promise<void> {
  const program = await readProgram(queryFile, options);
  const stored = await storedFor(options);
  const declared = brought(await declaredOf(program, stored), stored);
  const inputs = inputsOf(declared, options);
  const compiled = await compileProgram(program, {
    inputs,
    stored,
    outputs: declared.form === 'plan' ? declared.receivers : ['analyst'],
    minGroupSize: options.minGroup,
    roundTripMs: options.roundTrip,
  });
  const { plan, disclosure } = compiled;
  validatePlan(plan, LIMITS);
  const cost = planCost(plan);
  const { rounds, bytesOnline, bytesOnlineB, bytesTape, bytesTapeA } = cost;
  const estimate = estimatePlan(plan, { roundTripMs: options.roundTrip });
  const comparisons = comparisonsOf(plan);
  const files = await Promise.all(options.input.map((text) => checkFile(text, declared)));
  if (options.json === true) {
    const specification =
      declared.form === 'bits' ? bitsJson(inputs, declared) : tablesJson(inputs, declared);
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
    proseText(disclosure, screenOf(process.stdout, process.env)),
    '',
    ...(declared.form === 'bits' ? bitsText(declared) : tablesText(inputs, declared)),
    ...stored.map(({ table, result }) => `nobody brings rows of ${table}: they are the result ${result}`),
    '',
    `for ${partiesText(declared, options)}: ${rounds} rounds, ${trafficText(cost)}, ${tapeText(cost)}`,
    comparisonsText(comparisons, options.roundTrip),
    `about ${durationText(estimate.dealMs)} to deal, ${durationText(estimate.computeMs)} to compute`,
    ...files.map(({ file, rows }) => `${file}: ${rows} rows, all fit`),
    ...(options.plan === true ? ['', planText(plan)] : []),
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

async function storedFor({ source, config = 'mpc.toml', nats }: CheckOptions): Promise<StoredRows[]> {
  if (source.length === 0) return [];
  const { storedResults } = await import('../local/results.ts');
  const flags = nats === undefined ? {} : { nats };
  return storedResults(loadRoleConfig(config, flags, process.env), source);
}

/** Without the tables whose rows are earlier results: nobody brings those. */
function brought(declared: Declared, stored: readonly StoredRows[]): Declared {
  if (declared.form !== 'rows') return declared;
  const isStored = ({ name }: { readonly name: string }) => stored.some(({ table }) => table === name);
  return { ...declared, tables: declared.tables.filter((table) => !isStored(table)) };
}

type DeclaredTables = Exclude<Declared, { readonly form: 'bits' }>;
type DeclaredBits = Extract<Declared, { readonly form: 'bits' }>;

/** Who is taken to bring what: made-up parties, unless the program names its own. */
function inputsOf(declared: Declared, { parties, rows }: CheckOptions): readonly ProgramInput[] {
  switch (declared.form) {
    case 'plan':
      return declared.inputs;
    case 'bits':
      return declared.inputs.map((_, k) => ({
        party: `party-${k + 1}`,
        table: valueName(k),
        maxRows: rows,
      }));
    case 'rows':
      // Only one party can keep the promise that no key occurs twice.
      return declared.tables.flatMap(({ name: table, keys }) =>
        Array.from({ length: keys ? 1 : parties }, (_, at) => ({
          party: `party-${at + 1}`,
          table,
          maxRows: rows,
        })),
      );
  }
}

function partiesText(declared: Declared, { parties, rows }: CheckOptions): string {
  if (declared.form === 'bits') return `${rows} instances`;
  if (declared.form === 'rows') return `${parties} parties`;
  return [...new Set(declared.inputs.map(({ party }) => party))].join(' and ');
}

function tablesText(inputs: readonly ProgramInput[], declared: DeclaredTables): string[] {
  return declared.tables.flatMap((table) => {
    const input = inputs.find((own) => own.table === table.name);
    const rows = `${declared.form === 'plan' ? 'exactly' : 'at most'} ${input?.maxRows ?? 0} rows:`;
    const who = declared.form === 'plan' ? input?.party : table.keys ? 'one party' : 'each party';
    return [
      `${who} brings a CSV file for ${table.name}, ${rows}`,
      ...table.columns.map(columnText),
      ...(table.keys ?? []).map((key) => `  no two rows with the same ${key.join(', ')}`),
    ];
  });
}

function tablesJson(inputs: readonly ProgramInput[], { tables }: DeclaredTables): object[] {
  return tables.map(({ name, columns, keys }) => ({
    table: name,
    maxRows: inputs.find(({ table }) => table === name)?.maxRows,
    columns: columns.map(columnJson),
    ...(keys ? { keys } : {}),
  }));
}

function bitsText({ inputs, outputs }: DeclaredBits): string[] {
  return [
    'one party for each input value brings a file, one instance a line (or one line for all instances):',
    ...inputs.map((width, k) => `  ${valueName(k)}: ${width} bits`),
    `the result has one line an instance, of ${outputs.map((width) => `${width} bits`).join(', ')}`,
  ];
}

function bitsJson(inputs: readonly ProgramInput[], declared: DeclaredBits): object[] {
  return inputs.map(({ table, maxRows }, k) => ({ table, maxRows, bits: declared.inputs[k] }));
}

async function checkFile(text: string, declared: Declared): Promise<{ file: string; rows: number }> {
  const [named, path] = text.includes('=') ? text.split(/=(.*)/s) : [undefined, text];
  const fault = new MpcError('usage.input', `${JSON.stringify(text)} names no input of this program`, {
    exitCode: EXIT.usage,
  });
  if (path === undefined) throw fault;
  if (declared.form === 'bits') {
    const width = declared.inputs.find((_, k) => named === undefined || valueName(k) === named);
    if (width === undefined) throw fault;
    return { file: path, rows: await checkLines({ file: path, width }) };
  }
  const table = declared.tables.find(({ name }) => named === undefined || name === named);
  if (table === undefined) throw fault;
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
