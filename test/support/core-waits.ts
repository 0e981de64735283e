/**
 * Owns how much a process and those it started were kept waiting for a core, as Linux counts it. Sees numbers of the scheduler only.
 */
import { readFileSync } from 'node:fs';

export class CoreWaits {
  readonly #root: number;
  /** By process: nanoseconds on a core, and waiting for one. */
  readonly #last = new Map<number, readonly [number, number]>();

  constructor(root: number) {
    this.#root = root;
  }

  /** Reads what is counted so far; call it often, because a process that has ended is not there any more. */
  look(): void {
    this.#lookAt(this.#root);
  }

  /** Time that they had or wanted a core, over the time they had one: 1 on a free machine. */
  factor(): number {
    let had = 0;
    let waited = 0;
    for (const [onCore, waiting] of this.#last.values()) {
      had += onCore;
      waited += waiting;
    }
    return had === 0 ? 1 : (had + waited) / had;
  }

  #lookAt(pid: number): void {
    try {
      const [onCore, waiting] = readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ').map(Number);
      this.#last.set(pid, [onCore ?? 0, waiting ?? 0]);
      const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
      for (const child of children === '' ? [] : children.split(' ')) this.#lookAt(Number(child));
    } catch {
      // It has just ended: what was read of it last stands.
    }
  }
}
