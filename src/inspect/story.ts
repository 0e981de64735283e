/**
 * Owns what the records of a run add up to at any place in it: states of every actor, lanes over time, messages between roles, how far
 * each collaboration is. Live and replayed runs are the same here: a list that grows, and a cursor in it.
 * Must never import anything but types: the browser shares it.
 */
import type { FeedRecord, Messaged, Moved, Progressed } from './records.ts';

/** One actor's moves, by their places in the run. */
export interface ActorStory {
  readonly role: string;
  readonly actor: string;
  readonly machine: string;
  readonly collaboration: string | null;
  readonly moves: number[];
}

/** What a role's lane shows from a moment on, until the next. */
export interface Span {
  readonly at: number;
  readonly atMs: number;
  readonly label: string;
  readonly collaboration: string | null;
  /** The role waits for nothing of a collaboration. */
  readonly isQuiet: boolean;
}

/** A message from one role to another; several that followed at once are one. */
export interface Arrow {
  readonly at: number;
  readonly from: string;
  readonly to: string;
  /** What it is about: `submit`, `channel`, … */
  readonly verb: string;
  readonly record: Messaged;
  readonly sentMs: number;
  /** When the other side had it, and the place of that record; as sent where the other side does not tell. */
  arrivedMs: number;
  arrivedAt: number;
}

export interface CollaborationStory {
  readonly id: string;
  /** Its first record, and when that was. */
  readonly at: number;
  readonly atMs: number;
  /** Places of the moves of its own chart (or of a server's), and of what was told of progress. */
  readonly moves: number[];
  readonly progress: number[];
}

/** Subjects that only say `I am here`. */
const HEARTBEATS = ['hello', 'replicas'];

export class Story {
  readonly records: FeedRecord[] = [];
  readonly actors = new Map<string, ActorStory>();
  readonly roles: string[] = [];
  readonly lanes = new Map<string, Span[]>();
  readonly arrows: Arrow[] = [];
  readonly collaborations = new Map<string, CollaborationStory>();
  readonly #byPart = new Map<string, ActorStory[]>();
  /** Elections whose own chart is told. */
  readonly #told = new Set<string>();
  /** Arrows that have not arrived, by subject. */
  readonly #flying = new Map<string, Arrow[]>();

  add(records: readonly FeedRecord[]): void {
    for (const record of records) {
      const at = this.records.length;
      this.records.push(record);
      this.#meet(record.role);
      if (record.kind === 'moved') this.#moved(record, at);
      else if (record.kind === 'progressed') this.#collaboration(record)?.progress.push(at);
      else if (record.way === 'in') this.#arrived(record, at);
      else this.#messaged(record, at);
    }
  }

  /** The actor's last move at or before that place. */
  moveAt({ moves }: { readonly moves: readonly number[] }, cursor: number): Moved | undefined {
    const at = moves[lastAtMost(moves, cursor, (place) => place)];
    const record = at === undefined ? undefined : this.records[at];
    return record?.kind === 'moved' ? record : undefined;
  }

  /** The role's actor of that chart in that collaboration (null: its root) that moved last: a later attempt is another one. */
  actorAt(
    role: string,
    machine: string,
    collaboration: string | null,
    cursor: number,
  ): ActorStory | undefined {
    const candidates = this.#byPart.get(`${role} ${machine} ${collaboration ?? ''}`) ?? [];
    return candidates.findLast(({ moves }) => (moves[0] ?? cursor + 1) <= cursor);
  }

  /** The collaboration that began last at or before that place. */
  latestAt(cursor: number): CollaborationStory | undefined {
    let latest: CollaborationStory | undefined;
    for (const story of this.collaborations.values()) {
      if (story.at > cursor) break;
      latest = story;
    }
    return latest;
  }

  /** Active leaves of every actor at that place, by `<role> <actor>`. */
  statesAt(cursor: number): Map<string, readonly string[]> {
    const states = new Map<string, readonly string[]>();
    for (const [key, actor] of this.actors) {
      const move = this.moveAt(actor, cursor);
      if (move !== undefined) states.set(key, move.to);
    }
    return states;
  }

  /** Rounds that are over at that place: the least of the servers'. */
  progressAt(
    { progress }: CollaborationStory,
    cursor: number,
  ): Pick<Progressed, 'round' | 'rounds'> | undefined {
    const record = this.records[progress[lastAtMost(progress, cursor, (place) => place)] ?? -1];
    return record?.kind === 'progressed' ? record : undefined;
  }

  /** The last place whose time is not after that; -1 before the first. */
  placeOf(ms: number): number {
    return lastAtMost(this.records, ms, ({ atMs }) => atMs);
  }

