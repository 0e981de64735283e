/**
 * Owns one chart on the page: its SVG, made once from what Node laid out; which parts of it glow; and the camera that looks at them.
 * Must never lay anything out.
 */
import { type Element, element, pictureOf } from '../../inspect/picture.ts';
import type { Box, PlacedChart } from '../../inspect/shapes.ts';

const SVG = 'http://www.w3.org/2000/svg';
/** How small a chart may become for its active states to be all in sight, and how large one alone. */
const SMALLEST = 0.5;
const LARGEST = 1;
const MARGIN = 60;

/** Who is in a state: a role's tint and its name. */
export interface Token {
  readonly tint: string;
  readonly name: string;
}

export interface Lit {
  /** Who is in which state, outer ones included. */
  readonly active: ReadonlyMap<string, readonly Token[]>;
  readonly hot: ReadonlySet<string>;
  readonly linked: ReadonlySet<string>;
  /** Whether to show who: where several share a chart. */
  readonly showsTokens: boolean;
}

interface Camera {
  readonly x: number;
  readonly y: number;
  readonly scale: number;
}

export class ChartView {
  readonly chart: PlacedChart;
  /** What moves under the camera, with the SVG in it: moving the SVG itself makes the browser lay its text out again. */
  readonly #world: HTMLElement;
  readonly #tokens: SVGGElement;
  readonly #states = new Map<string, globalThis.Element>();
  readonly #transitions = new Map<string, globalThis.Element[]>();
  readonly #initials = new Map<string, globalThis.Element>();
  #lit: Lit | undefined;
  #drawnTokens = '[]';
  #size = { width: 0, height: 0 };
  #camera: Camera = { x: 0, y: 0, scale: 0 };
  /** `follow` keeps what is active in sight, `whole` shows all, `free` is where somebody moved it to. */
  mode: 'follow' | 'whole' | 'free' = 'follow';
  /** Beside a role that is looked at closely: the whole chart is shown, whatever the mode. */
  isAside = false;

