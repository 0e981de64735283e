/**
 * Owns when each gate runs: both servers walk the same steps in lock-step. What is opened in a step is combined in the next, so
 * a gate starts in the step in which its last input is ready, and the number of rounds is the length of the plan's
 * longest chain of openings.
 * Must never depend on data or on speed: two servers that disagree on the schedule would add unrelated words.
 *
 * Tables of more than one band are walked band after band, each half a band's length in steps behind the one before, so
 * that two are under way at any time: one is computed while the other's openings travel, and memory holds two bands.
 */
import { gateCost } from './check.ts';
import type { NodeId } from './plan.ts';
import type { StripPlan } from './strips.ts';

export interface Schedule {
  /** Exchanges that wait for one another. Round t happens between step t and step t + 1. */
  readonly rounds: number;
  /** rounds + 1 lists: the nodes that start or go on in each step, in node order, which is the order of their openings. */
  readonly steps: readonly (readonly NodeId[])[];
}

export function scheduleOf(plan: StripPlan): Schedule {
  const steps: NodeId[][] = [[]];
  const ready: number[] = [];
  const bands = new Bands(plan);
  plan.nodes.forEach((node, id) => {
    const start = node.inputs.reduce((latest, input) => Math.max(latest, ready[input]!), bands.beginOf(id));
    const end = start + gateCost(node, plan.shapes).rounds;
    if (node.inputs.length > 0) bands.took(start, end);
    ready.push(end);
    for (let step = start; step <= end; step++) {
      while (steps.length <= step) steps.push([]);
      steps[step]!.push(id);
    }
  });
  return { rounds: steps.length - 1, steps };
}

/** Follows a walk over the nodes in order: which band they belong to, and when that may begin. */
class Bands {
  readonly #plan: StripPlan;
  readonly #stripsInBand: number;
  #group = 0;
  #strip = -1;
  /** The steps in which the first band of the group begins and ends. */
  #first = Number.POSITIVE_INFINITY;
  #last = 0;

  constructor(plan: StripPlan) {
    this.#plan = plan;
    this.#stripsInBand = plan.sizes.bandRows / plan.sizes.stripRows;
  }

  /** The first step in which node `id` may run. */
  beginOf(id: NodeId): number {
    this.#goTo(id);
    const isFirst = this.#band <= 0 || this.#first > this.#last;
    return isFirst ? 0 : this.#first + this.#band * Math.ceil((this.#last - this.#first) / 2);
  }

  /** Says in which steps the node asked for last runs. */
  took(start: number, end: number): void {
    if (this.#band !== 0) return;
    this.#first = Math.min(this.#first, start);
    this.#last = Math.max(this.#last, end);
  }

  /** -1 between groups. */
  get #band(): number {
    return Math.floor(this.#strip / this.#stripsInBand);
  }

  #goTo(id: NodeId): void {
    for (;;) {
      const strips = this.#plan.groups[this.#group]?.strips;
      const next = strips?.[this.#strip + 1];
      if (strips === undefined || next === undefined || id < next) return;
      this.#strip++;
      if (this.#strip + 1 < strips.length) continue;
      this.#group++;
      this.#strip = -1;
      this.#first = Number.POSITIVE_INFINITY;
      this.#last = 0;
    }
  }
}
