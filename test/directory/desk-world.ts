/**
 * Builds replicas with their desks on a memory bus, and a broker in between that hears and changes what it likes.
 */
import { systemClock } from '../../src/base/clock.ts';
import { systemRandom } from '../../src/base/random.ts';
import type { Bus } from '../../src/bus/bus.ts';
import { MemoryHub } from '../../src/bus/memory.ts';
import type { DirectoryCalls } from '../../src/directory/client/calls.ts';
import { type NatsDirectoryOptions, natsDirectory } from '../../src/directory/client/nats.ts';
import { openDirectoryDesk } from '../../src/directory/desk/desk.ts';
import { coordinator, DEPLOYMENT } from './played.ts';
import { type DirectoryReplica, startDirectory } from './replicas.ts';

/** What a broker does with what passes: the bytes that are handed on, none or several times. */
export interface Broker {
  /** Of an answer to what was asked on that subject. */
  answer?: (subject: string, data: Uint8Array) => Uint8Array;
  /** Of a message that was pushed. */
  pushed?: (data: Uint8Array) => readonly Uint8Array[];
}

export const passing = (bus: Bus, broker: Broker): Bus =>
  new Proxy(bus, {
    get: (target, key) => {
      if (key === 'request')
        return async (subject: string, data: Uint8Array, timeoutMs: number) => {
          const answer = await target.request(subject, data, timeoutMs);
          return broker.answer?.(subject, answer) ?? answer;
        };
      if (key === 'subscribe')
        return (subject: string, handler: Parameters<Bus['subscribe']>[1]) =>
          target.subscribe(subject, (message) => {
            for (const data of broker.pushed?.(message.data) ?? [message.data]) handler({ ...message, data });
          });
      const member: unknown = Reflect.get(target, key);
      return typeof member === 'function' ? member.bind(target) : member;
    },
  });

export interface DeskWorld {
  readonly hub: MemoryHub;
  readonly replicas: readonly DirectoryReplica[];
  /** Asks them as a party, through a broker that does as it likes. */
  readonly callsOf: (
    me: `party-${string}`,
    broker?: Broker,
    options?: Partial<NatsDirectoryOptions>,
  ) => DirectoryCalls;
}

export async function withDesks(count: number, act: (world: DeskWorld) => Promise<void>): Promise<void> {
  const hub = new MemoryHub({ seed: 3 });
  const replicas: DirectoryReplica[] = [];
  const desks = [];
  for (let at = 0; at < count; at++) {
    const bus = hub.connect(`coordinator-${at}`);
    const replica = await startDirectory(bus);
    replicas.push(replica);
    desks.push(
      openDirectoryDesk({
        bus,
        deployment: DEPLOYMENT,
        identity: coordinator,
        replica: `r${at}`,
        clock: systemClock,
        random: systemRandom,
        directory: replica.directory,
        descriptorOf: () => undefined,
        onTrouble: (report) => {
          throw new Error(report.message);
        },
      }),
    );
  }
  const callsOf: DeskWorld['callsOf'] = (me, broker = {}, options = {}) =>
    natsDirectory({
      bus: passing(hub.connect(me), broker),
      deployment: DEPLOYMENT,
      me,
      coordinatorKey: coordinator.publicKey,
      clock: systemClock,
      random: systemRandom,
      ...options,
    });
  try {
    await act({ hub, replicas, callsOf });
  } finally {
    for (const replica of replicas) await replica.stop();
    for (const desk of desks) desk.unsubscribe();
    await hub.close();
  }
}
