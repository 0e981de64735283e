/**
 * Owns a server's interpreter: it runs a plan on masked values and mask shares, in lock-step with the other server.
 * What it sends is a pure function of plan, tape and masked inputs: a run that is repeated sends the same bytes.
 * Must never open anything before the session has bound the tape to the input set, and never send a raw share: every
 * opening comes from a gate, under a fresh mask.
 *
 * It does not wait for a step to end: a strip's openings leave when they are computed, and what the other server sends is
 * taken when a gate needs it, so that computing and both directions of travel overlap.
 */
import { assert } from '../base/errors.ts';
import type { Evaluation, ServerName, ServerValue } from '../gates/gate.ts';
import { gateOf, inputShapes } from '../plan/check.ts';
import type { NodeId, Plan } from '../plan/plan.ts';
import { scheduleOf } from '../plan/schedule.ts';
import { STRIP_SIZES, type StripNode, type StripSizes, stripsOf } from '../plan/strips.ts';
import type { ServerTapes } from '../tape/server-tape.ts';
import { heldRows } from './held.ts';
import type { MaskedRows } from './mask.ts';
import { Memory, vectorsOf } from './memory.ts';
import { type Link, Openings, sentWords } from './openings.ts';
import { OutputVectors, type ServerOutput } from './outputs.ts';
import { Pace } from './pace.ts';
import { slicesOf } from './tape.ts';
import { Values } from './values.ts';

export interface Progress {
  /** Rounds that are over, of how many. */
  readonly round: number;
  readonly rounds: number;
}

export interface EvaluateOptions {
  /** A plan that `validatePlan` has accepted. */
  readonly plan: Plan;
  readonly server: ServerName;
  readonly tape: ServerTapes;
  /** Masked words of the input nodes' rows: see `maskedRows`. */
  readonly inputs: MaskedRows;
  /** The parties whose masked rows those are, where some are left out: see held.ts. All by default. */
  readonly present?: ReadonlySet<string>;
  readonly link: Link;
  /** Called after each round. */
  readonly onProgress?: (progress: Progress) => void;
  readonly signal?: AbortSignal;
  /** Those that the tape was dealt with. */
  readonly sizes?: StripSizes;
}

/**
 * Runs the plan. Throws `engine.wrong-size` when the other server's message has not the length the plan says, the signal's
 * reason when aborted, and whatever `link` throws.
 */
export async function evaluatePlan(options: EvaluateOptions): Promise<ServerOutput[]> {
  const { onProgress, signal, server, tape, sizes = STRIP_SIZES } = options;
  const plan = stripsOf(options.plan, sizes);
  const { shapes } = plan;
  const { rounds, steps } = scheduleOf(plan);
  const values = new Values<ServerValue>({ nodes: plan.nodes, outputs: [] });
  const running = new Map<NodeId, Evaluation>();
  const openings = new Openings(options.link);
  const outputs = new OutputVectors(plan);
  const memory = new Memory();
  const pace = new Pace(signal);
  for (const [step, nodes] of steps.entries()) {
    for (const id of nodes) {
      const node = plan.nodes[id]!;
      // Rows of inputs are read where the first gate asks for them.
      if (node.operation.op === 'input') continue;
      await advance(id, node);
      await pace.spent(shapes[id]!.length);
    }
    await openings.flush();
    if (step > 0) onProgress?.({ round: step, rounds });
  }
  assert(running.size === 0 && openings.isDone, 'no gate waits after the last round');
  return outputs.take();

  /** Starts a node, or goes on with what the last step opened for it, up to its next opening or its end. */
  async function advance(id: NodeId, node: StripNode): Promise<void> {
    const started = running.get(id);
    const evaluation = started ?? startOf(id, node);
    const result = started ? evaluation.next(await openings.opened(id)) : evaluation.next();
    if (!result.done) {
      running.set(id, evaluation);
      memory.keep(sentWords(result.value));
      await openings.push(id, result.value);
      return;
    }
    running.delete(id);
    outputs.put(id, result.value);
    keep(id, result.value);
    for (const value of values.release(node)) memory.letGo(vectorsOf(value));
  }

  function keep(id: NodeId, value: ServerValue): void {
    if (values.put(id, value)) memory.hold(vectorsOf(value));
  }

  function startOf(id: NodeId, node: StripNode): Evaluation {
    const { operation, inputs } = node;
    assert(operation.op !== 'input', 'inputs are not gates');
    for (const input of inputs) readRows(input);
    const operands = values.operands(node);
    return gateOf(operation).evaluate(operation, inputShapes(node, shapes), operands, tape.node(id), server);
  }

  function readRows(id: NodeId): void {
    const { operation } = plan.nodes[id]!;
    if (operation.op !== 'input' || values.has(id)) return;
    const { source, table, kind, form } = operation;
    const slices = slicesOf(plan, table);
    const words = options.inputs(source, operation);
    const mask = tape.inputMask(source, slices, kind, operation);
    const isHeld = form === 'share';
    const { present } = options;
    keep(
      id,
      isHeld
        ? heldRows({ kind, server, slices, rows: operation, words, mask, present })
        : { form: 'wire', masked: words, mask },
    );
  }
}
