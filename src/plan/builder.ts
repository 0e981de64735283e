/**
 * Owns how plans are written: one method for each thing a query can ask of vectors. It opens shares where a gate needs
 * a wire, shares common subexpressions, folds constants, cancels what cancels, and drops what no output needs.
 * Must never depend on data or on chance: the same calls give the same plan, byte for byte.
 *
 * Lengths that do not fit are programming mistakes (assertions). Ring arithmetic is modulo 2^64: whoever calls proves by
 * the columns' declared ranges that nothing wraps.
 */
import { assert, EXIT, MpcError } from '../base/errors.ts';
import type { Kind } from '../gates/gate.ts';
import type { Operation, WireName } from '../gates/operations.ts';
import { andNode } from './and-tree.ts';
import {
  concatNode,
  linearNode,
  lowBitNode,
  repeatNode,
  runningSumNode,
  sliceNode,
  xorNode,
} from './folding.ts';
import { PlanGraph } from './graph.ts';
import { type Bits, type Handle, inOrder, powerOfTwo, type Ring } from './handles.ts';
import { type Interval, magnitudeBits, signedBits } from './intervals.ts';
import type { InputColumn, InputOperation, NodeId, Plan, PlanTable, Slice } from './plan.ts';

export type { Bits, Handle, Ring };

export class PlanBuilder {
  private readonly graph = new PlanGraph();
  private readonly tables = new Map<string, PlanTable>();
  private readonly held = new Set<string>();
  private readonly outputs = new Map<string, NodeId>();

  /**
   * Declares a table: its parties' slices in party order, each of a capacity that is a multiple of 64. With `isHeld` the
   * servers hold its rows as shares, to be opened where they are wanted as wires.
   */
  table(name: string, slices: readonly Slice[], isHeld = false): void {
    assert(!this.tables.has(name), 'a table is declared once');
    assert(
      slices.length > 0 && slices.every((slice) => slice.capacity > 0 && slice.capacity % 64 === 0),
      'slices hold whole groups of 64 rows',
    );
    this.tables.set(name, { name, slices: slices.map(({ party, capacity }) => ({ party, capacity })) });
    if (isHeld) this.held.add(name);
  }

  /** A column of a declared table: as many elements as all its slices hold. The same column is the same node. */
  input(column: InputColumn & { readonly kind: 'ring' }): Ring;
  input(column: InputColumn & { readonly kind: 'bits' }): Bits;
  input(column: InputColumn): Handle;
  input(column: InputColumn): Handle {
    const table = this.tables.get(column.table);
    assert(table, 'an input belongs to a declared table');
    assert(
      (column.column === undefined) === (column.encoding === 'present'),
      'every encoding but `present` names a column',
    );
    const length = table.slices.reduce((sum, slice) => sum + slice.capacity, 0);
    const form = this.held.has(column.table) ? ({ form: 'share' } as const) : {};
    const operation: InputOperation = { op: 'input', ...column, length, ...form };
    return this.handle(
      this.graph.shared(operation, [], { kind: column.kind, form: 'wire', length, ...form }),
    );
  }

  /** `length` elements, each of them `value`. */
  constant(value: bigint, length: number): Ring {
    return this.ring(this.graph.constant('ring', value, length));
  }

  /** `length` bits, each of them `value`. */
  bit(value: 0 | 1, length: number): Bits {
    return this.bits(this.graph.constant('bits', BigInt(value), length));
  }

  /** Public elements, one after the other. */
  vector(values: readonly bigint[]): Ring {
    return this.concat(...values.map((value) => this.constant(value, 1)));
  }

  /** Sum of coefficient times vector, plus the offset on every element. */
  linear(terms: readonly (readonly [bigint, Ring])[], offset = 0n): Ring {
    const length = this.sameLength(terms.map(([, x]) => x));
    const nodes = terms.map(([coefficient, x]) => [coefficient, x.id] as const);
    return this.ring(linearNode(this.graph, nodes, offset, length));
  }

  add(...terms: readonly Ring[]): Ring {
    return this.linear(terms.map((x) => [1n, x]));
  }

  sub(x: Ring, y: Ring): Ring {
    return this.linear([
      [1n, x],
      [-1n, y],
    ]);
  }

