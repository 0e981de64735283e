/**
 * Owns the two lists: collaborations with their stages, and messages, the last first.
 */
import { useEffect, useRef, useState } from 'preact/hooks';
import { type Arrow, type CollaborationStory, lastAtMost } from '../../inspect/story.ts';
import type { Links } from './links.ts';
import type { Player } from './player.ts';
import { bytesText, durationText, shortRole, spoken, timeText, tintOf } from './words.ts';

const STAGES: Readonly<Record<string, readonly string[]>> = {
  collaboration: ['open', 'registering', 'collecting', 'ready', 'running', 'finished'],
  election: ['draft', 'open', 'closing', 'tallying', 'published'],
  ballotBox: ['waitingForKeys', 'open', 'closing', 'tallying', 'published'],
};
const BAD = ['failed', 'expired', 'cancelled', 'disputed'];
const MOST_COLLABORATIONS = 40;
/** Messages that can be scrolled back to. */
const MOST_MESSAGES = 400;
/** Pixels of a message's row, as page.css has it: only rows in sight are made, and a few around them. */
const ROW = 24;
const SPARE_ROWS = 2;

export function Collaborations({ player }: { readonly player: Player }) {
  const { story, cursor } = player;
  const known = [...story.collaborations.values()].filter(({ at }) => at <= cursor);
  return (
    <section class="panel collaborations" aria-label="collaborations">
      <h2>
        Collaborations <span class="count">{known.length}</span>
      </h2>
      <ol>
        {known
          .slice(-MOST_COLLABORATIONS)
          .reverse()
          .map((each) => (
            <Collaboration key={each.id} player={player} story={each} />
          ))}
      </ol>
      {known.length === 0 && <p class="nothing">None has been opened yet.</p>}
    </section>
  );
}

function Collaboration({ player, story }: { readonly player: Player; readonly story: CollaborationStory }) {
  const move = player.story.moveAt(story, player.cursor);
  const keys = move?.to.flatMap((leaf) => leaf.split('.')) ?? [];
  const stages = STAGES[move?.machine ?? 'collaboration'] ?? [];
  const stage = stages.findLastIndex((name) => keys.includes(name));
  const isBad = keys.some((key) => BAD.includes(key));
  const isDone = stage === stages.length - 1;
  const progress = player.story.progressAt(story, player.cursor);
  const part = progress === undefined || progress.rounds === 0 ? 0 : progress.round / progress.rounds;
  const ended = isDone || isBad ? (move?.atMs ?? player.nowMs) : player.nowMs;
  const isChosen = player.filter === story.id;
  return (
    <li class={isBad ? 'bad' : isDone ? 'done' : 'going'}>
      <button
        type="button"
        aria-pressed={isChosen}
        onClick={() => player.set('filter', isChosen ? null : story.id)}
      >
        <b>{story.id.slice(0, 8)}</b>
        <span>
          {keys.at(-1) === undefined ? 'beginning' : spoken(keys.at(-1) ?? '')} ·{' '}
          {durationText(ended - story.atMs)}
        </span>
        <span class="stages" aria-hidden="true">
          {stages.map((name, index) => (
            <i key={name} class={index < stage || isDone ? 'on' : index === stage ? 'now' : ''} title={name}>
              {name === 'running' && index === stage && (
                <em style={{ width: `${Math.round(part * 100)}%` }} />
              )}
            </i>
          ))}
        </span>
        <span class="waits">{waitsFor(player, story.id, progress)}</span>
      </button>
    </li>
  );
}

/** In words: what the servers wait for, or how many rounds are over. */
function waitsFor(
  { story, cursor }: Player,
  id: string,
  progress: { round: number; rounds: number } | undefined,
): string {
  const waits = new Set<string>();
  let computes = false;
  for (const role of ['server-a', 'server-b', 'server-c'])
    for (const machine of ['session', 'ballotBox']) {
      const actor = story.actorAt(role, machine, id, cursor);
      for (const leaf of (actor === undefined ? undefined : story.moveAt(actor, cursor)?.to) ?? []) {
        const key = leaf.split('.').at(-1) ?? '';
        if (key.startsWith('waiting')) waits.add(spoken(key));
        if (leaf === 'compute.running') computes = true;
      }
    }
  if (computes && progress !== undefined) return `round ${progress.round} of ${progress.rounds}`;
  return [...waits].join(', ');
}

