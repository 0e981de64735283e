/**
 * Owns the dealer's interpreter: it plays a plan on masks alone and emits the servers' corrections, in the order of the
 * expanded plan's nodes: strip after strip, so that it holds the masks of one strip at a time.
 * It sees both servers' seeds and no masked value. Must never keep a mask past its last use, and must never be run
 * twice for two purposes with the same seeds: a tape belongs to one run.
 */
import type { DealerValue } from '../gates/gate.ts';
import { gateOf, inputShapes } from '../plan/check.ts';
import type { NodeId, Plan } from '../plan/plan.ts';
import { STRIP_SIZES, type StripSizes, stripsOf } from '../plan/strips.ts';
import { DealerTapes, type Holders } from '../tape/dealer-tape.ts';
import type { Seed } from '../tape/seed.ts';
import { Memory } from './memory.ts';
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
  /** Nodes of the expanded plan dealt so far, called after each. */
  readonly onProgress?: (nodes: number) => void;
  readonly signal?: AbortSignal;
  /** Those that the servers run with. */
  readonly sizes?: StripSizes;
}

/** Deals the whole tape. Resolves after the last corrections were taken; rejects with the signal's reason. */
export async function dealPlan(options: DealOptions): Promise<void> {
  const { seedA, seedB, corrections, onProgress, signal, sizes = STRIP_SIZES } = options;
  const plan = stripsOf(options.plan, sizes);
  const { shapes } = plan;
  const layout = planTapeLayout(plan);
  const pieces: { bytes: Uint8Array; holders: Holders }[] = [];
  const tapes = new DealerTapes({ a: seedA, b: seedB }, (bytes, holders) => pieces.push({ bytes, holders }));
  const masks = new Values<DealerValue>({ nodes: plan.nodes, outputs: [] });
  const memory = new Memory();
  const pace = new Pace(signal);
  const operands = new Set(plan.nodes.flatMap(({ inputs }) => inputs));
  for (const [id, node] of plan.nodes.entries()) {
    const { operation } = node;
    const lanes = layout.nodes[id]!;
    if (lanes.length === 0 && !operands.has(id)) {
      // A result's mask is its receiver's to take off: the dealer has no use for it.
      letGo(masks.release(node));
    } else if (operation.op === 'input') {
      const { source, table, kind, form } = operation;
      // Of a share the dealer knows nothing.
      const isShare = form === 'share';
      keep(id, isShare ? undefined : tapes.inputMask(source, slicesOf(plan, table), kind, operation));
    } else {
      const tape = tapes.node(id, lanes);
      keep(id, gateOf(operation).deal(operation, inputShapes(node, shapes), masks.operands(node), tape));
      tape.finish();
      letGo(masks.release(node));
    }
    for (const { bytes, holders } of pieces.splice(0)) await corrections(bytes, holders);
    onProgress?.(id + 1);
    await pace.spent(shapes[id]!.length);
  }

  function keep(id: NodeId, mask: DealerValue): void {
    if (masks.put(id, mask) && mask) memory.hold([mask]);
  }

  function letGo(gone: readonly DealerValue[]): void {
    for (const mask of gone) if (mask) memory.letGo([mask]);
  }
}
