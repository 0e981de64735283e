/**
 * Owns the log over JetStream: one stream of one subject in files, appended to once for each id.
 * Must never accept a stream that forgets, or a log that has become shorter.
 */
import {
  DiscardPolicy,
  JetStreamApiError,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
  type StreamInfo,
} from '@nats-io/jetstream';
import { nanos } from '@nats-io/transport-node';
import { assert, MpcError } from '../base/errors.ts';
import type { Log, LogCopy, LogEntry, Subscription } from './bus.ts';
import { copied } from './copied.ts';
import { busFaults } from './faults.ts';
import { Following } from './nats-following.ts';
import { logFault, type NatsLink, patiently } from './nats-link.ts';
import { subjects } from './subjects.ts';

/** Ids are remembered this long; past it the appliers' own command ids count. */
const DUPLICATE_WINDOW_MS = 120_000;
/** Room for an append's headers: the id and the stream's name. */
const HEADER_BYTES = 512;
/** A new leader may answer before it has caught up: a short log is looked at this often before it is believed. */
const SHORT_LOOKS = 4;
const SHORT_LOOK_MS = 300;

/** One copy on every broker: an odd number, so that there is a majority; beyond five each costs more than it protects. */
export const copiesOn = (brokers: number): number => (brokers >= 5 ? 5 : brokers >= 3 ? 3 : 1);

/** Opens the stream, creating it where it is not there and this connection `makes` it. Throws `log.unsuitable`, `bus.unavailable`, `bus.permission-denied`. */
export async function openNatsLog(
  link: NatsLink,
  name: string,
  subject: string,
  replicas: number,
  makes: boolean,
): Promise<Log> {
  const opening = `opening the log ${name}`;
  const found = await patiently(link, opening, async () => {
    try {
      return await link.streams.streams.info(name);
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
    if (!makes) throw notMade(name);
    return made(
      link.streams.streams.add({
        name,
        subjects: [subject],
        storage: StorageType.File,
        retention: RetentionPolicy.Limits,
        discard: DiscardPolicy.New,
        num_replicas: replicas,
        duplicate_window: nanos(DUPLICATE_WINDOW_MS),
        deny_delete: true,
        deny_purge: true,
        ...readable(subject),
      }),
      name,
    );
  });
  const why = unsuitable(found.config, subject);
  if (why !== undefined) throw busFaults.unsuitable(name, why);
  // Made when there were fewer brokers, or by an earlier version: whoever may, adds what is missing.
  if (makes && (found.config.num_replicas < replicas || !isReadable(found.config, subject)))
    await link.streams.streams
      .update(name, { num_replicas: Math.max(replicas, found.config.num_replicas), ...readable(subject) })
      .catch((error: unknown) => {
        link.troubles.call(logFault(`bringing the log ${name} up to date`, error).report());
      });
  return new NatsLog(link, name, subject);
}

/** Every copy answers who reads from it, and every entry is said once to all who listen. */
const readable = (subject: string): Pick<StreamConfig, 'allow_direct' | 'republish'> => ({
  allow_direct: true,
  republish: { src: subject, dest: subjects.entries(subject) },
});

const isReadable = ({ allow_direct, republish }: StreamConfig, subject: string): boolean =>
  allow_direct && republish?.dest === subjects.entries(subject);

/** The broker's code for a cluster that has not met yet, or has fewer brokers than copies are wanted. */
const NO_PEERS = 10_005;

/** Who may not make it waits for who may; who is early, for the other brokers. */
async function made(adding: Promise<StreamInfo>, name: string): Promise<StreamInfo> {
  try {
    return await adding;
  } catch (error) {
    if (error instanceof JetStreamApiError && error.code === NO_PEERS)
      throw busFaults.unavailable(`the log ${name}`, 'fewer brokers than it has copies have met yet');
    const fault = logFault(`making the log ${name}`, error);
    if (fault.code !== 'bus.permission-denied') throw error;
    throw notMade(name);
  }
}

const notMade = (name: string): MpcError =>
  busFaults.unavailable(`the log ${name}`, 'no coordinator has made it yet');

/** The first reason why a stream of that configuration could lose entries. */
function unsuitable(config: StreamConfig, subject: string): string | undefined {
  if (config.storage !== StorageType.File) return 'it is not kept in files';
  if (config.retention !== RetentionPolicy.Limits) return 'it forgets entries that were read';
  if (config.max_age > 0 || config.max_msgs > 0 || config.max_bytes > 0) return 'it forgets old entries';
  if (!config.deny_delete || !config.deny_purge) return 'its entries can be deleted';
  if (config.subjects.length !== 1 || config.subjects[0] !== subject)
    return `it holds ${config.subjects.join(', ')} instead of ${subject}`;
  return undefined;
}

class NatsLog implements Log {
  readonly #link: NatsLink;
  readonly #name: string;
  readonly #subject: string;

  constructor(link: NatsLink, name: string, subject: string) {
    this.#link = link;
    this.#name = name;
    this.#subject = subject;
  }

  async append(id: string, data: Uint8Array): Promise<number> {
    this.#link.checkSize(this.#subject, data.length + HEADER_BYTES);
    const sent = copied(data);
    const expect = { streamName: this.#name };
    const publish = () => this.#link.client.publish(this.#subject, sent, { msgID: id, expect });
    return (await patiently(this.#link, `append to the log ${this.#name}`, publish)).seq;
  }

  async last(): Promise<number> {
    const info = () => this.#link.streams.streams.info(this.#name);
    return (await patiently(this.#link, `the log ${this.#name}`, info)).state.last_seq;
  }

  async copies(): Promise<readonly LogCopy[]> {
    const info = () => this.#link.streams.streams.info(this.#name);
    const { cluster } = await patiently(this.#link, `the log ${this.#name}`, info);
    if (cluster?.leader === undefined) return [];
    const others = (cluster.replicas ?? []).map(({ name, current, offline }) => ({
      server: name,
      leads: false,
      current: current && offline !== true,
    }));
    return [{ server: cluster.leader, leads: true, current: true }, ...others];
  }

  async follow(
    fromSequence: number,
    handler: (entry: LogEntry) => Promise<void> | void,
  ): Promise<Subscription> {
    assert(
      Number.isSafeInteger(fromSequence) && fromSequence >= 1,
      'a log is followed from entry 1 or later',
    );
    try {
      await this.#checkReaches(fromSequence - 1);
    } catch (error) {
      if (error instanceof MpcError && error.code === 'log.behind') this.#link.troubles.call(error.report());
      throw error;
    }
    const following = new Following({
      link: this.#link,
      name: this.#name,
      said: subjects.entries(this.#subject),
      fromSequence,
      handler,
      checkReaches: (seen) => this.#checkReaches(seen),
    });
    void following.run();
    return following;
  }

  /** Throws `log.behind` unless the log goes at least as far as `seen`. */
  async #checkReaches(seen: number): Promise<void> {
    let ends = 0;
    for (let look = 0; look < SHORT_LOOKS; look++) {
      if (look > 0) await this.#link.clock.sleep(SHORT_LOOK_MS, this.#link.closing);
      const info = () => this.#link.streams.streams.info(this.#name).catch(noneIfMissing);
      const found = await patiently(this.#link, `the log ${this.#name}`, info);
      ends = found?.state.last_seq ?? 0;
      if (found !== undefined && ends >= seen) return;
    }
    throw busFaults.behind(this.#name, ends, seen);
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof JetStreamApiError && error.status === 404;
}

function noneIfMissing(error: unknown): undefined {
  if (!isMissing(error)) throw error;
}