export function Messages({ player, links }: { readonly player: Player; readonly links: Links }) {
  const place = useRef<HTMLDivElement>(null);
  const [seen, setSeen] = useState({ top: 0, height: 0 });
  useEffect(() => {
    const scroller = place.current;
    if (scroller === null) return;
    const look = (): void => setSeen({ top: scroller.scrollTop, height: scroller.clientHeight });
    const sizes = new ResizeObserver(look);
    sizes.observe(scroller);
    scroller.addEventListener('scroll', look, { passive: true });
    return () => {
      sizes.disconnect();
      scroller.removeEventListener('scroll', look);
    };
  }, []);
  const shown = lastMessages(player);
  const first = Math.max(0, Math.floor(seen.top / ROW) - SPARE_ROWS);
  const rows = Math.ceil(seen.height / ROW) + 2 * SPARE_ROWS;
  const zeroMs = player.story.records[0]?.atMs ?? 0;
  return (
    <section class="panel messages" aria-label="messages">
      <h2>
        Messages
        <label>
          <input
            type="checkbox"
            checked={player.showsHeartbeats}
            onChange={(event) => player.set('showsHeartbeats', event.currentTarget.checked)}
          />
          heartbeats
        </label>
      </h2>
      <div class="scroller" ref={place}>
        <ol style={{ height: `${shown.length * ROW}px`, paddingTop: `${first * ROW}px` }}>
          {shown.slice(first, first + rows).map((arrow, row) => (
            <li key={first + row}>
              <Message player={player} arrow={arrow} zeroMs={zeroMs} isLinked={links.arrows.has(arrow.at)} />
            </li>
          ))}
        </ol>
      </div>
      {shown.length === 0 && <p class="nothing">Nobody has said anything yet.</p>}
    </section>
  );
}

function Message({
  player,
  arrow,
  zeroMs,
  isLinked,
}: {
  readonly player: Player;
  readonly arrow: Arrow;
  readonly zeroMs: number;
  readonly isLinked: boolean;
}) {
  return (
    <button
      type="button"
      class={isLinked ? 'linked' : ''}
      onPointerEnter={() => player.set('pointed', { kind: 'arrow', arrow })}
      onPointerLeave={() => player.set('pointed', null)}
      onClick={() => player.set('chosen', { kind: 'arrow', arrow })}
    >
      <time>{timeText(arrow.sentMs - zeroMs)}</time>
      <Who role={arrow.from} player={player} />
      <span aria-hidden="true">→</span>
      <Who role={arrow.to} player={player} />
      <span class="verb">{verbOf(arrow)}</span>
      <span class="size">{bytesText(arrow.record.bytes)}</span>
    </button>
  );
}

function Who({ role, player }: { readonly role: string; readonly player: Player }) {
  return (
    <b class="role" data-tint={tintOf(role, player.story.roles)}>
      {shortRole(role)}
    </b>
  );
}

/** What a channel carries says more than that it is one. */
export function verbOf({ verb, record }: Arrow): string {
  const purpose = record.subject.split('.')[6];
  const said = verb === 'channel' && purpose !== undefined ? purpose : verb;
  return record.count > 1 ? `${said} ×${record.count}` : said;
}

function lastMessages(player: Player): Arrow[] {
  const { arrows } = player.story;
  const shown: Arrow[] = [];
  for (
    let at = lastAtMost(arrows, player.cursor, (arrow) => arrow.at);
    at >= 0 && shown.length < MOST_MESSAGES;
    at--
  ) {
    const arrow = arrows[at];
    if (arrow !== undefined && player.isShown(arrow)) shown.push(arrow);
  }
  return shown;
}
