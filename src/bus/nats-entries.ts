/**
 * Owns reading entries of the log from the brokers: what a message says of the entry in it, and asking for those from a place on.
 * Must never take part of an entry, nor an answer that does not say where in the log it stands.
 *
 * Entries are asked for directly (ADR-31): whichever broker has a current copy answers, so that neither a leader of the log nor one of the
 * cluster is needed, and nobody keeps anything for whoever reads.
 */
import type { Msg } from '@nats-io/transport-node';
import { utf8 } from '../base/bytes.ts';
import type { LogEntry } from './bus.ts';
import { copied } from './copied.ts';
import { busFaults } from './faults.ts';
import { type NatsLink, unlessReconnected } from './nats-link.ts';

/** What is asked for at once, at most. */
const ENTRIES = 256;
const BYTES = 4 * 1024 * 1024;

/** Codes of the message that ends an answer. */
const END_OF_BATCH = 204;
const NOT_FOUND = 404;

/** Entries from that one on, as many as fit; none when there are no more yet. Throws `bus.unavailable` and what a broken connection throws. */
export async function fetchEntries(link: NatsLink, stream: string, from: number): Promise<LogEntry[]> {
  const what = `reading the log ${stream}`;
  const question = utf8.encode(JSON.stringify({ seq: from, batch: ENTRIES, max_bytes: BYTES }));
  const answers = link.askMany(`$JS.API.DIRECT.GET.${stream}`, question);
  return unlessReconnected(link, what, readAll(answers, what));
}

async function readAll(answers: Promise<AsyncIterable<Msg>>, what: string): Promise<LogEntry[]> {
  const entries: LogEntry[] = [];
  for await (const message of await answers) {
    const entry = entryIn(message);
    if (entry !== undefined) entries.push(entry);
    else if (message.headers?.code === END_OF_BATCH || message.headers?.code === NOT_FOUND) return entries;
    else throw busFaults.unavailable(what, message.headers?.description || 'not answered with entries');
  }
  if (entries.length === 0) throw busFaults.unavailable(what, 'no answer');
  return entries;
}

/** Undefined for a message that holds none. */
export function entryIn({ headers, data }: Msg): LogEntry | undefined {
  const sequence = Number(headers?.last('Nats-Sequence'));
  const timeMs = Date.parse(headers?.last('Nats-Time-Stamp') ?? '');
  if (!Number.isSafeInteger(sequence) || sequence < 1 || Number.isNaN(timeMs)) return undefined;
  return { sequence, timeMs, data: copied(data) };
}
