/**
 * Owns getting a command into the log: signed once, asked for again with the same id until a coordinator decides.
 * Must never give up on its own: whoever starts it holds the signal that ends it.
 */

import { unlessAborted } from '../base/abort.ts';
import type { Json } from '../base/canonical.ts';
import type { Clock } from '../base/clock.ts';
import { EXIT, MpcError } from '../base/errors.ts';
import { traceparentOf } from '../base/trace.ts';
import type { Bus } from '../bus/bus.ts';
import { type Address, subjects } from '../bus/subjects.ts';
import type { Identity } from '../identity/keys.ts';
import type { Body } from './chapter.ts';
import { commandBytes, signCommand } from './commands.ts';
import { parseReply } from './reply.ts';

const REQUEST_TIMEOUT_MS = 3_000;
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 1_000;

/** Faults of the way there: whether the command was taken is not known. */
const UNDECIDED: readonly string[] = ['bus.timeout', 'bus.no-responders', 'bus.unavailable'];

export interface SubmitOptions {
  readonly bus: Bus;
  readonly deployment: string;
  readonly identity: Identity;
  readonly me: Address;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** How long one request may take before it is asked again. */
  readonly requestTimeoutMs?: number;
  /** Told of every attempt that was not answered definitively: for logs and "still trying". */
  readonly onRetry?: (why: MpcError, attempt: number) => void;
}

export interface Submitted {
  /** The command's place in the log. */
  readonly sequence: number;
  /** Its chapter's answer, as the coordinator tells it. */
  readonly answer?: Json;
}

/**
 * Resolves when the command has been applied. `id` (32 hexadecimal digits) makes a repetition harmless, also after a crash.
 * Throws the coordinator's refusal as an MpcError, or the signal's reason.
 */
export async function submitCommand(options: SubmitOptions, body: Body, id: string): Promise<Submitted> {
  const { deployment, identity, me, clock, signal } = options;
  const data = commandBytes(signCommand({ deployment, identity, author: me, body, id }));
  for (let attempt = 1; ; attempt++) {
    signal.throwIfAborted();
    const why = await askOnce(options, data, traceparentOf(id, attempt));
    if (!(why instanceof MpcError)) return why;
    options.onRetry?.(why, attempt);
    await clock.sleep(pauseMs(attempt, id), signal);
  }
}

/** The answer, or why it has to be asked again. */
async function askOnce(
  options: SubmitOptions,
  data: Uint8Array,
  trace: string | undefined,
): Promise<Submitted | MpcError> {
  const { bus, deployment, me, signal, requestTimeoutMs = REQUEST_TIMEOUT_MS } = options;
  const subject = subjects.submit(deployment, me);
  let answer: Uint8Array;
  try {
    answer = await unlessAborted(bus.request(subject, data, requestTimeoutMs, trace), signal);
  } catch (error) {
    if (error instanceof MpcError && UNDECIDED.includes(error.code)) return error;
    throw error;
  }
  const reply = parseReply(answer);
  if (reply === undefined)
    return new MpcError('coordinator.unreadable', 'the answer of the coordinator is not readable');
  if (reply.ok)
    return { sequence: reply.sequence, ...(reply.answer === undefined ? {} : { answer: reply.answer }) };
  const refusal = MpcError.from(reply.error, 'again' in reply ? EXIT.temporary : EXIT.protocol);
  if ('again' in reply) return refusal;
  throw refusal;
}

/** Doubles up to its bound; the id spreads those who started together over half of it. */
function pauseMs(attempt: number, id: string): number {
  const longest = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(attempt - 1, 10));
  const spread = Number.parseInt(id.slice(attempt % 28, (attempt % 28) + 4), 16) / 0x10000;
  return Math.round(longest * (0.5 + spread / 2));
}
