/**
 * Owns a bus whose log a test changes: one that is stuck, counted, or away.
 */
import type { Bus, Log } from '../../src/bus/bus.ts';

/** `change` gives what is otherwise than in the real log. */
export const withLog = (bus: Bus, change: (log: Log) => Partial<Log>): Bus =>
  new Proxy(bus, {
    get: (target, key) => {
      if (key === 'log')
        return async (name: string): Promise<Log> => {
          const log = await target.log(name);
          return {
            append: (id, data) => log.append(id, data),
            follow: (from, handler) => log.follow(from, handler),
            last: () => log.last(),
            copies: () => log.copies(),
            ...change(log),
          };
        };
      const member: unknown = Reflect.get(target, key);
      return typeof member === 'function' ? member.bind(target) : member;
    },
  });
