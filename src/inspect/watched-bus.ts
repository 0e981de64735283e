/**
 * Owns the hook at the bus: of every message of this role its subject, its size and its direction.
 * Must never look into a message, change one, or hold one back.
 */
import type { Bus, Log, Message } from '../bus/bus.ts';
import { logSubjectOf } from '../bus/subjects.ts';
import type { Messaged } from './records.ts';

export interface MessageWatcher {
  messaged(way: Messaged['way'], subject: string, bytes: number): void;
}

/** The same bus. `onClose` is called while it still sends. */
export function watchedBus(bus: Bus, watcher: MessageWatcher, onClose: () => void): Bus {
  return {
    publish(subject, data) {
      bus.publish(subject, data);
      watcher.messaged('out', subject, data.length);
    },
    send(subject, parts) {
      bus.send(subject, parts);
      watcher.messaged(
        'out',
        subject,
        parts.reduce((sum, part) => sum + part.length, 0),
      );
    },
    request(subject, data, timeoutMs, trace) {
      watcher.messaged('out', subject, data.length);
      return bus.request(subject, data, timeoutMs, trace);
    },
    subscribe(subject, handler, queue) {
      const heard = (message: Message): void => {
        watcher.messaged('in', message.subject, message.data.length);
        const { respond } = message;
        const answer = (data: Uint8Array): void => {
          respond?.(data);
          watcher.messaged('answer', message.subject, data.length);
        };
        handler(respond === undefined ? message : { ...message, respond: answer });
      };
      return bus.subscribe(subject, heard, queue);
    },
    listen(subject, handler) {
      return bus.listen(subject, (data) => {
        watcher.messaged('in', subject, data.length);
        handler(data);
      });
    },
    async log(name, subject = logSubjectOf(name)): Promise<Log> {
      const log = await bus.log(name, subject);
      return {
        append(id, data) {
          watcher.messaged('out', subject, data.length);
          return log.append(id, data);
        },
        follow: (from, handler) => log.follow(from, handler),
        last: () => log.last(),
        copies: () => log.copies(),
      };
    },
    get standing() {
      return bus.standing;
    },
    onReconnect: (handler) => bus.onReconnect(handler),
    onTrouble: (handler) => bus.onTrouble(handler),
    async close() {
      onClose();
      await bus.close();
    },
  };
}
