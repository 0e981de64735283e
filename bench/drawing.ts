/**
 * Owns the picture of cost against rows: both axes logarithmic, so that what is linear is a line of slope one. One SVG, readable
 * on light and dark pages, without scripts or outside fonts.
 */
export interface Series {
  readonly name: string;
  readonly points: readonly { readonly rows: number; readonly seconds: number }[];
}

const WIDTH = 720;
const HEIGHT = 420;
const LABEL_WIDTH = 150;
const LINE_HEIGHT = 16;
const AREA = { left: 72, right: 560, top: 24, bottom: 372 };
/** Told apart by people who see few colours, on white and on black (Okabe and Ito). */
const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00'];

export function drawing(series: readonly Series[]): string {
  const points = series.flatMap((each) => each.points);
  const x = axis(
    points.map(({ rows }) => rows),
    AREA.left,
    AREA.right,
  );
  const y = axis(
    points.map(({ seconds }) => seconds),
    AREA.bottom,
    AREA.top,
  );
  const grid = [
    ...x.decades.map((rows) => line(x.at(rows), AREA.top, x.at(rows), AREA.bottom)),
    ...y.decades.map((seconds) => line(AREA.left, y.at(seconds), AREA.right, y.at(seconds))),
  ];
  const labels = [
    ...x.decades.map((rows) => text(x.at(rows), AREA.bottom + 20, rows.toLocaleString('en'), 'middle')),
    ...y.decades.map((seconds) => text(AREA.left - 8, y.at(seconds) + 4, `${seconds} s`, 'end')),
    text((AREA.left + AREA.right) / 2, HEIGHT - 10, 'rows', 'middle'),
  ];
  const ends = series.map(({ points: own }) => {
    const last = own.at(-1);
    return last ? { x: x.at(last.rows), y: y.at(last.seconds) } : { x: AREA.right, y: AREA.top };
  });
  const labelled = apart(ends);
  const curves = series.map(({ name, points: own }, at) => {
    const colour = COLOURS[at % COLOURS.length] ?? '#888';
    const places = own.map(({ rows, seconds }) => [x.at(rows), y.at(seconds)] as const);
    return [
      `<polyline fill="none" stroke="${colour}" stroke-width="2" points="${places.map((place) => place.join(',')).join(' ')}"/>`,
      ...places.map(([cx, cy]) => `<circle cx="${cx}" cy="${cy}" r="3.5" fill="${colour}"/>`),
      text(ends[at]!.x + 10, labelled[at]! + 4, name, 'start', colour),
    ].join('\n');
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="system-ui, sans-serif" font-size="13" role="img" aria-label="Seconds online against rows">
${[...grid, ...labels, ...curves].join('\n')}
</svg>
`;
}

/** Heights for labels beside these places: those of one column do not touch. */
function apart(places: readonly { readonly x: number; readonly y: number }[]): number[] {
  const heights = places.map((place) => place.y);
  const downwards = places.map((_, at) => at).sort((i, j) => places[i]!.y - places[j]!.y);
  for (const [k, at] of downwards.entries()) {
    const above = downwards
      .slice(0, k)
      .filter((other) => Math.abs(places[other]!.x - places[at]!.x) < LABEL_WIDTH);
    heights[at] = Math.max(heights[at]!, ...above.map((other) => heights[other]! + LINE_HEIGHT));
  }
  return heights;
}

/** A logarithmic axis over whole decades. */
function axis(values: readonly number[], from: number, to: number) {
  const low = Math.floor(Math.log10(Math.min(...values)));
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...values))));
  const decades = Array.from({ length: high - low + 1 }, (_, at) => Number(`1e${low + at}`));
  const at = (value: number): number =>
    Math.round(10 * (from + ((Math.log10(value) - low) / (high - low)) * (to - from))) / 10;
  return { decades, at };
}

const line = (x1: number, y1: number, x2: number, y2: number): string =>
  `<line x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}" stroke="#8888" stroke-width="1"/>`;

const text = (x: number, y: number, content: string, anchor: string, colour = '#888'): string =>
  `<text x="${x}" y="${y}" text-anchor="${anchor}" fill="${colour}">${content}</text>`;
