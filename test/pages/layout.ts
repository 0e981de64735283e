/**
 * Owns looking at a page for faults of layout, from what the browser computed: text that is cut off or lies over other text, text that is
 * hard to read, a page that is wider than its window. Counts the pieces of text it looked at, so that it cannot pass on an empty page.
 */
import type { Page } from 'playwright-core';

export interface Layout {
  readonly texts: number;
  readonly faults: readonly string[];
}

/** WCAG 2.2, 1.4.3 for text of any size. */
export const LEAST_CONTRAST = 4.5;

export async function layoutOf(page: Page): Promise<Layout> {
  // What compiles this file keeps the names of functions by a helper, which the page has not.
  await page.evaluate('globalThis.__name ??= (named) => named');
  return page.evaluate(lookAround, LEAST_CONTRAST);
}

/** Runs in the page, so it must be whole in itself. */
function lookAround(leastContrast: number): { texts: number; faults: string[] } {
  const faults: string[] = [];
  const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  if (wide > 0) faults.push(`the page is ${wide} px wider than its window`);
  const seen: { readonly text: string; readonly element: Element; readonly box: DOMRect }[] = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
    const element = node.parentElement;
    const text = node.textContent?.trim() ?? '';
    if (element === null || text === '' || !isShown(element)) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const box of range.getClientRects())
      if (box.width > 1 && box.height > 1) seen.push({ text: text.slice(0, 40), element, box });
    const contrast = contrastOf(element);
    if (contrast < leastContrast)
      faults.push(`${JSON.stringify(text)} has a contrast of ${contrast.toFixed(2)}`);
  }
  for (const { text, element, box } of seen) {
    const cut = cutBy(element, box);
    if (cut !== undefined) faults.push(`${JSON.stringify(text)} is cut off by ${cut}`);
  }
  seen.forEach((one, at) => {
    for (const other of seen.slice(at + 1)) {
      if (
        one.element === other.element ||
        one.element.contains(other.element) ||
        other.element.contains(one.element)
      )
        continue;
      // Line boxes are taller than their letters: a few pixels of air may be shared.
      const across = Math.min(one.box.right, other.box.right) - Math.max(one.box.left, other.box.left);
      const down = Math.min(one.box.bottom, other.box.bottom) - Math.max(one.box.top, other.box.top);
      if (across > 2 && down > 4 && !isApart(one.element, other.element))
        faults.push(`${JSON.stringify(one.text)} lies over ${JSON.stringify(other.text)}`);
    }
  });
  return { texts: seen.length, faults };

  function isShown(element: Element): boolean {
    return (
      element.checkVisibility({ visibilityProperty: true }) && element.closest('.unseen, option') === null
    );
  }

  /** Text that a region scrolls out of view lies over nothing. */
  function isApart(one: Element, other: Element): boolean {
    return one.closest('.scrolling') !== other.closest('.scrolling');
  }

  function cutBy(element: Element, box: DOMRect): string | undefined {
    for (let around: Element | null = element; around !== null; around = around.parentElement) {
      const { overflowX, overflowY } = getComputedStyle(around);
      if (overflowX === 'auto' || overflowX === 'scroll') return undefined;
      if (around === document.documentElement || around === document.body) break;
      const edge = around.getBoundingClientRect();
      const isCut =
        (overflowX !== 'visible' && (box.left < edge.left - 1 || box.right > edge.right + 1)) ||
        (overflowY !== 'visible' && (box.top < edge.top - 1 || box.bottom > edge.bottom + 1));
      if (isCut) return `${around.tagName.toLowerCase()}.${around.getAttribute('class') ?? ''}`;
    }
    return box.left < -1 || box.right > innerWidth + 1 ? 'the window' : undefined;
  }

  type Colour = readonly [red: number, green: number, blue: number, alpha: number];

  function colourOf(text: string): Colour {
    const [red = 0, green = 0, blue = 0, alpha = 1] = (text.match(/[\d.]+/g) ?? []).map(Number);
    return [red, green, blue, alpha];
  }

  function over([red, green, blue, alpha]: Colour, under: Colour): Colour {
    const mix = (a: number, b: number): number => a * alpha + b * (1 - alpha);
    return [mix(red, under[0]), mix(green, under[1]), mix(blue, under[2]), 1];
  }

  function groundOf(element: Element): Colour {
    const layers: Colour[] = [];
    for (let around: Element | null = element; around !== null; around = around.parentElement)
      layers.push(colourOf(getComputedStyle(around).backgroundColor));
    return layers.reduceRight<Colour>((under, layer) => over(layer, under), [255, 255, 255, 1]);
  }

  function contrastOf(element: Element): number {
    const style = getComputedStyle(element);
    const ground = groundOf(element);
    const ink = over(colourOf(element instanceof SVGElement ? style.fill : style.color), ground);
    const [a, b] = [luminance(ink), luminance(ground)];
    return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  }

  /** WCAG's relative luminance. */
  function luminance([red, green, blue]: Colour): number {
    const [r, g, b] = [red, green, blue].map((channel) => {
      const share = channel / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
  }
}