  constructor(chart: PlacedChart, title: string) {
    this.chart = chart;
    const picture = toNode(pictureOf(chart));
    this.#tokens = document.createElementNS(SVG, 'g');
    this.#tokens.classList.add('tokens');
    picture.append(this.#tokens);
    const svg = document.createElementNS(SVG, 'svg');
    const attributes = { role: 'img', 'aria-label': title, width: chart.width, height: chart.height };
    for (const [name, value] of Object.entries(attributes)) svg.setAttribute(name, String(value));
    svg.append(picture);
    this.#world = document.createElement('div');
    this.#world.className = 'world';
    this.#world.append(svg);
    for (const node of picture.querySelectorAll('[data-state]'))
      this.#states.set(node.getAttribute('data-state') ?? '', node);
    for (const node of picture.querySelectorAll('[data-initial]'))
      this.#initials.set(node.getAttribute('data-initial') ?? '', node);
    for (const node of picture.querySelectorAll('[data-transitions]'))
      for (const id of (node.getAttribute('data-transitions') ?? '').split(' '))
        this.#transitions.set(id, [...(this.#transitions.get(id) ?? []), node]);
  }

  appear(place: HTMLElement): void {
    if (!this.#world.isConnected) place.append(this.#world);
    this.#world.classList.remove('away');
  }

  /** Out of sight; nothing of it is lit any more. */
  hide(): void {
    this.light({ active: new Map(), hot: new Set(), linked: new Set(), showsTokens: false });
    this.#world.classList.add('away');
  }

  light(lit: Lit): void {
    const before = this.#lit;
    this.#lit = lit;
    for (const id of before?.active.keys() ?? [])
      if (!lit.active.has(id)) this.#states.get(id)?.classList.remove('on');
    for (const id of lit.active.keys()) this.#states.get(id)?.classList.add('on');
    this.#mark(before?.hot, lit.hot, 'hot');
    this.#mark(before?.linked, lit.linked, 'linked');
    if (lit.showsTokens || before?.showsTokens === true) this.#showTokens(lit);
    this.look();
  }

  resize(width: number, height: number): void {
    this.#size = { width, height };
    this.look();
  }

  show(mode: 'follow' | 'whole'): void {
    this.mode = mode;
    this.look();
  }

  /** Points the camera at what is to be seen. */
  look(): void {
    const { width, height } = this.#size;
    if (width < 2 || (this.mode === 'free' && !this.isAside)) return;
    const isWhole = this.mode === 'whole' || this.isAside;
    const whole = { x: 0, y: 0, width: this.chart.width, height: this.chart.height };
    const box = isWhole ? whole : (this.#activeBox() ?? whole);
    const fits = Math.min(width / (box.width + MARGIN), height / (box.height + MARGIN));
    const fitsWhole = Math.min(width / (whole.width + 12), height / (whole.height + 12));
    const scale = isWhole ? fitsWhole : Math.max(fitsWhole, Math.min(LARGEST, Math.max(SMALLEST, fits)));
    const center = (start: number, length: number, room: number, all: number): number => {
      // A chart that fits stands in the middle; else nothing but chart is shown.
      if (all * scale <= room) return (room - all * scale) / 2;
      const wanted = room / 2 - (start + length / 2) * scale;
      return Math.max(room - all * scale - 4, Math.min(4, wanted));
    };
    this.#moveTo({
      x: center(box.x, box.width, width, whole.width),
      y: whole.height * scale <= height ? 6 : center(box.y, box.height, height, whole.height),
      scale,
    });
  }

  pan(dx: number, dy: number): void {
    this.mode = 'free';
    this.#moveTo({ ...this.#camera, x: this.#camera.x + dx, y: this.#camera.y + dy });
  }

  /** Around that point; around the middle without. */
  zoom(factor: number, x = this.#size.width / 2, y = this.#size.height / 2): void {
    this.mode = 'free';
    const { scale } = this.#camera;
    const next = Math.max(0.15, Math.min(2.5, scale * factor));
    const toward = (place: number, at: number): number => at - ((at - place) / scale) * next;
    this.#moveTo({ x: toward(this.#camera.x, x), y: toward(this.#camera.y, y), scale: next });
  }

  #moveTo(camera: Camera): void {
    const { x, y, scale } = camera;
    if (this.#camera.x === x && this.#camera.y === y && this.#camera.scale === scale) return;
    this.#camera = camera;
    this.#world.style.transform = `translate(${x.toFixed(1)}px, ${y.toFixed(1)}px) scale(${scale.toFixed(4)})`;
  }

  #activeBox(): Box | undefined {
    const lit = this.#lit;
    if (lit === undefined || lit.active.size === 0) return undefined;
    const boxes: Box[] = this.chart.nodes.filter(
      ({ id, kind }) => (kind === 'atomic' || kind === 'final') && lit.active.has(id),
    );
    for (const { points, label, labels } of this.chart.edges)
      if (labels.some(({ transition }) => lit.hot.has(transition)))
        boxes.push(
          ...points.map(({ x, y }) => ({ x, y, width: 0, height: 0 })),
          ...(label === null ? [] : [label]),
        );
    if (boxes.length === 0) return undefined;
    const x = Math.min(...boxes.map((box) => box.x));
    const y = Math.min(...boxes.map((box) => box.y));
    return {
      x,
      y,
      width: Math.max(...boxes.map((box) => box.x + box.width)) - x,
      height: Math.max(...boxes.map((box) => box.y + box.height)) - y,
    };
  }

  #mark(before: ReadonlySet<string> | undefined, now: ReadonlySet<string>, name: string): void {
    for (const id of before ?? [])
      if (!now.has(id)) for (const node of this.#transitions.get(id) ?? []) node.classList.remove(name);
    for (const id of now) for (const node of this.#transitions.get(id) ?? []) node.classList.add(name);
  }

  #showTokens({ active, showsTokens }: Lit): void {
    const tokens = !showsTokens
      ? []
      : this.chart.nodes.flatMap(({ id, kind, x, y, width }) =>
          (kind === 'atomic' || kind === 'final' ? (active.get(id) ?? []) : [])
            .slice(0, MOST_TOKENS)
            .map(({ tint, name }, index) => ({ tint, name, x: x + width - 6 - index * 15, y: y - 4 })),
        );
    const drawn = JSON.stringify(tokens);
    if (drawn === this.#drawnTokens) return;
    this.#drawnTokens = drawn;
    this.#tokens.replaceChildren(
      ...tokens.map(({ tint, name, x, y }) =>
        toNode(
          element(
            'g',
            { class: 'token', 'data-tint': tint, transform: `translate(${x},${y})` },
            element('circle', { r: 8 }),
            element('text', { y: 3.6 }, name.slice(0, 1)),
          ),
        ),
      ),
    );
  }
}

const MOST_TOKENS = 12;

function toNode({ tag, attributes, children }: Element): SVGElement {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, String(value));
  for (const child of children) node.append(typeof child === 'string' ? child : toNode(child));
  return node;
}
