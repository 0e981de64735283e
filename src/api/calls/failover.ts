/**
 * Owns asking several replicas as if they were one: who is silent or cannot say yet is passed over, the same request goes to the next.
 * Must never repeat a change under another key: every request that changes something carries one idempotency key to all of them.
 */
import type { Clock } from '../../base/clock.ts';
import { EXIT, MpcError } from '../../base/errors.ts';
import type { RandomSource } from '../../base/random.ts';

export interface FailoverOptions {
  /** Base URLs, the preferred one first. */
  readonly urls: readonly string[];
  readonly clock: Clock;
  readonly random: RandomSource;
  /** How long one replica may be silent. */
  readonly silentMs?: number;
  /** How long all of them may be, together. */
  readonly patienceMs?: number;
  /** Told of every replica that was passed over. */
  readonly onPassedOver?: (url: string, why: string) => void;
}

const SILENT_MS = 15_000;
const PATIENCE_MS = 30_000;
const PAUSE_MS = 250;
const READS: readonly string[] = ['GET', 'HEAD'];

/** A `fetch` whose URLs are those of the first replica. The replica that answered last is asked first the next time. */
export function failoverFetch(options: FailoverOptions): (request: Request) => Promise<Response> {
  const { urls, clock, random, silentMs = SILENT_MS, patienceMs = PATIENCE_MS, onPassedOver } = options;
  const [home] = urls;
  if (home === undefined) throw noUrl();
  let at = 0;
  return async (request) => {
    const headers = new Headers(request.headers);
    if (!READS.includes(request.method) && !headers.has('idempotency-key'))
      headers.set('idempotency-key', Buffer.from(random(16)).toString('hex'));
    const body = request.body === null ? null : await request.arrayBuffer();
    const path = request.url.slice(home.replace(/\/$/, '').length);
    const until = clock.now() + patienceMs;
    for (let tries = 1; ; tries++) {
      const url = urls[at % urls.length] ?? home;
      const answer = await ask(
        `${url.replace(/\/$/, '')}${path}`,
        { method: request.method, headers, body },
        silentMs,
        request.signal,
      );
      if (answer instanceof Response && (answer.status !== 503 || clock.now() >= until)) return answer;
      const why = answer instanceof Response ? 'it cannot say yet (503)' : answer;
      onPassedOver?.(url, why);
      at++;
      if (clock.now() >= until) throw silent(urls, why);
      if (tries % urls.length === 0) await clock.sleep(PAUSE_MS, request.signal);
    }
  };
}

/** The answer, or why there is none. The caller's own abort is thrown. */
async function ask(
  url: string,
  init: { method: string; headers: Headers; body: ArrayBuffer | null },
  silentMs: number,
  signal: AbortSignal,
): Promise<Response | string> {
  // Only until the answer begins: a stream of events may be silent for long.
  const silence = new AbortController();
  const timer = setTimeout(() => silence.abort(new Error(`no answer within ${silentMs} ms`)), silentMs);
  try {
    return await fetch(url, { ...init, signal: AbortSignal.any([signal, silence.signal]) });
  } catch (error) {
    signal.throwIfAborted();
    return causeOf(error);
  } finally {
    clearTimeout(timer);
  }
}

/** fetch wraps what happened: "fetch failed" helps nobody. */
function causeOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return cause instanceof Error ? cause.message : String(cause);
}

const noUrl = (): MpcError =>
  new MpcError('usage.url', 'no URL is given', { hint: 'name one at least', exitCode: EXIT.usage });

const silent = (urls: readonly string[], why: string): MpcError =>
  new MpcError('api.silent', `nobody answers at ${urls.join(', ')}: ${why}`, {
    hint: 'check the URLs, and that the roles run with an [api] section',
    exitCode: EXIT.unavailable,
  });
