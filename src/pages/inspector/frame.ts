/**
 * Owns which chart a card's frame shows. Each is made once, and kept out of sight while another one is shown: to come back costs little.
 */
import type { PlacedChart } from '../../inspect/shapes.ts';
import { ChartView } from './chart-view.ts';

export class Frame {
  readonly #place: HTMLElement;
  readonly #made = new Map<string, ChartView>();
  readonly #sizes: ResizeObserver;
  #size = { width: 0, height: 0 };
  #shown: ChartView | undefined;

  constructor(place: HTMLElement) {
    this.#place = place;
    this.#sizes = new ResizeObserver(([entry]) => {
      if (entry === undefined) return;
      const { width, height } = entry.contentRect;
      this.#size = { width, height };
      this.#shown?.resize(width, height);
    });
    this.#sizes.observe(place);
  }

  get shown(): ChartView | undefined {
    return this.#shown;
  }

  /** As whole as the one before. */
  show(chart: PlacedChart, title: string): ChartView {
    const before = this.#shown;
    if (before?.chart === chart) return before;
    before?.hide();
    const view = this.#made.get(chart.id) ?? new ChartView(chart, title);
    this.#made.set(chart.id, view);
    view.appear(this.#place);
    view.mode = before?.mode === 'whole' ? 'whole' : 'follow';
    view.isAside = before?.isAside ?? false;
    this.#shown = view;
    view.resize(this.#size.width, this.#size.height);
    return view;
  }

  stop(): void {
    this.#sizes.disconnect();
  }
}
