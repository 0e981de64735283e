/**
 * Owns what happens to the outputs of valid measurements: a server adds its shares up, and all servers' sums together are the result.
 * Must never see a single measurement's output shares of all servers together.
 *
 * Source: VDAF draft 20, sections 7.2.4 (agg_init, agg_update, merge) and 7.2.5 (unshard). A field's sum is the number's as long as it stays below
 * the modulus: 2^64 - 2^32 + 1 ones, or more.
 */
import { assert } from '../base/errors.ts';
import { decodeVector } from './field.ts';
import { checkCanonical, checkLength } from './verify.ts';
import type { Workspace } from './workspace.ts';

type Space<Result = unknown> = Workspace<never, Result>;

/** The share of no measurements. */
export function emptyAggregate(space: Space): Uint8Array {
  return new Uint8Array(space.sizes.outShare);
}

/** The share with these output shares (or other aggregate shares) added. */
export function aggregate(
  space: Space,
  aggregateShare: Uint8Array,
  outShares: readonly Uint8Array[],
): Uint8Array {
  const { memory, places, field, circuit } = space;
  assert(aggregateShare.length === space.sizes.outShare, 'the aggregate share is one of this circuit');
  memory.set(aggregateShare, places.output);
  for (const outShare of outShares) {
    assert(outShare.length === space.sizes.outShare, 'the output share is one of this circuit');
    memory.set(outShare, places.addend);
    field.add(places.output, places.output, places.addend, circuit.outputs);
  }
  return space.read(places.output, space.sizes.outShare);
}

/** The share with those of the rows of many output shares, one after another, that are named added. */
export function aggregateRows(
  space: Space,
  aggregateShare: Uint8Array,
  outShares: Uint8Array,
  rows: readonly number[],
): Uint8Array {
  const { memory, places, field, circuit } = space;
  const bytes = space.sizes.outShare;
  assert(aggregateShare.length === bytes, 'the aggregate share is one of this circuit');
  memory.set(aggregateShare, places.output);
  for (let from = 0; from < rows.length; ) {
    const first = rows[from]!;
    // Rows that follow each other are brought in together.
    let count = 1;
    while (count < places.tallyRows && rows[from + count] === first + count) count++;
    const run = outShares.subarray(first * bytes, (first + count) * bytes);
    assert(first >= 0 && run.length === count * bytes, 'there are output shares in these rows');
    memory.set(run, places.tallied);
    field.sumRows(places.addend, places.tallied, circuit.outputs, count);
    field.add(places.output, places.output, places.addend, circuit.outputs);
    from += count;
  }
  return space.read(places.output, bytes);
}

/** The result, from all servers' aggregate shares. Throws `ballot.malformed`. */
export function unshard<Result>(space: Space<Result>, aggregateShares: readonly Uint8Array[]): Result {
  assert(aggregateShares.length === space.shares, 'every server gave its aggregate share');
  for (const share of aggregateShares) {
    checkLength(share, space.sizes.outShare, 'aggregate share');
    space.memory.set(share, space.places.addend);
    checkCanonical(space, space.places.addend, space.circuit.outputs, 'aggregate share');
  }
  const total = aggregate(space, emptyAggregate(space), aggregateShares);
  return space.circuit.decode(decodeVector(space.circuit.field, total));
}
