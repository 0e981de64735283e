/**
 * Owns a server's interpreter: it runs a plan on masked values and mask shares, in lock-step with the other server.
 * Each round's message is a pure function of plan, tape and masked inputs: a run that is repeated sends the same bytes.
 * Must never open anything before the session has bound the tape to the input set, and never send a raw share: every
 * opening comes from a gate, under a fresh mask.
 */
import { bytesOfWords, concatBytes, wordsOfBytes } from '../base/bytes.ts';
import { assert, EXIT, MpcError } from '../base/errors.ts';
import type { Evaluation, Kind, Opening, ServerName, ServerValue } from '../gates/gate.ts';
import { gateOf, inputShapes, shapesOf } from '../plan/check.ts';
import type { NodeId, Plan, Shapes } from '../plan/plan.ts';
import { scheduleOf } from '../plan/schedule.ts';
import { xor } from '../ring/bits.ts';
import { add } from '../ring/ring.ts';
import { type Words, wordsOf } from '../ring/words.ts';
import type { ServerTapes } from '../tape/server-tape.ts';
import { Pace } from './pace.ts';
import { slicesOf } from './tape.ts';
import { Values } from './values.ts';

/**
 * Sends this server's openings of a round and returns the other's, `expectedBytes` long by the plan (either may be empty).
 * Rounds are numbered from 0 and called in order; the payload is not used again by the engine.
 */
export type Exchange = (round: number, payload: Uint8Array, expectedBytes: number) => Promise<Uint8Array>;

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
  /** Masked words of each input node: see `assembleInputs`. */
  readonly inputs: ReadonlyMap<NodeId, Words>;
  readonly exchange: Exchange;
  /** Called after each round. */
  readonly onProgress?: (progress: Progress) => void;
  readonly signal?: AbortSignal;
}

/** What one server holds of a result: the masked value is the same on both, the mask is the sum (XOR) of both shares. */
export interface ServerOutput {
  readonly name: string;
  readonly kind: Kind;
  readonly length: number;
  readonly masked: Words;
  readonly maskShare: Words;
}

interface Pending {
  readonly evaluation: Evaluation;
  readonly opening: Opening;
}

/**
 * Runs the plan. Throws `engine.wrong-size` when the other server's message has not the length the plan says, the signal's
 * reason when aborted, and whatever `exchange` throws.
 */
export async function evaluatePlan(options: EvaluateOptions): Promise<ServerOutput[]> {
  const { plan, exchange, onProgress, signal } = options;
  const shapes = shapesOf(plan);
  const { rounds, steps } = scheduleOf(plan, shapes);
  const values = new Values<ServerValue>(plan);
  const pace = new Pace(signal);
  let pending = new Map<NodeId, Pending>();
  let opened = new Map<NodeId, Words>();
  for (const [step, nodes] of steps.entries()) {
    const next = new Map<NodeId, Pending>();
    for (const id of nodes) {
      advance(id, next);
      await pace.spent(shapes[id]!.length);
    }
    pending = next;
    if (step === rounds) break;
    const outgoing = [...pending.values()].map(({ opening }) => sentWords(opening));
    const expected = [...pending.values()].map(({ opening }) => receivedWords(opening));
    const expectedBytes = 4 * expected.reduce((sum, words) => sum + words, 0);
    const received = await exchange(step, concatBytes(...outgoing.map(bytesOfWords)), expectedBytes);
    opened = combineOpenings(pending, expectedBytes, received, step);
    onProgress?.({ round: step + 1, rounds });
  }
  assert(pending.size === 0, 'no gate waits after the last round');
  return plan.outputs.map(({ name, node }) => outputOf(name, node, shapes, values));

  /** Starts a node, or goes on with what the last round opened for it, up to its next opening or its end. */
  function advance(id: NodeId, next: Map<NodeId, Pending>): void {
    const node = plan.nodes[id]!;
    const running = pending.get(id);
    if (node.operation.op === 'input') {
      values.put(id, inputValue(options, id));
      return;
    }
    const evaluation = running?.evaluation ?? startOf(id);
    const result = running ? evaluation.next(opened.get(id)!) : evaluation.next();
    if (!result.done) {
      next.set(id, { evaluation, opening: result.value });
      return;
    }
    values.put(id, result.value);
    values.release(node);
  }

  function startOf(id: NodeId): Evaluation {
    const node = plan.nodes[id]!;
    const { operation } = node;
    assert(operation.op !== 'input', 'inputs are not gates');
    const operands = values.operands(node);
    const tape = options.tape.node(id);
    return gateOf(operation).evaluate(operation, inputShapes(node, shapes), operands, tape, options.server);
  }
}

function inputValue({ plan, inputs, tape }: EvaluateOptions, id: NodeId): ServerValue {
  const operation = plan.nodes[id]?.operation;
  assert(operation?.op === 'input', 'the node is an input');
  const masked = inputs.get(id);
  assert(
    masked?.length === wordsOf(operation.kind, operation.length),
    'every input node has its masked words',
  );
  return { form: 'wire', masked, mask: tape.inputMask(id, slicesOf(plan, operation.table), operation.kind) };
}

const NOTHING = new Uint32Array(0);

/** What this server sends for an opening. */
function sentWords(opening: Opening): Words {
  return opening.kind === 'transfer' ? (opening.words ?? NOTHING) : opening.share;
}

/** How many words the other server sends for it. */
function receivedWords(opening: Opening): number {
  if (opening.kind !== 'transfer') return opening.share.length;
  return opening.words ? 0 : opening.count;
}

/** What each node is resumed with: our opening plus theirs, or the words that one of us sent. */
function combineOpenings(
  pending: ReadonlyMap<NodeId, Pending>,
  expectedBytes: number,
  received: Uint8Array,
  round: number,
): Map<NodeId, Words> {
  if (received.length !== expectedBytes) {
    throw new MpcError(
      'engine.wrong-size',
      `round ${round}: the other server sent ${received.length} bytes instead of ${expectedBytes}`,
      { exitCode: EXIT.protocol, hint: 'both servers must run the same version of this program' },
    );
  }
  const theirs = wordsOfBytes(received);
  const opened = new Map<NodeId, Words>();
  let at = 0;
  for (const [id, { opening }] of pending) {
    const count = receivedWords(opening);
    const part = theirs.subarray(at, at + count);
    at += count;
    if (opening.kind === 'transfer') opened.set(id, opening.words ?? part);
    // The gate may still need its share, so the sum goes into the received words.
    else opened.set(id, (opening.kind === 'ring' ? add : xor)(part, opening.share, part));
  }
  return opened;
}

function outputOf(name: string, node: NodeId, shapes: Shapes, values: Values<ServerValue>): ServerOutput {
  const { kind, length } = shapes[node]!;
  const value = values.get(node);
  assert(value.form === 'wire', 'an output is a wire');
  return { name, kind, length, masked: value.masked, maskShare: value.mask };
}
