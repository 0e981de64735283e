/**
 * Owns how a long computation shares its thread: after a bounded amount of work it lets the event loop turn, so that
 * heartbeats, acknowledgements and cancellation get through.
 * Must never look at a clock: what runs and in which order is the same on every machine.
 */
import { setImmediate as turn } from 'node:timers/promises';

/** Ring elements of work between two turns of the event loop: a few milliseconds. */
const ELEMENTS_A_TURN = 64 * 1024;

export class Pace {
  private readonly signal: AbortSignal | undefined;
  private done = 0;

  constructor(signal: AbortSignal | undefined) {
    this.signal = signal;
  }

  /** Call after each gate. Rejects with the signal's reason once that is aborted. */
  async spent(elements: number): Promise<void> {
    this.done += elements;
    if (this.done >= ELEMENTS_A_TURN) {
      this.done = 0;
      await turn();
    }
    this.signal?.throwIfAborted();
  }
}
