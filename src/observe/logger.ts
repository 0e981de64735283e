/**
 * Owns how a role writes its log: pino, one JSON object a line on standard error, children carry {role, collaboration}.
 * Must never be handed a secret: callers log ids, counts, state names and error reports.
 */
import { destination, type Logger, pino } from 'pino';
import type { ErrorReport } from '../base/errors.ts';

export type { Logger };

export function openLogger(role: string, level: string): Logger {
  return pino(
    { level, base: { role }, timestamp: pino.stdTimeFunctions.isoTime },
    destination({ fd: 2, sync: true }),
  );
}

/** What is counted while a role runs, and read by its metrics. */
export interface Meters {
  /** Rounds that computations have gone through. */
  rounds: number;
  readonly ballots: BallotMeters;
}

/** What a server of elections has done with what voters sent. */
export interface BallotMeters {
  /** Put on the disk, each once. */
  taken: number;
  /** By the code of the reason. */
  readonly refused: Map<string, number>;
}

export const newMeters = (): Meters => ({ rounds: 0, ballots: { taken: 0, refused: new Map() } });

/** Counts typed troubles by code and logs each: refused frames, malformed commands, ignored events. */
export class Troubles {
  readonly counts = new Map<string, number>();
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  note(report: ErrorReport, about: Readonly<Record<string, string>> = {}): void {
    const count = (this.counts.get(report.code) ?? 0) + 1;
    this.counts.set(report.code, count);
    // The first ones of a kind, then ever fewer: a flood must not fill the disk.
    if (count <= 10 || Number.isInteger(Math.log2(count)))
      this.#logger.warn({ ...about, ...report, count }, report.message);
  }
}
