/**
 * Owns reading how far a computation is from the log that a server of this machine writes: its own lines, as they come.
 * Must never wait for a line, nor fail because one is missing: whoever asks draws what is known.
 */
import { closeSync, openSync, readSync } from 'node:fs';

/** What a server says of a run that goes on. */
export interface RunProgress {
  readonly round: number;
  readonly rounds: number;
  /** Sent to the other server so far. */
  readonly bytesSent: number;
}

const CHUNK_BYTES = 64 * 1024;

export class ProgressTail {
  readonly #path: string;
  #at = 0;
  #rest = '';
  #last: RunProgress | undefined;

  /** The log file of a server. */
  constructor(path: string) {
    this.#path = path;
  }

  /** The newest progress in the file; undefined before there is any. */
  read(): RunProgress | undefined {
    let file: number;
    try {
      file = openSync(this.#path, 'r');
    } catch {
      return this.#last;
    }
    try {
      const chunk = Buffer.alloc(CHUNK_BYTES);
      for (let bytes = readSync(file, chunk, 0, chunk.length, this.#at); bytes > 0; ) {
        this.#at += bytes;
        this.#take(chunk.toString('latin1', 0, bytes));
        bytes = readSync(file, chunk, 0, chunk.length, this.#at);
      }
    } finally {
      closeSync(file);
    }
    return this.#last;
  }

  #take(text: string): void {
    const lines = `${this.#rest}${text}`.split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) {
      const [, round, rounds, bytes] = PROGRESS.exec(line) ?? [];
      if (round !== undefined)
        this.#last = { round: Number(round), rounds: Number(rounds), bytesSent: Number(bytes) };
    }
  }
}

/** As `Computation` logs it. */
const PROGRESS = /"round":(\d+),"rounds":(\d+),"bytesSent":(\d+)/;
