/**
 * Owns the drawing of the lanes: each role's states over time and the messages between them, on a canvas. Only what is inside of the
 * window is looked at, and messages that would lie on each other are drawn once: a frame's work does not grow with the run.
 */
import { type Arrow, lastAtMost, type Span } from '../../inspect/story.ts';
import type { Links } from './links.ts';
import type { Focus, Player } from './player.ts';
import { shortRole, tintOf } from './words.ts';

export interface Palette {
  readonly surface: string;
  readonly line: string;
  readonly text: string;
  readonly muted: string;
  readonly tints: Readonly<Record<string, string>>;
}

interface DrawnArrow {
  readonly arrow: Arrow;
  readonly x1: number;
  readonly y1: number;
  readonly x2: number;
  readonly y2: number;
}

interface DrawnSpan {
  readonly at: number;
  readonly x1: number;
  readonly x2: number;
  readonly y: number;
}

const LEFT = 104;
const TOP = 26;
const BAR = 22;
/** Of what is said at a mark of time. */
const TIME_WIDTH = 46;
/** Records of other roles may be this much out of order. */
const SLACK_MS = 500;
/** Milliseconds between two marks of time, from narrow to wide. */
const STEPS = [10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 30_000, 60_000, 300_000];

export class Lanes {
  readonly #canvas: HTMLCanvasElement;
  readonly #pen: CanvasRenderingContext2D;
  #palette: Palette;
  #arrows: DrawnArrow[] = [];
  #spans: DrawnSpan[] = [];
  #labels: { label: string; x: number; y: number; isQuiet: boolean; isFaint: boolean }[] = [];
  #size = { width: 0, height: 0 };
  #ratio = 0;
  /** Things drawn in the last frame. */
  work = 0;

  constructor(canvas: HTMLCanvasElement, palette: Palette) {
    const pen = canvas.getContext('2d', { alpha: false });
    if (pen === null) throw new Error('this browser draws on no canvas');
    this.#canvas = canvas;
    this.#pen = pen;
    this.#palette = palette;
  }

  set palette(palette: Palette) {
    this.#palette = palette;
  }

  draw(player: Player, links: Links): void {
    if (devicePixelRatio !== this.#ratio) this.resize(this.#size.width, this.#size.height);
    const { width, height } = this.#size;
    const pen = this.#pen;
    const { story, windowMs, nowMs } = player;
    const roles = story.roles;
    pen.fillStyle = this.#palette.surface;
    pen.fillRect(0, 0, width, height);
    this.#arrows = [];
    this.#spans = [];
    this.#labels = [];
    this.work = 0;
    if (roles.length === 0 || width < 2) return;
    const row = Math.min(46, (height - TOP - 6) / roles.length);
    const end = this.#end(player);
    const start = end - windowMs;
    const x = (ms: number): number => LEFT + ((ms - start) / windowMs) * (width - LEFT - 10);
    const y = (role: string): number => TOP + roles.indexOf(role) * row + row / 2;
    this.#times(start, end, x, height);
    pen.save();
    pen.beginPath();
    pen.rect(LEFT, 0, width - LEFT - 4, height);
    pen.clip();
    for (const role of roles) this.#lane(player, role, start, end, x, y(role), links);
    this.#messages(player, start, end, x, y, links);
    this.#write();
    pen.strokeStyle = this.#palette.text;
    pen.globalAlpha = 0.55;
    line(pen, x(nowMs), 18, x(nowMs), height);
    pen.restore();
    for (const role of roles) {
      pen.font = `600 12px Inter, system-ui, sans-serif`;
      pen.fillStyle = this.#tint(role, roles);
      pen.globalAlpha = links.roles.size === 0 || links.roles.has(role) ? 1 : 0.5;
      pen.fillText(cut(shortRole(role), LEFT - 22), 14, y(role) + 4);
      pen.globalAlpha = 1;
    }
  }

  /** What is drawn at that point. */
  at(px: number, py: number): Focus | null {
    let nearest: DrawnArrow | undefined;
    let least = 7;
    for (const drawn of this.#arrows) {
      const distance = distanceTo(drawn, px, py);
      if (distance >= least) continue;
      least = distance;
      nearest = drawn;
    }
    if (nearest !== undefined) return { kind: 'arrow', arrow: nearest.arrow };
    const span = this.#spans.find(({ x1, x2, y }) => px >= x1 && px <= x2 && Math.abs(py - y) <= BAR / 2);
    return span === undefined ? null : { kind: 'move', at: span.at };
  }

  /** The cursor stands a little before the window's end, but nothing is shown before the run's beginning and after its end. */
  #end({ story, windowMs, nowMs, cursor, last }: Player): number {
    const ahead = cursor < last ? 0.3 : 0.05;
    const lastMs = story.records.at(-1)?.atMs ?? nowMs;
    const latest = Math.min(nowMs + windowMs * ahead, lastMs + windowMs * 0.05);
    return Math.max(latest, this.zeroMs + windowMs * 0.99);
  }

