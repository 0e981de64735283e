/**
 * Owns what gates do alike with the two forms of a value: make either, take a wire as a share, and refuse inputs that do
 * not fit. Must never turn a share into a wire: only the gate `open` may, under a fresh mask.
 *
 * A wire as a share: x = x^ - r_A - r_B, so A's share is x^ - r_A and B's is -r_B (bits: x^ XOR r_A, and r_B).
 * Nobody learns anything: each server computes its own from what it holds.
 */
import { assert, EXIT, MpcError } from '../base/errors.ts';
import { xor } from '../ring/bits.ts';
import { neg, sub } from '../ring/ring.ts';
import type { Words } from '../ring/words.ts';
import type {
  DealerValue,
  Evaluation,
  Form,
  GateCost,
  Kind,
  ServerName,
  ServerValue,
  Shape,
} from './gate.ts';

/** Cost of gates that work on what is already there. */
export const FREE: GateCost = { rounds: 0, bytesOnline: 0, bytesTape: 0 };

/** The evaluation of a gate that opens nothing. */
// biome-ignore lint/correctness/useYield: a gate without rounds is an evaluation that yields nothing.
export function* local(value: ServerValue): Evaluation {
  return value;
}

/** This server's share of a value of either form. Never to be written to: it may be the value's own vector. */
export function shareOf(value: ServerValue, kind: Kind, server: ServerName): Words {
  if (value.form === 'share') return value.share;
  const { masked, mask } = value;
  if (kind === 'bits') return server === 'a' ? xor(new Uint32Array(mask.length), masked, mask) : mask;
  return server === 'a'
    ? sub(new Uint32Array(mask.length), masked, mask)
    : neg(new Uint32Array(mask.length), mask);
}

/** The wire a gate asked for in `infer`. */
export function wireOf(value: ServerValue | undefined): { readonly masked: Words; readonly mask: Words } {
  assert(value?.form === 'wire', 'the input is a wire');
  return value;
}

/** The mask of an input that is a wire. */
export function maskOf(mask: DealerValue): Words {
  assert(mask !== undefined, 'the dealer knows the masks of wires');
  return mask;
}

/** A wire where all inputs are wires, else a share. */
export function formOf(inputs: readonly Shape[]): Form {
  return inputs.every((input) => input.form === 'wire') ? 'wire' : 'share';
}

/**
 * Applies a map that is linear over the value's ring (bits: over Z_2) to whatever each server holds: wires stay wires,
 * with a mask that is the same map of the masks; as soon as one input is a share, all are taken as shares.
 * `map` must be the same on masked values, masks and shares, and must return vectors of its own.
 */
export function mapLinear(
  inputs: readonly Shape[],
  values: readonly ServerValue[],
  server: ServerName,
  map: (words: readonly Words[]) => Words,
): ServerValue {
  if (formOf(inputs) === 'wire') {
    const wires = values.map(wireOf);
    return {
      form: 'wire',
      masked: map(wires.map((wire) => wire.masked)),
      mask: map(wires.map((wire) => wire.mask)),
    };
  }
  return { form: 'share', share: map(values.map((value, k) => shareOf(value, inputs[k]!.kind, server))) };
}

/** The dealer's part of `mapLinear`: the map of the masks, or nothing for a share. */
export function mapMasks(
  inputs: readonly Shape[],
  masks: readonly DealerValue[],
  map: (words: readonly Words[]) => Words,
): DealerValue {
  return formOf(inputs) === 'wire' ? map(masks.map(maskOf)) : undefined;
}

/** Refuses a plan: the inputs of `op` do not fit. `rule` says what they must be. */
function badShape(op: string, rule: string): MpcError {
  return new MpcError('plan.bad-shape', `${op}: ${rule}`, {
    hint: 'The plan is malformed: compile the query again with the version of mpc that all participants run.',
    exitCode: EXIT.badData,
  });
}

/** Throws `plan.bad-shape` unless the condition holds. */
export function requireShape(condition: unknown, op: string, rule: string): asserts condition {
  if (!condition) throw badShape(op, rule);
}

/** The only input of a gate that takes one ring wire, of one element or more. Throws `plan.bad-shape` for anything else. */
export function oneRingWire(inputs: readonly Shape[], op: string): Shape {
  const [x] = inputs;
  requireShape(inputs.length === 1 && x?.kind === 'ring' && x.form === 'wire', op, 'takes one ring wire');
  requireShape(x.length > 0, op, 'the input has elements');
  return x;
}

/** Throws `plan.bad-shape` unless the number is a positive integer. */
export function requireCount(count: number, op: string, name: string): void {
  requireShape(Number.isSafeInteger(count) && count > 0, op, `${name} must be a positive integer`);
}

const INT64 = /^(0|-?[1-9][0-9]{0,18})$/;

/** Throws `plan.bad-shape` unless the text is the decimal form of an integer in [-2^63, 2^63). */
export function requireConstant(text: string, op: string): void {
  const fits = INT64.test(text) && BigInt.asIntN(64, BigInt(text)) === BigInt(text);
  requireShape(fits, op, 'constants are decimal integers in [-2^63, 2^63)');
}
