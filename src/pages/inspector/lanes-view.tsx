/**
 * Owns the lanes' place on the page: its size, its colours, the pointer and the wheel. lanes.ts draws.
 */
import { useEffect, useRef } from 'preact/hooks';
import { Lanes, type Palette } from './lanes.ts';
import { linksOf } from './links.ts';
import type { Player } from './player.ts';

const TINTS = [
  'coordinator',
  'dealer',
  'server-a',
  'server-b',
  'server-c',
  ...[0, 1, 2, 3, 4, 5].map((each) => `party-${each}`),
];

export function LanesView({ player }: { readonly player: Player }) {
  const place = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const canvas = place.current;
    if (canvas === null) return;
    const lanes = new Lanes(canvas, paletteOf());
    const draw = (): void => {
      lanes.zeroMs = player.story.records[0]?.atMs ?? 0;
      lanes.draw(player, linksOf(player.story, player.pointed ?? player.chosen));
      canvas.dataset.drawn = String(lanes.work);
    };
    const stop = player.onChange(draw);
    const theme = matchMedia('(prefers-color-scheme: dark)');
    const repaint = (): void => {
      lanes.palette = paletteOf();
      player.changed();
    };
    const sizes = new ResizeObserver(([entry]) => {
      if (entry !== undefined) lanes.resize(entry.contentRect.width, entry.contentRect.height);
      player.changed();
    });
    sizes.observe(canvas);
    theme.addEventListener('change', repaint);
    void document.fonts.ready.then(() => player.changed());
    const move = (event: PointerEvent): void => player.set('pointed', lanes.at(event.offsetX, event.offsetY));
    const leave = (): void => player.set('pointed', null);
    const click = (event: MouseEvent): void => player.set('chosen', lanes.at(event.offsetX, event.offsetY));
    const wheel = (event: WheelEvent): void => {
      event.preventDefault();
      player.stretch(event.deltaY > 0 ? 1.25 : 0.8);
    };
    canvas.addEventListener('pointermove', move);
    canvas.addEventListener('pointerleave', leave);
    canvas.addEventListener('click', click);
    canvas.addEventListener('wheel', wheel, { passive: false });
    return () => {
      stop();
      sizes.disconnect();
      theme.removeEventListener('change', repaint);
    };
  }, [player]);
  return (
    <canvas
      ref={place}
      class="lanes"
      role="img"
      aria-label="States of every role over time, and messages between them; the list of messages says the same in words"
    />
  );
}

function paletteOf(): Palette {
  const style = getComputedStyle(document.documentElement);
  const of = (name: string): string => style.getPropertyValue(`--${name}`).trim();
  return {
    surface: of('surface'),
    line: of('line'),
    text: of('text'),
    muted: of('muted'),
    tints: Object.fromEntries(TINTS.map((tint) => [tint, of(`tint-${tint}`)])),
  };
}