  scale(x: Ring, factor: bigint): Ring {
    return this.linear([[factor, x]]);
  }

  negate(x: Ring): Ring {
    return this.scale(x, -1n);
  }

  /** x as `groups` rows of equal length, one after the other -> the sum of each row. */
  sum(x: Ring, groups = 1): Ring {
    assert(x.length % groups === 0, 'a sum has rows of equal length');
    const each = x.length / groups;
    const value = this.graph.valueOf(x.id);
    if (value !== undefined) return this.constant(value * BigInt(each), groups);
    return each === 1 ? x : this.ring(this.graph.local({ op: 'sum', groups }, [x.id], 'ring', groups));
  }

  /** Element i: the sum of elements 0 to i. */
  runningSum(x: Ring): Ring {
    return this.ring(runningSumNode(this.graph, x.id));
  }

  /** Each element modulo 2: integers 0 and 1 as bits, without a round. */
  lowBit(x: Ring): Bits {
    return this.bits(lowBitNode(this.graph, x.id));
  }

  slice(x: Ring, start: number, length: number): Ring;
  slice(x: Bits, start: number, length: number): Bits;
  slice(x: Handle, start: number, length: number): Handle {
    return this.handle(sliceNode(this.graph, x.id, start, length));
  }

  concat(...parts: readonly Ring[]): Ring;
  concat(...parts: readonly Bits[]): Bits;
  concat(...parts: readonly Handle[]): Handle {
    return this.handle(
      concatNode(
        this.graph,
        parts.map((x) => x.id),
      ),
    );
  }

  /** The whole vector again and again, or (`each`) every element `times` times before the next. */
  repeat(x: Ring, times: number, each?: boolean): Ring;
  repeat(x: Bits, times: number, each?: boolean): Bits;
  repeat(x: Handle, times: number, each = false): Handle {
    return this.handle(repeatNode(this.graph, x.id, times, each));
  }

  /**
   * The same vector, opened now. Other methods open by themselves where they must; call this before repeating a vector
   * that was computed, so that it is opened once and not once for each copy.
   */
  opened(x: Ring): Ring;
  opened(x: Bits): Bits;
  opened(x: Handle): Handle {
    return this.handle(this.graph.wire(x.id));
  }

  multiply(x: Ring, y: Ring): Ring {
    const length = this.sameLength([x, y]);
    const [factor, other] = this.constantFirst(x, y);
    return factor === undefined
      ? this.gate({ op: 'multiply' }, inOrder(x, y), 'ring', length)
      : this.scale(other, factor);
  }

  /** x and y as `groups` rows each -> the inner product of each pair of rows. */
  dot(x: Ring, y: Ring, groups = 1): Ring {
    assert(this.sameLength([x, y]) % groups === 0, 'an inner product has rows of equal length');
    const [factor, other] = this.constantFirst(x, y);
    if (factor !== undefined) return this.scale(this.sum(other, groups), factor);
    return this.gate({ op: 'dot', groups }, inOrder(x, y), 'ring', groups);
  }

  /** b ? x : y, element by element. */
  select(b: Bits, x: Ring, y: Ring): Ring {
    const length = this.sameLength([b, x, y]);
    const bit = this.graph.valueOf(b.id);
    if (bit !== undefined) return bit === 1n ? x : y;
    if (x.id === y.id) return x;
    const [vx, vy] = [this.graph.valueOf(x.id), this.graph.valueOf(y.id)];
    if (vx !== undefined && vy !== undefined) return this.linear([[vx - vy, this.toRing(b)]], vy);
    const wires = [x, y].every((v) => this.graph.shape(v.id).form === 'wire');
    // Of two shares only the difference has to be opened.
    return wires
      ? this.gate({ op: 'select' }, [b, x, y], 'ring', length)
      : this.add(y, this.timesBit(b, this.sub(x, y)));
  }

  /** b ? x : 0, element by element. */
  timesBit(b: Bits, x: Ring): Ring {
    const length = this.sameLength([b, x]);
    const zero = this.constant(0n, length);
    const bit = this.graph.valueOf(b.id);
    if (bit !== undefined) return bit === 1n ? x : zero;
    const value = this.graph.valueOf(x.id);
    if (value !== undefined) return this.scale(this.toRing(b), value);
    return this.gate({ op: 'select' }, [b, x, zero], 'ring', length);
  }

