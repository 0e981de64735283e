/**
 * Owns where everything of a chart stands: the Eclipse Layout Kernel's layered layout, run here and never in the browser.
 *
 * The author's order of states is the reading order: an edge that runs against it is handed over reversed and turned round
 * afterwards, so that first states are on top; the kernel's own options for that fail with nested graphs. Edges that are never
 * drawn (`guide`) keep regions beside or below each other, and ends at the bottom.
 */
import type { ELK as Elk, ElkExtendedEdge, ElkNode } from 'elkjs';
import { headerSize, SIZES, textWidth } from './measures.ts';
import type {
  Chart,
  ChartEdge,
  ChartNode,
  PlacedChart,
  PlacedEdge,
  PlacedInitial,
  PlacedNode,
  Point,
} from './shapes.ts';

/** Part of what a kept layout is known by: to be raised with every change of this file or of measures.ts. */
export const LAYOUT_VERSION = 3;

const OPTIONS: Readonly<Record<string, string>> = {
  'elk.algorithm': 'layered',
  'elk.direction': 'DOWN',
  'elk.hierarchyHandling': 'INCLUDE_CHILDREN',
  'elk.edgeRouting': 'ORTHOGONAL',
  'elk.json.shapeCoords': 'ROOT',
  'elk.json.edgeCoords': 'ROOT',
  'elk.layered.nodePlacement.strategy': 'NETWORK_SIMPLEX',
  'elk.layered.nodePlacement.favorStraightEdges': 'true',
  'elk.layered.spacing.nodeNodeBetweenLayers': '22',
  'elk.layered.spacing.edgeNodeBetweenLayers': '12',
  'elk.layered.spacing.edgeEdgeBetweenLayers': '10',
  'elk.spacing.nodeNode': '20',
  'elk.spacing.edgeNode': '14',
  'elk.spacing.edgeEdge': '10',
  'elk.spacing.edgeLabel': '2',
};

/** Pixels that ends beside each other may take. */
const ROW_WIDTH = 460;

const INITIAL = '·initial:';
const GUIDE = '·guide:';

export async function layOut(chart: Chart): Promise<PlacedChart> {
  const { default: kernel } = await import('elkjs/lib/elk.bundled.js');
  const elk: Elk = new kernel.default();
  const nodes = new Map(all(chart.root).map((node) => [node.id, node]));
  const turned = new Set(chart.edges.filter((edge) => runsBack(edge, nodes, chart)).map(({ id }) => id));
  const graph: ElkNode = {
    id: '·',
    layoutOptions: { ...OPTIONS, 'elk.padding': padding(0, 0) },
    children: [toElk(chart.root, true)],
    edges: [
      ...all(chart.root).flatMap(initialEdge),
      ...all(chart.root).flatMap((node) => guides(node, chart)),
      ...chart.edges.map((edge) => toElkEdge(edge, turned.has(edge.id))),
    ],
  };
  const placed = await elk.layout(graph);
  return toPlaced(chart, placed, nodes, turned);
}

function all(node: ChartNode): ChartNode[] {
  return [node, ...node.children.flatMap(all)];
}

function toElk(node: ChartNode, isRoot: boolean): ElkNode {
  const header = headerSize(node);
  if (node.children.length === 0) return { id: node.id, ...header };
  const dot = 2 * SIZES.dot;
  return {
    id: node.id,
    children: [
      ...(node.initial === null ? [] : [{ id: `${INITIAL}${node.initial}`, width: dot, height: dot }]),
      ...node.children.map((child) => toElk(child, false)),
    ],
    layoutOptions: {
      ...OPTIONS,
      'elk.padding': padding(header.height + 8, isRoot ? 10 : 14),
      'elk.nodeSize.constraints': 'MINIMUM_SIZE',
      'elk.nodeSize.minimum': `(${header.width},${header.height})`,
    },
  };
}

const padding = (top: number, side: number): string =>
  `[top=${top},left=${side},bottom=${side},right=${side}]`;

function initialEdge({ initial }: ChartNode): ElkExtendedEdge[] {
  if (initial === null) return [];
  return [{ id: `${INITIAL}${initial}:edge`, sources: [`${INITIAL}${initial}`], targets: [initial] }];
}

/**
 * Keeps states that no drawn line leads to in the author's order: below the one before them, and ends in rows at the bottom.
 */
function guides(node: ChartNode, { edges, root }: Chart): ElkExtendedEdge[] {
  if (node.kind === 'parallel') return inTwoColumns(node.children);
  if (node.kind !== 'compound') return [];
  const isWithin = (child: ChartNode, id: string): boolean =>
    id === child.id || id.startsWith(`${child.id}.`);
  const isLedTo = (child: ChartNode): boolean =>
    (node.initial !== null && isWithin(child, node.initial)) ||
    edges.some(({ source, target }) => isWithin(child, target) && !isWithin(child, source));
  const isEnd = (child: ChartNode): boolean =>
    child.children.length === 0 && !isLedTo(child) && !edges.some(({ source }) => source === child.id);
  const mains = node.children.filter((child) => !isEnd(child));
  const chained = mains.flatMap((child, index) => {
    const before = mains[index - 1];
    return before === undefined || isLedTo(child) ? [] : [guide(before, child)];
  });
  const order = all(root).map(({ id }) => id);
  const leadsOn = (child: ChartNode): boolean =>
    edges.some(
      ({ source, target }) =>
        isWithin(child, source) && !isWithin(child, target) && order.indexOf(target) > order.indexOf(source),
    );
  const lowest = mains.filter((child) => !leadsOn(child));
  const rows = rowsOf(node.children.filter(isEnd));
  const above = (index: number): readonly ChartNode[] => rows[index - 1] ?? lowest;
  return [
    ...chained,
    ...rows.flatMap((row, index) => row.flatMap((child) => above(index).map((upper) => guide(upper, child)))),
  ];
}

