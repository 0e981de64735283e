/**
 * Owns one stream of server-sent events: its form, its heartbeat, and its end when the other side is too slow or gone, or its session over.
 * Must never buffer without bound: a reader that falls behind is cut off and resumes with Last-Event-ID.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { tokenOf } from './caller.ts';
import { HEADERS } from './face.ts';

export interface StreamEvent {
  /** What `Last-Event-ID` resumes after. */
  readonly id: string;
  readonly name: string;
  readonly data: unknown;
}

export interface EventStream {
  readonly ended: boolean;
  send(event: StreamEvent): void;
  end(): void;
}

/** Bytes that wait for a slow reader. */
const BEHIND_BYTES = 1024 * 1024;
const HEARTBEAT_MS = 15_000;

/** `onEnd` is called once, whoever ends it. */
export function openEvents(request: FastifyRequest, reply: FastifyReply, onEnd: () => void): EventStream {
  reply.hijack();
  const { raw } = reply;
  const { streams } = request.server;
  const { socket } = request;
  streams.add(socket);
  raw.writeHead(200, {
    ...HEADERS,
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-cache, no-transform',
    'x-accel-buffering': 'no',
  });
  raw.write('retry: 1000\n\n');
  let ended = false;
  const heartbeat = setInterval(() => {
    write(': still here\n\n');
    void isOver(request).then((over) => (over ? end() : undefined));
  }, HEARTBEAT_MS);
  const end = (): void => {
    if (ended) return;
    ended = true;
    clearInterval(heartbeat);
    streams.delete(socket);
    raw.end();
    onEnd();
  };
  const write = (text: string): void => {
    if (ended) return;
    raw.write(text);
    if (raw.writableLength <= BEHIND_BYTES) return;
    end();
    socket.destroy();
  };
  raw.once('close', end);
  raw.once('error', end);
  return {
    get ended() {
      return ended;
    },
    // JSON has no line breaks of its own, so one data line holds it.
    send: ({ id, name, data }) => write(`id: ${id}\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n`),
    end,
  };
}

/** Whether the session that opened the stream has ended. One that cannot be looked up now may go on. */
async function isOver(request: FastifyRequest): Promise<boolean> {
  try {
    const token = tokenOf(request);
    return token === undefined || (await request.server.authenticate(token)) === undefined;
  } catch {
    return false;
  }
}
