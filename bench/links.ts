/**
 * Owns the three ways of moving bytes between two processes that `bench/channel.ts` compares.
 */

import { once } from 'node:events';
import { connect as connectTcp, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectClient } from '@nats-io/transport-node';
import type { PublicKey } from '../src/identity/keys.ts';
import { sealedChannel } from './sealed.ts';

export const LINKS = ['tcp', 'nats', 'channel'] as const;
export type LinkName = (typeof LINKS)[number];

/** Of one of the two processes. */
export interface ChannelPeerSetup {
  readonly nats: string;
  readonly side: 'a' | 'b';
  /** A file. */
  readonly key: string;
  readonly peerKey: PublicKey;
  readonly tcpPort: number;
  /** Tells runs apart on the broker. */
  readonly run: string;
}

export interface Link {
  /** At most a chunk, which stays as it is. */
  send(bytes: Uint8Array): void;
  /** Resolves once so many bytes more have come than were waited for before. */
  receive(bytes: number): Promise<void>;
}

export async function openLinks(setup: ChannelPeerSetup): Promise<Record<LinkName, Link>> {
  return { tcp: await tcpLink(setup), nats: await natsLink(setup), channel: await channelLink(setup) };
}

/** Counts what comes, for one who waits. */
class Count {
  #have = 0;
  #wanted = 0;
  #resolve: () => void = () => {};

  add(bytes: number): void {
    this.#have += bytes;
    if (this.#have >= this.#wanted) this.#resolve();
  }

  more(bytes: number): Promise<void> {
    this.#wanted += bytes;
    if (this.#have >= this.#wanted) return Promise.resolve();
    return new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }
}

async function tcpLink({ side, tcpPort }: ChannelPeerSetup): Promise<Link> {
  const socket = side === 'a' ? await accepted(tcpPort) : await dialled(tcpPort);
  const count = new Count();
  socket.setNoDelay(true);
  socket.on('data', ({ length }) => count.add(length));
  return { send: (bytes) => void socket.write(bytes), receive: (bytes) => count.more(bytes) };
}

async function accepted(port: number): Promise<Socket> {
  const server = createServer().listen(port, '127.0.0.1');
  const [socket] = (await once(server, 'connection')) as [Socket]; // what a net.Server emits
  return socket;
}

async function dialled(port: number): Promise<Socket> {
  for (;;) {
    const socket = connectTcp(port, '127.0.0.1');
    try {
      await once(socket, 'connect');
      return socket;
    } catch {
      await sleep(20); // the other process is not there yet
    }
  }
}

async function natsLink({ side, nats, run }: ChannelPeerSetup): Promise<Link> {
  const client = await connectClient({ servers: nats, noAsyncTraces: true });
  const count = new Count();
  client.subscribe(`bare.${run}.${side}`, { callback: (_, { data }) => count.add(data.length) });
  await client.flush();
  const subject = `bare.${run}.${side === 'a' ? 'b' : 'a'}`;
  return { send: (bytes) => client.publish(subject, bytes), receive: (bytes) => count.more(bytes) };
}

async function channelLink(setup: ChannelPeerSetup): Promise<Link> {
  const { outgoing, incoming } = await sealedChannel(setup);
  return {
    send: (bytes) => outgoing.append(bytes),
    receive: async (bytes) => {
      for (let left = bytes; left > 0; ) left -= (await incoming.take()).length;
    },
  };
}