  /** In CSS pixels. Told, not asked for: asking makes the browser lay out the page in the middle of a frame. */
  resize(width: number, height: number): void {
    this.#size = { width, height };
    const ratio = devicePixelRatio;
    this.#ratio = ratio;
    this.#canvas.width = Math.round(width * ratio);
    this.#canvas.height = Math.round(height * ratio);
    this.#pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  }

  #tint(role: string, roles: readonly string[]): string {
    return this.#palette.tints[tintOf(role, roles)] ?? this.#palette.text;
  }

  #times(start: number, end: number, x: (ms: number) => number, height: number): void {
    const pen = this.#pen;
    const step = STEPS.find((each) => (end - start) / each <= 12) ?? 600_000;
    const zero = this.zeroMs;
    pen.font = '10px "JetBrains Mono", ui-monospace, monospace';
    for (let ms = Math.ceil((start - zero) / step) * step; ms + zero < end; ms += step) {
      if (ms < 0) continue;
      pen.strokeStyle = this.#palette.line;
      line(pen, x(ms + zero), 18, x(ms + zero), height);
      this.work++;
      if (x(ms + zero) + TIME_WIDTH > this.#size.width) continue;
      pen.fillStyle = this.#palette.muted;
      pen.fillText(
        `${step < 1000 ? (ms / 1000).toFixed(step < 100 ? 2 : 1) : ms / 1000} s`,
        x(ms + zero) + 4,
        13,
      );
    }
  }

  /** The run's first moment. */
  zeroMs = 0;

