/**
 * Owns the page as a whole: the bar with the cursor, the cards beside each other, the lanes and the lists below.
 */
import { useEffect, useMemo, useState } from 'preact/hooks';
import { Card } from './card.tsx';
import type { ChartView } from './chart-view.ts';
import { Details } from './details.tsx';
import { groupsOf } from './groups.ts';
import { hearKeys, KEYS } from './keys.ts';
import { LanesView } from './lanes-view.tsx';
import { linksOf } from './links.ts';
import { Collaborations, Messages } from './lists.tsx';
import type { Player } from './player.ts';
import { timeText } from './words.ts';

export function App({ player }: { readonly player: Player }) {
  const [, redraw] = useState(0);
  useEffect(() => player.onChange(() => redraw((count) => count + 1)), [player]);
  const views = useMemo(() => new Map<string, ChartView>(), [player]);
  useEffect(() => hearKeys(player, views), [player]);
  const links = linksOf(player.story, player.pointed ?? player.chosen);
  const groups = groupsOf(player);
  return (
    <div class={player.isHasty ? 'inspector hasty' : 'inspector'}>
      <Bar player={player} />
      <main class={player.zoomed === null ? 'cards' : 'cards close'} aria-label="statecharts">
        {groups.map((group) => (
          <Card key={group.title} player={player} group={group} links={links} views={views} />
        ))}
        {groups.length === 0 && (
          <p class="nothing">
            No role has told anything yet. Roles are watched that run with <code>--inspect</code>, or whose
            configuration says <code>inspect</code>.
          </p>
        )}
      </main>
      <section class="below">
        <section class="panel time" aria-label="lanes">
          <LanesView player={player} />
        </section>
        <Collaborations player={player} />
        <Messages player={player} links={links} />
      </section>
      <Details player={player} />
      <Keys player={player} />
    </div>
  );
}

function Bar({ player }: { readonly player: Player }) {
  const { view, story, cursor, last } = player;
  const zeroMs = story.records[0]?.atMs ?? 0;
  const goes = view.isLive ? player.isFollowing : player.isPlaying;
  const mode = view.isLive ? (player.isLinked ? (goes ? 'live' : 'held') : 'away') : 'replay';
  return (
    <header class="bar">
      <h1>
        mpc <small>inspector</small>
      </h1>
      <span class={`mode ${mode}`}>{mode}</span>
      <span class="deployment">{view.deployment}</span>
      <button
        type="button"
        aria-label="previous event"
        title="previous event (←)"
        onClick={() => player.step(-1)}
      >
        ◂
      </button>
      <button
        type="button"
        class="play"
        aria-label={goes ? 'hold' : view.isLive ? 'follow' : 'play'}
        title="space"
        onClick={() => player.toggle()}
      >
        {goes ? '❚❚' : '▶'}
      </button>
      <button type="button" aria-label="next event" title="next event (→)" onClick={() => player.step(1)}>
        ▸
      </button>
      <input
        type="range"
        min={0}
        max={Math.max(0, last)}
        value={Math.max(0, cursor)}
        aria-label="place in the run"
        onInput={(event) => player.seek(Number(event.currentTarget.value))}
      />
      <output class="clock">{timeText(Math.max(0, player.nowMs - zeroMs))}</output>
      <span class="count">
        {Math.max(0, cursor + 1)} / {last + 1}
      </span>
      <label class="filter">
        <span class="unseen">collaboration</span>
        <select
          value={player.filter ?? ''}
          onChange={({ currentTarget: { value } }) => player.set('filter', value === '' ? null : value)}
        >
          <option value="">all collaborations</option>
          {[...story.collaborations.keys()].slice(-200).map((id) => (
            <option key={id} value={id}>
              {id.slice(0, 8)}
            </option>
          ))}
        </select>
      </label>
      <button
        type="button"
        aria-label="keys"
        aria-expanded={player.showsKeys}
        title="what keys do (?)"
        onClick={() => player.set('showsKeys', !player.showsKeys)}
      >
        ?
      </button>
    </header>
  );
}

function Keys({ player }: { readonly player: Player }) {
  if (!player.showsKeys) return null;
  return (
    <aside class="details keys" aria-label="keys">
      <h2>Keys</h2>
      <dl>
        {KEYS.map(([keys, what]) => (
          <div key={keys}>
            <dt>{keys.split(' ').map((key) => (key === '…' ? ' … ' : <kbd key={key}>{key}</kbd>))}</dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
    </aside>
  );
}
