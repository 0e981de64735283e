/**
 * Owns charts as one SVG file: beside each other, with a style of its own for light and dark, and nothing that is fetched.
 */
import { type Element, element, pictureOf } from './picture.ts';
import type { PlacedChart } from './shapes.ts';

const MARGIN = 24;

const STYLE = `
svg { --paper:#f7f8fa; --ink:#15202e; --mute:#55606f; --frame:#d8dee6; --state:#ffffff; --outline:#b9c4d0; --group:#f0f3f7; --way:#8a97a6; --bad:#b3261e; --root:#ffffff }
@media (prefers-color-scheme: dark) { svg { --paper:#0d1117; --ink:#e8eef5; --mute:#98a5b5; --frame:#263140; --state:#1b2430; --outline:#3c4b5e; --group:#161e29; --way:#5f7085; --bad:#ff8a80; --root:#121922 } }
.paper { fill:var(--paper) }
text { font-family:'JetBrains Mono',ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace; fill:var(--ink) }
.box { fill:var(--state); stroke:var(--outline); stroke-width:1.2 }
.compound > .box, .parallel > .box { fill:var(--group); stroke:var(--frame) }
.region > .box { stroke:var(--outline); stroke-dasharray:5 4 }
.root > .box { fill:var(--root); stroke:var(--frame) }
.inner { fill:none; stroke:var(--outline) }
.name { font-size:12px; font-weight:600 }
.line { font-size:10px; fill:var(--mute) }
.line.exit { fill:var(--bad) }
.way { fill:none; stroke:var(--way); stroke-width:1.3 }
.head { fill:var(--way) }
.initial circle { fill:var(--ink) }
.labels rect { fill:var(--paper); opacity:.92 }
.label { font-size:10px; fill:var(--mute) }`;

export function svgOf(charts: readonly PlacedChart[]): string {
  let x = MARGIN;
  const placed = charts.map((chart) => {
    const moved = element('g', { transform: `translate(${x},${MARGIN})` }, pictureOf(chart));
    x += chart.width + MARGIN;
    return moved;
  });
  const height = Math.max(0, ...charts.map((chart) => chart.height)) + 2 * MARGIN;
  const names = charts.map(({ id }) => id).join(', ');
  return `${text(
    element(
      'svg',
      { xmlns: 'http://www.w3.org/2000/svg', viewBox: `0 0 ${x} ${height}`, width: x, height, role: 'img' },
      element('title', {}, `statecharts: ${names}`),
      element('style', {}, STYLE),
      element('rect', { class: 'paper', width: x, height }),
      ...placed,
    ),
  )}\n`;
}

function text({ tag, attributes, children }: Element): string {
  const said = Object.entries(attributes).map(([name, value]) => ` ${name}="${escaped(String(value))}"`);
  const inside = children.map((child) => (typeof child === 'string' ? escaped(child) : text(child)));
  return children.length === 0
    ? `<${tag}${said.join('')}/>`
    : `<${tag}${said.join('')}>${inside.join('')}</${tag}>`;
}

function escaped(value: string): string {
  return value.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
