/**
 * Owns one card: the chart of a role, or of roles that share one, with what each of them is in.
 */
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { labelOf } from '../../inspect/story.ts';
import type { ChartView } from './chart-view.ts';
import { Frame } from './frame.ts';
import { type Group, machineOf, shownOf } from './groups.ts';
import type { Links } from './links.ts';
import type { Player } from './player.ts';
import { shortRole, tintOf } from './words.ts';

export function Card({
  player,
  group,
  links,
  views,
}: {
  readonly player: Player;
  readonly group: Group;
  readonly links: Links;
  /** Where the card's chart is found by its title. */
  readonly views: Map<string, ChartView>;
}) {
  const [pinned, setPinned] = useState<string>();
  const frame = useRef<HTMLDivElement>(null);
  const charts = useRef<Frame | undefined>(undefined);
  const machine = machineOf(player, group, pinned);
  const chart = player.view.charts[machine];
  const shown = shownOf(player, group, machine);
  const isClose = player.zoomed === group.title;
  const isAside = player.zoomed !== null && !isClose;
  const isWhole = charts.current?.shown?.mode === 'whole';

  useLayoutEffect(() => {
    if (frame.current === null) return;
    charts.current = new Frame(frame.current);
    return () => charts.current?.stop();
  }, []);

  useLayoutEffect(() => {
    if (chart === undefined || charts.current === undefined) return;
    views.set(group.title, charts.current.show(chart, `statechart ${machine} of ${group.title}`));
  }, [chart]);

  useLayoutEffect(() => {
    const view = charts.current?.shown;
    if (view === undefined) return;
    view.isAside = isAside;
    view.look();
  }, [isAside]);

  // Before the browser paints: what is lit is of the same frame as the lists.
  useLayoutEffect(() => {
    const view = charts.current?.shown;
    if (view === undefined) return;
    const linked = new Set(
      [...links.transitions].filter(
        (id) => belongs(id, machine) && group.roles.some((role) => links.roles.has(role)),
      ),
    );
    view.light({
      active: shown.active,
      hot: shown.hot,
      linked,
      showsTokens: group.roles.length > 1,
    });
  });

  useEffect(() => {
    const place = frame.current;
    if (place === null) return;
    return listen(
      place,
      player,
      () => charts.current?.shown,
      () => shownRoles(player, group, charts.current?.shown?.chart.id ?? ''),
    );
  }, [player]);

  const [first] = shown.states;
  return (
    <section
      class={isClose ? 'card close' : isAside ? 'card aside' : 'card'}
      data-tint={group.tint}
      data-weight={group.weight}
      aria-label={group.title}
    >
      <header>
        <span class="mark" />
        <h2>
          <button
            type="button"
            class="title"
            aria-pressed={isClose}
            title={isClose ? 'all roles alike (Esc)' : 'look at it closely'}
            onClick={() => player.set('zoomed', isClose ? null : group.title)}
          >
            {group.title}
          </button>
        </h2>
        {group.roles.length === 1 && (
          <span class="now" title={first?.leaves.join(', ')}>
            {first === undefined ? '' : labelOf(first.leaves)}
          </span>
        )}
        <button
          type="button"
          class="small"
          aria-pressed={isWhole}
          title={isWhole ? 'follow what is active' : 'show the whole chart'}
          onClick={() => {
            charts.current?.shown?.show(isWhole ? 'follow' : 'whole');
            player.changed();
          }}
        >
          <svg viewBox="0 0 12 12" aria-hidden="true">
            <path d="M1 4V1h3M8 1h3v3M11 8v3H8M4 11H1V8" />
          </svg>
          <span class="unseen">whole chart</span>
        </button>
      </header>
      {group.machines.length > 1 && (
        <fieldset class="tabs" aria-label={`charts of ${group.title}`}>
          {group.machines.map((name) => (
            <button
              key={name}
              type="button"
              aria-pressed={name === machine}
              onClick={() => setPinned(pinned === name ? undefined : name)}
            >
              {name}
              {pinned === name ? ' •' : ''}
            </button>
          ))}
        </fieldset>
      )}
      <div class="frame" ref={frame} />
      {group.roles.length > 1 && (
        <ul class="who">
          {shown.states.slice(0, 8).map(({ role, leaves }) => (
            <li key={role} data-tint={tintOf(role, player.story.roles)}>
              <b>{shortRole(role)}</b> {labelOf(leaves)}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

const belongs = (transition: string, machine: string): boolean =>
  /^[A-Za-z0-9]+/.exec(transition)?.[0] === machine;

/** Roles of the group that have that chart. */
function shownRoles(
  { story, subject }: Player,
  group: Group,
  machine: string,
): { role: string; about: string | null }[] {
  const about = machine === group.machines[0] ? null : subject;
  return group.roles.filter((role) => story.lanes.has(role)).map((role) => ({ role, about }));
}

/** The pointer on a chart: hovering shows what belongs to a transition, a click says what a state is, dragging moves it. */
function listen(
  place: HTMLElement,
  player: Player,
  view: () => ChartView | undefined,
  who: () => { role: string; about: string | null }[],
): () => void {
  const stop = new AbortController();
  const { signal } = stop;
  let dragged: { x: number; y: number; moved: boolean } | undefined;
  const lastTaken = (ids: readonly string[]): number | undefined => {
    const machine = view()?.chart.id ?? '';
    for (const { role, about } of who()) {
      const actor = player.story.actorAt(role, machine, about, player.cursor);
      const at = actor?.moves.findLast((move) => {
        const record = player.story.records[move];
        return (
          move <= player.cursor && record?.kind === 'moved' && record.taken.some((id) => ids.includes(id))
        );
      });
      if (at !== undefined) return at;
    }
    return undefined;
  };
  const idsAt = (target: EventTarget | null): readonly string[] =>
    target instanceof Element
      ? (target.closest('[data-transitions]')?.getAttribute('data-transitions') ?? '')
          .split(' ')
          .filter((id) => id !== '')
      : [];
  place.addEventListener('pointerdown', ({ clientX: x, clientY: y }) => (dragged = { x, y, moved: false }), {
    signal,
  });
  window.addEventListener('pointerup', () => setTimeout(() => (dragged = undefined)), { signal });
  place.addEventListener(
    'pointermove',
    ({ clientX: x, clientY: y, buttons, target }) => {
      if (
        dragged !== undefined &&
        buttons === 1 &&
        (dragged.moved || Math.hypot(x - dragged.x, y - dragged.y) > 4)
      ) {
        view()?.pan(x - dragged.x, y - dragged.y);
        dragged = { x, y, moved: true };
        return;
      }
      const at = lastTaken(idsAt(target));
      player.set('pointed', at === undefined ? null : { kind: 'move', at });
    },
    { signal },
  );
  place.addEventListener('pointerleave', () => player.set('pointed', null), { signal });
  place.addEventListener(
    'click',
    ({ target }) => {
      if (dragged?.moved === true || !(target instanceof Element)) return;
      const at = lastTaken(idsAt(target));
      const id = target.closest('[data-state]')?.getAttribute('data-state');
      player.set(
        'chosen',
        at !== undefined ? { kind: 'move', at } : id == null ? null : { kind: 'state', id },
      );
    },
    { signal },
  );
  place.addEventListener(
    'wheel',
    (event) => {
      event.preventDefault();
      const { left, top } = place.getBoundingClientRect();
      view()?.zoom(event.deltaY > 0 ? 0.88 : 1.14, event.clientX - left, event.clientY - top);
    },
    { signal, passive: false },
  );
  return () => stop.abort();
}