  /** Bits as the integers 0 and 1. */
  toRing(b: Bits): Ring {
    const value = this.graph.valueOf(b.id);
    return value === undefined
      ? this.gate({ op: 'bitToRing' }, [b], 'ring', b.length)
      : this.constant(value, b.length);
  }

  not(b: Bits): Bits {
    return this.xorOf([b], true);
  }

  xor(...terms: readonly Bits[]): Bits {
    return this.xorOf(terms, false);
  }

  /** All of them. */
  and(...terms: readonly Bits[]): Bits {
    const length = this.sameLength(terms);
    const ids = terms.map((b) => b.id);
    return this.bits(andNode(this.graph, ids, length));
  }

  /** Any of them: the negation of all negations. */
  or(...terms: readonly Bits[]): Bits {
    return this.not(this.and(...terms.map((b) => this.not(b))));
  }

  /** x < 0. `within`: what x is proven to lie in; elsewhere the bit is then any bit. (So below.) */
  lessThanZero(x: Ring, within?: Interval): Bits {
    const value = this.graph.valueOf(x.id);
    if (value !== undefined) return this.bit(value < 0n ? 1 : 0, x.length);
    return this.bits(this.gateId({ op: 'lessThanZero', ...signedBits(within) }, [x], 'bits', x.length));
  }

  /** x < y as integers. Needs |x - y| < 2^63; `within`: what x - y is proven to lie in. */
  lessThan(x: Ring, y: Ring, within?: Interval): Bits {
    return this.lessThanZero(this.sub(x, y), within);
  }

  /** x >= y as integers. Needs |x - y| < 2^63; `within`: what x - y is proven to lie in. */
  atLeast(x: Ring, y: Ring, within?: Interval): Bits {
    return this.not(this.lessThan(x, y, within));
  }

  equalsZero(x: Ring, within?: Interval): Bits {
    const value = this.graph.valueOf(x.id);
    if (value !== undefined) return this.bit(value === 0n ? 1 : 0, x.length);
    return this.bits(this.gateId({ op: 'equalsZero', ...magnitudeBits(within) }, [x], 'bits', x.length));
  }

  /** `within`: what x - y is proven to lie in. */
  equals(x: Ring, y: Ring, within?: Interval): Bits {
    return this.equalsZero(this.sub(x, y), within);
  }

  /**
   * For each group g in 0..domain-1: how many keys are g, and the sum of each value vector over the rows whose key is g.
   * Every key must lie in 0..domain-1: give absent rows a group of their own. No round for each row.
   */
  groupSum(key: Ring, domain: number, values: readonly Ring[]): { counts: Ring; sums: Ring[] } {
    this.sameLength([key, ...values]);
    const padded = powerOfTwo(domain);
    const distinct = [
      ...new Set(values.map((v) => v.id).filter((id) => this.graph.valueOf(id) === undefined)),
    ];
    const operands = [key, ...distinct.map((id) => this.ring(id))];
    const all = this.gate({ op: 'groupSum', domain: padded }, operands, 'ring', padded * operands.length);
    const part = (index: number) => this.slice(all, index * padded, domain);
    const counts = part(0);
    const sums = values.map((v) => {
      const value = this.graph.valueOf(v.id);
      return value === undefined ? part(1 + distinct.indexOf(v.id)) : this.scale(counts, value);
    });
    return { counts, sums };
  }

  /** For each g in 0..domain-1 the bits [key = g]. Every key must lie in 0..domain-1. */
  oneHot(key: Ring, domain: number): Bits[] {
    const padded = powerOfTwo(domain);
    const id = this.gateId({ op: 'oneHot', domain: padded }, [key], 'bits', padded * key.length);
    const planes = this.bits(id);
    return Array.from({ length: domain }, (_, g) => this.slice(planes, g * key.length, key.length));
  }

  /** The same rows in a secret order, a new one in every run; all columns are moved alike. */
  shuffle(columns: readonly Ring[]): Ring[] {
    const length = this.sameLength(columns);
    const wires = columns.map((x) => this.graph.wire(x.id));
    // Two shuffles of the same columns are two orders, so that no node is shared.
    const shape = { kind: 'ring', form: 'wire', length: length * columns.length } as const;
    const all = this.ring(this.graph.fresh({ op: 'shuffle' }, wires, shape));
    return columns.map((_, k) => this.slice(all, k * length, length));
  }

