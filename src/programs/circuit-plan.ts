/**
 * Owns the plan of a circuit: an input for each of its input values, a circuit gate for each chunk of instances, their outputs
 * opened for the output parties; and the statement of what they learn. Must never reveal an instance that nobody brought.
 */
import { EXIT, MpcError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import { bitsOf, GATE } from '../circuits/circuit.ts';
import { programOf, stateBytes } from '../circuits/levels.ts';
import { circuitDigest, unpackCircuit } from '../circuits/packed.ts';
import type { NodeId, Plan, PlanNode } from '../plan/plan.ts';
import type { BitsInput, CompiledBits, Participants } from './compiled.ts';
import { capacityOf, chunksOf } from './instances.ts';
import type { Program } from './program.ts';

/** The table that holds a circuit's k-th input value (from 0). */
export const valueName = (k: number): string => `input-${k + 1}`;

/** Throws `circuit.*` and `program.*`. */
export function compileCircuit(
  { name, circuit: packed }: Extract<Program, { kind: 'circuit' }>,
  { inputs: given, outputs, minGroupSize }: Participants,
): CompiledBits {
  const circuit = unpackCircuit(packed);
  if (minGroupSize > 1)
    throw refused('min-group', 'a circuit has no groups of rows to hide', 'leave the smallest group at 1');
  const inputs = circuit.inputs.map((width, k): BitsInput => {
    const own = given.filter(({ table }) => table === valueName(k));
    const [input] = own;
    if (input === undefined || own.length > 1)
      throw refused(
        'inputs',
        `${own.length} parties bring the circuit's ${valueName(k)}`,
        `each of its ${circuit.inputs.length} input values belongs to one party`,
      );
    return { ...input, width };
  });
  if (given.length !== inputs.length)
    throw refused(
      'inputs',
      `there are ${given.length} inputs, the circuit has ${inputs.length} input values`,
      `they are called ${valueName(0)}, ${valueName(1)}, …`,
    );
  const instances = instancesOf(inputs);
  const bytes = stateBytes(programOf(circuit), instances);
  if (bytes > LIMITS.circuitBytes)
    throw refused(
      'too-large',
      `${instances} instances of this circuit take ${bytes} bytes of memory, ${LIMITS.circuitBytes} are allowed`,
      'bring fewer at once',
    );
  const plan = planOf(packed, inputs, instances);
  const ands = circuit.kinds.reduce((sum, kind) => sum + (kind === GATE.and ? 1 : 0), 0);
  const digest = circuitDigest(circuit);
  return {
    form: 'bits',
    plan,
    bits: { inputs, outputs: circuit.outputs, instances },
    disclosure: disclosureOf({ name, digest, ands, outputBits: bitsOf(circuit.outputs) }, inputs, outputs),
  };
}

/** How often the circuit runs. Every input has one instance for each, or one for all. */
function instancesOf(inputs: readonly BitsInput[]): number {
  const instances = Math.max(...inputs.map(({ maxRows }) => maxRows));
  for (const { party, maxRows } of inputs)
    if (maxRows !== 1 && maxRows !== instances)
      throw refused(
        'instances',
        `${party} brings ${maxRows} instances, another party ${instances}`,
        'a party brings one for each instance, or one for all of them',
      );
  for (const { party, table, width, maxRows } of inputs)
    if (capacityOf({ width, maxRows }) > LIMITS.rows)
      throw refused(
        'too-large',
        `${maxRows} instances of the ${width} bits of ${table} (${party}) are more than ${LIMITS.rows} bits`,
        'bring fewer at once',
      );
  return instances;
}

function planOf(circuit: string, inputs: readonly BitsInput[], instances: number): Plan {
  const nodes: PlanNode[] = [];
  const add = (operation: PlanNode['operation'], ...operands: readonly NodeId[]): NodeId =>
    nodes.push({ operation, inputs: operands }) - 1;
  const values = inputs.map(({ table, width, maxRows }) => {
    const length = capacityOf({ width, maxRows });
    const whole = add({ op: 'input', table, encoding: 'value', column: 'bits', kind: 'bits', length });
    return maxRows === 1 && length > width ? add({ op: 'slice', start: 0, length: width }, whole) : whole;
  });
  // Chunks of one size are one operation: it is compiled once.
  const operations = new Map<number, PlanNode['operation']>();
  const chunks = chunksOf(instances);
  const outputs = chunks.map(({ first, instances: own, plane }) => {
    const operands = inputs.map(({ width, maxRows }, k) => {
      if (maxRows === 1) return add({ op: 'repeat', times: plane, each: true }, values[k]!);
      if (chunks.length === 1) return values[k]!;
      return add({ op: 'slice', start: width * first, length: width * plane }, values[k]!);
    });
    const operation = operations.get(own) ?? { op: 'circuit' as const, circuit, instances: own };
    operations.set(own, operation);
    return { name: `from-${first}`, node: add({ op: 'open' }, add(operation, ...operands)) };
  });
  const tables = inputs.map(({ party, table, width, maxRows }) => ({
    name: table,
    slices: [{ party, capacity: capacityOf({ width, maxRows }) }],
  }));
  return { version: 1, tables, nodes, outputs };
}

function disclosureOf(
  circuit: {
    readonly name: string;
    readonly digest: string;
    readonly ands: number;
    readonly outputBits: number;
  },
  inputs: readonly BitsInput[],
  outputs: readonly string[],
): string[] {
  const who = outputs.length === 0 ? 'the output party' : outputs.join(' and ');
  const { name, digest, ands, outputBits } = circuit;
  const brought = inputs.map(
    ({ party, table, width, maxRows }) =>
      `${party} brings ${table}: ${maxRows} ${maxRows === 1 ? 'instance' : 'instances'} of ${width} bits`,
  );
  return [
    `${who} ${outputs.length > 1 ? 'learn' : 'learns'} the ${outputBits} output bits of circuit ${name} (${ands} ANDs), sha256 ${digest}, for each instance.`,
    `${brought.join('; ')}.`,
    'What these bits tell about the inputs is for the circuit to say: compare its sha256 with that of the file you trust (mpc check).',
    "Nothing else about anyone's bits is revealed, except the number of instances, who takes part and the circuit.",
  ];
}

const refused = (code: string, message: string, hint: string): MpcError =>
  new MpcError(`program.${code}`, message, { exitCode: EXIT.badData, hint });
