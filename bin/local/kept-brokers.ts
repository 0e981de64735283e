/**
 * Owns the brokers of a local deployment that stays: each is started again where one has ended without having been asked to, on its
 * port and its store.
 * Must never leave one behind.
 */
import { join } from 'node:path';
import { systemClock } from '../../src/base/clock.ts';
import { reportOf } from '../../src/base/errors.ts';
import { planCluster } from '../../src/broker/cluster.ts';
import type { FoundBroker } from '../../src/broker/find.ts';
import { type RunningBroker, type StartOptions, startBroker } from '../../src/broker/start.ts';

type Member = Pick<StartOptions, 'directory' | 'host' | 'port' | 'cluster'>;

export interface KeptOptions {
  /** `broker`, or `broker-1`, `broker-2`, … are made in it. */
  readonly directory: string;
  readonly binary: FoundBroker;
  /** The address of each: one alone, or a cluster. */
  readonly hosts: readonly string[];
  readonly say: (sentence: string) => void;
}

const AGAIN_MS = 1_000;

export class KeptBrokers {
  readonly #options: KeptOptions;
  readonly #running = new Map<string, RunningBroker>();
  readonly #starting = new Set<Promise<void>>();
  readonly #stopping = new AbortController();

  private constructor(options: KeptOptions) {
    this.#options = options;
  }

  /** When one does not start, those that did are stopped. */
  static async start(options: KeptOptions): Promise<KeptBrokers> {
    const { directory, hosts } = options;
    const kept = new KeptBrokers(options);
    const members: Member[] =
      hosts.length === 1
        ? [{ directory: join(directory, 'broker') }]
        : await planCluster({ directory, hosts });
    const starts = await Promise.allSettled(members.map((member) => kept.#start(member)));
    const failed = starts.find((start) => start.status === 'rejected');
    if (failed === undefined) return kept;
    await kept.stop();
    throw failed.reason;
  }

  get urls(): string[] {
    return [...this.#running.values()].map(({ url }) => url);
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the brokers are stopping'));
    await Promise.allSettled(this.#starting);
    await Promise.all([...this.#running.values()].map((broker) => broker.stop()));
  }

  async #start(member: Member): Promise<void> {
    const { signal } = this.#stopping;
    const broker = await startBroker({ ...member, binary: this.#options.binary, signal });
    this.#running.set(member.directory, broker);
    void broker.exited.then((exit) => {
      if (signal.aborted) return;
      this.#options.say(
        `the broker in ${member.directory} ended (${exit.signal ?? exit.exitCode}); it is started again`,
      );
      // The roles know it by its port.
      const again = this.#startAgain({ ...member, port: broker.port });
      this.#starting.add(again);
      void again.then(() => this.#starting.delete(again));
    });
  }

  /** Until it runs, or nobody wants it any more. Never rejects. */
  async #startAgain(member: Member): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted)
      try {
        await systemClock.sleep(AGAIN_MS, signal);
        return await this.#start(member);
      } catch (error) {
        if (!signal.aborted) this.#options.say(reportOf(error).message);
      }
  }
}
