/**
 * Owns the typed errors of the bus and the log, so that every implementation refuses in the same words, and the list of
 * those who want to hear of troubles that have no caller.
 * Must never carry a message's bytes: subjects, names and sizes only.
 */
import { type ErrorReport, EXIT, MpcError, reportOf } from '../base/errors.ts';
import type { Subscription } from './bus.ts';

export const busFaults = {
  timeout: (subject: string, timeoutMs: number): MpcError =>
    new MpcError('bus.timeout', `no answer on ${subject} within ${timeoutMs} ms`, {
      exitCode: EXIT.temporary,
      hint: 'check that the other side is running, then try again',
    }),
  noResponders: (subject: string): MpcError =>
    new MpcError('bus.no-responders', `nobody listens on ${subject}`, {
      exitCode: EXIT.unavailable,
      hint: 'start the participant that answers there',
    }),
  tooLarge: (subject: string, size: number, most: number): MpcError =>
    new MpcError('bus.too-large', `a message of ${size} bytes on ${subject} exceeds the broker's ${most}`, {
      exitCode: EXIT.badConfig,
      hint: `raise the broker's max_payload to at least ${size}`,
    }),
  unavailable: (what: string, why: string): MpcError =>
    new MpcError('bus.unavailable', `${what}: ${why}`, {
      exitCode: EXIT.temporary,
      hint: 'the outcome is unknown; ask again with the same id',
    }),
  closed: (): MpcError =>
    new MpcError('bus.closed', 'the connection to the broker is closed', { exitCode: EXIT.temporary }),
  denied: (why: string): MpcError =>
    new MpcError('bus.permission-denied', `the broker refused: ${why}`, {
      exitCode: EXIT.noPermission,
      hint: "compare this participant's permissions at the broker with its role and deployment",
    }),
  untrusted: (servers: string, why: string): MpcError =>
    new MpcError('bus.untrusted', `the broker at ${servers} does not prove who it is: ${why}`, {
      exitCode: EXIT.noPermission,
      hint: 'compare its certificate and its address with the authority that [tls] ca names',
    }),
  behind: (log: string, ends: number, seen: number): MpcError =>
    new MpcError(
      'log.behind',
      `the log ${log} goes no further than entry ${ends}, but entry ${seen} was seen before`,
      {
        exitCode: EXIT.protocol,
        hint: "acknowledged entries are missing: restore the broker's store; do not go on from here",
      },
    ),
  gap: (log: string, wanted: number, got: number): MpcError =>
    new MpcError('log.behind', `the log ${log} has a gap: entry ${got} came where ${wanted} was due`, {
      exitCode: EXIT.protocol,
      hint: "acknowledged entries are missing: restore the broker's store; do not go on from here",
    }),
  unsuitable: (log: string, why: string): MpcError =>
    new MpcError('log.unsuitable', `the stream ${log} exists but cannot be the log: ${why}`, {
      exitCode: EXIT.badConfig,
      hint: 'choose another deployment name, or mend that stream',
    }),
};

/** A set of callbacks that may be left again. */
export class Listeners<Argument extends unknown[]> {
  readonly #handlers = new Set<(...argument: Argument) => void>();

  get size(): number {
    return this.#handlers.size;
  }

  add(handler: (...argument: Argument) => void): Subscription {
    const own = (...argument: Argument): void => handler(...argument); // the same function may be added twice
    this.#handlers.add(own);
    return { unsubscribe: () => void this.#handlers.delete(own) };
  }

  call(...argument: Argument): void {
    for (const handler of [...this.#handlers]) handler(...argument);
  }
}

export class Troubles extends Listeners<[ErrorReport]> {
  /** Runs a subscriber's callback: what it throws is reported, or thrown on where nobody listens for reports. */
  guard(callback: () => void): void {
    try {
      callback();
    } catch (error) {
      if (this.size === 0) throw error;
      this.call(reportOf(error));
    }
  }
}
