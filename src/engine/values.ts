/**
 * Owns the values of a plan's nodes while an interpreter needs them: each is let go after its last use, so that memory
 * holds the plan's width and not its length.
 */
import { assert } from '../base/errors.ts';
import type { NodeId } from '../plan/plan.ts';
import { type Uses, usesOf } from './tape.ts';

export class Values<T> {
  private readonly held = new Map<NodeId, { readonly value: T }>();
  private readonly uses: number[];

  constructor(plan: Uses) {
    this.uses = usesOf(plan);
  }

  put(id: NodeId, value: T): void {
    if (this.uses[id]! > 0) this.held.set(id, { value });
  }

  has(id: NodeId): boolean {
    return this.held.has(id);
  }

  get(id: NodeId): T {
    const entry = this.held.get(id);
    assert(entry, 'a value is made before it is used and kept until its last use');
    return entry.value;
  }

  /** The values of a node's operands. */
  operands(node: { readonly inputs: readonly NodeId[] }): T[] {
    return node.inputs.map((id) => this.get(id));
  }

  /** Says that `node` has used its operands. */
  release(node: { readonly inputs: readonly NodeId[] }): void {
    for (const id of node.inputs) {
      const left = this.uses[id]! - 1;
      this.uses[id] = left;
      if (left === 0) this.held.delete(id);
    }
  }

  /** Values held now. */
  get size(): number {
    return this.held.size;
  }
}
