/**
 * Owns what the two servers compare of a result, and how large it may be. Its bytes are those of src/engine/combine.ts:
 * one server's half alone is uniform; the masked values are the same on both.
 */
import { bytesOfWords, hex, sha256, utf8 } from '../base/bytes.ts';
import type { ServerOutput } from '../engine/outputs.ts';
import { shapesOf } from '../plan/check.ts';
import type { Plan } from '../plan/plan.ts';
import { wordsOf } from '../ring/words.ts';

/** Digest of the masked results: equal on both servers, says nothing of the results. */
export function maskedDigest(outputs: readonly ServerOutput[]): string {
  return hex.encode(
    sha256(utf8.encode('mpc/1 masked results\n'), ...outputs.map(({ masked }) => bytesOfWords(masked))),
  );
}

/** Bytes of one server's half of this plan's result. */
export function resultBytes(plan: Plan): number {
  const shapes = shapesOf(plan);
  return plan.outputs.reduce(
    (sum, { node }) => sum + 8 * wordsOf(shapes[node]!.kind, shapes[node]!.length),
    0,
  );
}
