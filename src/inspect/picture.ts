/**
 * Owns how a laid-out chart is drawn, as a tree of SVG elements that Node writes as text and the browser makes nodes of.
 * Must never know what is active: classes and `data-` attributes say which element stands for which state and transition.
 */
import { headerSize, SIZES } from './measures.ts';
import type { Box, ChartLine, PlacedChart, PlacedEdge, PlacedInitial, PlacedNode, Point } from './shapes.ts';

export interface Element {
  readonly tag: string;
  readonly attributes: Readonly<Record<string, string | number>>;
  readonly children: readonly (Element | string)[];
}

/** How far corners are rounded. */
const CORNER = 7;
const ARROW = 'M0,0L-7.5,-3.8L-5.6,0L-7.5,3.8Z';

export function element(
  tag: string,
  attributes: Element['attributes'],
  ...children: readonly (Element | string)[]
): Element {
  return { tag, attributes, children };
}

/** The parts of a chart: boxes first, lines above them, labels above all. */
export function pictureOf(chart: PlacedChart): Element {
  return element(
    'g',
    { class: 'chart', 'data-chart': chart.id },
    ...chart.nodes.map(box),
    ...chart.initials.map(initial),
    ...chart.edges.map(line),
    ...chart.edges.flatMap(label),
  );
}

function box(node: PlacedNode): Element {
  const { x, y, width, height, kind, depth, isRegion } = node;
  const classes = ['state', kind, ...(isRegion ? ['region'] : []), ...(depth === 0 ? ['root'] : [])];
  const isOpen = kind === 'compound' || kind === 'parallel';
  const isFinal = kind === 'final';
  const middle = x + width / 2;
  const name = isOpen
    ? { x: x + SIZES.boxSide, 'text-anchor': 'start' }
    : { x: middle, 'text-anchor': 'middle' };
  return element(
    'g',
    { class: classes.join(' '), 'data-state': node.id },
    ...(node.description === '' ? [] : [element('title', {}, node.description)]),
    element('rect', { class: 'box', x, y, width, height, rx: isOpen ? 11 : 8 }),
    ...(isFinal ? [element('rect', { class: 'inner', ...inset(node, 3), rx: 5.5 })] : []),
    element('text', { class: 'name', y: y + 17, ...name }, node.key),
    ...node.lines.map((said, index) => lineOfText(node, said, index, isOpen)),
  );
}

function lineOfText(
  node: PlacedNode,
  { kind, text, transitions }: ChartLine,
  index: number,
  isOpen: boolean,
): Element {
  const header = headerSize(node);
  const x = isOpen ? node.x + SIZES.boxSide : node.x + (node.width - header.width) / 2 + SIZES.boxSide;
  const y = node.y + SIZES.nameRow + 9 + index * SIZES.lineRow;
  return element('text', { class: `line ${kind}`, x, y, ...standsFor(transitions) }, text);
}

function initial({ target, dot, points }: PlacedInitial): Element {
  return element(
    'g',
    { class: 'initial', 'data-initial': target },
    element('circle', { cx: dot.x, cy: dot.y, r: SIZES.dot }),
    element('path', { class: 'way', d: rounded(points) }),
    ...arrow(points),
  );
}

function line({ id, points, labels }: PlacedEdge): Element {
  return element(
    'g',
    { class: 'edge', 'data-edge': id, ...standsFor(labels.map(({ transition }) => transition)) },
    element('path', { class: 'way', d: rounded(points) }),
    ...arrow(points),
  );
}

function label({ label: place, labels }: PlacedEdge): Element[] {
  if (place === null) return [];
  const { labelRow } = SIZES;
  return [
    element(
      'g',
      { class: 'labels' },
      element('rect', { x: place.x, y: place.y, width: place.width, height: place.height, rx: 4 }),
      ...labels.map(({ text, transition }, index) =>
        element(
          'text',
          {
            class: 'label',
            x: place.x + place.width / 2,
            y: place.y + 12 + index * labelRow,
            'text-anchor': 'middle',
            ...standsFor([transition]),
          },
          text,
        ),
      ),
    ),
  ];
}

/** Ids hold no spaces: the list is separated by them, as classes are. */
function standsFor(transitions: readonly string[]): { 'data-transitions'?: string } {
  return transitions.length === 0 ? {} : { 'data-transitions': transitions.join(' ') };
}

function arrow(points: readonly Point[]): Element[] {
  const [before, last] = [points.at(-2), points.at(-1)];
  if (before === undefined || last === undefined) return [];
  const angle = (Math.atan2(last.y - before.y, last.x - before.x) * 180) / Math.PI;
  return [
    element('path', {
      class: 'head',
      d: ARROW,
      transform: `translate(${last.x},${last.y}) rotate(${angle})`,
    }),
  ];
}

function inset({ x, y, width, height }: Box, by: number): Record<'x' | 'y' | 'width' | 'height', number> {
  return { x: x + by, y: y + by, width: width - 2 * by, height: height - 2 * by };
}

/** A way through these points whose corners are rounded. */
function rounded(points: readonly Point[]): string {
  const [first] = points;
  if (first === undefined) return '';
  let way = `M${first.x},${first.y}`;
  for (const [index, here] of points.entries()) {
    const [before, after] = [points[index - 1], points[index + 1]];
    if (before === undefined) continue;
    if (after === undefined) {
      way += `L${here.x},${here.y}`;
      continue;
    }
    const near = toward(here, before);
    const far = toward(here, after);
    way += `L${near}Q${here.x},${here.y} ${far}`;
  }
  return way;
}

function toward(from: Point, to: Point): string {
  const length = Math.hypot(to.x - from.x, to.y - from.y);
  const part = length === 0 ? 0 : Math.min(CORNER, length / 2) / length;
  const at = (a: number, b: number): number => Math.round((a + (b - a) * part) * 10) / 10;
  return `${at(from.x, to.x)},${at(from.y, to.y)}`;
}
