/**
 * Owns the dealer's interpreter: it plays a plan on masks alone and emits the servers' corrections, in node order.
 * It sees both servers' seeds and no masked value. Must never keep a mask past its last use, and must never be run
 * twice for two purposes with the same seeds: a tape belongs to one run.
 */
import type { DealerValue } from '../gates/gate.ts';
import { gateOf, inputShapes, shapesOf } from '../plan/check.ts';
import type { Plan } from '../plan/plan.ts';
import { DealerTapes, type Holders } from '../tape/dealer-tape.ts';
import type { Seed } from '../tape/seed.ts';
import { Pace } from './pace.ts';
import { planTapeLayout, slicesOf } from './tape.ts';
import { Values } from './values.ts';

export interface DealOptions {
  /** A plan that `validatePlan` has accepted. */
  readonly plan: Plan;
  readonly seedA: Seed;
  readonly seedB: Seed;
  /**
   * Takes the next bytes of server B's tape, and of server A's where `holders` says both; dealing goes on when it has
   * resolved. The bytes are its to keep.
   */
  readonly corrections: (bytes: Uint8Array, holders: Holders) => void | Promise<void>;
  /** Nodes dealt so far, called after each. */
  readonly onProgress?: (nodes: number) => void;
  readonly signal?: AbortSignal;
}

/** Deals the whole tape. Resolves after the last corrections were taken; rejects with the signal's reason. */
export async function dealPlan(options: DealOptions): Promise<void> {
  const { plan, seedA, seedB, corrections, onProgress, signal } = options;
  const shapes = shapesOf(plan);
  const layout = planTapeLayout(plan, shapes);
  const pieces: { bytes: Uint8Array; holders: Holders }[] = [];
  const tapes = new DealerTapes({ a: seedA, b: seedB }, (bytes, holders) => pieces.push({ bytes, holders }));
  const masks = new Values<DealerValue>(plan);
  const pace = new Pace(signal);
  for (const [id, node] of plan.nodes.entries()) {
    const { operation } = node;
    if (operation.op === 'input') {
      masks.put(id, tapes.inputMask(id, slicesOf(plan, operation.table), operation.kind));
    } else {
      const tape = tapes.node(id, layout.nodes[id]!);
      masks.put(id, gateOf(operation).deal(operation, inputShapes(node, shapes), masks.operands(node), tape));
      tape.finish();
      masks.release(node);
    }
    for (const { bytes, holders } of pieces.splice(0)) await corrections(bytes, holders);
    onProgress?.(id + 1);
    await pace.spent(shapes[id]!.length);
  }
}
