/** The channel over a real broker, which is also killed on the way. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import test from 'node:test';
import { systemClock } from '../../src/base/clock.ts';
import { systemRandom } from '../../src/base/random.ts';
import type { Bus } from '../../src/bus/bus.ts';
import { connectNats } from '../../src/bus/nats.ts';
import type { ChunkSink, ChunkSource } from '../../src/channel/channel.ts';
import { openChannel } from '../../src/channel/sealed-channel.ts';
import { Mailbox, Transcript } from '../../src/channel/streams.ts';
import { withBroker } from '../support/broker.ts';
import { IDENTITY, TOPIC } from './world.ts';

const ADDRESS = { a: 'server-a', b: 'server-b' } as const;

function open(side: 'a' | 'b', bus: Bus, ends: { outgoing?: ChunkSource; incoming?: ChunkSink }) {
  const peer = side === 'a' ? 'b' : 'a';
  const refused: string[] = [];
  const channel = openChannel({
    bus,
    clock: systemClock,
    random: systemRandom,
    identity: IDENTITY[side],
    me: ADDRESS[side],
    peer: ADDRESS[peer],
    peerKey: IDENTITY[peer].publicKey,
    topic: TOPIC,
    onTrouble: ({ code }) => refused.push(code),
    ...ends,
  });
  return { channel, refused };
}

/** Chunks that are made when they are asked for, the same each time. */
function made(count: number, length: number): ChunkSource {
  return {
    chunk: async (index) => {
      if (index >= count) return undefined;
      const chunk = new Uint8Array(length).fill(index);
      new DataView(chunk.buffer).setUint32(0, index);
      return chunk;
    },
  };
}

/** Keeps a digest only, and calls back after each chunk. */
class Digest implements ChunkSink {
  count = 0;
  readonly #hash = createHash('sha256');
  readonly #onChunk: (count: number) => void;

  constructor(onChunk: (count: number) => void = () => {}) {
    this.#onChunk = onChunk;
  }

  wanted(): number {
    return this.count;
  }

  async accept(chunk: Uint8Array): Promise<void> {
    this.#hash.update(chunk);
    this.#onChunk(++this.count);
  }

  async finished(): Promise<void> {}

  value(): string {
    return this.#hash.copy().digest('hex');
  }
}

async function expected(source: ChunkSource): Promise<string> {
  const hash = createHash('sha256');
  for (let index = 0; ; index++) {
    const chunk = await source.chunk(index);
    if (chunk === undefined) return hash.digest('hex');
    hash.update(chunk);
  }
}

test('48 MiB each way at once arrive whole over a real broker, and hardly anything is sent twice', async () => {
  await withBroker(async ({ url }) => {
    const buses = {
      a: await connectNats({ servers: url, name: 'a' }),
      b: await connectNats({ servers: url, name: 'b' }),
    };
    const source = made(192, 256 * 1024);
    const into = { a: new Digest(), b: new Digest() };
    const a = open('a', buses.a, { outgoing: source, incoming: into.a });
    const b = open('b', buses.b, { outgoing: source, incoming: into.b });
    await Promise.all([a.channel.done, b.channel.done]);
    const whole = await expected(source);
    assert.equal(into.a.value(), whole);
    assert.equal(into.b.value(), whole);
    for (const { channel } of [a, b]) {
      assert.equal(channel.traffic.sentBytes, 48 * 1024 * 1024);
      assert.ok(
        channel.traffic.repeatedChunks < 40,
        `${channel.traffic.repeatedChunks} chunks were sent again`,
      );
      channel.close();
    }
    await Promise.all([buses.a.close(), buses.b.close()]);
  });
});

test('rounds of small messages go on over a broker that is killed and comes back', async () => {
  await withBroker(async ({ url, crash, restart }) => {
    const buses = {
      a: await connectNats({ servers: url, name: 'a' }),
      b: await connectNats({ servers: url, name: 'b' }),
    };
    const out = { a: new Transcript(), b: new Transcript() };
    const into = { a: new Mailbox(), b: new Mailbox() };
    const channels = [
      open('a', buses.a, { outgoing: out.a, incoming: into.a }).channel,
      open('b', buses.b, { outgoing: out.b, incoming: into.b }).channel,
    ];
    const rounds = 300;
    const message = (side: string, round: number) => new TextEncoder().encode(`${side} ${round}`);
    let interruption: Promise<void> | undefined;
    let reconnects = 0;
    for (const bus of Object.values(buses)) bus.onReconnect(() => reconnects++);
    const play = async (side: 'a' | 'b') => {
      for (let round = 0; round < rounds; round++) {
        if (round === 100 && side === 'a') {
          await crash();
          interruption = restart();
        }
        out[side].append(message(side, round));
        assert.deepEqual(await into[side].take(), message(side === 'a' ? 'b' : 'a', round));
      }
      out[side].end();
    };
    await Promise.all([play('a'), play('b')]);
    await interruption;
    assert.equal(reconnects, 2);
    await Promise.all(channels.map(({ done }) => done));
    for (const channel of channels) channel.close();
    await Promise.all([buses.a.close(), buses.b.close()]);
  });
});
