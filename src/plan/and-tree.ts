/**
 * Owns the AND of any number of bit vectors: a tree of gates, what is ready first at its leaves. An AND among the terms that is not
 * opened yet gives its own terms, so that nested conditions take no round each.
 */
import type { PlanGraph } from './graph.ts';
import type { NodeId } from './plan.ts';

/** Widest AND gate: its tape grows as 2^inputs. */
const FAN_IN = 4;

/** All of the terms, of `length` bits each. */
export function andNode(graph: PlanGraph, terms: readonly NodeId[], length: number): NodeId {
  const distinct = [...new Set(terms.flatMap((id) => graph.factors(id)))];
  if (distinct.some((id) => graph.valueOf(id) === 0n)) return graph.constant('bits', 0n, length);
  const unknown = distinct.filter((id) => graph.valueOf(id) === undefined);
  // A term and its opening are one.
  const waiting = unknown.length > 1 ? [...new Set(unknown.map((id) => graph.wire(id)))] : unknown;
  while (waiting.length > 1) {
    waiting.sort((a, b) => graph.roundOf(a) - graph.roundOf(b) || a - b);
    // The first gate takes so many that all others are full.
    const group = waiting.splice(
      0,
      waiting.length <= FAN_IN ? FAN_IN : 2 + ((waiting.length - 2) % (FAN_IN - 1)),
    );
    const inputs = group.sort((a, b) => a - b).map((id) => graph.wire(id));
    waiting.push(graph.shared({ op: 'and' }, inputs, { kind: 'bits', form: 'share', length }));
  }
  return waiting[0] ?? graph.constant('bits', 1n, length);
}
