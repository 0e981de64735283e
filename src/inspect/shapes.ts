/**
 * Owns the shapes of a statechart as a picture: what is in it, and where. Types alone, so that the browser may share them.
 */

/** What a line inside of a state's box says: an effect that runs there, events that change no state, and folded transitions. */
export type LineKind = 'runs' | 'inside' | 'exit' | 'back' | 'entry';

export interface ChartLine {
  readonly kind: LineKind;
  readonly text: string;
  /** Ids of the transitions that it stands for. */
  readonly transitions: readonly string[];
}

export interface ChartNode {
  /** As xstate names it: `session.compute.running`. */
  readonly id: string;
  readonly key: string;
  readonly kind: 'atomic' | 'compound' | 'parallel' | 'final';
  /** One of several that are active together. */
  readonly isRegion: boolean;
  readonly description: string;
  readonly lines: readonly ChartLine[];
  readonly initial: string | null;
  readonly children: readonly ChartNode[];
}

/** What is drawn from one state to another: one line for all transitions between the two. */
export interface ChartEdge {
  readonly id: string;
  readonly source: string;
  readonly target: string;
  readonly labels: readonly { readonly text: string; readonly transition: string }[];
}

/** One transition of the machine, drawn as an edge or said in a line. */
export interface ChartTransition {
  readonly id: string;
  readonly event: string;
  readonly guard: string | null;
  readonly source: string;
  /** Null where it changes no state. */
  readonly target: string | null;
}

export interface Chart {
  readonly id: string;
  readonly root: ChartNode;
  readonly edges: readonly ChartEdge[];
  readonly transitions: readonly ChartTransition[];
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** Pixels, from the top left corner. */
export interface Box extends Point {
  readonly width: number;
  readonly height: number;
}

export interface PlacedNode extends Box, Omit<ChartNode, 'children' | 'initial'> {
  /** 0 for the root. */
  readonly depth: number;
}

export interface PlacedEdge extends ChartEdge {
  /** Corners, from source to target. */
  readonly points: readonly Point[];
  /** Where its labels stand; null without any. */
  readonly label: Box | null;
}

/** The mark of a first state: a dot, and the line from it. */
export interface PlacedInitial {
  readonly target: string;
  readonly dot: Point;
  readonly points: readonly Point[];
}

/** A chart with its places. Nodes come before those that are inside of them. */
export interface PlacedChart {
  readonly id: string;
  readonly description: string;
  readonly width: number;
  readonly height: number;
  readonly nodes: readonly PlacedNode[];
  readonly edges: readonly PlacedEdge[];
  readonly initials: readonly PlacedInitial[];
  readonly transitions: readonly ChartTransition[];
}
