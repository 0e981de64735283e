/**
 * Owns the time that a plan is expected to take, before anything runs: rounds by round time, bytes by rate, work by gate. An
 * estimate for people, and the measure by which plans are chosen; costs (cost.ts) are exact, this is not.
 * Must never depend on anything but the plan, the network and constants: all participants must find the same figures.
 */
import {
  COMPUTE_MS,
  DEAL_MS,
  DEFAULT_RATE,
  GATE_RATES,
  LINK_BYTES_PER_SECOND,
  NODE_NS,
  ROUND_MS,
  TAPE_BYTES_PER_SECOND,
} from './calibration.ts';
import { gateCost, inputShapes, shapesOf } from './check.ts';
import type { Plan, Shapes } from './plan.ts';

/** What is assumed of the way between the two servers. */
export interface Network {
  /** From one server to the other and back. 0 where both are in one place. */
  readonly roundTripMs: number;
}

export interface PlanEstimate {
  /** From an accepted collaboration to both servers' tapes. */
  readonly dealMs: number;
  /** From the last rows to the servers' halves of the result. */
  readonly computeMs: number;
  /** What of that is spent waiting for messages on their way. */
  readonly onTheWayMs: number;
}

/** In a round both servers send at once, so that it takes half a round trip. Throws what `shapesOf` throws. */
export function estimatePlan(
  plan: Plan,
  { roundTripMs }: Network,
  shapes: Shapes = shapesOf(plan),
): PlanEstimate {
  let dealerNs = 0;
  let serverNs = 0;
  let tapeBytes = 0;
  let linkBytes = 0;
  let rounds = 0;
  /** The round after which each node is there. Bands of long tables are not looked at: they overlap. */
  const ready: number[] = [];
  plan.nodes.forEach((node, id) => {
    const cost = gateCost(node, shapes);
    const end = node.inputs.reduce((latest, input) => Math.max(latest, ready[input]!), 0) + cost.rounds;
    ready.push(end);
    rounds = Math.max(rounds, end);
    const rate = GATE_RATES[node.operation.op] ?? DEFAULT_RATE;
    const elements = inputShapes(node, shapes).reduce((sum, { length }) => sum + length, shapes[id]!.length);
    const units = rate.isPerTapeByte ? cost.bytesTape : elements;
    dealerNs += NODE_NS.deal + units * rate.dealerNs;
    serverNs += NODE_NS.compute + units * rate.serverNs;
    tapeBytes += cost.bytesTape + (cost.bytesTapeA ?? 0);
    linkBytes += Math.max(cost.bytesOnline, cost.bytesOnlineB ?? 0);
  });
  // The channel's handshake takes as long as three rounds.
  const onTheWayMs = ((rounds + 3) * roundTripMs) / 2;
  return {
    dealMs: DEAL_MS + dealerNs / 1e6 + (tapeBytes / TAPE_BYTES_PER_SECOND) * 1000,
    computeMs:
      COMPUTE_MS +
      serverNs / 1e6 +
      rounds * ROUND_MS +
      onTheWayMs +
      (linkBytes / LINK_BYTES_PER_SECOND) * 1000,
    onTheWayMs,
  };
}
