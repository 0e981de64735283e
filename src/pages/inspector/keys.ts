/**
 * Owns what keys do: the cursor, which role is looked at closely, how near. Fields that use a key themselves keep it.
 */
import type { ChartView } from './chart-view.ts';
import { groupsOf } from './groups.ts';
import type { Player } from './player.ts';

/** The charts on the page by the role, or roles, that they are of. */
export type Views = ReadonlyMap<string, ChartView>;

/** What the page says of them. */
export const KEYS: readonly (readonly [keys: string, what: string])[] = [
  ['← →', 'previous and next event'],
  ['Home End', 'the first and the last event'],
  ['space', 'play and hold; follow a live run'],
  ['1 … 9', 'look at a role closely, and at all again'],
  ['[ ]', 'the role before, the next role'],
  ['+ −', 'nearer, further: the chart looked at closely, else the lanes'],
  ['0', 'all of it: of the chart, else of the run'],
  ['f', 'the chart follows what is active'],
  ['Esc', 'close, step back'],
  ['?', 'these keys'],
];

const NEARER = 1.25;

/** Returns how to stop hearing them. */
export function hearKeys(player: Player, views: Views): () => void {
  const near = (): ChartView | undefined => (player.zoomed === null ? undefined : views.get(player.zoomed));
  const zoom = (factor: number): void => {
    const view = near();
    if (view === undefined) player.stretch(1 / factor);
    else view.zoom(factor);
    player.changed();
  };
  const show = (mode: 'whole' | 'follow'): void => {
    const view = near();
    if (view === undefined && mode === 'whole') player.fit();
    for (const each of view === undefined && mode === 'follow' ? views.values() : [view]) each?.show(mode);
    player.changed();
  };
  const act: Readonly<Record<string, () => void>> = {
    ArrowLeft: () => player.step(-1),
    ArrowRight: () => player.step(1),
    Home: () => player.seek(0),
    End: () => player.seek(player.last),
    ' ': () => player.toggle(),
    '[': () => turn(player, -1),
    ']': () => turn(player, 1),
    '+': () => zoom(NEARER),
    '=': () => zoom(NEARER),
    '-': () => zoom(1 / NEARER),
    '0': () => show('whole'),
    f: () => show('follow'),
    '?': () => player.set('showsKeys', !player.showsKeys),
    Escape: () => stepBack(player),
  };
  const pressed = (event: KeyboardEvent): void => {
    const { target, key } = event;
    if (event.ctrlKey || event.metaKey || event.altKey || target instanceof HTMLSelectElement) return;
    const isButton =
      target instanceof HTMLButtonElement ||
      (target instanceof HTMLInputElement && target.type === 'checkbox');
    if (isButton && key === ' ') return;
    const todo = act[key] ?? (/^[1-9]$/.test(key) ? () => lookAt(player, Number(key) - 1) : undefined);
    if (todo === undefined) return;
    event.preventDefault();
    todo();
  };
  addEventListener('keydown', pressed);
  return () => removeEventListener('keydown', pressed);
}

function lookAt(player: Player, place: number): void {
  const title = groupsOf(player)[place]?.title;
  if (title !== undefined) player.set('zoomed', player.zoomed === title ? null : title);
}

/** From the last role on comes the first one. */
function turn(player: Player, by: 1 | -1): void {
  const titles = groupsOf(player).map(({ title }) => title);
  const place = titles.indexOf(player.zoomed ?? '');
  const next = place < 0 && by < 0 ? titles.length - 1 : (place + by + titles.length) % titles.length;
  player.set('zoomed', titles[next] ?? null);
}

function stepBack(player: Player): void {
  if (player.showsKeys) player.set('showsKeys', false);
  else if (player.chosen !== null) player.set('chosen', null);
  else player.set('zoomed', null);
}
