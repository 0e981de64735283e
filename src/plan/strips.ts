/**
 * Owns the expansion of a plan whose vectors are long into one whose vectors are not: what works row by row is done strip by
 * strip, so that a strip travels while the next is computed, and memory holds strips and not tables. It is what dealer and
 * servers run and what a tape is laid out for; the plan itself, and its digest, stay as they are.
 * Must never depend on anything but plan and sizes. A plan without long vectors expands to itself, node by node.
 *
 * Strips are multiples of 64 rows, so that bits pad in strips as they do whole: both move the same bytes. (A sum of
 * products is dealt strip by strip, 8 bytes of tape for each strip.)
 */
import { assert } from '../base/errors.ts';
import type { Kind } from '../gates/gate.ts';
import type { Operation } from '../gates/operations.ts';
import { type Arrangement, arrange } from './arrange.ts';
import { shapesOf } from './check.ts';
import type { NodeId, Plan, PlanTable, Shapes } from './plan.ts';

export interface StripSizes {
  /** Rows of a strip, a multiple of 64. Vectors of up to twice as many elements stay whole. */
  readonly stripRows: number;
  /** Rows whose strips are computed side by side, a multiple of `stripRows`: bounds what lies between two openings. */
  readonly bandRows: number;
}

/** A strip of ring elements is one chunk of the channel, and a gate's vectors of that size stay in the second-level cache. */
export const STRIP_SIZES: StripSizes = { stripRows: 2 ** 15, bandRows: 2 ** 20 };

/** Rows `start` to `start + length` of input node `source` of the plan. */
export interface InputRows {
  readonly op: 'input';
  readonly source: NodeId;
  readonly table: string;
  readonly kind: Kind;
  readonly form?: 'share';
  readonly start: number;
  readonly length: number;
}

export interface StripNode {
  readonly operation: Operation | InputRows;
  readonly inputs: readonly NodeId[];
}

/** Nodes `strips[i]` to `strips[i + 1]` are those of strip i; the last entry is where the group ends. */
export interface StripGroup {
  readonly strips: readonly NodeId[];
}

export interface StripOutput {
  readonly name: string;
  readonly kind: Kind;
  readonly length: number;
  /** The nodes that make it up, one after another; all but the last are multiples of 64 elements. */
  readonly pieces: readonly NodeId[];
}

export interface StripPlan {
  readonly sizes: StripSizes;
  readonly tables: readonly PlanTable[];
  /** In order; strip after strip, so that running them in order holds one strip at a time. */
  readonly nodes: readonly StripNode[];
  readonly shapes: Shapes;
  readonly outputs: readonly StripOutput[];
  /** In order, apart. */
  readonly groups: readonly StripGroup[];
}

/** Expands a plan that `validatePlan` has accepted. Throws what `shapesOf` throws. */
export function stripsOf(plan: Plan, sizes: StripSizes = STRIP_SIZES): StripPlan {
  const { stripRows, bandRows } = sizes;
  assert(stripRows > 0 && stripRows % 64 === 0, 'a strip is a multiple of 64 rows');
  assert(bandRows > 0 && bandRows % stripRows === 0, 'a band is a multiple of strips');
  const shapes = shapesOf(plan);
  const arrangements = arrange(plan, shapes, 2 * stripRows);
  return new Expansion(plan, shapes, arrangements, affordable(plan, shapes, arrangements, sizes)).run();
}

/** Nodes that strips may expand to: what is known of a node takes some hundred bytes. */
const STRIP_NODES = 2 ** 20;

/** These sizes, or larger strips where a plan of many nodes has so many rows that it would expand without bound. */
function affordable(
  plan: Plan,
  shapes: Shapes,
  arrangements: readonly Arrangement[],
  { stripRows, bandRows }: StripSizes,
): StripSizes {
  const nodesOf = (length: number): number =>
    arrangements.reduce((sum, arrangement, id) => {
      if (arrangement.as !== 'strips' && arrangement.as !== 'total') return sum;
      const { rows } = arrangement;
      const cut = plan.nodes[id]!.inputs.filter((input) => arrangements[input]!.as !== 'strips');
      const planes = [id, ...cut].map((node) => Math.ceil(shapes[node]!.length / rows));
      return sum + Math.ceil(rows / length) * planes.reduce((all, each) => all + each, 1);
    }, 0);
  let length = stripRows;
  while (nodesOf(length) > STRIP_NODES && length < 2 ** 30) length *= 2;
  return { stripRows: length, bandRows: Math.max(bandRows, length) };
}

