/**
 * Owns where each correction lies in a server's tape: nodes in order, in a node its dealt lanes in order, each lane
 * 8 bytes an element (bits: 8 bytes for each 64). Server B's tape holds all lanes, server A's those that both servers read.
 * Dealer and servers compute it alike from the plan's gates.
 */
import { assert } from '../base/errors.ts';
import type { DealtLane, ServerName } from '../gates/gate.ts';
import { wordsOf } from '../ring/words.ts';

export interface TapeLayout {
  readonly totalBytes: number;
  /** The dealt lanes of each node, by node id. */
  readonly nodes: readonly (readonly DealtLane[])[];
  /** Where each node's segment begins, in bytes. */
  readonly nodeOffsets: readonly number[];
}

/** `nodes[id]` are the dealt lanes of node `id` (none for nodes without corrections). */
export function tapeLayout(nodes: readonly (readonly DealtLane[])[], server: ServerName = 'b'): TapeLayout {
  let totalBytes = 0;
  const held = nodes.map((lanes) => (server === 'b' ? lanes : lanes.filter(({ isForBoth }) => isForBoth)));
  const nodeOffsets = held.map((lanes) => {
    const offset = totalBytes;
    for (const lane of lanes) totalBytes += laneBytes(lane);
    return offset;
  });
  return { totalBytes, nodes: held, nodeOffsets };
}

/** Bytes of one dealt lane's corrections. */
export function laneBytes(lane: DealtLane): number {
  return 4 * wordsOf(lane.kind, lane.length);
}

/** Where the corrections of that lane begin, in bytes, and what the lane holds. Asserts that the node has it. */
export function placeOf(
  layout: TapeLayout,
  node: number,
  lane: number,
): { readonly offset: number; readonly dealt: DealtLane } {
  const lanes = layout.nodes[node] ?? [];
  const index = lanes.findIndex((dealt) => dealt.lane === lane);
  const dealt = lanes[index];
  assert(dealt !== undefined, 'the lane is one that the node deals');
  const before = lanes.slice(0, index).reduce((sum, earlier) => sum + laneBytes(earlier), 0);
  return { offset: layout.nodeOffsets[node]! + before, dealt };
}
