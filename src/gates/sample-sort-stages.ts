/**
 * Owns the plan of a sample sort: how many rows are in order after each stage, and how many comparisons each takes at most.
 * Must never depend on anything but the number of rows: dealer and servers compute it alike.
 *
 * A stage takes rows in order from m to n: by a search, n - m rows find their gaps between the m; then the rows of one gap
 * are compared with each other, all pairs. The first stage has no rows in order, and one gap.
 *
 * How many pairs there are is chance: X = sum of g_j (g_j - 1) / 2, with g_0 .. g_m the rows in the gaps. Keys are distinct
 * and in uniform order, so the m are a uniform subset of the n ranks, and (g_j) is uniform among the C(n, m) ways to write
 * n - m as a sum of m + 1 numbers: whatever the data. With G the most rows that a gap may have,
 *   P[X > B] <= (m+1) C(n-G-1, m) / C(n, m) + e^(-tB) z^-(n-m) F(z)^(m+1) / C(n, m),   F(z) = sum over g <= G of e^(t g(g-1)/2) z^g:
 * a gap beyond G, and Chernoff's bound for all others, where the power series' coefficient of n - m is at most F(z)^(m+1) / z^(n-m)
 * for every z > 0. For n/m up to 16,
 *   B = 1.1 (n-m)^2 / m + 760 (n/m)^2
 * makes that less than 2^-44 with the best G, t and z: the test of this file computes it. The mean is about (n-m)^2 / m; the
 * other term is what one gap of 39 times the mean size adds. There are at most 16 stages, so that a sort is given up
 * (`sort.unlucky`) less often than once in 2^40; where only the first rows are wanted (selection.ts), once in 2^36.
 */

/** Comparisons that take about as long as a round does, between servers that are near each other. */
const COMPARISONS_A_ROUND = 8000;
/** Of a batch of comparisons that takes two. */
const ROUNDS_OF_BATCH = 4;
/** How many times as many rows a stage may put in order: beyond the last, the bound above does not hold. */
const RATIOS = [3, 4, 6, 8, 12, 16] as const;
const FAN_OUTS = [2, 3, 4, 5, 6, 8, 10, 12, 14, 16, 20, 24, 32] as const;

/** From `sorted` rows in order to `rows` of them. */
export interface Stage {
  readonly sorted: number;
  readonly rows: number;
  /** The search: in each step a row is compared with fanOut - 1 others. */
  readonly fanOut: number;
  readonly steps: number;
  /** Most pairs of rows that fall into one gap. */
  readonly pairs: number;
}

export interface Effort {
  readonly stages: readonly Stage[];
  /** In comparisons. */
  readonly effort: number;
}

/** The stages that take least time. None for one row. */
export function stagesOf(rows: number): readonly Stage[] {
  return orderOf(rows, new Map()).stages;
}

/** The same with what it takes, in comparisons. `known` keeps what was found for other numbers of rows. */
export const orderOf = (rows: number, known: Map<number, Effort>): Effort =>
  rows === 1 ? { stages: [], effort: 0 } : leastEffort(rows, known);

/** What a batch of comparisons takes, in comparisons. */
export const effortOfBatch = (length: number): number => ROUNDS_OF_BATCH * COMPARISONS_A_ROUND + length;

/** B of this file's header, or all pairs where those are fewer. */
export function pairsBound(sorted: number, rows: number): number {
  const others = rows - sorted;
  const all = (others * (others - 1)) / 2;
  if (sorted === 0) return all;
  return Math.min(all, Math.ceil((11 * others ** 2) / (10 * sorted)) + Math.ceil(760 * (rows / sorted) ** 2));
}

function leastEffort(rows: number, known: Map<number, Effort>): Effort {
  const already = known.get(rows);
  if (already) return already;
  let best = withStage({ stages: [], effort: 0 }, 0, rows);
  for (const ratio of RATIOS) {
    const sorted = Math.ceil(rows / ratio);
    if (sorted < 2 || sorted === rows) continue;
    const longer = withStage(leastEffort(sorted, known), sorted, rows);
    if (longer.effort < best.effort) best = longer;
  }
  known.set(rows, best);
  return best;
}

function withStage({ stages, effort }: Effort, sorted: number, rows: number): Effort {
  const round = ROUNDS_OF_BATCH * COMPARISONS_A_ROUND;
  const search = leastSearch(sorted + 1, rows - sorted, round);
  const pairs = pairsBound(sorted, rows);
  const stage = { sorted, rows, fanOut: search.fanOut, steps: search.steps, pairs };
  return { stages: [...stages, stage], effort: effort + search.effort + round + pairs };
}

/** The fan-out by which that many rows find one of `gaps` with least effort. */
function leastSearch(gaps: number, rows: number, round: number) {
  let best = { fanOut: 1, steps: 0, effort: gaps === 1 ? 0 : Number.POSITIVE_INFINITY };
  for (const fanOut of gaps === 1 ? [] : FAN_OUTS) {
    let steps = 0;
    for (let left = gaps; left > 1; left = Math.ceil(left / fanOut)) steps++;
    const effort = steps * (round + rows * (fanOut - 1));
    if (effort < best.effort) best = { fanOut, steps, effort };
  }
  return best;
}