/** A range of rows, and its number among those of its group. */
interface Strip {
  readonly index: number;
  readonly start: number;
  readonly length: number;
}

type Striped = Extract<Arrangement, { readonly as: 'strips' | 'total' }>;

class Expansion {
  readonly #plan: Plan;
  readonly #shapes: Shapes;
  readonly #arrangements: readonly Arrangement[];
  readonly #sizes: StripSizes;
  readonly #nodes: StripNode[] = [];
  readonly #groups: StripGroup[] = [];
  /** Nodes of the expansion: whole values, strips by number, totals so far, and uniform values by length. */
  readonly #wholes = new Map<NodeId, NodeId>();
  readonly #strips = new Map<NodeId, NodeId[]>();
  readonly #totals = new Map<NodeId, NodeId>();
  readonly #uniforms = new Map<string, NodeId>();
  /** What was cut for the strip at hand from what does not come in strips. */
  readonly #cuts = new Map<string, NodeId>();

  constructor(plan: Plan, shapes: Shapes, arrangements: readonly Arrangement[], sizes: StripSizes) {
    this.#plan = plan;
    this.#shapes = shapes;
    this.#arrangements = arrangements;
    this.#sizes = sizes;
  }

  run(): StripPlan {
    for (const { wholes, groups } of this.#phases()) {
      for (const id of wholes) this.#whole(id);
      for (const [rows, members] of groups) this.#runGroup(rows, members);
    }
    const outputs = this.#plan.outputs.map(({ name, node }): StripOutput => {
      const { kind, length } = this.#shapes[node]!;
      const arrangement = this.#arrangements[node]!;
      const isPlain = arrangement.as === 'strips' && arrangement.planes === 1;
      return { name, kind, length, pieces: isPlain ? this.#strips.get(node)! : [this.#whole(node)] };
    });
    const nodes = this.#nodes;
    const { tables } = this.#plan;
    return { sizes: this.#sizes, tables, nodes, shapes: shapesOf({ nodes }), outputs, groups: this.#groups };
  }