  /** The rows in ascending order of the key's lowest `bits` bits, read without sign; equal keys keep their order. */
  sort(key: Ring, bits: number, columns: readonly Ring[]): Ring[] {
    const length = this.sameLength([key, ...columns]);
    const inputs = [this.graph.wire(key.id), ...columns.map((x) => x.id)];
    const shape = { kind: 'ring', form: 'share', length: length * columns.length } as const;
    const all = this.ring(this.graph.shared({ op: 'sort', bits }, inputs, shape));
    return columns.map((_, k) => this.slice(all, k * length, length));
  }

  /** The same for keys of which, for 2^L rows, all but the lowest `bits`, at most 63 - L, are 0. `first`: so many rows. */
  sampleSort(key: Ring, bits: number, columns: readonly Ring[], first?: number): Ring[] {
    const rows = this.sameLength([key, ...columns]);
    const length = first ?? rows;
    const operation = { op: 'sampleSort' as const, bits, ...(length === rows ? {} : { first: length }) };
    const all = this.gate(operation, [key, ...columns], 'ring', length * columns.length);
    return columns.map((_, k) => this.slice(all, k * length, length));
  }

  /** floor(x / 2^bits), at most one unit off, for x in [-2^62, 2^62). */
  truncate(x: Ring, bits: number): Ring {
    return bits === 0 ? x : this.gate({ op: 'truncate', bits }, [x], 'ring', x.length);
  }

  /** A gate that has no method here: its shares are opened, its result is a share of as many elements as it says. */
  gate(
    operation: Operation & { op: WireName },
    operands: readonly Handle[],
    kind: 'ring',
    length: number,
  ): Ring {
    return this.ring(this.gateId(operation, operands, kind, length));
  }

  /** Names a result. It is opened under a mask of its own, whatever else the value is used for. */
  output(name: string, x: Handle): void {
    if (this.outputs.has(name)) {
      throw new MpcError('plan.duplicate-output', `two results are called ${name}`, {
        exitCode: EXIT.badData,
        hint: 'give each result its own name',
      });
    }
    this.outputs.set(
      name,
      this.graph.fresh({ op: 'open' }, [x.id], { kind: x.kind, form: 'wire', length: x.length }),
    );
  }

  /** The plan: only the nodes its outputs need, in the order they were written. */
  build(): Plan {
    const names = [...this.outputs.keys()];
    const { nodes, roots } = this.graph.pruned([...this.outputs.values()]);
    return {
      version: 1,
      tables: [...this.tables.values()],
      nodes,
      outputs: names.map((name, index) => ({ name, node: roots[index]! })),
    };
  }

  private xorOf(terms: readonly Bits[], negated: boolean): Bits {
    const nodes = terms.map((b) => b.id);
    return this.bits(xorNode(this.graph, nodes, negated, this.sameLength(terms)));
  }

  private gateId(
    operation: Operation & { op: WireName },
    operands: readonly Handle[],
    kind: Kind,
    length: number,
  ): NodeId {
    const wires = operands.map((x) => this.graph.wire(x.id));
    return this.graph.shared(operation, wires, { kind, form: 'share', length });
  }

  private constantFirst(x: Ring, y: Ring): [bigint | undefined, Ring] {
    const value = this.graph.valueOf(x.id);
    return value === undefined ? [this.graph.valueOf(y.id), x] : [value, y];
  }

  private sameLength(vectors: readonly Handle[]): number {
    const [first] = vectors;
    assert(first && vectors.every((x) => x.length === first.length), 'there are operands, of equal lengths');
    return first.length;
  }

  private handle(id: NodeId): Handle {
    return this.graph.shape(id).kind === 'ring' ? this.ring(id) : this.bits(id);
  }

  private ring(id: NodeId): Ring {
    return { kind: 'ring', id, length: this.graph.shape(id).length };
  }

  private bits(id: NodeId): Bits {
    return { kind: 'bits', id, length: this.graph.shape(id).length };
  }
}
