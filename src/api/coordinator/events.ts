/**
 * Owns the live view of a collaboration: every change as the log tells it, resumed where a reader was cut off.
 * Must never lose a change in silence: a reader that comes back too late gets the whole state first.
 */
import { z } from 'zod';
import type { Collaboration } from '../../coordination/collaboration.ts';
import type { Seats } from '../../directory/seats.ts';
import { callerOf } from '../http/caller.ts';
import { type EventStream, openEvents, type StreamEvent } from '../http/events.ts';
import type { Routes } from '../http/face.ts';
import { byCollaboration, problems } from '../schemas.ts';
import type { Replica } from './seams.ts';
import type { Views } from './views.ts';
import { known } from './writes.ts';

/** What happened to a collaboration at one place of the log. */
export interface Happening {
  readonly sequence: number;
  /** Place among the commands of one entry. */
  readonly index: number;
  readonly timeMs: number;
  readonly kind: string;
  readonly author: string;
  readonly collaboration: Collaboration;
}

/** Changes kept for readers that come back: a collaboration of hundreds of parties has a thousand. */
const KEPT = 16_384;
/** Behind all commands of one entry. */
const LAST_INDEX = 999_999;

interface Kept {
  readonly collaboration: string;
  readonly event: StreamEvent;
  readonly order: readonly [number, number];
}

export class Happenings {
  readonly #kept: Kept[] = [];
  /** Everything after this is kept. */
  #since: readonly [number, number] = [0, 0];
  /** The last change that readers were told of. */
  #heard: readonly [number, number] = [0, 0];
  readonly #readers = new Map<string, Set<EventStream>>();
  readonly #views: Views;

  constructor(views: Views) {
    this.#views = views;
  }

  /** Nothing up to that entry is heard of here. */
  startAfter(sequence: number): void {
    this.#since = [sequence, LAST_INDEX];
    this.#heard = this.#since;
  }

  hear(happening: Happening): void {
    const { sequence, index, collaboration } = happening;
    const event = eventOf(happening, this.#views);
    this.#heard = [sequence, index];
    this.#kept.push({ collaboration: collaboration.id, event, order: this.#heard });
    if (this.#kept.length > KEPT) this.#since = this.#kept.shift()?.order ?? this.#since;
    for (const reader of this.#readers.get(collaboration.id) ?? []) reader.send(event);
  }

  /** What resumes after everything that readers were told of: a state shown now may hold the next change already. */
  get last(): string {
    return this.#heard.join('.');
  }

  /** Undefined when some of what followed is not kept any more. */
  after(collaboration: string, [sequence, index]: readonly [number, number]): StreamEvent[] | undefined {
    if (isBefore([sequence, index], this.#since)) return undefined;
    return this.#kept
      .filter((kept) => kept.collaboration === collaboration && isBefore([sequence, index], kept.order))
      .map(({ event }) => event);
  }

  add(collaboration: string, reader: EventStream): () => void {
    const readers = this.#readers.get(collaboration) ?? new Set();
    readers.add(reader);
    this.#readers.set(collaboration, readers);
    return () => {
      readers.delete(reader);
      if (readers.size === 0 && this.#readers.get(collaboration) === readers)
        this.#readers.delete(collaboration);
    };
  }
}

export interface EventRoutes {
  readonly replica: () => Replica;
  readonly happenings: Happenings;
  readonly views: Views;
  readonly seats: Seats;
}

const EVENT_ID = /^(\d{1,15})\.(\d{1,6})$/;

export function eventRoutes(app: Routes, { replica, happenings, views, seats }: EventRoutes): void {
  app.get(
    '/collaboration/:cid/events',
    {
      schema: {
        operationId: 'watchCollaboration',
        summary: 'Server-sent events: `state` first, then `change` for everything the log tells',
        description:
          'Each `data` is JSON: the collaboration, and of a change its `sequence`, `at`, `kind` and `author`. With `Last-Event-ID` ' +
          'the changes after it follow, or `state` again where they are not kept any more.',
        tags: ['collaborations'],
        params: byCollaboration,
        headers: z.looseObject({
          'last-event-id': z.string().regex(EVENT_ID, 'send an id that this path gave').optional(),
        }),
        response: {
          200: { description: 'Events', content: { 'text/event-stream': { schema: z.string() } } },
          ...problems(404),
        },
      },
    },
    (request, reply) => {
      const { cid } = request.params;
      const here = replica();
      const collaboration = known(here, cid);
      const leave = seats.take(callerOf(request));
      let remove = (): void => {};
      const stream = openEvents(request, reply, () => {
        leave();
        remove();
      });
      const last = placeOf(request.headers['last-event-id']);
      const missed = last === undefined ? undefined : happenings.after(cid, last);
      const sent = missed ?? [
        {
          id: happenings.last,
          name: 'state',
          data: { collaboration: views.of(collaboration).view },
        },
      ];
      for (const event of sent) stream.send(event);
      if (!stream.ended) remove = happenings.add(cid, stream);
    },
  );
}

function eventOf(
  { sequence, index, timeMs, kind, author, collaboration }: Happening,
  views: Views,
): StreamEvent {
  return {
    id: `${sequence}.${index}`,
    name: 'change',
    data: {
      sequence,
      at: new Date(timeMs).toISOString(),
      kind,
      author: author.replace(/^party-/, ''),
      collaboration: views.of(collaboration).view,
    },
  };
}

function placeOf(id: string | undefined): readonly [number, number] | undefined {
  const match = EVENT_ID.exec(id ?? '');
  return match === null ? undefined : [Number(match[1]), Number(match[2])];
}

const isBefore = (a: readonly [number, number], b: readonly [number, number]): boolean =>
  a[0] < b[0] || (a[0] === b[0] && a[1] < b[1]);
