/**
 * Owns the delivery of one actor's committed actions: at least once, one after the other, until each has arrived.
 * Must never deliver what is not committed, and never forget an item before its delivery has resolved.
 */
import type { Clock } from '../base/clock.ts';
import { type ErrorReport, MpcError, reportOf } from '../base/errors.ts';
import type { RandomSource } from '../base/random.ts';
import type { Delivery } from './host.ts';
import { isWorthAReport, retryDelayMs } from './retry.ts';
import type { Sweeper } from './sweeper.ts';
import type { OutboxItem } from './tables.ts';

export interface CourierOptions {
  readonly actor: string;
  /** Told of each item that has arrived. */
  readonly sweeper: Sweeper;
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly deliveries: Readonly<Record<string, Delivery>>;
  readonly onTrouble: (report: ErrorReport) => void;
  /** Aborted when the host stops. */
  readonly stopped: AbortSignal;
}

export class Courier {
  readonly #options: CourierOptions;
  readonly #items: OutboxItem[] = [];
  #busy = false;

  constructor(options: CourierOptions) {
    this.#options = options;
  }

  /** Every item was delivered. */
  get idle(): boolean {
    return this.#items.length === 0;
  }

  /** Items that have not arrived yet. */
  get undelivered(): number {
    return this.#items.length;
  }

  /** Takes committed items, oldest first. */
  take(items: readonly OutboxItem[]): void {
    this.#items.push(...items);
    if (this.#busy) return;
    this.#busy = true;
    queueMicrotask(() => void this.#work()); // observers hear of the transition first
  }

  async #work(): Promise<void> {
    for (let item = this.#items[0]; item !== undefined; item = this.#items[0]) {
      if (!(await this.#untilDelivered(item))) break;
      this.#options.sweeper.add(item.id);
      this.#items.shift();
    }
    this.#busy = false;
  }

  async #deliver({ id, action, params }: OutboxItem): Promise<void> {
    const { actor, deliveries } = this.#options;
    const deliver = deliveries[action];
    if (deliver === undefined)
      throw new MpcError('host.no-delivery', `nothing delivers ${action}`, {
        hint: 'run the version that wrote this store, or a newer one',
      });
    await deliver(JSON.parse(params) as never, { actor, id }); // the machine's own params, as its delivery expects
  }

  /** False when the host stopped first. */
  async #untilDelivered(item: OutboxItem): Promise<boolean> {
    const { clock, random, stopped, onTrouble } = this.#options;
    for (let failures = 1; !stopped.aborted; failures++) {
      try {
        await this.#deliver(item);
        return true;
      } catch (error) {
        if (stopped.aborted) return false;
        if (isWorthAReport(failures)) onTrouble(failing(item.action, failures, reportOf(error)));
      }
      await clock.sleep(retryDelayMs(failures, random), stopped).catch(() => undefined); // the loop sees the abort
    }
    return false;
  }
}

function failing(action: string, failures: number, cause: ErrorReport): ErrorReport {
  return {
    code: 'host.delivery-failing',
    message: `${action} could not be delivered (attempt ${failures}): ${cause.code}: ${cause.message}`,
    hint: cause.hint ?? 'it is tried again until it arrives',
  };
}
