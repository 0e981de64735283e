/**
 * Owns the form of a plan: static, typed data that says what is computed, never code. Its digest is what servers, dealer
 * and clients compare. Must never depend on data: only on the query's text and the declared row limits.
 */
import type { Shape } from '../gates/gate.ts';
import type { Operation } from '../gates/operations.ts';

export type NodeId = number;

/**
 * Rows of one party in one table: a contiguous slice of `capacity` (a multiple of 64) of each of its columns. `party` may
 * also name a result that the servers hold (`resultSlice`).
 */
export interface Slice {
  readonly party: string;
  readonly capacity: number;
}

/** No party's name has a colon. */
const RESULT = 'result:';

/** What stands for a party where rows are an earlier result's. */
export const resultSlice = (result: string): string => `${RESULT}${result}`;

/** The result whose rows a slice holds; undefined for a party's. */
export const resultOf = (party: string): string | undefined =>
  party.startsWith(RESULT) ? party.slice(RESULT.length) : undefined;

/** A table: the union of its parties' rows, slices in party order, then those of results. */
export interface PlanTable {
  readonly name: string;
  readonly slices: readonly Slice[];
}

/**
 * What of a table's rows a client masks and sends:
 * `value`   the column's integer (scaled decimal, enumeration code, 0/1, days), 0 where the row is absent or NULL;
 * `present` 1 for a real row, 0 for padding (no column);
 * `known`   1 where the row is present and the column is not NULL.
 * As `ring` elements or as `bits` (only 0/1 encodings).
 */
export interface InputColumn {
  readonly table: string;
  readonly encoding: 'value' | 'present' | 'known';
  /** Absent for `present`. */
  readonly column?: string;
  readonly kind: 'ring' | 'bits';
}

export interface InputOperation extends InputColumn {
  readonly op: 'input';
  readonly length: number;
  /** The servers hold its elements as shares (src/engine/held.ts); absent: as a wire, masked by the parties. */
  readonly form?: 'share';
}

export interface PlanNode {
  readonly operation: Operation | InputOperation;
  readonly inputs: readonly NodeId[];
}

export interface PlanOutput {
  readonly name: string;
  /** A wire made by `open`: its mask is fresh and belongs to nothing else. */
  readonly node: NodeId;
}

export interface Plan {
  readonly version: 1;
  readonly tables: readonly PlanTable[];
  /** In order: a node's inputs come before it. */
  readonly nodes: readonly PlanNode[];
  readonly outputs: readonly PlanOutput[];
}

/** Shapes of all nodes, by id. */
export type Shapes = readonly Shape[];
