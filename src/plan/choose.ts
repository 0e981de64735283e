/**
 * Owns the choice between two ways to compare: by digits (two rounds, 44 bytes of tape and 5 bytes online an element) or by
 * function keys (no round, up to 930 bytes of tape on either server, and more work). Few elements far apart want keys, many
 * elements close together want digits.
 * Must never depend on anything but plan and network: the choice is part of the plan that all participants compare.
 *
 * Where no round trip is assumed, digits do all of it: rounds cost next to nothing, and their secrecy needs no generator but the
 * tape's own. Both ways give the same shapes, so that a choice changes operations and nothing else. Comparisons of one length are chosen
 * alike, since they mostly stand side by side and share their rounds; of all lengths up to which keys are used, the one with the
 * least estimated time wins, the smaller in a tie.
 */
import { shapesOf } from './check.ts';
import { estimatePlan, type Network } from './estimate.ts';
import type { Plan, PlanNode, Shapes } from './plan.ts';

/** Most lengths that are tried: beyond it, those in between are left out. */
const MOST_TRIED = 16;

/** The plan with its comparisons computed in whichever way is expected to take less time. Throws what `shapesOf` throws. */
export function chooseComparisons(plan: Plan, network: Network): Plan {
  if (network.roundTripMs === 0) return plan;
  const shapes = shapesOf(plan);
  const lengths = new Set(plan.nodes.flatMap((node, id) => (isByDigits(node) ? [shapes[id]!.length] : [])));
  const sorted = [...lengths].sort((a, b) => a - b);
  const step = Math.ceil(sorted.length / MOST_TRIED);
  let best = { plan, ms: totalMs(plan, network, shapes) };
  for (let at = step - 1; at < sorted.length; at += step) {
    const candidate = withFunctionKeys(plan, sorted[at]!, shapes);
    const ms = totalMs(candidate, network, shapes);
    if (ms < best.ms) best = { plan: candidate, ms };
  }
  return best.plan;
}

/** The plan with comparisons of at most `longest` elements by function keys. */
export function withFunctionKeys(plan: Plan, longest: number, shapes: Shapes = shapesOf(plan)): Plan {
  const nodes = plan.nodes.map((node, id) =>
    isByDigits(node) && shapes[id]!.length <= longest ? byKeys(node) : node,
  );
  return { ...plan, nodes };
}

/** How many comparisons a plan makes in either way. */
export function comparisonsOf({ nodes }: Plan): { readonly byDigits: number; readonly byKeys: number } {
  const named = (...names: readonly string[]): number =>
    nodes.filter(({ operation }) => names.includes(operation.op)).length;
  return {
    byDigits: named('lessThanZero', 'equalsZero'),
    byKeys: named('dcfLessThanZero', 'dpfEqualsZero'),
  };
}

function totalMs(plan: Plan, network: Network, shapes: Shapes): number {
  const { dealMs, computeMs } = estimatePlan(plan, network, shapes);
  return dealMs + computeMs;
}

const isByDigits = ({ operation }: PlanNode): boolean =>
  operation.op === 'lessThanZero' || operation.op === 'equalsZero';

function byKeys({ operation, inputs }: PlanNode): PlanNode {
  if (operation.op === 'lessThanZero')
    return { operation: { op: 'dcfLessThanZero', bits: operation.bits ?? 64 }, inputs };
  if (operation.op === 'equalsZero')
    return { operation: { op: 'dpfEqualsZero', bits: operation.bits ?? 64 }, inputs };
  return { operation, inputs };
}
