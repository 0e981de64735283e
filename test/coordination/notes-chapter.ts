/**
 * Builds two small chapters for tests of the log core: sessions that open and close, and notes that accounts write.
 */
import { z } from 'zod';
import type { Address } from '../../src/bus/subjects.ts';
import { type Chapter, chapterOf } from '../../src/coordination/chapter.ts';

const session = z.string();

interface Session {
  readonly holder: Address;
  readonly endsMs: number;
}

/** Who is here, until when. */
export const sessionsChapter: Chapter = chapterOf({
  name: 'sessions',
  bodies: [
    z.strictObject({ kind: z.literal('openSession'), session, holder: z.string(), endsMs: z.int() }),
    z.strictObject({ kind: z.literal('closeSession'), session }),
  ],
  vouchable: ['closeSession'],
  apply: ({ author, body }, _, tables) => {
    const table = tables.table<Session>('session');
    if (body.kind === 'closeSession') table.delete(body.session);
    else if (author !== 'coordinator')
      return { refusal: { code: 'session.not-allowed', message: 'only a coordinator opens sessions' } };
    else table.put(body.session, { holder: body.holder as Address, endsMs: body.endsMs }); // as the test says
    return {};
  },
  sessionHolder: (digest, timeMs, tables) => {
    const found = tables.table<Session>('session').get(digest);
    return found !== undefined && timeMs < found.endsMs ? found.holder : undefined;
  },
});

/** What accounts wrote; numbered over all, gone with the session under which it was written. */
export const notesChapter: Chapter = chapterOf({
  name: 'notes',
  bodies: [
    z.strictObject({ kind: z.literal('write'), text: z.string() }),
    z.strictObject({ kind: z.literal('erase'), number: z.int() }),
    z.strictObject({ kind: z.literal('swear') }),
    z.strictObject({ kind: z.literal('burn'), how: z.enum(['throw', 'long', 'refuse']) }),
  ],
  vouchable: ['write', 'erase', 'burn'],
  reads: ['sessions'],
  apply: ({ author, body }, _, tables) => {
    const notes = tables.table<{ readonly author: string; readonly text: string }>('note');
    const count = tables.table<number>('count');
    const next = (count.get('notes') ?? 0) + 1;
    if (body.kind === 'erase') {
      notes.delete(`${body.number}`);
      return {};
    }
    count.put('notes', next);
    notes.put(`${next}`, { author, text: 'text' in body ? body.text : body.kind });
    if (body.kind !== 'burn') return { answer: { number: next } };
    if (body.how === 'throw') throw new Error('a fault of the chapter');
    if (body.how === 'long') return { answer: 'x'.repeat(5000) };
    return { refusal: { code: 'notes.burnt', message: 'burnt' } };
  },
  heard: ({ author, body }, _, tables) => {
    if (body.kind !== 'closeSession') return;
    const notes = tables.table<{ readonly author: string }>('note');
    for (const [key, note] of [...notes.entries()]) if (note.author === author) notes.delete(key);
  },
});
