/**
 * Owns the one error type that people and programs see: a code, what happened, to whom, and what to do next.
 * Must never carry a secret: no row, mask, share, tape byte or key goes into a message or a detail.
 *
 * Operating errors (bad input, an absent peer, a full disk) are `MpcError`s. Programming mistakes are assertions.
 */

/** Exit codes as in BSD's sysexits.h. */
export const EXIT = {
  ok: 0,
  usage: 64,
  badData: 65,
  noInput: 66,
  unavailable: 69,
  software: 70,
  ioError: 74,
  temporary: 75,
  protocol: 76,
  noPermission: 77,
  badConfig: 78,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Where a fault is: all of it public (a party's name, a file's path, a line in it). */
export interface Place {
  readonly party?: string;
  readonly file?: string;
  readonly line?: number;
  readonly column?: number | string;
}

export interface MpcErrorOptions {
  /** What to do next, as one sentence. */
  readonly hint?: string;
  readonly place?: Place;
  readonly exitCode?: ExitCode;
}

/** JSON form of an error: what an event, a log line or a reply may carry. */
export interface ErrorReport {
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
  readonly place?: Place;
}

export class MpcError extends Error {
  /** Stable, dotted, lower case: `sql.unsupported`, `rows.out-of-range`, `channel.bad-seal`. */
  readonly code: string;
  readonly hint: string | undefined;
  readonly place: Place | undefined;
  readonly exitCode: ExitCode;

  constructor(code: string, message: string, options: MpcErrorOptions = {}) {
    super(message);
    this.name = 'MpcError';
    this.code = code;
    this.hint = options.hint;
    this.place = options.place;
    this.exitCode = options.exitCode ?? EXIT.software;
  }

  report(): ErrorReport {
    return {
      code: this.code,
      message: this.message,
      ...(this.hint === undefined ? {} : { hint: this.hint }),
      ...(this.place === undefined ? {} : { place: this.place }),
    };
  }

  /** Rebuilds the error another process reported. */
  static from(report: ErrorReport, exitCode: ExitCode = EXIT.software): MpcError {
    return new MpcError(report.code, report.message, {
      exitCode,
      ...(report.hint === undefined ? {} : { hint: report.hint }),
      ...(report.place === undefined ? {} : { place: report.place }),
    });
  }
}

/** Any thrown thing as a report. Foreign errors show their message only (never a stack, which may quote values). */
export function reportOf(error: unknown): ErrorReport {
  if (error instanceof MpcError) return error.report();
  return { code: 'internal', message: error instanceof Error ? error.message : String(error) };
}

/** Programming mistakes only. The message names the broken rule, never the values. */
export function assert(condition: unknown, rule: string): asserts condition {
  if (!condition) throw new Error(`assertion failed: ${rule}`);
}