  #meet(role: string): void {
    if (this.lanes.has(role)) return;
    this.lanes.set(role, []);
    this.roles.push(role);
    this.roles.sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
  }

  #moved(record: Moved, at: number): void {
    const { role, actor, machine, collaboration } = record;
    const key = `${role} ${actor}`;
    let known = this.actors.get(key);
    if (known === undefined) {
      known = { role, actor, machine, collaboration, moves: [] };
      this.actors.set(key, known);
      const part = `${role} ${machine} ${collaboration ?? ''}`;
      this.#byPart.set(part, [...(this.#byPart.get(part) ?? []), known]);
    }
    known.moves.push(at);
    if (this.#isOfItself(record)) this.#lives(record, at);
    this.#span(record, at);
  }

  /** Whether it tells how far a collaboration or an election is: of an election that the coordinator does not tell of, a server does. */
  #isOfItself({ machine, role, collaboration }: Moved): boolean {
    if (machine === 'election' && collaboration !== null) this.#told.add(collaboration);
    if (machine === 'ballotBox') return role === 'server-a' && !this.#told.has(collaboration ?? '');
    return machine === 'collaboration' || machine === 'election';
  }

  /** Several replicas tell of one life, each in its own time: what one of them comes to later than another is no news. */
  #lives(record: Moved, at: number): void {
    const story = this.#collaboration(record);
    const before = story === undefined ? undefined : this.moveAt(story, at);
    const isOfTheSame = before?.role === record.role || before?.machine !== record.machine;
    if (isOfTheSame || isAlike(before.to, record.from)) story?.moves.push(at);
  }

  #span(record: Moved, at: number): void {
    const { role, atMs, collaboration, to } = record;
    const spans = this.lanes.get(role) ?? [];
    const label = labelOf(to);
    const last = spans.at(-1);
    if (last?.label === label && last.collaboration === collaboration) return;
    const isQuiet = QUIET.includes(label);
    spans.push({ at, atMs, label, collaboration, isQuiet });
  }

  #messaged(record: Messaged, at: number): void {
    const [, , to = '', from = '', verb = ''] = record.subject.split('.');
    const isLog = from === '';
    const ends =
      record.way === 'answer'
        ? { from: record.role, to: from }
        : { from: record.role, to: isLog ? 'log' : to };
    const what = isLog ? 'append' : record.way === 'answer' ? `${verb} answer` : verb;
    const arrow = {
      at,
      ...ends,
      verb: what,
      record,
      sentMs: record.atMs,
      arrivedMs: record.atMs,
      arrivedAt: at,
    };
    this.arrows.push(arrow);
    if (record.way === 'answer' || isLog) return;
    const flying = this.#flying.get(record.subject) ?? [];
    flying.push(arrow);
    if (flying.length > 64) flying.shift();
    this.#flying.set(record.subject, flying);
  }

  /** Messages of one subject arrive in the order in which they were sent, but some never do. */
  #arrived({ subject, count, bytes, atMs }: Messaged, at: number): void {
    const flying = (this.#flying.get(subject) ?? []).filter(({ sentMs }) => atMs - sentMs <= LOST_MS);
    const same = flying.findIndex(({ record }) => record.bytes === bytes && record.count === count);
    let [next, left] = [Math.max(0, same), count];
    for (; left > 0 && next < flying.length; next++) {
      const arrow = flying[next];
      if (arrow === undefined) break;
      left -= arrow.record.count;
      arrow.arrivedMs = Math.max(arrow.sentMs, atMs);
      arrow.arrivedAt = at;
    }
    this.#flying.set(subject, flying.slice(next));
  }

  #collaboration({ collaboration, atMs }: Moved | Progressed): CollaborationStory | undefined {
    if (collaboration === null) return undefined;
    const at = this.records.length - 1;
    const known = this.collaborations.get(collaboration) ?? {
      id: collaboration,
      at,
      atMs,
      moves: [],
      progress: [],
    };
    this.collaborations.set(collaboration, known);
    return known;
  }
}

export const isHeartbeat = ({ verb }: Pick<Arrow, 'verb'>): boolean =>
  HEARTBEATS.includes(verb.split(' ')[0] ?? '');

/** Nothing is in hand: a role serves and waits, or its part has ended. */
const QUIET = [
  ...['serving', 'idle', 'withPeer', 'withoutPeer', 'stopped'],
  ...[
    'done',
    'delivered',
    'failed',
    'expired',
    'cancelled',
    'refused',
    'withdrawn',
    'leftOut',
    'published',
    'disputed',
  ],
];
const isAlike = (some: readonly string[], others: readonly string[]): boolean =>
  some.join() === others.join();

/** A message that was not there after so long was lost: nobody listened yet. */
const LOST_MS = 1000;

/** What is waited for comes first: it is what people look for. */
export function labelOf(leaves: readonly string[]): string {
  const keys = leaves.map((leaf) => leaf.split('.').at(-1) ?? leaf);
  const waits = keys.filter((key) => key.startsWith('waiting'));
  if (waits.length > 0) return waits.join(' · ');
  return [...new Set(keys)].join(' · ');
}

const ORDER = ['coordinator', 'dealer', 'server-a', 'server-b', 'server-c'];

function rank(role: string): number {
  const place = ORDER.findIndex((known) => role === known || role.startsWith(`${known}-`));
  return place < 0 ? ORDER.length : place;
}

/** The place of the last value that is at most `most`, in a list that rises; -1 where there is none. */
export function lastAtMost<Value>(
  values: readonly Value[],
  most: number,
  of: (value: Value) => number,
): number {
  let [low, high] = [0, values.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const value = values[middle];
    if (value !== undefined && of(value) <= most) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