  #lane(
    player: Player,
    role: string,
    start: number,
    end: number,
    x: (ms: number) => number,
    y: number,
    links: Links,
  ): void {
    const { story, nowMs, filter } = player;
    const spans = story.lanes.get(role) ?? [];
    const first = Math.max(
      0,
      lastAtMost(spans, start, ({ atMs }) => atMs),
    );
    let pixel = Number.NEGATIVE_INFINITY;
    for (let index = first; index < spans.length; index++) {
      const span = spans[index];
      if (span === undefined || span.atMs > end) break;
      const untilMs = spans[index + 1]?.atMs ?? Math.max(nowMs, story.records.at(-1)?.atMs ?? nowMs);
      const [x1, x2] = [Math.max(x(span.atMs), LEFT - 8), Math.min(x(untilMs), x(end) + 8)];
      if (x2 < pixel + 0.5) continue; // under what is drawn already
      pixel = x2;
      this.#bar(span, x1, Math.max(x1 + 1, x2 - 1.5), y, {
        tint: this.#tint(role, story.roles),
        isAhead: span.atMs > nowMs,
        isFaint: filter !== null && span.collaboration !== null && span.collaboration !== filter,
        isLinked: links.moves.has(span.at),
      });
    }
  }

  #bar(
    span: Span,
    x1: number,
    x2: number,
    y: number,
    {
      tint,
      isAhead,
      isFaint,
      isLinked,
    }: { tint: string; isAhead: boolean; isFaint: boolean; isLinked: boolean },
  ): void {
    const pen = this.#pen;
    this.work++;
    this.#spans.push({ at: span.at, x1, x2, y });
    const strength = isAhead || isFaint ? 0.35 : 1;
    pen.beginPath();
    pen.roundRect(x1, y - BAR / 2, x2 - x1, BAR, Math.min(5, (x2 - x1) / 2));
    pen.fillStyle = tint;
    pen.globalAlpha = (isLinked ? 0.45 : span.isQuiet ? 0.06 : 0.2) * strength;
    pen.fill();
    pen.strokeStyle = tint;
    pen.lineWidth = isLinked ? 2 : 1;
    pen.globalAlpha = (isLinked ? 1 : span.isQuiet ? 0.25 : 0.6) * strength;
    pen.stroke();
    pen.lineWidth = 1;
    pen.globalAlpha = 1;
    const from = Math.max(x1, LEFT);
    const label = cut(span.label, x2 - from - 12);
    if (label !== '')
      this.#labels.push({ label, x: from + 6, y: y + 4, isQuiet: span.isQuiet, isFaint: strength < 1 });
  }

  /** Above the arrows, each with a rim that keeps it legible. */
  #write(): void {
    const pen = this.#pen;
    pen.lineJoin = 'round';
    for (const { label, x, y, isQuiet, isFaint } of this.#labels) {
      pen.font = `${isQuiet ? 400 : 550} 11px "JetBrains Mono", ui-monospace, monospace`;
      pen.globalAlpha = isFaint ? 0.55 : 1;
      pen.strokeStyle = this.#palette.surface;
      pen.lineWidth = 3;
      pen.strokeText(label, x, y);
      pen.fillStyle = isQuiet ? this.#palette.muted : this.#palette.text;
      pen.fillText(label, x, y);
      this.work++;
    }
    pen.lineWidth = 1;
    pen.globalAlpha = 1;
  }

  #messages(
    player: Player,
    start: number,
    end: number,
    x: (ms: number) => number,
    y: (role: string) => number,
    links: Links,
  ): void {
    const { arrows, lanes, roles } = player.story;
    const drawn = new Set<string>();
    const later: (() => void)[] = [];
    for (let at = lastAtMost(arrows, end + SLACK_MS, ({ sentMs }) => sentMs); at >= 0; at--) {
      const arrow = arrows[at];
      if (arrow === undefined || arrow.sentMs < start - windowSlack(end - start)) break;
      if (!lanes.has(arrow.to) || !lanes.has(arrow.from) || arrow.to === arrow.from || !player.isShown(arrow))
        continue;
      const isLinked = links.arrows.has(arrow.at);
      const [x1, x2] = [x(arrow.sentMs), Math.max(x(arrow.arrivedMs), x(arrow.sentMs) + 2)];
      const key = `${arrow.from} ${arrow.to} ${Math.round(x1 / 2)}`;
      if (drawn.has(key) && !isLinked) continue;
      drawn.add(key);
      const down = Math.sign(y(arrow.to) - y(arrow.from));
      const place = {
        arrow,
        x1,
        y1: y(arrow.from) + (down * BAR) / 2,
        x2,
        y2: y(arrow.to) - (down * BAR) / 2,
      };
      this.#arrows.push(place);
      const tint = this.#tint(arrow.from, roles);
      const alpha = links.arrows.size > 0 && !isLinked ? 0.14 : arrow.at > player.cursor ? 0.16 : 0.62;
      if (isLinked) later.push(() => this.#arrow(place, tint, 1, 2.4));
      else this.#arrow(place, tint, alpha, 1.2);
    }
    for (const draw of later) draw();
  }

  #arrow({ x1, y1, x2, y2 }: DrawnArrow, tint: string, alpha: number, wide: number): void {
    const pen = this.#pen;
    const down = Math.sign(y2 - y1);
    this.work++;
    pen.globalAlpha = alpha;
    pen.strokeStyle = tint;
    pen.fillStyle = tint;
    pen.lineWidth = wide;
    pen.beginPath();
    pen.moveTo(x1, y1);
    pen.bezierCurveTo(x1, (y1 + y2) / 2, x2, (y1 + y2) / 2, x2, y2 - down * 5);
    pen.stroke();
    pen.beginPath();
    pen.arc(x1, y1, 1.9, 0, 7);
    pen.moveTo(x2, y2);
    pen.lineTo(x2 - 3.4, y2 - down * 6.5);
    pen.lineTo(x2 + 3.4, y2 - down * 6.5);
    pen.fill();
    pen.lineWidth = 1;
    pen.globalAlpha = 1;
  }
}

/** A message may have been on its way for so long before the window. */
const windowSlack = (windowMs: number): number => windowMs / 4;

function line(pen: CanvasRenderingContext2D, x1: number, y1: number, x2: number, y2: number): void {
  pen.beginPath();
  pen.moveTo(Math.round(x1) + 0.5, y1);
  pen.lineTo(Math.round(x2) + 0.5, y2);
  pen.stroke();
}

/** Letters of the lanes' face are 0.6 of their height wide. */
function cut(text: string, width: number): string {
  const most = Math.floor(width / 6.7);
  if (text.length <= most) return text;
  return most < 3 ? '' : `${text.slice(0, most - 1)}…`;
}

function distanceTo({ x1, y1, x2, y2 }: DrawnArrow, px: number, py: number): number {
  const along = y2 === y1 ? 0 : (py - y1) / (y2 - y1);
  if (along < 0 || along > 1) return Number.POSITIVE_INFINITY;
  // The curve eases from one end to the other.
  const eased = along * along * (3 - 2 * along);
  return Math.abs(px - (x1 + (x2 - x1) * eased));
}
