/**
 * Owns what a frame costs a page: its own work on its main thread, from the browser's trace, in CPU time, so that a machine that is busy
 * with other things does not count. Must never judge: who asks does.
 */
import type { Browser, Page } from 'playwright-core';

/** CPU milliseconds of one frame. */
export interface FrameWork {
  readonly script: number;
  readonly style: number;
  readonly layout: number;
  readonly paint: number;
  /** All tasks of the main thread, these four among them. */
  readonly main: number;
  /** Other threads', which make pixels where there is no graphics card. */
  readonly raster: number;
  /** Things that were laid out anew, and layouts that a script waited for. */
  readonly laidOut: number;
  readonly forced: number;
}

/** An event of Chromium's trace: times in microseconds, `tdur` of CPU. */
interface TraceEvent {
  readonly name: string;
  readonly ph: string;
  readonly pid: number;
  readonly tid: number;
  readonly ts: number;
  readonly dur?: number;
  readonly tdur?: number;
  readonly args?: { readonly beginData?: { readonly dirtyObjects?: number } };
}

const CATEGORIES = [
  'devtools.timeline',
  'disabled-by-default-devtools.timeline',
  'toplevel',
  'blink.user_timing',
  'cc',
];
const MARK = 'a frame begins';
const NAMES = {
  task: ['RunTask'],
  script: ['FunctionCall', 'FireAnimationFrame', 'TimerFire', 'RunMicrotasks', 'EventDispatch'],
  style: ['UpdateLayoutTree'],
  layout: ['Layout'],
  paint: ['PrePaint', 'Paint', 'Layerize', 'Commit'],
  raster: ['RasterTask'],
} as const;

/** Moves the range of the page to and fro and tells what each of the frames that follow cost. */
export async function scrub(browser: Browser, page: Page, frames: number): Promise<FrameWork[]> {
  await page.evaluate(seek, { mark: MARK, frames: 20 }); // compiled, cached, collected
  await browser.startTracing(page, { categories: CATEGORIES });
  await page.evaluate(seek, { mark: MARK, frames });
  const { traceEvents } = JSON.parse((await browser.stopTracing()).toString()) as {
    traceEvents: TraceEvent[]; // the trace format of Chromium
  };
  return workOf(traceEvents);
}

/** In the page: the next place is sought as soon as a frame is over. */
async function seek({ mark, frames }: { mark: string; frames: number }): Promise<void> {
  const range = document.querySelector<HTMLInputElement>('input[type=range]');
  if (range === null) throw new Error('the page has no range');
  for (let step = 0; step <= frames; step++) {
    performance.mark(mark);
    range.value = String(Math.round((((step * 37) % 100) / 100) * Number(range.max)));
    range.dispatchEvent(new Event('input', { bubbles: true }));
    await new Promise((resolve) => requestAnimationFrame(resolve));
    await new Promise((resolve) => setTimeout(resolve)); // after that frame's work
  }
}

function workOf(events: readonly TraceEvent[]): FrameWork[] {
  const marks = events.filter(({ name }) => name === MARK).sort((a, b) => a.ts - b.ts);
  return marks.slice(0, -1).map((mark, index) => {
    const end = marks[index + 1]?.ts ?? mark.ts;
    const here = events.filter(
      ({ pid, ph, ts }) => pid === mark.pid && ph === 'X' && ts >= mark.ts && ts < end,
    );
    const own = here.filter(({ tid }) => tid === mark.tid);
    const script = outermost(own, NAMES.script);
    const layouts = outermost(own, NAMES.layout);
    const inner = own.filter((event) => script.some((outer) => holds(outer, event)));
    const forced = outermost(inner, [...NAMES.style, ...NAMES.layout]);
    return {
      script: cpuMs(script) - cpuMs(forced),
      style: cpuMs(outermost(own, NAMES.style)),
      layout: cpuMs(layouts),
      paint: cpuMs(outermost(own, NAMES.paint)),
      main: cpuMs(outermost(own, NAMES.task)),
      raster: cpuMs(
        outermost(
          here.filter(({ tid }) => tid !== mark.tid),
          NAMES.raster,
        ),
      ),
      laidOut: layouts.reduce((sum, { args }) => sum + (args?.beginData?.dirtyObjects ?? 0), 0),
      forced: outermost(inner, NAMES.layout).length,
    };
  });
}

/** Events of these names that lie inside of none other of them. */
function outermost(events: readonly TraceEvent[], names: readonly string[]): TraceEvent[] {
  const found = events.filter(({ name }) => names.includes(name));
  return found.filter((event) => !found.some((other) => other.tid === event.tid && holds(other, event)));
}

const holds = (outer: TraceEvent, inner: TraceEvent): boolean =>
  outer !== inner && outer.ts <= inner.ts && endOf(outer) >= endOf(inner);

const endOf = ({ ts, dur = 0 }: TraceEvent): number => ts + dur;

const cpuMs = (events: readonly TraceEvent[]): number =>
  events.reduce((sum, { tdur, dur }) => sum + (tdur ?? dur ?? 0), 0) / 1000;

/** `script 2.1 / 2.7 …`: the median and the 95th percentile of each part, in milliseconds. */
export function framesText(frames: readonly FrameWork[]): string {
  const parts = ['main', 'script', 'style', 'layout', 'paint', 'raster'] as const;
  return parts
    .map((part) => {
      const all = frames.map((frame) => frame[part]).sort((a, b) => a - b);
      const [half, most] = [0.5, 0.95].map((share) => all[Math.floor(share * all.length)] ?? Number.NaN);
      return `${part} ${half?.toFixed(1)} / ${most?.toFixed(1)}`;
    })
    .join(', ');
}

/** A page that does next to nothing: what a frame costs by itself. */
export const EMPTY_PAGE = `<!doctype html><title>empty</title><input type="range" max="500"><output>0</output>
<script>document.querySelector('input').oninput = ({ target }) =>
  requestAnimationFrame(() => { document.querySelector('output').textContent = target.value; });</script>`;