  /** By phase: what is whole, and what comes in strips, by number of rows; all in the plan's order. */
  #phases() {
    const phases: { wholes: NodeId[]; groups: Map<number, NodeId[]> }[] = [];
    for (const [id, arrangement] of this.#arrangements.entries()) {
      if (arrangement.as === 'rows' || arrangement.as === 'uniform') continue;
      while (phases.length <= arrangement.phase) phases.push({ wholes: [], groups: new Map() });
      const { wholes, groups } = phases[arrangement.phase]!;
      if (arrangement.as === 'whole') wholes.push(id);
      else if (groups.has(arrangement.rows)) groups.get(arrangement.rows)!.push(id);
      else groups.set(arrangement.rows, [id]);
    }
    return phases;
  }

  #runGroup(rows: number, members: readonly NodeId[]): void {
    const strips: NodeId[] = [];
    for (let index = 0, start = 0; start < rows; index++, start += this.#sizes.stripRows) {
      strips.push(this.#nodes.length);
      const strip = { index, start, length: Math.min(this.#sizes.stripRows, rows - start) };
      for (const id of members) this.#runStrip(id, this.#arrangements[id] as Striped, strip); // members are those
      this.#cuts.clear();
    }
    for (const id of members) {
      const total = this.#totals.get(id);
      if (total !== undefined) this.#wholes.set(id, total);
    }
    this.#groups.push({ strips: [...strips, this.#nodes.length] });
  }

  #runStrip(id: NodeId, { as, rows }: Striped, strip: Strip): void {
    const { operation, inputs } = this.#plan.nodes[id]!;
    assert(operation.op !== 'input', 'inputs are cut where they are wanted');
    const isSpread = operation.op === 'repeat' && operation.each;
    const node = this.#emit(
      ofStrip(operation, rows, strip),
      inputs.map((input) => (isSpread ? this.#whole(input) : this.#cut(input, rows, strip))),
    );
    if (as === 'strips') {
      const strips = this.#strips.get(id) ?? [];
      strips.push(node);
      this.#strips.set(id, strips);
      return;
    }
    const before = this.#totals.get(id);
    const both: Operation = { op: 'linear', coefficients: ['1', '1'], offset: '0' };
    this.#totals.set(id, before === undefined ? node : this.#emit(both, [before, node]));
  }

  /** The rows of a strip of a value, of each of its planes. */
  #cut(id: NodeId, rows: number, strip: Strip): NodeId {
    const arrangement = this.#arrangements[id]!;
    if (arrangement.as === 'strips') return this.#strips.get(id)![strip.index]!;
    const planes = this.#shapes[id]!.length / rows;
    if (arrangement.as === 'uniform') return this.#uniform(id, planes * strip.length);
    return memo(this.#cuts, `${id}`, () =>
      arrangement.as === 'rows'
        ? this.#inputRows(id, strip)
        : this.#joined(
            Array.from({ length: planes }, (_, plane) =>
              this.#slice(this.#whole(id), plane * rows + strip.start, strip.length),
            ),
          ),
    );
  }

  #whole(id: NodeId): NodeId {
    return memo(this.#wholes, id, () => {
      const { operation, inputs } = this.#plan.nodes[id]!;
      const arrangement = this.#arrangements[id]!;
      if (operation.op === 'input') {
        return this.#inputRows(id, { start: 0, length: operation.length });
      }
      assert(arrangement.as !== 'total', 'a total is wanted when its strips are added up');
      if (arrangement.as !== 'strips') {
        return this.#emit(
          operation,
          inputs.map((input) => this.#whole(input)),
        );
      }
      const { planes } = arrangement;
      const strips = this.#strips.get(id)!;
      if (planes === 1) return this.#joined(strips);
      const whole = Array.from({ length: planes }, (_, plane) =>
        strips.map((strip, index) => {
          const start = index * this.#sizes.stripRows;
          const length = Math.min(this.#sizes.stripRows, arrangement.rows - start);
          return this.#slice(strip, plane * length, length);
        }),
      );
      return this.#joined(whole.flat());
    });
  }

  #uniform(id: NodeId, length: number): NodeId {
    const { operation, inputs } = this.#plan.nodes[id]!;
    return memo(this.#uniforms, `${id} ${length}`, () => {
      if (operation.op === 'constant') return this.#emit({ ...operation, length }, []);
      return this.#emit({ op: 'repeat', times: length, each: false }, [this.#whole(inputs[0]!)]);
    });
  }

  #inputRows(source: NodeId, { start, length }: Pick<Strip, 'start' | 'length'>): NodeId {
    const { operation } = this.#plan.nodes[source]!;
    assert(operation.op === 'input', 'the node is an input');
    const { table, kind, form } = operation;
    const rows: InputRows = { op: 'input', source, table, kind, start, length, ...(form ? { form } : {}) };
    return this.#emit(rows, []);
  }

  #slice(node: NodeId, start: number, length: number): NodeId {
    return this.#emit({ op: 'slice', start, length }, [node]);
  }

  #joined(parts: readonly NodeId[]): NodeId {
    return parts.length === 1 ? parts[0]! : this.#emit({ op: 'concat' }, parts);
  }

  #emit(operation: StripNode['operation'], inputs: readonly NodeId[]): NodeId {
    return this.#nodes.push({ operation, inputs }) - 1;
  }
}

/** The operation on one strip: the same, but where a parameter counts rows. */
function ofStrip(operation: Operation, rows: number, strip: Strip): Operation {
  if (operation.op === 'slice') {
    const inStrip = (elements: number) => (elements / rows) * strip.length;
    return { ...operation, start: inStrip(operation.start), length: inStrip(operation.length) };
  }
  if (operation.op === 'repeat' && operation.each) return { ...operation, times: strip.length };
  return operation;
}

function memo<Key>(known: Map<Key, NodeId>, key: Key, make: () => NodeId): NodeId {
  const found = known.get(key) ?? make();
  known.set(key, found);
  return found;
}
