/**
 * Owns what a TypeScript program's plan may be: it reads what its tables declare, reveals what it names, to whom it names, and
 * nothing else; and the statement of that. Must never take the author's word for anything that the plan itself shows.
 */
import { canonicalJson } from '../base/canonical.ts';
import { EXIT, MpcError } from '../base/errors.ts';
import { planInputs, validatePlan } from '../plan/check.ts';
import type { TableSpecification } from '../sql/specification.ts';
import type { CompiledPlan, Participants, ProgramInput, Reveal } from './compiled.ts';
import { malformed, unpackProgram, type WrittenProgram, writtenDigest } from './packed-plan.ts';
import type { Program } from './program.ts';

/** Rows of one party are padded to whole groups of 64, the words of a bit vector. */
const ROW_GROUP = 64;

/** Elements that a table of so many rows has in a plan. */
export const paddedRows = (rows: number): number => Math.ceil(rows / ROW_GROUP) * ROW_GROUP;

/** Who brings how many rows of what, and who learns something. */
export interface FixedParticipants {
  readonly inputs: readonly ProgramInput[];
  readonly receivers: readonly string[];
}

/** Throws `program.*` and `plan.*`. */
export function compilePlan(
  { name, plan: packed }: Extract<Program, { kind: 'plan' }>,
  { inputs, outputs, minGroupSize }: Participants,
): CompiledPlan {
  const written = unpackProgram(packed);
  const fixed = participantsOf(written);
  if (minGroupSize > 1)
    throw refused('min-group', 'a program has no groups of rows to hide', 'leave the smallest group at 1');
  const wanted = fixed.inputs.map(textOf).sort();
  if (canonicalJson(wanted) !== canonicalJson(inputs.map(textOf).sort()))
    throw refused('inputs', 'the inputs are not those the program names', `it names ${wanted.join('; ')}`);
  if (canonicalJson(fixed.receivers) !== canonicalJson([...outputs].sort()))
    throw refused(
      'receivers',
      'the output parties are not those the program names',
      `it names ${fixed.receivers.join(', ')}`,
    );
  checkTables(written);
  const reveals = revealsOf(written);
  return {
    form: 'plan',
    plan: written.plan,
    tables: tablesOf(written),
    reveals,
    disclosure: disclosureOf(name, written, reveals, fixed.receivers),
  };
}

const textOf = ({ party, table, maxRows }: ProgramInput): string => `${party}:${table}=${maxRows}`;

export function participantsOf({ tables, reveals }: WrittenProgram): FixedParticipants {
  return {
    inputs: tables.map(({ party, name: table, rows: maxRows }) => ({ party, table, maxRows })),
    receivers: [...new Set(reveals.flatMap(({ to }) => to))].sort(),
  };
}

export function tablesOf({ tables }: WrittenProgram): TableSpecification[] {
  return tables.map(({ name, columns }) => ({
    name,
    columns: columns.map((column) => ({
      ...column,
      lo: BigInt(column.lo),
      hi: BigInt(column.hi),
      nullable: false,
    })),
  }));
}

/** Refuses a plan that reads other tables, rows or columns than the program declares. */
function checkTables({ plan, tables }: WrittenProgram): void {
  const declared = tables.map(({ name, party, rows }) => ({
    name,
    slices: [{ party, capacity: paddedRows(rows) }],
  }));
  const own = plan.tables.map(({ name, slices }) => ({
    name,
    slices: slices.map(({ party, capacity }) => ({ party, capacity })),
  }));
  if (canonicalJson(own) !== canonicalJson(declared)) throw malformed('has a plan for other tables');
  const read = planInputs(plan);
  const unread = tables.find(({ name }) => !read.some(({ input }) => input.table === name));
  if (unread) throw malformed(`has a plan that does not read ${unread.name}`);
  for (const { input } of read) {
    const columns = tables.find(({ name }) => name === input.table)?.columns;
    const column = columns?.find(({ name }) => name === input.column);
    const kind = column?.type === 'boolean' ? 'bits' : 'ring';
    if (column === undefined || input.encoding !== 'value' || input.kind !== kind)
      throw malformed(`has a plan that reads what ${input.table} does not declare`);
  }
}

/** What is revealed, as the plan has it: every output is named, and of the kind that is said. */
function revealsOf({ plan, reveals }: WrittenProgram): Reveal[] {
  const shapes = validatePlan(plan);
  const names = plan.outputs.map(({ name }) => name);
  if (canonicalJson(names) !== canonicalJson(reveals.map(({ name }) => name)))
    throw malformed('does not name every output of its plan');
  return reveals.map(({ name, type, scale, to }, at) => {
    const { kind, length } = shapes[plan.outputs[at]!.node]!;
    if ((kind === 'bits') !== (type === 'boolean')) throw malformed(`says that ${name} is what it is not`);
    return { column: { name, type, scale, source: { from: 'output', value: name } }, length, to };
  });
}

function disclosureOf(
  name: string,
  written: WrittenProgram,
  reveals: readonly Reveal[],
  receivers: readonly string[],
): string[] {
  const learned = receivers.map((party) => {
    const own = reveals.filter(({ to }) => to.includes(party));
    const names = own.map(({ column, length }) => `${column.name} (${counted(length, column.type)})`);
    return `${party} learns ${names.join(', ')} of program ${name}, sha256 ${writtenDigest(written)}.`;
  });
  const brought = written.tables.map(
    ({ name: table, party, rows, columns }) =>
      `${party} brings ${rows} ${rows === 1 ? 'row' : 'rows'} of ${table} (${columns.map((column) => column.name).join(', ')})`,
  );
  const sorts = written.plan.nodes.some(
    ({ operation }) => operation.op === 'sort' || operation.op === 'sampleSort',
  );
  return [
    ...learned,
    `${brought.join('; ')}.`,
    'What these results tell about rows is for the program to say: read it, and compare its sha256 with that of your copy (mpc check).',
    ...(sorts
      ? ['This program sorts: a server that departs from the protocol could learn about what is sorted.']
      : []),
    "Nothing else about anyone's rows is revealed, except their number, who takes part and the program.",
  ];
}

function counted(length: number, type: string): string {
  const one = { integer: 'number', decimal: 'number', boolean: 'truth value' }[type] ?? type;
  return `${length} ${one}${length === 1 ? '' : 's'}`;
}

const refused = (code: string, message: string, hint: string): MpcError =>
  new MpcError(`program.${code}`, message, { exitCode: EXIT.badData, hint });
