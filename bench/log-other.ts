/**
 * Owns the other replica of `bench:log`: a process of its own that follows the same log, keeps a file of its own, and shows every
 * account its messages. Asked by its parent, it says how many it has shown since it was asked last, and how long each took to get here.
 */
import { setMaxListeners } from 'node:events';
import { mkdirSync } from 'node:fs';
import { loadIdentity } from '../src/identity/identity.ts';
import { type OtherReplica, openReplica, read, sinceMs } from './log-world.ts';

let shown: number[] = [];

process.once('message', async ({ directory, servers, key, members }: OtherReplica) => {
  mkdirSync(directory, { recursive: true });
  const replica = await openReplica({ directory, servers, identity: loadIdentity(key) });
  const ending = new AbortController();
  setMaxListeners(0, ending.signal);
  const startedMs = performance.now();
  const readers = members.map((member) =>
    read(replica.directory, member, ending.signal, (id) => {
      const ms = sinceMs(id);
      // What waited in the mailboxes from before is not what is measured.
      if (ms < performance.now() - startedMs) shown.push(ms);
    }),
  );
  process.on('message', async (asked: 'told' | 'stop') => {
    if (asked === 'told') {
      process.send?.(shown);
      shown = [];
      return;
    }
    ending.abort();
    await Promise.all(readers);
    await replica.stop();
    process.disconnect();
  });
  process.send?.('ready');
});
