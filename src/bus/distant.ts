/**
 * Owns simulated distance, for development: a bus on which one participant is far away. What is said to it is held back
 * by a fixed time, in order; all else passes at once. Must never lose, change or reorder a message.
 */
import type { Clock } from '../base/clock.ts';
import type { Bus, Message } from './bus.ts';
import { copied } from './copied.ts';
import type { Address } from './subjects.ts';

export interface DistantOptions {
  readonly bus: Bus;
  readonly clock: Clock;
  /** Who is far away. */
  readonly peer: Address;
  /** How long a message to it is held back: half of a round trip where it does the same. */
  readonly delayMs: number;
}

/** The same bus; subjects are those of subjects.ts, which name receiver and sender. */
export function distantBus({ bus, clock, peer, delayMs }: DistantOptions): Bus {
  const isTo = (subject: string): boolean => subject.split('.')[2] === peer;
  const isFrom = (subject: string): boolean => subject.split('.')[3] === peer;
  const later = (send: () => void): void => void clock.after(delayMs, send);
  return {
    get standing() {
      return bus.standing;
    },
    publish(subject, data) {
      if (!isTo(subject)) return bus.publish(subject, data);
      const kept = copied(data);
      later(() => bus.publish(subject, kept));
    },
    send(subject, parts) {
      if (!isTo(subject)) return bus.send(subject, parts);
      later(() => bus.send(subject, parts));
    },
    async request(subject, data, timeoutMs, trace) {
      const kept = copied(data);
      if (isTo(subject)) await clock.sleep(delayMs);
      return bus.request(subject, kept, timeoutMs, trace);
    },
    subscribe(subject, handler, queue) {
      const answeredLater = (message: Message): void => {
        const { respond } = message;
        const respondLater = (answer: Uint8Array): void => {
          const kept = copied(answer);
          later(() => respond?.(kept));
        };
        const isDistant = respond !== undefined && isFrom(message.subject);
        handler(isDistant ? { ...message, respond: respondLater } : message);
      };
      return bus.subscribe(subject, answeredLater, queue);
    },
    listen: (subject, handler) => bus.listen(subject, handler),
    log: (name, subject) => bus.log(name, subject),
    onReconnect: (handler) => bus.onReconnect(handler),
    onTrouble: (handler) => bus.onTrouble(handler),
    close: () => bus.close(),
  };
}
