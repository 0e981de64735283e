/**
 * Owns how the inspector answers: its page, and to whoever has the token of its address the charts, the records so far, and those
 * that come. Must never listen to another machine, nor take anything from a browser.
 */
import { z } from 'zod';
import type { ErrorReport } from '../../base/errors.ts';
import type { Journal } from '../../inspect/journal.ts';
import type { InspectorView } from '../../inspect/view.ts';
import { tokenOnly } from '../client/token.ts';
import { openEvents } from '../http/events.ts';
import { type Face, openFace } from '../http/face.ts';
import { type PageFile, pageRoutes } from '../http/page-files.ts';

export interface InspectorOptions {
  readonly view: InspectorView;
  readonly journal: Journal;
  readonly page: ReadonlyMap<string, PageFile>;
  /** At least 32 random bytes in base64url: whoever has it may look. */
  readonly token: string;
  readonly onTrouble: (report: ErrorReport) => void;
}

/** A page asks for a few files and two streams. */
const REQUESTS_PER_MINUTE = 600;
/** Records of one event: a reader that is slow is not buried. */
const AT_ONCE = 500;

const placeSchema = z.object({ from: z.coerce.number().int().min(0).default(0) });

export async function openInspector({
  view,
  journal,
  page,
  token,
  onTrouble,
}: InspectorOptions): Promise<Face> {
  return openFace(
    {
      title: 'mpc inspector',
      description: 'What the roles of a deployment do: states, names of events, sizes and times.',
      authenticate: tokenOnly(token, 'inspector'),
      requestsPerMinute: REQUESTS_PER_MINUTE,
      onTrouble,
    },
    (app) => {
      pageRoutes(app, page);
      app.get('/view', { schema: { hide: true } }, () => view);
      app.get('/records', { schema: { hide: true, querystring: placeSchema } }, ({ query }) =>
        journal.records.slice(query.from, query.from + RECORDS),
      );
      app.get('/events', { schema: { hide: true, querystring: placeSchema } }, (request, reply) => {
        let next = request.query.from;
        const send = (): void => {
          while (next < journal.records.length && !stream.ended) {
            const data = journal.records.slice(next, next + AT_ONCE);
            next += data.length;
            stream.send({ id: String(next), name: 'records', data });
          }
        };
        const stop = journal.onAppend(send);
        const stream = openEvents(request, reply, stop);
        send();
      });
    },
  );
}

/** Records of one answer: the page asks until there are no more. */
const RECORDS = 20_000;
