/**
 * Owns the output party's side: it takes off the two mask shares that the servers sealed to it, and alone learns the
 * result: z = z^ - r_A - r_B (bits: XOR). Must never run on a server: neither holds both shares.
 */
import { bytesOfWords, concatBytes, wordsOfBytes } from '../base/bytes.ts';
import { EXIT, MpcError } from '../base/errors.ts';
import { shapesOf } from '../plan/check.ts';
import type { Plan } from '../plan/plan.ts';
import { xor } from '../ring/bits.ts';
import { isEqual, sub } from '../ring/ring.ts';
import { wordsOf } from '../ring/words.ts';
import type { ServerOutput } from './outputs.ts';
import { type PlanResult, resultOf } from './result.ts';

/** The results in the plan's order. Throws `result.disagree` when the servers' outputs or masked values differ. */
export function combineOutputs(a: readonly ServerOutput[], b: readonly ServerOutput[]): PlanResult[] {
  if (a.length !== b.length) throw disagree('the number of results');
  return a.map((mine, index) => {
    const { name, kind, length, masked, maskShare } = mine;
    const theirs = b[index];
    if (theirs?.name !== name || theirs.kind !== kind || theirs.length !== length) throw disagree(name);
    if (!isEqual(masked, theirs.masked)) throw disagree(name);
    const takeOff = kind === 'ring' ? sub : xor;
    const words = takeOff(new Uint32Array(masked.length), masked, maskShare);
    return resultOf(name, kind, length, takeOff(words, words, theirs.maskShare));
  });
}

/** One server's outputs as bytes, to be stored and sealed: for each output its masked words, then its mask share. */
export function outputBytes(outputs: readonly ServerOutput[]): Uint8Array {
  const parts = outputs.flatMap(({ masked, maskShare }) => [bytesOfWords(masked), bytesOfWords(maskShare)]);
  return wholeOf(parts) ?? concatBytes(...parts);
}

/** The bytes that parts lie in one after another, where they do and there is nothing else: no copy is made. */
function wholeOf(parts: readonly Uint8Array[]): Uint8Array | undefined {
  const buffer = parts[0]?.buffer;
  let end = 0;
  for (const part of parts) {
    if (part.buffer !== buffer || part.byteOffset !== end) return undefined;
    end += part.length;
  }
  return buffer?.byteLength === end ? new Uint8Array(buffer) : undefined;
}

/** Reads `outputBytes` of that plan's outputs. Throws `result.wrong-size`. */
export function outputsOfBytes(plan: Plan, bytes: Uint8Array): ServerOutput[] {
  const shapes = shapesOf(plan);
  const sizes = plan.outputs.map(({ node }) => 4 * wordsOf(shapes[node]!.kind, shapes[node]!.length));
  const expected = 2 * sizes.reduce((sum, size) => sum + size, 0);
  if (bytes.length !== expected) {
    throw new MpcError(
      'result.wrong-size',
      `a result share has ${bytes.length} bytes instead of ${expected}`,
      {
        exitCode: EXIT.protocol,
        hint: 'both servers and this client must run the same version of this program',
      },
    );
  }
  let at = 0;
  return plan.outputs.map(({ name, node }, index) => {
    const { kind, length } = shapes[node]!;
    const masked = wordsOfBytes(bytes.subarray(at, at + sizes[index]!));
    const maskShare = wordsOfBytes(bytes.subarray(at + sizes[index]!, at + 2 * sizes[index]!));
    at += 2 * sizes[index]!;
    return { name, kind, length, masked, maskShare };
  });
}

function disagree(what: string): MpcError {
  return new MpcError('result.disagree', `the two servers disagree about ${what}`, {
    exitCode: EXIT.protocol,
    hint: 'one of them is faulty: do not use this result; ask both operators for their logs',
  });
}