/** Regions stand beside each other, more than two in two columns. */
function inTwoColumns(regions: readonly ChartNode[]): ElkExtendedEdge[] {
  return regions
    .slice(2)
    .flatMap((region, index) => regions.slice(index, index + 1).map((above) => guide(above, region)));
}

function guide(from: ChartNode, to: ChartNode): ElkExtendedEdge {
  return { id: `${GUIDE}${from.id}:${to.id}`, sources: [from.id], targets: [to.id] };
}

function rowsOf(ends: readonly ChartNode[]): ChartNode[][] {
  const rows: { nodes: ChartNode[]; width: number }[] = [];
  for (const end of ends) {
    const { width } = headerSize(end);
    const last = rows.at(-1);
    if (last !== undefined && last.width + width <= ROW_WIDTH) {
      last.nodes.push(end);
      last.width += width;
    } else rows.push({ nodes: [end], width });
  }
  return rows.map(({ nodes }) => nodes);
}

function runsBack(
  { source, target }: ChartEdge,
  nodes: ReadonlyMap<string, ChartNode>,
  chart: Chart,
): boolean {
  const isNested = source.startsWith(`${target}.`) || target.startsWith(`${source}.`);
  const order = [...nodes.keys()];
  return !isNested && source !== chart.id && order.indexOf(source) > order.indexOf(target);
}

function toElkEdge({ id, source, target, labels }: ChartEdge, isTurned: boolean): ElkExtendedEdge {
  const { labelText, labelRow, labelSide } = SIZES;
  return {
    id,
    sources: [isTurned ? target : source],
    targets: [isTurned ? source : target],
    labels: [
      {
        id: `${id}:label`,
        text: labels.map(({ text }) => text).join('\n'),
        width: Math.max(...labels.map(({ text }) => textWidth(text, labelText))) + 2 * labelSide,
        height: labels.length * labelRow + 4,
        layoutOptions: { 'elk.edgeLabels.inline': 'true' },
      },
    ],
  };
}

function toPlaced(
  chart: Chart,
  placed: ElkNode,
  nodes: ReadonlyMap<string, ChartNode>,
  turned: ReadonlySet<string>,
): PlacedChart {
  const places = flat(placed, 0);
  const lines = places.flatMap(({ node }) => node.edges ?? []);
  const lineOf = (id: string): ElkExtendedEdge | undefined => lines.find((line) => line.id === id);
  const placedNodes = places.flatMap(({ node, depth }): PlacedNode[] => {
    const described = nodes.get(node.id);
    if (described === undefined) return [];
    const { children: _, initial: __, ...rest } = described;
    return [{ ...rest, depth: depth - 1, ...boxOf(node) }];
  });
  const edges = chart.edges.map((edge): PlacedEdge => {
    const line = lineOf(edge.id);
    const points = pointsOf(line);
    const [label] = line?.labels ?? [];
    return {
      ...edge,
      points: turned.has(edge.id) ? [...points].reverse() : points,
      label: label === undefined ? null : boxOf(label),
    };
  });
  const initials = places.flatMap(({ node }): PlacedInitial[] => {
    if (!node.id.startsWith(INITIAL)) return [];
    const box = boxOf(node);
    const dot = { x: box.x + SIZES.dot, y: box.y + SIZES.dot };
    return [{ target: node.id.slice(INITIAL.length), dot, points: pointsOf(lineOf(`${node.id}:edge`)) }];
  });
  const { width, height } = boxOf(placed);
  const { id, transitions, root } = chart;
  return {
    id,
    description: root.description,
    width,
    height,
    nodes: placedNodes,
    edges,
    initials,
    transitions,
  };
}

function flat(node: ElkNode, depth: number): { node: ElkNode; depth: number }[] {
  return [{ node, depth }, ...(node.children ?? []).flatMap((child) => flat(child, depth + 1))];
}

function boxOf({
  x = 0,
  y = 0,
  width = 0,
  height = 0,
}: Partial<Record<'x' | 'y' | 'width' | 'height', number>>): {
  x: number;
  y: number;
  width: number;
  height: number;
} {
  const tidy = (value: number): number => Math.round(value * 10) / 10;
  return { x: tidy(x), y: tidy(y), width: tidy(width), height: tidy(height) };
}

function pointsOf(edge: ElkExtendedEdge | undefined): Point[] {
  return (edge?.sections ?? [])
    .flatMap(({ startPoint, bendPoints = [], endPoint }) => [startPoint, ...bendPoints, endPoint])
    .map(({ x, y }) => ({ x: Math.round(x * 10) / 10, y: Math.round(y * 10) / 10 }));
}
