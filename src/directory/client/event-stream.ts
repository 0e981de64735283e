/**
 * Owns reading server-sent events (WHATWG HTML, section 9.2) from an answer's body.
 * Must never keep more of an event than a message can be long, nor wait for a server that is silent for longer than its heartbeat.
 */
import { unlessAborted } from '../../base/abort.ts';
import type { Clock } from '../../base/clock.ts';
import { EXIT, MpcError } from '../../base/errors.ts';

/** The longest sealed message, with its names. */
const EVENT_CHARACTERS = 256 * 1024;
/** Three heartbeats of the coordinator. */
const SILENT_MS = 45_000;

export interface ServerEvent {
  /** What `Last-Event-ID` resumes after. */
  readonly id?: string;
  readonly name: string;
  readonly data: string;
}

/**
 * Ends with the body. Throws the signal's reason, `api.silent` when nothing comes for too long, `api.unreadable` for what is no
 * stream of events.
 */
export async function* eventsOf(
  body: AsyncIterable<Uint8Array>,
  clock: Clock,
  signal: AbortSignal,
): AsyncGenerator<ServerEvent> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const bytes of neverSilent(body, clock, signal)) {
    text += decoder.decode(bytes, { stream: true });
    const parts = text.replaceAll('\r\n', '\n').split('\n\n');
    text = parts.pop() ?? '';
    if (text.length > EVENT_CHARACTERS) throw unreadable();
    for (const part of parts) {
      const event = eventIn(part);
      if (event !== undefined) yield event;
    }
  }
}

function eventIn(part: string): ServerEvent | undefined {
  let name = 'message';
  let id: string | undefined;
  const data: string[] = [];
  for (const line of part.split('\n')) {
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'event') name = value;
    else if (field === 'id') id = value;
    else if (field === 'data') data.push(value);
  }
  if (data.length === 0) return undefined;
  return { name, data: data.join('\n'), ...(id === undefined ? {} : { id }) };
}

async function* neverSilent(
  body: AsyncIterable<Uint8Array>,
  clock: Clock,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const chunks = body[Symbol.asyncIterator]();
  try {
    for (;;) {
      let cancel = (): void => {};
      const silence = new Promise<never>((_, reject) => {
        cancel = clock.after(SILENT_MS, () => reject(silent()));
      });
      // The body's own signal may be one that was made from ours and is collected as garbage before it fires.
      const next = await unlessAborted(Promise.race([chunks.next(), silence]), signal).finally(() =>
        cancel(),
      );
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    // Not awaited: a body that hangs would hold it.
    void chunks.return?.()?.catch(() => {});
  }
}

const silent = (): MpcError =>
  new MpcError('api.silent', 'the coordinator has gone silent', {
    hint: 'another one is asked',
    exitCode: EXIT.unavailable,
  });

const unreadable = (): MpcError =>
  new MpcError('api.unreadable', 'what comes is no stream of events', {
    hint: 'is it a coordinator of this version that answers there?',
    exitCode: EXIT.protocol,
  });
