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

  /** Keeps a value until its last use; false if it has none. */
  put(id: NodeId, value: T): boolean {
    const isUsed = this.uses[id]! > 0;
    if (isUsed) this.held.set(id, { value });
    return isUsed;
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

  /** Says that `node` has used its operands; returns the values that nobody needs any more. */
  release(node: { readonly inputs: readonly NodeId[] }): T[] {
    const gone: T[] = [];
    for (const id of node.inputs) {
      const left = this.uses[id]! - 1;
      this.uses[id] = left;
      if (left > 0) continue;
      gone.push(this.get(id));
      this.held.delete(id);
    }
    return gone;
  }

  /** Values held now. */
  get size(): number {
    return this.held.size;
  }
}
