/**
 * Owns drawing charts: bars and ranges as rows that wrap on narrow screens, points with lines as one picture. The table beside each says
 * the same in numbers. Must never tell things apart by colour alone.
 */
import { scaleLinear } from 'd3-scale';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Bar, Chart } from './chart-choice.ts';

type Of<Kind extends Chart['kind']> = Extract<Chart, { kind: Kind }>;

export function ChartOf({ chart }: { readonly chart: Chart }) {
  if (chart.kind === 'bars') return <Bars chart={chart} />;
  if (chart.kind === 'ranges') return <Ranges chart={chart} />;
  return <Points chart={chart} />;
}

const percent = (share: number): string => `${(100 * share).toFixed(2)}%`;

function Bars({ chart: { bars, series, name } }: { readonly chart: Of<'bars'> }) {
  const values = bars.flatMap(({ value }) => (value === null ? [] : [value]));
  const [least, most] = [Math.min(0, ...values), Math.max(0, ...values)];
  const place = scaleLinear([least, most === least ? least + 1 : most], [0, 1]);
  const groups = new Map<string, Bar[]>();
  for (const bar of bars) groups.set(bar.label, [...(groups.get(bar.label) ?? []), bar]);
  return (
    <figure class="chart">
      <figcaption>{name}</figcaption>
      {series.length > 0 && (
        <ul class="legend">
          {series.map((one, at) => (
            <li key={one}>
              <span class={`swatch series-${at}`} aria-hidden="true" />
              {one}
            </li>
          ))}
        </ul>
      )}
      <div class="bars" role="img" aria-label={`Bars of ${name}; the table below has the numbers`}>
        {[...groups].map(([label, inGroup]) => (
          <div key={label} class="bar-group">
            <span class="bar-label">{label}</span>
            <div class="bar-rows">
              {inGroup.map((bar) => (
                <div key={bar.series} class="bar-row">
                  <span class="bar-track">
                    {bar.value !== null && (
                      <span
                        class={`bar series-${Math.max(0, series.indexOf(bar.series))}`}
                        style={{
                          left: percent(place(Math.min(0, bar.value))),
                          width: percent(Math.abs(place(bar.value) - place(0))),
                        }}
                      />
                    )}
                  </span>
                  <span class="bar-value">
                    {bar.text}
                    {bar.series !== '' && <span class="bar-series"> {bar.series}</span>}
                  </span>
                </div>
              ))}
            </div>
          </div>
        ))}
      </div>
    </figure>
  );
}

function Ranges({ chart: { ranges, name, note } }: { readonly chart: Of<'ranges'> }) {
  const least = Math.min(...ranges.map(({ low }) => low));
  const most = Math.max(...ranges.map(({ high }) => high));
  const place = scaleLinear([least, most === least ? least + 1 : most], [0, 1]).nice(3);
  const ticks = place.ticks(3);
  const written = place.tickFormat(3);
  return (
    <figure class="chart">
      <figcaption>{note}</figcaption>
      <div class="bars" role="img" aria-label={`Ranges of ${name}; the table below has the numbers`}>
        {ranges.map(({ label, low, high, middle, text }) => (
          <div key={label} class="bar-group">
            <span class="bar-label">{label}</span>
            <div class="bar-rows">
              <div class="bar-row">
                <span class="bar-track is-range">
                  {ticks.map((tick) => (
                    <span key={tick} class="tick-line" style={{ left: percent(place(tick)) }} />
                  ))}
                  <span
                    class="range"
                    style={{ left: percent(place(low)), width: percent(place(high) - place(low)) }}
                  />
                  {middle !== null && <span class="dot" style={{ left: percent(place(middle)) }} />}
                </span>
                <span class="bar-value">{text}</span>
              </div>
            </div>
          </div>
        ))}
        <div class="bar-group axis">
          <span class="bar-label" />
          <div class="bar-rows">
            <div class="bar-row">
              <span class="tick-track">
                {ticks.map((tick) => (
                  <span key={tick} class="tick" style={{ left: percent(place(tick)) }}>
                    {written(tick)}
                  </span>
                ))}
              </span>
              <span class="bar-value" />
            </div>
          </div>
        </div>
      </div>
    </figure>
  );
}

const HEIGHT = 300;
const EDGE = { left: 64, right: 16, top: 12, bottom: 40 };

function Points({ chart }: { readonly chart: Of<'points'> }) {
  const { x, y, points, lines, from, to, name, pointsNote } = chart;
  const [frame, width] = useWidth();
  const ends = lines.flatMap(({ slope, intercept }) => [from, to].map((at) => slope * at + intercept));
  const ys = [...ends, ...points.map(([, at]) => at)];
  const right = (at: number): number => placeX(at);
  const placeX = scaleLinear([from, to], [EDGE.left, Math.max(EDGE.left + 1, width - EDGE.right)]);
  const [low, high] = [Math.min(...ys), Math.max(...ys)];
  const placeY = scaleLinear([low, high === low ? low + 1 : high], [HEIGHT - EDGE.bottom, EDGE.top]).nice(5);
  const countX = Math.max(2, Math.floor(width / 110));
  return (
    <figure class="chart">
      <figcaption>
        {y} by {x}
        {pointsNote !== '' && <span class="muted">; {pointsNote}</span>}
      </figcaption>
      {lines.length > 1 && (
        <ul class="legend">
          {lines.map(({ label }, at) => (
            <li key={label}>
              <span class={`swatch series-${at % 4}`} aria-hidden="true" />
              {label}
            </li>
          ))}
        </ul>
      )}
      <div ref={frame} class="plot">
        <svg
          width={width}
          height={HEIGHT}
          role="img"
          aria-label={`Line of ${name}; the table below has its slope and intercept`}
        >
          {placeY.ticks(5).map((tick) => (
            <g key={tick}>
              <line class="grid" x1={EDGE.left} x2={width - EDGE.right} y1={placeY(tick)} y2={placeY(tick)} />
              <text class="tick-text" x={EDGE.left - 8} y={placeY(tick)} dy="0.32em" text-anchor="end">
                {placeY.tickFormat(5)(tick)}
              </text>
            </g>
          ))}
          {placeX.ticks(countX).map((tick) => (
            <text
              key={tick}
              class="tick-text"
              x={right(tick)}
              y={HEIGHT - EDGE.bottom + 18}
              text-anchor="middle"
            >
              {placeX.tickFormat(countX)(tick)}
            </text>
          ))}
          <text class="tick-text" x={width - EDGE.right} y={HEIGHT - 4} text-anchor="end">
            {x}
          </text>
          {points.map(([atX, atY], at) => (
            // They have no other name, and never change places.
            <circle key={at} class="point" cx={placeX(atX)} cy={placeY(atY)} r="3.5" />
          ))}
          {lines.map(({ label, slope, intercept }, at) => (
            <line
              key={label}
              class={`fit series-${at % 4}`}
              x1={placeX(from)}
              y1={placeY(slope * from + intercept)}
              x2={placeX(to)}
              y2={placeY(slope * to + intercept)}
            />
          ))}
        </svg>
      </div>
    </figure>
  );
}

/** The width that a picture has now: text in it keeps its size on every screen. */
function useWidth() {
  const frame = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(320);
  useEffect(() => {
    const seen = frame.current;
    if (seen === null) return;
    const observer = new ResizeObserver(() => setWidth(Math.floor(seen.clientWidth)));
    observer.observe(seen);
    return () => observer.disconnect();
  }, []);
  return [frame, width] as const;
}
