/**
 * Owns the choice between two plans for one query: groups numbered beforehand, or rows brought together by sorting. Both give the same
 * answer. A pure function of the query's text and the row limits: everyone chooses alike.
 *
 * A tape for numbered groups grows with groups times rows, a sort with rows times the bits of the keys. Sorting has its price: what a
 * server that departs from the protocol could learn (src/gates/sort.ts). So it has to be several times cheaper.
 */
import { MpcError } from '../base/errors.ts';
import { planCost } from '../plan/cost.ts';
import type { Plan } from '../plan/plan.ts';
import type { ResultSpecification } from './specification.ts';

/** How rows are grouped where there are few enough groups to number them. */
export type Preference = 'numbers' | 'order';

export interface Written {
  readonly plan: Plan;
  readonly result: ResultSpecification;
}

/** Numbered groups up to here are never worth a sort: 8 bytes of tape for each and each row. */
const FEW = 64;
/** How many times cheaper sorting has to be. */
const PRICE = 4;
/** Bytes that pass in the time of one round, at 200 MiB/s and 0.3 ms. */
const ROUND_BYTES = 64 * 1024;

/** The plan to run. Throws what `write` throws for numbered groups. */
export function cheaperPlan<T extends Written>(write: (prefer: Preference) => T): T {
  const numbered = write('numbers');
  if (widestDomain(numbered.plan) <= FEW) return numbered;
  const sorted = fitting(() => write('order'));
  return sorted && PRICE * bytesOf(sorted.plan) < bytesOf(numbered.plan) ? sorted : numbered;
}

function widestDomain({ nodes }: Plan): number {
  return nodes.reduce((most, { operation }) => {
    const grouped = operation.op === 'groupSum' || operation.op === 'oneHot';
    return grouped ? Math.max(most, operation.domain) : most;
  }, 0);
}

/** Undefined where a proof of ranges fails: sorting needs room for keys and values together. */
function fitting<T>(write: () => T): T | undefined {
  try {
    return write();
  } catch (error) {
    if (error instanceof MpcError && error.code === 'sql.too-wide') return undefined;
    throw error;
  }
}

function bytesOf(plan: Plan): number {
  const { rounds, bytesOnline, bytesOnlineB, bytesTape } = planCost(plan);
  return bytesOnline + bytesOnlineB + bytesTape + rounds * ROUND_BYTES;
}
