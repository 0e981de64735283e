/**
 * Owns one run of the engine over files: what it needs, where it reads it, and its result as bytes. The same whether it runs
 * in this thread or in one of its own. Must never read more than a gate asks for: tape and rows may be larger than memory.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { EXIT, MpcError } from '../base/errors.ts';
import { outputBytes } from '../engine/combine.ts';
import { maskedRows } from '../engine/mask.ts';
import { evaluatePlan, type Progress } from '../engine/server.ts';
import { planTapeLayout } from '../engine/tape.ts';
import type { ServerName } from '../gates/gate.ts';
import type { Plan } from '../plan/plan.ts';
import { stripsOf } from '../plan/strips.ts';
import { Seed } from '../tape/seed.ts';
import { tapeOfServerA, tapeOfServerB } from '../tape/server-tape.ts';
import { type ChunkLog, type ChunkQueue, channelLink } from './rounds.ts';

export interface EngineJob {
  readonly plan: Plan;
  readonly server: ServerName;
  /** The server's secret seed. It is overwritten when it has been read. */
  readonly seed: Uint8Array;
  /** Paths: this server's corrections (server A mostly has none), and each party's masked rows, or shares of a result. */
  readonly corrections: string;
  readonly rows: readonly (readonly [slice: string, path: string])[];
  /** The parties whose masked rows those are, where some are left out. */
  readonly present?: readonly string[];
}

export interface EngineOptions {
  readonly outgoing: ChunkLog;
  readonly incoming: ChunkQueue;
  readonly onProgress: (progress: Progress) => void;
  readonly signal: AbortSignal;
}

/** Runs to the end; resolves to what `outputBytes` makes of the outputs. Throws what `evaluatePlan` throws. */
export async function runJob(job: EngineJob, options: EngineOptions): Promise<Uint8Array> {
  const { plan, server } = job;
  const { outgoing, incoming, onProgress, signal } = options;
  const seed = new Seed(job.seed);
  job.seed.fill(0);
  const rows = job.rows.map(([party, path]) => [party, new InputFile(path)] as const);
  const layout = planTapeLayout(stripsOf(plan), server);
  const corrections = layout.totalBytes > 0 ? new InputFile(job.corrections) : undefined;
  const read = (offset: number, into: Uint8Array): number => corrections?.readAt(offset, into) ?? 0;
  try {
    const outputs = await evaluatePlan({
      plan,
      server,
      tape: server === 'a' ? tapeOfServerA(seed, { layout, read }) : tapeOfServerB(seed, layout, read),
      inputs: maskedRows(plan, new Map(rows)),
      ...(job.present === undefined ? {} : { present: new Set(job.present) }),
      link: channelLink(outgoing, incoming, signal),
      onProgress,
      signal,
    });
    return outputBytes(outputs);
  } finally {
    corrections?.close();
    for (const [, file] of rows) file.close();
    seed.erase();
  }
}

/** A finished file, read at random. */
class InputFile {
  readonly bytes: number;
  readonly #path: string;
  readonly #file: number;

  constructor(path: string) {
    this.#path = path;
    this.#file = openSync(path, 'r');
    this.bytes = fstatSync(this.#file).size;
  }

  /** Fills `into` from `offset` on, as far as there is something; returns how many bytes there were. */
  readAt(offset: number, into: Uint8Array): number {
    return readSync(this.#file, into, 0, into.length, offset);
  }

  read(offset: number, into: Uint8Array): void {
    if (this.readAt(offset, into) === into.length) return;
    throw new MpcError('rows.cut-short', `a file of masked rows ends before byte ${offset + into.length}`, {
      place: { file: this.#path },
      exitCode: EXIT.ioError,
      hint: 'check the disk on which this server keeps its state, then open a new collaboration',
    });
  }

  close(): void {
    closeSync(this.#file);
  }
}
