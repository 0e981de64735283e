/**
 * Owns what is said of the thing that was chosen: a message, a move, or a state.
 */
import type { ComponentChildren } from 'preact';
import type { Focus, Player } from './player.ts';
import { bytesText, eventText, shortRole, timeText } from './words.ts';

export function Details({ player }: { readonly player: Player }) {
  const { chosen } = player;
  if (chosen === null) return null;
  return (
    <aside class="details" aria-label="details">
      <button
        type="button"
        class="close"
        aria-label="close the details"
        onClick={() => player.set('chosen', null)}
      >
        ×
      </button>
      <Said player={player} focus={chosen} />
    </aside>
  );
}

function Said({ player, focus }: { readonly player: Player; readonly focus: Focus }) {
  const { story, view } = player;
  const zeroMs = story.records[0]?.atMs ?? 0;
  if (focus.kind === 'arrow') {
    const { arrow } = focus;
    const { subject, bytes, count, collaboration } = arrow.record;
    return (
      <>
        <h2>
          {shortRole(arrow.from)} → {shortRole(arrow.to)}
        </h2>
        <Facts
          of={[
            ['type', arrow.verb],
            ['size', count > 1 ? `${bytesText(bytes)} in ${count} messages` : bytesText(bytes)],
            ['subject', subject],
            ['sent', timeText(arrow.sentMs - zeroMs)],
            [
              'there',
              arrow.arrivedAt === arrow.at ? 'not told' : `${arrow.arrivedMs - arrow.sentMs} ms later`,
            ],
            ['collaboration', collaboration ?? 'none'],
          ]}
        />
      </>
    );
  }
  if (focus.kind === 'move') {
    const move = story.records[focus.at];
    if (move?.kind !== 'moved') return null;
    return (
      <>
        <h2>
          {shortRole(move.role)}: {move.machine}
        </h2>
        <Facts
          of={[
            ['event', eventText(move.event)],
            ['from', move.from.join(', ') || 'nothing'],
            ['to', move.to.join(', ')],
            ['by', move.taken.map((id) => id.slice(id.indexOf('/') + 1)).join(', ') || 'its start'],
            ['at', timeText(move.atMs - zeroMs)],
            ['collaboration', move.collaboration ?? 'none'],
          ]}
        />
      </>
    );
  }
  const node = Object.values(view.charts)
    .flatMap(({ nodes }) => nodes)
    .find(({ id }) => id === focus.id);
  return (
    <>
      <h2>{focus.id}</h2>
      <p>{node?.description}</p>
      <ul class="lines">
        {(view.lines[focus.id] ?? []).map(({ kind, text }) => (
          <li key={text} class={kind}>
            {text}
          </li>
        ))}
      </ul>
    </>
  );
}

function Facts({ of }: { readonly of: readonly (readonly [string, ComponentChildren])[] }) {
  return (
    <dl>
      {of.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
