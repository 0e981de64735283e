/**
 * Owns what a PERCENTILE_CONT(p) WITHIN GROUP (ORDER BY x) says.
 */
import type { FuncCall, Node } from 'libpg-query';
import { type Position, type SourceText, sqlFault, unsupported } from './faults.ts';
import { powerOfTen } from './literals.ts';
import { placeOf, refuseOthers } from './parse.ts';
import type { Aggregate, Expression, Fraction } from './statement.ts';

/** Decimals of the share in PERCENTILE_CONT: as many more has its result. */
const PERCENTILE_DIGITS = 4;

/** PERCENTILE_CONT(p) WITHIN GROUP (ORDER BY x): descending, it is that of 1 - p. */
export function readPercentile(
  source: SourceText,
  node: FuncCall,
  args: readonly Expression[],
  at: Position,
  inner: (child: Node | undefined) => Expression,
): Aggregate {
  const usage = 'write PERCENTILE_CONT(0.9) WITHIN GROUP (ORDER BY x)';
  const [sorted, more] = node.agg_order ?? [];
  const [share] = args;
  if (!node.agg_within_group || !sorted || more || !('SortBy' in sorted) || args.length !== 1 || !share)
    throw sqlFault('bad-call', at, 'PERCENTILE_CONT takes one fraction, and one order', usage);
  const { SortBy: sort } = sorted;
  // Where NULLs would stand is of no matter: they do not count.
  refuseOthers(sort, ['node', 'sortby_dir', 'sortby_nulls'], 'ORDER BY', (inside) =>
    placeOf(source, inside, at),
  );
  if (sort.sortby_dir === 'SORTBY_USING') throw unsupported(at, 'ORDER BY … USING', 'write ASC or DESC');
  const largest = share.kind === 'number' ? powerOfTen(share.scale) : -1n;
  if (share.kind !== 'number' || share.value < 0n || share.value > largest || share.scale > PERCENTILE_DIGITS)
    throw sqlFault(
      'bad-call',
      share.at,
      `PERCENTILE_CONT takes a number from 0 to 1 of at most ${PERCENTILE_DIGITS} decimals`,
      usage,
    );
  const numerator = sort.sortby_dir === 'SORTBY_DESC' ? largest - share.value : share.value;
  return {
    kind: 'aggregate',
    name: 'percentile_cont',
    argument: inner(sort.node),
    fraction: lowestTerms(numerator, largest),
    at,
  };
}

function lowestTerms(numerator: bigint, denominator: bigint): Fraction {
  let [divisor, rest] = [denominator, numerator];
  while (rest > 0n) [divisor, rest] = [rest, divisor % rest];
  return { numerator: numerator / divisor, denominator: denominator / divisor };
}
